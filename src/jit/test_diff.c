/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: native code and interpreter agree on whole programs. Method: random programs
 * (interp/test_gen.h) from fixed seeds, each on several contexts; R0 and the context must be equal.
 * Then the same in several threads that compile and free as they go.
 * Set SKEP_TEST_SEED and SKEP_TEST_PROGS to look elsewhere and for longer.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "interp/interp.h"
#include "interp/test_gen.h"
#include "interp/test_isa.h"
#include "jit/jit.h"

#define PROGS 6000
#define CONTEXTS 6
#define KINDS_MIN 164

static uint64_t kinds[BITMAP_WORDS(ISA_KINDS_MAX)];

static void note_kinds(const struct prog *prog)
{
	for (uint32_t pc = 0; pc < prog->n_insns; pc++) {
		bitmap_set(kinds, isa_kind(&prog->insns[pc]));
		if (isa_is_ld_imm64(&prog->insns[pc]))
			pc++;
	}
}

static void compare(uint64_t seed, uint32_t n_actions, uint32_t flags)
{
	struct test_prog *slow = test_gen_prog(seed, n_actions);
	struct test_prog *fast = test_gen_prog(seed, n_actions);

	assert_int_equal(interp_prepare(&slow->prog), 0);
	assert_int_equal(jit_compile_flags(&fast->prog, flags), 0);
	for (uint64_t i = 0; i < CONTEXTS; i++) {
		struct gen_ctx a, b;
		uint64_t ra, rb;

		test_gen_ctx(seed + i * 1000003, &a);
		b = a;
		ra = test_prog_run(slow, &a, NULL);
		rb = test_prog_run(fast, &b, NULL);
		for (int w = 0; w < GEN_CTX_WORDS; w++) {
			if (a.words[w] != b.words[w])
				print_error("word %d of the context: %#llx and %#llx\n", w,
					    (unsigned long long)a.words[w],
					    (unsigned long long)b.words[w]);
		}
		if (ra != rb || memcmp(&a, &b, sizeof(a)))
			fail_msg("seed %llu, %u actions, flags %u, context %llu: %#llx and %#llx",
				 (unsigned long long)seed, n_actions, flags, (unsigned long long)i,
				 (unsigned long long)ra, (unsigned long long)rb);
	}
	note_kinds(&fast->prog);
	interp_free(&slow->prog);
	jit_free(&fast->prog);
	test_prog_free(slow);
	test_prog_free(fast);
}

static uint64_t from_env(const char *name, uint64_t def)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : def;
}

static void random_programs_agree(void **state)
{
	static const uint32_t flags[] = { 0, JIT_POISON, JIT_POISON | JIT_LONG_FORMS | JIT_FAR_CALLS,
					  JIT_BASELINE, JIT_PLAIN };
	uint64_t seed = from_env("SKEP_TEST_SEED", 1), n = from_env("SKEP_TEST_PROGS", PROGS);
	size_t n_kinds;

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		compare(seed + i, (uint32_t)(i % 8 ? 20 + i % 100 : 600), flags[i % 5]);
	n_kinds = bitmap_count(kinds, ISA_KINDS_MAX);
	print_message("%llu programs from seed %llu, %zu kinds of instruction\n",
		      (unsigned long long)n, (unsigned long long)seed, n_kinds);
	assert_true(n_kinds >= KINDS_MIN || n < PROGS);
}

/* --- threads ------------------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 150

/* Compiles, runs, takes a fault and frees, again and again: wrong results are counted. */
static void *work(void *arg)
{
	uint64_t first = (uint64_t)(uintptr_t)arg * ROUNDS, *wrong = calloc(1, sizeof(*wrong));
	const struct bpf_insn fault[] = { BPF_MOV64_IMM(0, 5), BPF_LDX_MEM(BPF_DW, 0, 1, 0),
					  BPF_EXIT_INSN() };

	for (uint64_t i = 0; wrong && i < ROUNDS; i++) {
		struct test_prog *slow = test_gen_prog(first + i, 60);
		struct test_prog *fast = test_gen_prog(first + i, 60);
		struct test_prog *faults = test_prog_new(fault, 3);
		struct gen_ctx a, b;

		faults->prog.facts[1].may_fault = true;
		test_gen_ctx(first + i, &a);
		b = a;
		if (interp_prepare(&slow->prog) || jit_compile(&fast->prog) ||
		    jit_compile(&faults->prog))
			abort();
		*wrong += test_prog_run(slow, &a, NULL) != test_prog_run(fast, &b, NULL);
		*wrong += test_prog_run(faults, (void *)64, NULL) != 0;
		interp_free(&slow->prog);
		jit_free(&fast->prog);
		jit_free(&faults->prog);
		test_prog_free(slow);
		test_prog_free(fast);
		test_prog_free(faults);
	}
	return wrong;
}

static void threads_compile_and_run_side_by_side(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
	for (int i = 0; i < THREADS; i++) {
		uint64_t *wrong = NULL;

		pthread_join(threads[i], (void **)&wrong);
		assert_non_null(wrong);
		assert_int_equal(*wrong, 0);
		free(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_programs_agree),
		cmocka_unit_test(threads_compile_and_run_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
