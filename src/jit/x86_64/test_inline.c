/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a subprogram whose code stands in place of its calls does what it does when called. Method:
 * small ones of every shape, called twice by a program that keeps numbers in saved registers, on JIT
 * and interpreter; whether the code is there in place of the call is read off its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macros.h"
#include "interp/interp.h"
#include "interp/test_prog.h"
#include "jit/image.h"
#include "jit/jit.h"

#define CALL_BYTES 5
#define LEAF_MAX 26
#define CTX_WORDS 4

/* r0 = leaf(first word, context) * 31 + leaf(second word, context), and what was saved around it. */
static const struct bpf_insn caller[] = {
	BPF_MOV64_REG(6, 1),
	BPF_MOV64_IMM(8, 0x700),
	BPF_MOV32_IMM(9, -1),
	BPF_LDX_MEM(BPF_DW, 1, 6, 0),
	BPF_MOV64_REG(2, 6),
	BPF_CALL_REL(12), /* FIRST_CALL */
	BPF_ZEXT_REG(9),
	BPF_MOV64_REG(7, 0),
	BPF_ALU64_IMM(BPF_MUL, 7, 31),
	BPF_LDX_MEM(BPF_DW, 1, 6, 8),
	BPF_MOV64_REG(2, 6),
	BPF_CALL_REL(6),
	BPF_ALU64_REG(BPF_ADD, 7, 0),
	BPF_ZEXT_REG(0),
	BPF_ALU64_REG(BPF_ADD, 0, 8),
	BPF_ALU64_REG(BPF_XOR, 0, 7),
	BPF_ALU64_REG(BPF_ADD, 0, 9),
	BPF_EXIT_INSN(),
};
enum { CALLER = ARRAY_SIZE(caller), FIRST_CALL = 5 };

struct leaf {
	const char *what;
	bool inlined;
	struct bpf_insn insns[LEAF_MAX]; /* up to the first whose code is 0 */
};

static const struct leaf leaves[] = {
	{ "straight on", true, { BPF_MOV64_REG(0, 1), BPF_ALU64_IMM(BPF_XOR, 0, 0x1234), BPF_EXIT_INSN() } },
	{ "two exits", true,
	  { BPF_JMP_IMM(BPF_JEQ, 1, 1, 2), BPF_MOV64_IMM(0, 7), BPF_EXIT_INSN(),
	    BPF_MOV64_IMM(0, 1000), BPF_EXIT_INSN() } },
	{ "an exit jumped back to", true,
	  { BPF_JMP_A(1), BPF_EXIT_INSN(), BPF_MOV64_REG(0, 1), BPF_JMP_A(-3) } },
	{ "a loop", true,
	  { BPF_ALU64_IMM(BPF_AND, 1, 15), BPF_ALU64_IMM(BPF_ADD, 1, 1), BPF_MOV64_IMM(0, 0),
	    BPF_ALU64_REG(BPF_ADD, 0, 1), BPF_ALU64_IMM(BPF_SUB, 1, 1), BPF_JMP_IMM(BPF_JNE, 1, 0, -3),
	    BPF_EXIT_INSN() } },
	{ "an upper half to clear", true,
	  { BPF_ZEXT_REG(1), BPF_MOV64_REG(0, 1), BPF_ALU64_IMM(BPF_LSH, 0, 20), BPF_EXIT_INSN() } },
	{ "an upper half cleared on one of two paths", true,
	  { BPF_JMP_IMM(BPF_JSET, 1, 2, 1), BPF_MOV32_REG(1, 1), BPF_ZEXT_REG(1), BPF_MOV64_REG(0, 1),
	    BPF_EXIT_INSN() } },
	{ "a load that faults", true,
	  { BPF_MOV64_IMM(0, -1), BPF_LDX_MEM(BPF_DW, 0, 1, 0), BPF_ALU64_IMM(BPF_ADD, 0, 3),
	    BPF_EXIT_INSN() } },
	{ "stores, and bytes put together", true,
	  { BPF_STX_MEM(BPF_DW, 2, 1, 16), BPF_LDX_MEM(BPF_B, 0, 2, 18), BPF_LDX_MEM(BPF_B, 1, 2, 17),
	    BPF_ALU64_IMM(BPF_LSH, 0, 8), BPF_ALU64_REG(BPF_OR, 0, 1), BPF_EXIT_INSN() } },
	{ "a long immediate", true, { BPF_LD_IMM64(0, 0x123456789abcdef0), BPF_EXIT_INSN() } },
	{ "a saved register", false,
	  { BPF_MOV64_REG(7, 1), BPF_MOV64_IMM(8, 9), BPF_MOV64_REG(0, 7), BPF_EXIT_INSN() } },
	{ "rewriting's register", false,
	  { BPF_MOV64_REG(ISA_REG_AX, 1), BPF_MOV64_REG(0, ISA_REG_AX), BPF_EXIT_INSN() } },
	{ "a stack", false,
	  { BPF_STX_MEM(BPF_DW, 10, 1, -8), BPF_LDX_MEM(BPF_W, 0, 10, -6), BPF_EXIT_INSN() } },
	{ "a call", false, { BPF_CALL_HELPER(0), BPF_EXIT_INSN() } },
};

static uint64_t helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)b, (void)c, (void)d, (void)e;
	return a * 3;
}

