/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs any bytes as instructions, first interpreted under watch, then compiled: what the watcher lets
 * run to its end must give the same R0 and the same memory. No verifier: the watcher stops accesses
 * outside the buffer and the stack, runs that are too long, and stack addresses used as numbers.
 *
 * Input: a byte of JIT flags, then 8 bytes an instruction; each is made legal as far as that is easy.
 */
#include <string.h>

#include "fuzz.h"
#include "interp/interp.h"
#include "interp/test_prog.h"
#include "interp/watch.h"
#include "isa/decode.h"
#include "isa/insn.h"
#include "jit/jit.h"

#define INSNS_MAX 256
#define SETUP_MAX 48
#define BUFFER_BYTES 128
#define STACK_BYTES 64
#define STEPS_MAX 2000

static uint64_t buffer[BUFFER_BYTES / 8];

struct watcher {
	const struct prog *prog;
	uint64_t fp;
	bool called; /* the last instruction was a call of a helper */
};

static bool inside(uint64_t addr, uint32_t bytes, uint64_t start, uint32_t room)
{
	return addr >= start && addr - start <= room && room - (addr - start) >= bytes;
}

static bool may_access(void *arg, uint32_t pc, uint64_t addr, uint32_t bytes, uint32_t access)
{
	const struct watcher *w = arg;

	(void)pc, (void)access;
	return inside(addr, bytes, (uintptr_t)buffer, sizeof(buffer)) ||
	       inside(addr, bytes, w->fp - STACK_BYTES, STACK_BYTES);
}

/* Stack addresses differ from engine to engine: they may be bases of accesses and nothing else. */
static bool uses_fp_as_number(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
	case BPF_ST:
		return false;
	case BPF_STX:
		return insn->src_reg == BPF_REG_10 && !isa_is_load_acquire(insn);
	default:
		return isa_regs_read(insn) >> BPF_REG_10 & 1;
	}
}

static bool may_step(void *arg, const struct prog *prog, uint32_t pc, uint64_t *regs)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	struct watcher *w = arg;

	if (w->called) {
		for (int r = BPF_REG_1; r <= BPF_REG_5; r++)
			regs[r] = JIT_POISON_VALUE;
	}
	w->called = isa_is_call(insn);
	return !uses_fp_as_number(insn);
}

static void enter(void *arg, const struct prog *prog, uint32_t pc, uint64_t fp)
{
	struct watcher *w = arg;

	(void)prog, (void)pc;
	w->fp = fp;
}

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return ((((a * 31 + b) * 31 + c) * 31 + d) * 31 + e) ^ a >> 13;
}

/* Registers and the stack hold numbers, R6 the buffer. */
static uint32_t set_up(struct bpf_insn *out)
{
	uint32_t n = 0;

	out[n++] = BPF_MOV64_REG(6, 1);
	for (uint8_t r = 0; r < 10; r++) {
		if (r != 6)
			out[n++] = BPF_LDX_MEM(BPF_DW, r, 6, (int16_t)(8 * r));
	}
	for (int16_t off = -STACK_BYTES; off < 0; off += 8)
		out[n++] = BPF_STX_MEM(BPF_DW, 10, (uint8_t)(-off / 8 % 6), off);
	return n;
}

/* Bases of accesses are mostly the buffer or the stack, with offsets inside. */
static void mend_access(struct bpf_insn *insn)
{
	bool base_is_src = BPF_CLASS(insn->code) == BPF_LDX || isa_is_load_acquire(insn);
	uint32_t off = (uint16_t)insn->off, bytes = (uint32_t)isa_size_bytes(insn->code);
	bool is_stack = off & 0x100;
	int32_t room = is_stack ? STACK_BYTES : BUFFER_BYTES;

	if (off & 0x200)
		return;
	off = (off & 0xff) % ((uint32_t)room - bytes + 1);
	insn->off = (int16_t)(is_stack ? (int32_t)off - STACK_BYTES : (int32_t)off);
	if (base_is_src)
		insn->src_reg = is_stack ? BPF_REG_10 : BPF_REG_6;
	else
		insn->dst_reg = is_stack ? BPF_REG_10 : BPF_REG_6;
}

