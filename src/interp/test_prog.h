/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: a struct prog made by hand from rewritten code, with no verifier, and a way to run it on
 * any executor. Also the run context such a run needs. Dies (abort) when out of memory.
 */
#pragma once

#include <stdint.h>

#include "isa/insn.h"
#include "object/prog.h"
#include "object/prog_array.h"
#include "run/run.h"

#define TEST_CALLS_MAX 16
#define TEST_SUBPROGS_MAX 64

struct test_prog {
	struct prog prog;
	struct prog_call calls[TEST_CALLS_MAX];
	struct subprog subprogs[TEST_SUBPROGS_MAX];
};

/* How to make a struct prog runnable: interp_prepare and interp_free, or jit_compile and jit_free. */
struct test_engine {
	const char *name;
	int (*prepare)(struct prog *prog);
	void (*free)(struct prog *prog);
};

/* A copy of @insns as one program of one subprogram. More are cut off with test_prog_cut(), in order. */
struct test_prog *test_prog_new(const struct bpf_insn *insns, uint32_t n_insns);
void test_prog_cut(struct test_prog *tp, uint32_t start);
/* The imm of a call to @fn. */
uint32_t test_prog_call(struct test_prog *tp, helper_fn fn, uint32_t helper_id);
void test_prog_free(struct test_prog *tp);

/* Runs inside a fresh run context: R0. @tail_calls (may be NULL) gets how many were made. */
uint64_t test_prog_run(struct test_prog *tp, void *ctx, uint32_t *tail_calls);

/* A program array of @n empty slots, and its end. */
struct held_array *test_prog_array_new(uint32_t n);
void test_prog_array_free(struct held_array *array);