static struct test_prog *make(const struct leaf *leaf)
{
	struct bpf_insn insns[CALLER + LEAF_MAX];
	struct test_prog *tp;
	uint32_t n = CALLER;

	for (uint32_t i = 0; i < CALLER; i++)
		insns[i] = caller[i];
	/* The second half of a long immediate has code 0 too. */
	for (uint32_t i = 0; leaf->insns[i].code || (i && isa_is_ld_imm64(&leaf->insns[i - 1])); i++)
		insns[n++] = leaf->insns[i];
	tp = test_prog_new(insns, n);
	test_prog_cut(tp, CALLER);
	tp->subprogs[1].stack_bytes = 8;
	test_prog_call(tp, helper, 1);
	for (uint32_t pc = CALLER; pc < n; pc++)
		tp->prog.facts[pc].may_fault = insns[pc].code == (BPF_LDX | BPF_MEM | BPF_DW);
	return tp;
}

static uint32_t code_bytes(const struct test_prog *tp, uint32_t pc)
{
	return jit_insn_off(&tp->prog, pc + 1) - jit_insn_off(&tp->prog, pc);
}

static void compare(const struct leaf *leaf, uint32_t flags)
{
	static const uint64_t values[] = { 0, 1, 2, 14, UINT64_MAX, 0x8000000080000000, 0xfffffff0 };
	struct test_prog *slow = make(leaf), *fast = make(leaf);

	assert_int_equal(interp_prepare(&slow->prog), 0);
	assert_int_equal(jit_compile_flags(&fast->prog, flags), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(values) * ARRAY_SIZE(values); i++) {
		uint64_t a[CTX_WORDS] = { values[i / ARRAY_SIZE(values)], values[i % ARRAY_SIZE(values)] };
		uint64_t b[CTX_WORDS] = { a[0], a[1] };
		uint64_t want = test_prog_run(slow, a, NULL), got = test_prog_run(fast, b, NULL);

		if (want != got || a[2] != b[2])
			fail_msg("%s, flags %u: %#llx and %#llx", leaf->what, flags,
				 (unsigned long long)want, (unsigned long long)got);
	}
	if (flags != JIT_PLAIN && (code_bytes(fast, FIRST_CALL) != CALL_BYTES) != leaf->inlined)
		fail_msg("%s: %u bytes", leaf->what, code_bytes(fast, FIRST_CALL));
	if (flags == JIT_PLAIN)
		assert_int_equal(code_bytes(fast, FIRST_CALL), CALL_BYTES);
	interp_free(&slow->prog);
	jit_free(&fast->prog);
	test_prog_free(slow);
	test_prog_free(fast);
}

static void inlined_code_does_as_called_code(void **state)
{
	static const uint32_t flags[] = { 0, JIT_LONG_FORMS | JIT_FAR_CALLS, JIT_BASELINE, JIT_PLAIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(flags); k++)
			compare(&leaves[i], flags[k]);
	}
}

/* 24 instructions are inlined, 25 called. */
static void long_code_is_called(void **state)
{
	struct leaf leaf = { .what = "a long one" };

	(void)state;
	for (uint32_t n = 23; n <= 25; n++) {
		for (uint32_t i = 0; i < n; i++)
			leaf.insns[i] = i ? BPF_ALU64_IMM(BPF_ADD, 0, 1) : BPF_MOV64_REG(0, 1);
		leaf.insns[n - 1] = BPF_EXIT_INSN();
		leaf.inlined = n <= 24;
		compare(&leaf, 0);
	}
}

/* A program of nothing but calls grows by a bounded number of instructions; the rest are calls. */
static void growth_is_bounded(void **state)
{
	enum { CALLS = 3000, LEAF = 11, EACH = LEAF + 1, N = CALLS + 2 + LEAF };
	struct bpf_insn *insns = calloc(N, sizeof(*insns));
	uint32_t n = 0, inlined = 0;
	struct test_prog *tp;

	(void)state;
	assert_non_null(insns);
	insns[n++] = BPF_MOV64_IMM(1, 0);
	for (uint32_t i = 0; i < CALLS; i++, n++)
		insns[n] = BPF_CALL_REL((int32_t)(CALLS + 2 - n - 1));
	insns[n++] = BPF_EXIT_INSN();
	for (uint32_t i = 0; i < LEAF - 2; i++)
		insns[n++] = BPF_ALU64_IMM(BPF_ADD, 1, 1000);
	insns[n++] = BPF_MOV64_REG(0, 1);
	insns[n++] = BPF_EXIT_INSN();
	tp = test_prog_new(insns, n);
	test_prog_cut(tp, CALLS + 2);
	assert_int_equal(jit_compile_flags(&tp->prog, 0), 0);
	for (uint32_t pc = 1; pc <= CALLS; pc++)
		inlined += code_bytes(tp, pc) != CALL_BYTES;
	assert_int_equal(inlined, (N + 256) / EACH);
	assert_int_equal(test_prog_run(tp, NULL, NULL), UINT64_C(1000) * (LEAF - 2) * CALLS);
	jit_free(&tp->prog);
	test_prog_free(tp);
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_code_does_as_called_code),
		cmocka_unit_test(long_code_is_called),
		cmocka_unit_test(growth_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