/* Makes instruction @pc of @n legal, or a jump to the next one. */
static void mend(struct bpf_insn *insn, uint32_t pc, uint32_t n)
{
	insn->dst_reg %= 11;
	insn->src_reg %= 11;
	if (isa_is_call(insn)) {
		*insn = BPF_CALL_HELPER(0);
	} else if (isa_is_jump(insn)) {
		int32_t off = isa_jump_off(insn);

		off = off >= 0 ? off % (int32_t)(n - pc) : off % (int32_t)(pc + 1);
		insn->off = insn->code == (BPF_JMP32 | BPF_JA) ? 0 : (int16_t)off;
		if (insn->code == (BPF_JMP32 | BPF_JA))
			insn->imm = off;
	} else if (isa_is_ld_imm64(insn)) {
		insn->src_reg = 0;
	} else if (BPF_CLASS(insn->code) >= BPF_LDX && BPF_CLASS(insn->code) <= BPF_STX) {
		mend_access(insn);
	}
	if (isa_is_ld_skb(insn) || isa_is_may_goto(insn) || isa_is_addr_space_cast(insn) ||
	    isa_check(insn) || isa_regs_written(insn) >> BPF_REG_10 & 1)
		*insn = BPF_JMP_A(0);
}

/* The program of an input into @out: its length; 0: there is none. */
static uint32_t program(const uint8_t *data, size_t size, struct bpf_insn *out)
{
	uint32_t start = set_up(out), n = (uint32_t)(size / sizeof(*out));

	if (!n || n > INSNS_MAX)
		return 0;
	memcpy(out + start, data, n * sizeof(*out));
	for (uint32_t i = 0; i < n; i++) {
		mend(&out[start + i], i, n);
		if (!isa_is_ld_imm64(&out[start + i]))
			continue;
		if (i + 1 == n) {
			out[start + i] = BPF_JMP_A(0);
			break;
		}
		i++;
		out[start + i] = BPF_RAW_INSN(0, 0, 0, 0, out[start + i].imm);
	}
	out[start + n] = BPF_EXIT_INSN();
	return start + n + 1;
}

/* No jump leads into a 64-bit immediate: engines differ there, and the verifier lets none through. */
static bool jumps_are_right(const struct bpf_insn *insns, uint32_t n)
{
	for (uint32_t pc = 0; pc < n; pc++) {
		if (isa_is_jump(&insns[pc]) && !insns[isa_jump_target(&insns[pc], pc)].code)
			return false;
		if (isa_is_ld_imm64(&insns[pc]))
			pc++;
	}
	return true;
}

static struct test_prog *new_prog(const struct bpf_insn *insns, uint32_t n)
{
	struct test_prog *tp = test_prog_new(insns, n);

	test_prog_call(tp, mix, 1);
	tp->subprogs[0].stack_bytes = STACK_BYTES;
	return tp;
}

static void fill_buffer(void)
{
	for (size_t i = 0; i < BUFFER_BYTES / 8; i++)
		buffer[i] = (i + 1) * 0x9e3779b97f4a7c15u >> (i % 4 * 16);
}

/* Interpreted under watch: did it run to its end? */
static bool run_watched(const struct bpf_insn *insns, uint32_t n, uint64_t *r0)
{
	struct watcher w = { 0 };
	struct interp_watch watch = { .arg = &w, .step = may_step, .access = may_access,
				      .enter = enter, .insns_max = STEPS_MAX };
	struct test_prog *tp = new_prog(insns, n);

	FUZZ_CHECK(interp_prepare_watched(&tp->prog, &watch) == 0);
	fill_buffer();
	*r0 = test_prog_run(tp, buffer, NULL);
	interp_free(&tp->prog);
	test_prog_free(tp);
	return watch.stop == INTERP_RAN;
}

static uint64_t run_compiled(const struct bpf_insn *insns, uint32_t n, uint32_t flags)
{
	struct test_prog *tp = new_prog(insns, n);
	uint64_t r0;

	FUZZ_CHECK(jit_compile_flags(&tp->prog, flags) == 0);
	fill_buffer();
	r0 = test_prog_run(tp, buffer, NULL);
	jit_free(&tp->prog);
	test_prog_free(tp);
	return r0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bpf_insn insns[SETUP_MAX + INSNS_MAX + 1];
	uint64_t after[BUFFER_BYTES / 8], r0;
	uint32_t n = size ? program(data + 1, size - 1, insns) : 0;
	bool ran = n && jumps_are_right(insns, n) && run_watched(insns, n, &r0);

	if (ran) {
		memcpy(after, buffer, sizeof(after));
		FUZZ_CHECK(run_compiled(insns, n, JIT_POISON | (data[0] & 0x1e)) == r0);
		FUZZ_CHECK(!memcmp(after, buffer, sizeof(after)));
	}
	fuzz_count(ran);
	return 0;
}
