/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: tbl/insns.h is what the running kernel takes for an instruction, no more and no less.
 *
 * Method: each row becomes one instruction inside a small program that is otherwise fine; the kernel
 * must take it. Then each field that the row says must be 0 is set to 1, and every value of the
 * selector that no row has, and every opcode byte that no row has: the kernel must refuse each.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tbl/uapi.h"

#define SKIP	77
#define SEL_MAX 0x200 /* selector values tried: 0 to this; imm and off are wider, but not used so */

enum use {
	USE_Z,
	USE_R,
	USE_W,
	USE_RW,
	USE_SEL,
	USE_MEM,
	USE_JMP,
	USE_ANY,
	USE_FDX,
	USE_IMM,
	USE_SHIFT,
	USE_NZ,
	USE_ID,
	USE_BTFID,
	USE_FD,
	USE_AS
};
enum sel {
	SEL_NO,
	SEL_SRC,
	SEL_OFF,
	SEL_IMM
};
enum form {
	FORM_ALU_K,
	FORM_ALU_X,
	FORM_MOVSX,
	FORM_CAST,
	FORM_NEG,
	FORM_END,
	FORM_JA,
	FORM_JA32,
	FORM_MAYGOTO,
	FORM_JMP_K,
	FORM_JMP_X,
	FORM_CALL,
	FORM_EXIT,
	FORM_LD64,
	FORM_LDX,
	FORM_LDXS,
	FORM_ST,
	FORM_STX,
	FORM_ATOMIC,
	FORM_FETCH,
	FORM_XCHG,
	FORM_CMPXCHG,
	FORM_LDACQ,
	FORM_STREL,
	FORM_LD_ABS,
	FORM_LD_IND
};

struct row {
	const char *name;
	uint8_t code;
	enum sel sel;
	int val;
	enum form form;
	enum use dst, src, off, imm;
};

static const struct row rows[] = {
#define INSN(name, code, sel, val, op, form, dst, src, off, imm, v, group)                         \
	{ #name, code, SEL_##sel, val, FORM_##form, USE_##dst, USE_##src, USE_##off, USE_##imm },
#include "tbl/insns.h"
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static int map_fd = -1;
static char log_text[1 << 16];

/* Returns 0 or errno; log_text holds the verifier's log. */
static int load(const struct bpf_insn *insns, uint32_t count)
{
	int fds[2] = { 0, map_fd };
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = (uintptr_t)insns,
		.insn_cnt = count,
		.license = (uintptr_t) "Dual BSD/GPL",
		.log_level = 1,
		.log_size = sizeof(log_text),
		.log_buf = (uintptr_t)log_text,
		.fd_array = (uintptr_t)fds,
	};
	long fd;

	log_text[0] = '\0';
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
	};

	return (int)syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static bool has_subprog(struct bpf_insn insn)
{
	return (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL) ||
	       (insn.code == (BPF_LD | BPF_IMM | BPF_DW) && insn.src_reg == BPF_PSEUDO_FUNC);
}

/* R2 and R3 are numbers, R10 - 8 is initialised, R6 is the context; then insn; then return 0. */
static int try(struct bpf_insn insn)
{
	struct bpf_insn prog[16] = {
		{ .code = 0xbf, .dst_reg = 6, .src_reg = 1 },
		{ .code = 0xb7, .dst_reg = 0, .imm = 1 },
		{ .code = 0xb7, .dst_reg = 2, .imm = 7 },
		{ .code = 0xb7, .dst_reg = 3, .imm = 5 },
		{ .code = 0x7a, .dst_reg = 10, .off = -8, .imm = 9 },
		insn,
	};
	uint32_t n = 6;

	if (insn.code == (BPF_LD | BPF_IMM | BPF_DW))
		prog[n++] = (struct bpf_insn){ .code = 0 };
	if (insn.code != (BPF_JMP | BPF_EXIT)) {
		prog[n++] = (struct bpf_insn){ .code = 0xb7 };
		prog[n++] = (struct bpf_insn){ .code = 0x95 };
	}
	if (has_subprog(insn)) {
		prog[n++] = (struct bpf_insn){ .code = 0xb7 };
		prog[n++] = (struct bpf_insn){ .code = 0x95 };
	}
	return load(prog, n);
}

static uint8_t register_for(enum use use, bool is_base, int number)
{
	if (use == USE_Z || use == USE_SEL)
		return 0;
	return is_base ? 10 : (uint8_t)number;
}

static struct bpf_insn insn_of(const struct row *row)
{
	enum form f = row->form;
	bool dst_base = f == FORM_ST || f == FORM_STX || f == FORM_ATOMIC || f == FORM_FETCH ||
			f == FORM_XCHG || f == FORM_CMPXCHG || f == FORM_STREL;
	bool src_base = f == FORM_LDX || f == FORM_LDXS || f == FORM_LDACQ;
	struct bpf_insn insn = {
		.code = row->code,
		.dst_reg = register_for(row->dst, dst_base, 2) & 0xf,
		.src_reg = register_for(row->src, src_base, 3) & 0xf,
		.off = row->off == USE_MEM ? -8 : 0,
	};

	switch (row->imm) {
	case USE_IMM:
		insn.imm = f == FORM_LD_ABS || f == FORM_LD_IND ? 0 : 3;
		break;
	case USE_SHIFT:
	case USE_NZ:
		insn.imm = 3;
		break;
	case USE_ID:
		insn.imm = BPF_FUNC_get_prandom_u32;
		break;
	case USE_BTFID:
	case USE_AS:
		insn.imm = 1;
		break;
	case USE_FD:
		insn.imm = map_fd;
		break;
	case USE_FDX:
		insn.imm = 1;
		break;
	case USE_JMP:
		insn.imm = f == FORM_CALL ? 2 : f == FORM_LD64 ? 3 : 0;
		break;
	default:
		break;
	}
	if (row->sel == SEL_SRC)
		insn.src_reg = row->val & 0xf;
	else if (row->sel == SEL_OFF)
		insn.off = (int16_t)row->val;
	else if (row->sel == SEL_IMM)
		insn.imm = row->val;
	return insn;
}

/* What needs more than one instruction around it: the kernel must refuse it for what it names. */
static const char *wants(const struct row *row)
{
	if (row->form == FORM_CAST)
		return "arena";
	if (strcmp(row->name, "CALL_KFUNC") == 0)
		return "kernel btf_id 1 is not a function";
	if (strcmp(row->name, "LD64_BTF_ID") == 0)
		return "pseudo btf_id 1";
	if (strcmp(row->name, "LD64_FUNC") == 0)
		return "missing btf func_info";
	return NULL;
}

static int fail(const char *name, const char *what, int err)
{
	size_t end = strlen(log_text);

	printf("%s: %s, errno %d: %.200s\n", name, what, err,
	       log_text + (end > 200 ? end - 200 : 0));
	return 1;
}

static int check_legal(const struct row *row)
{
	int err = try(insn_of(row));
	const char *want = wants(row);

	if (!err && row->off == USE_ANY) {
		struct bpf_insn insn = insn_of(row);

		insn.off = 1;
		err = try(insn);
	}
	if (want)
		return err && strstr(log_text, want)
			       ? 0
			       : fail(row->name, "not for its own reason", err);
	return err ? fail(row->name, "refused", err) : 0;
}

static int check_zeroes(const struct row *row)
{
	struct bpf_insn insn = insn_of(row), bad = insn;
	const char *want = wants(row);
	int failed = 0;

	for (int field = 0; field < 4; field++) {
		enum use use[] = { row->dst, row->src, row->off, row->imm };
		int err;

		/* What a BTF id names is looked for before the other fields are looked at. */
		if (use[field] != USE_Z || row->imm == USE_BTFID)
			continue;
		bad = insn;
		bad.dst_reg = field == 0 ? 1 : insn.dst_reg;
		bad.src_reg = field == 1 ? 1 : insn.src_reg;
		bad.off = field == 2 ? 1 : insn.off;
		bad.imm = field == 3 ? 1 : insn.imm;
		err = try(bad);
		if (err != EINVAL || (want && strstr(log_text, want)))
			failed += fail(row->name, "taken with a field that must be 0", err);
	}
	return failed;
}

static bool has_row(uint8_t code, int val)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].code == code && (rows[i].sel == SEL_NO || rows[i].val == val))
			return true;
	return false;
}

