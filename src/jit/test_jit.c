/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: native code does what the interpreter does. Method: the same vectors and control flow as
 * interp/test_interp.c, compiled in each way there is; the arena by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/macros.h"
#include "interp/test_control.h"
#include "isa/insn.h"
#include "jit/image.h"
#include "jit/jit.h"

static int compile_hostile(struct prog *prog)
{
	return jit_compile_flags(prog, JIT_POISON | JIT_LONG_FORMS | JIT_FAR_CALLS);
}

static int compile_baseline(struct prog *prog)
{
	return jit_compile_flags(prog, JIT_BASELINE | JIT_POISON);
}

static const struct test_engine jit = { "jit", jit_compile, jit_free };
static const struct test_engine hostile = { "jit, hostile", compile_hostile, jit_free };
static const struct test_engine baseline = { "jit, baseline", compile_baseline, jit_free };

static void every_instruction_does_as_the_twin(void **state)
{
	(void)state;
	control_every_instruction(&jit);
	control_every_instruction(&hostile);
	control_every_instruction(&baseline);
}

static void control_flow_works(void **state)
{
	(void)state;
	control_run_all(&jit);
	control_run_all(&hostile);
	control_run_all(&baseline);
}

static void out_of_memory_is_survived(void **state)
{
	(void)state;
	control_out_of_memory(&jit);
}

static void what_is_no_instruction_is_refused(void **state)
{
	(void)state;
	control_refusals(&jit);
}

/* Each idiom alone, then exit: with patterns its second instruction has no code of its own. */
static void idioms_become_one_instruction(void **state)
{
	static const struct bpf_insn idioms[][5] = {
		{ BPF_MOV64_REG(2, 1), BPF_ALU64_IMM(BPF_RSH, 2, 51), BPF_ALU64_IMM(BPF_LSH, 1, 13),
		  BPF_ALU64_REG(BPF_OR, 1, 2), BPF_MOV64_REG(0, 1) },
		{ BPF_MOV32_REG(2, 1), BPF_ALU32_IMM(BPF_LSH, 2, 5), BPF_MOV32_REG(3, 1),
		  BPF_ALU32_IMM(BPF_RSH, 3, 27), BPF_ALU32_REG(BPF_OR, 3, 2) },
		{ BPF_MOV64_REG(0, 1), BPF_ALU64_IMM(BPF_ADD, 0, 100) },
		{ BPF_MOV64_REG(0, 1), BPF_ALU64_IMM(BPF_SUB, 0, 100) },
		{ BPF_MOV32_REG(0, 1), BPF_ALU32_REG(BPF_ADD, 0, 2) },
		{ BPF_ALU64_IMM(BPF_LSH, 1, 3), BPF_ALU64_REG(BPF_ADD, 1, 2) },
		{ BPF_MOV64_REG(0, 1), BPF_ALU64_IMM(BPF_AND, 0, 255) },
		{ BPF_ALU64_IMM(BPF_LSH, 1, 32), BPF_ALU64_IMM(BPF_RSH, 1, 32) },
		{ BPF_ALU64_IMM(BPF_LSH, 1, 48), BPF_ALU64_IMM(BPF_ARSH, 1, 48) },
		{ BPF_LDX_MEM(BPF_W, 1, 10, -8), BPF_ENDIAN(BPF_TO_BE, 1, 32) },
		{ BPF_LDX_MEM(BPF_H, 1, 10, -8), BPF_ENDIAN(BPF_TO_BE, 1, 16) },
		{ BPF_MOV64_REG(2, 10), BPF_ALU64_REG(BPF_ADD, 2, 1), BPF_LDX_MEM(BPF_B, 0, 2, -8) },
		{ BPF_MOV64_REG(2, 10), BPF_ALU64_REG(BPF_ADD, 2, 1), BPF_STX_MEM(BPF_B, 2, 1, -8) },
		{ BPF_ALU64_IMM(BPF_LSH, 1, 3), BPF_ALU64_REG(BPF_ADD, 1, 2), BPF_LDX_MEM(BPF_W, 1, 1, 4) },
		{ BPF_LDX_MEM(BPF_W, 1, 10, -8), BPF_ALU64_IMM(BPF_ADD, 1, 1), BPF_STX_MEM(BPF_W, 10, 1, -8) },
		{ BPF_JMP_IMM(BPF_JEQ, 1, 1, 1), BPF_JMP_A(1), BPF_MOV64_IMM(0, 0) },
		{ BPF_LDX_MEM(BPF_B, 1, 10, -7), BPF_ALU64_IMM(BPF_LSH, 1, 8), BPF_LDX_MEM(BPF_B, 2, 10, -8),
		  BPF_ALU64_REG(BPF_OR, 1, 2), BPF_MOV64_REG(0, 1) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(idioms); i++) {
		struct bpf_insn insns[6];
		uint32_t n = 0;

		while (n < 5 && idioms[i][n].code) {
			insns[n] = idioms[i][n];
			n++;
		}
		insns[n++] = BPF_EXIT_INSN();
		for (int plain = 0; plain < 2; plain++) {
			struct test_prog *tp = test_prog_new(insns, n);

			assert_int_equal(jit_compile_flags(&tp->prog, plain ? JIT_PLAIN : 0), 0);
			if ((jit_insn_off(&tp->prog, 1) == jit_insn_off(&tp->prog, 2)) == plain)
				fail_msg("idiom %zu, plain %d", i, plain);
			jit_free(&tp->prog);
			test_prog_free(tp);
		}
	}
}

/* A base that is overwritten by what is loaded through it is another base from there on. */
static void bytes_are_put_together_from_one_place_only(void **state)
{
	static const uint8_t far[] = { 0x11, 0x22, 0x33, 0x44 };
	struct {
		uint8_t bytes[8];
		const uint8_t *far;
	} ctx = { { 1, 2, 3, 4, 5, 6, 7, 8 }, far };
	static const struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_B, 0, 1, 0),
		BPF_LDX_MEM(BPF_DW, 1, 1, 8),
		BPF_LDX_MEM(BPF_B, 2, 1, 1),
		BPF_ALU64_IMM(BPF_LSH, 2, 8),
		BPF_ALU64_REG(BPF_OR, 0, 2),
		BPF_EXIT_INSN(),
	};
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));

	(void)state;
	assert_int_equal(jit_compile(&tp->prog), 0);
	assert_int_equal(test_prog_run(tp, &ctx, NULL), 0x2201);
	jit_free(&tp->prog);
	test_prog_free(tp);
}

