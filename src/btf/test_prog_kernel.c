/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: func_info and line_info are judged as the running kernel's BPF_PROG_LOAD does: errno and
 * message. Method: one program of two functions, whose records are right and then damaged from a
 * seed; both sides see them. SKIP (77) where bpf(2) is not allowed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "btf/btf.h"
#include "btf/build.h"
#include "btf/prog_info.h"
#include "tbl/uapi.h"

#define SKIP_EXIT 77
#define RECORDS_BYTES 1024
#define ROUNDS 4000

/* main: a 64-bit constant, a call, exit; sub: r6 = ctx, LD_ABS or a move, exit */
static struct bpf_insn insns[] = {
	{ .code = 0x18, .dst_reg = 0, .imm = 1 },
	{ .code = 0 },
	{ .code = 0x85, .src_reg = 1, .imm = 1 },
	{ .code = 0x95 },
	{ .code = 0xbf, .dst_reg = 6, .src_reg = 1 },
	{ .code = 0xb7, .dst_reg = 0 },
	{ .code = 0x95 },
};
#define SUB_START 4

enum { T_INT = 1, T_PROTO_INT, T_PROTO_VOID, T_MAIN, T_SUB, T_SUB_VOID };

struct trial {
	uint8_t funcs[RECORDS_BYTES];
	uint8_t lines[RECORDS_BYTES];
	uint32_t n_funcs, func_size, n_lines, line_size;
	bool ld_abs;
};

static uint64_t seed = 1;
static struct btf *btf;
static int btf_fd;
static char klog[1 << 16];
static unsigned n_accepted, n_rejected;

static const char *const known[] = {
	"invalid func info rec size", "nonzero tailing record in func info", "nonzero insn_off",
	"same or smaller insn offset", "in func info", "number of funcs in func_info",
	"func_info BTF section doesn't match", "LD_ABS is not allowed in subprogs without BTF",
	"LD_ABS is only allowed in functions that return 'int'",
	"nonzero tailing record in line_info", "Invalid line_info[", "Invalid insn code at",
	"line_off or .file_name_off", "missing bpf_line_info for func#",
	"missing bpf_line_info for 1 funcs",
};
static unsigned heard[ARRAY_SIZE(known)];

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

static void make_btf(void)
{
	struct btf_build *b = btf_build_new();
	union bpf_attr attr;
	uint32_t size;
	void *blob;

	btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	btf_build_proto(b, T_INT);
	btf_build_proto(b, 0);
	btf_build_func(b, "main", BTF_FUNC_GLOBAL, T_PROTO_INT);
	btf_build_func(b, "sub", BTF_FUNC_STATIC, T_PROTO_INT);
	btf_build_func(b, "sub_void", BTF_FUNC_STATIC, T_PROTO_VOID);
	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	btf_build_free(b);
	assert_int_equal(btf_parse(blob, size, NULL, NULL, &btf), 0);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uint64_t)(uintptr_t)blob;
	attr.btf_size = size;
	btf_fd = (int)syscall(SYS_bpf, BPF_BTF_LOAD, &attr, sizeof(attr));
	free(blob);
}

/* ---- both sides ---- */

static int kernel_load(const struct trial *t, uint32_t *func_size, uint32_t *line_size)
{
	union bpf_attr attr;
	int fd, err;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = (uint64_t)(uintptr_t)"GPL";
	attr.log_level = 1;
	attr.log_buf = (uint64_t)(uintptr_t)klog;
	attr.log_size = sizeof(klog);
	attr.prog_btf_fd = (uint32_t)btf_fd;
	attr.func_info = (uint64_t)(uintptr_t)t->funcs;
	attr.func_info_cnt = t->n_funcs;
	attr.func_info_rec_size = t->func_size;
	attr.line_info = (uint64_t)(uintptr_t)t->lines;
	attr.line_info_cnt = t->n_lines;
	attr.line_info_rec_size = t->line_size;
	klog[0] = '\0';
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	err = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	*func_size = attr.func_info_rec_size;
	*line_size = attr.line_info_rec_size;
	return err;
}

static void __printf_like(2, 0) sink(void *cookie, const char *fmt, va_list args)
{
	strbuf_vaddf(cookie, fmt, args);
}

static int read_mem(void *cookie, uint64_t off, void *dst, size_t n)
{
	if (off + n > RECORDS_BYTES)
		return -EFAULT;
	memcpy(dst, (const char *)cookie + off, n);
	return 0;
}