static struct bpf_insn swapped(struct bpf_insn insn)
{
	uint8_t dst = insn.dst_reg;

	insn.dst_reg = insn.src_reg & 0xf;
	insn.src_reg = dst & 0xf;
	return insn;
}

/* Every other value of the selector is refused, either way round; asked of a code's first row only. */
static int check_selector(const struct row *row)
{
	int failed = 0;

	for (const struct row *before = rows; before < row; before++)
		if (before->code == row->code)
			return 0;
	for (int val = 0; val <= (row->sel == SEL_SRC ? 15 : SEL_MAX); val++) {
		struct row other = *row;

		if (row->sel == SEL_NO || has_row(row->code, val))
			continue;
		other.val = val;
		if (try(insn_of(&other)) == 0 ||
		    (row->sel != SEL_SRC && try(swapped(insn_of(&other))) == 0))
			failed += fail(row->name, "taken with a selector no row has", val);
	}
	return failed;
}

static int check_other_codes(void)
{
	int failed = 0;

	for (int code = 0; code < 256; code++) {
		bool known = false;
		int err;

		for (size_t i = 0; i < N_ROWS; i++)
			known |= rows[i].code == code;
		if (known)
			continue;
		for (int imm = 0; imm < 2; imm++) {
			err = try((struct bpf_insn){ .code = (uint8_t)code, .imm = imm });
			if (err == 0)
				failed += fail("opcode without a row", "taken", code);
		}
	}
	return failed;
}

int main(void)
{
	struct utsname host;
	int failed = 0;

	if (uname(&host) != 0 || strncmp(host.release, "6.18.", 5) != 0) {
		printf("SKIP: the instructions are Linux 6.18's, this is %s\n", host.release);
		return SKIP;
	}
	map_fd = make_map();
	if (map_fd < 0) {
		printf("SKIP: bpf(2) is not allowed here: %s\n", strerror(errno));
		return SKIP;
	}
	for (size_t i = 0; i < N_ROWS; i++)
		failed += check_legal(&rows[i]) + check_zeroes(&rows[i]) + check_selector(&rows[i]);
	failed += check_other_codes();
	printf("%zu instructions, %d complaints\n", N_ROWS, failed);
	return failed != 0;
}