/* What reads 0 when it faults, and the stack, are loaded as the program says. */
static void some_bytes_are_loaded_one_by_one(void **state)
{
	static const struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_B, 0, 1, 0), BPF_LDX_MEM(BPF_B, 2, 1, 1), BPF_ALU64_IMM(BPF_LSH, 2, 8),
		BPF_ALU64_REG(BPF_OR, 0, 2), BPF_EXIT_INSN(),
	};

	(void)state;
	for (int why = 0; why < 4; why++) {
		struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
		uint32_t first, second;

		tp->prog.facts[0].mem_base = why == 1 ? PTR_TO_STACK : PTR_TO_PACKET;
		tp->prog.facts[1].may_fault = why == 2;
		if (why == 3)
			tp->prog.insns[1].code = BPF_LDX | BPF_PROBE_MEM | BPF_B;
		assert_int_equal(jit_compile_flags(&tp->prog, 0), 0);
		first = jit_insn_off(&tp->prog, 1);
		second = jit_insn_off(&tp->prog, 2);
		assert_int_equal(first != second, why != 0);
		jit_free(&tp->prog);
		test_prog_free(tp);
	}
}

/* "r0 = 0" that inlined lookups jump over stands behind the program; written by hand, it does not. */
static void what_is_found_takes_no_jump(void **state)
{
	static const struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_W, 0, 1, 0), BPF_JMP_IMM(BPF_JGE, 0, 10, 2), BPF_ALU64_IMM(BPF_MUL, 0, 100),
		BPF_JMP_A(1), BPF_MOV64_IMM(0, 0), BPF_ALU64_IMM(BPF_ADD, 0, 3), BPF_EXIT_INSN(),
	};

	(void)state;
	for (int by_hand = 0; by_hand < 2; by_hand++) {
		struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
		uint32_t found = 9, missing = 10;

		if (by_hand)
			tp->prog.facts[4].orig_pc = 1;
		assert_int_equal(jit_compile_flags(&tp->prog, 0), 0);
		assert_int_equal(jit_insn_off(&tp->prog, 4) > jit_insn_off(&tp->prog, 6), !by_hand);
		assert_int_equal(test_prog_run(tp, &found, NULL), 903);
		assert_int_equal(test_prog_run(tp, &missing, NULL), 3);
		jit_free(&tp->prog);
		test_prog_free(tp);
	}
}

/* Wherever a short loop comes to lie, it lies in one line of the instruction cache. */
static void short_loops_lie_in_one_cache_line(void **state)
{
	(void)state;
	for (uint32_t before = 0; before < 40; before++) {
		struct bpf_insn insns[64];
		struct test_prog *tp;
		uint32_t n = 0, head;
		uint64_t first, last;

		insns[n++] = BPF_MOV64_IMM(0, 0);
		for (uint32_t i = 0; i < before; i++)
			insns[n++] = BPF_ALU64_IMM(BPF_ADD, 0, 1);
		insns[n++] = BPF_MOV64_IMM(1, 10);
		head = n;
		for (int i = 0; i < 8; i++)
			insns[n++] = BPF_ALU64_REG(BPF_ADD, 0, 1);
		insns[n++] = BPF_ALU64_IMM(BPF_SUB, 1, 1);
		insns[n++] = BPF_JMP_IMM(BPF_JNE, 1, 0, -10);
		insns[n++] = BPF_EXIT_INSN();
		tp = test_prog_new(insns, n);
		assert_int_equal(jit_compile(&tp->prog), 0);
		first = (uintptr_t)tp->prog.image + jit_insn_off(&tp->prog, head);
		last = (uintptr_t)tp->prog.image + jit_insn_off(&tp->prog, n - 1) - 1;
		assert_int_equal(first / CACHE_LINE_BYTES, last / CACHE_LINE_BYTES);
		assert_int_equal(test_prog_run(tp, NULL, NULL), before + 8 * 55);
		jit_free(&tp->prog);
		test_prog_free(tp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_instruction_is_refused),
		cmocka_unit_test(out_of_memory_is_survived),
		cmocka_unit_test(idioms_become_one_instruction),
		cmocka_unit_test(bytes_are_put_together_from_one_place_only),
		cmocka_unit_test(what_is_found_takes_no_jump),
		cmocka_unit_test(short_loops_lie_in_one_cache_line),
		cmocka_unit_test(control_flow_works),
		cmocka_unit_test(every_instruction_does_as_the_twin),
		/* Last: cmocka takes the handler of faults away between tests. */
		cmocka_unit_test(some_bytes_are_loaded_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