static int our_load(struct trial *t, struct strbuf *sb)
{
	struct btf_subprog subs[2] = { { .start = 0 }, { SUB_START, t->ld_abs, false, 0 } };
	struct btf_records f = { t->n_funcs, t->func_size, read_mem, t->funcs };
	struct btf_records l = { t->n_lines, t->line_size, read_mem, t->lines };
	struct btf_prog_code code = { insns, ARRAY_SIZE(insns), subs, 2 };
	struct btf_log log = { 1, sink, sb };
	struct btf_prog_info info = { 0 };
	uint32_t want;
	int err;

	err = btf_read_funcs(btf, &f, &log, &info, &want);
	if (want)
		t->func_size = want;
	want = 0;
	if (!err)
		err = btf_check_funcs(btf, subs, 2, &log, &info);
	if (!err)
		err = btf_read_lines(btf, &l, &code, &log, &info, &want);
	if (want)
		t->line_size = want;
	btf_prog_info_deinit(&info);
	return err;
}

static void compare(struct trial *t)
{
	struct strbuf sb = STRBUF_INIT;
	uint32_t func_size, line_size;
	int kernel = kernel_load(t, &func_size, &line_size), ours = our_load(t, &sb);
	char *end = strstr(klog, "processed ");
	size_t i;

	if (end)
		*end = '\0';
	/* Instructions were walked: the records had been taken. */
	if (strstr(klog, ": ("))
		kernel = 0;
	if (kernel != ours || (ours && strcmp(klog, strbuf_str(&sb)))) {
		print_message("kernel: %d\n%s\nours: %d\n%s\n", kernel, klog, ours,
			      strbuf_str(&sb));
		fail_msg("the kernel differs");
	}
	assert_int_equal(t->func_size, func_size);
	assert_int_equal(t->line_size, line_size);
	for (i = 0; i < ARRAY_SIZE(known); i++)
		heard[i] += kernel && strstr(klog, known[i]);
	if (kernel)
		n_rejected++;
	else
		n_accepted++;
	strbuf_deinit(&sb);
}

/* ---- trials ---- */

static void right_records(struct trial *t)
{
	static const struct bpf_line_info lines[] = {
		{ 0, 1, 1, 1 }, { 2, 1, 1, 2 }, { SUB_START, 1, 1, 3 }, { 6, 1, 1, 4 },
	};
	struct bpf_func_info funcs[2] = { { 0, T_MAIN }, { SUB_START, T_SUB } };
	uint32_t i;

	memset(t, 0, sizeof(*t));
	t->n_funcs = rnd(8) ? 2 : 0;
	t->n_lines = rnd(8) ? 4 : 0;
	t->func_size = 8 + 4 * rnd(3);
	t->line_size = 16 + 4 * rnd(3);
	if (!rnd(4))
		funcs[1].type_id = T_SUB_VOID;
	for (i = 0; i < 2; i++)
		memcpy(t->funcs + i * t->func_size, &funcs[i], sizeof(funcs[i]));
	for (i = 0; i < 4; i++)
		memcpy(t->lines + i * t->line_size, &lines[i], sizeof(lines[i]));
	t->ld_abs = !rnd(3);
	insns[5].code = t->ld_abs ? 0x30 : 0xb7;
}

static void damage(struct trial *t)
{
	uint32_t word = rnd(4) ? rnd(9) : rnd(2) ? ~0u : rnd(1u << 20);

	switch (rnd(6)) {
	case 0:
		t->func_size = rnd(300);
		break;
	case 1:
		t->line_size = rnd(300);
		break;
	case 2:
		t->n_funcs = rnd(4);
		break;
	case 3:
		t->n_lines = rnd(6);
		break;
	case 4:
		memcpy(t->funcs + 4 * rnd(2 * t->func_size / 4 + 1), &word, 4);
		break;
	default:
		memcpy(t->lines + 4 * rnd(4 * t->line_size / 4 + 1), &word, 4);
		break;
	}
	/* keep within the buffers: what lies behind them is another test's matter */
	t->n_funcs = MIN(t->n_funcs, RECORDS_BYTES / MAX(t->func_size, 1u));
	t->n_lines = MIN(t->n_lines, RECORDS_BYTES / MAX(t->line_size, 1u));
}

static void damaged_records_agree(void **state)
{
	unsigned i, n_heard = 0;
	struct trial t;

	for (i = 0; i < ROUNDS; i++) {
		right_records(&t);
		if (rnd(5))
			damage(&t);
		compare(&t);
	}
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		n_heard += heard[i] != 0;
		if (!heard[i])
			print_message("never heard: %s\n", known[i]);
	}
	print_message("%u accepted, %u rejected, %u of %zu sentences heard\n", n_accepted,
		      n_rejected, n_heard, ARRAY_SIZE(known));
	assert_true(n_accepted > ROUNDS / 10);
	assert_int_equal(n_heard, ARRAY_SIZE(known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_records_agree),
	};
	int ret;

	make_btf();
	if (btf_fd < 0) {
		printf("SKIP: bpf(2) is not allowed here: %s\n", strerror(errno));
		btf_free(btf);
		return SKIP_EXIT;
	}
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	close(btf_fd);
	btf_free(btf);
	return ret;
}
