/* SPDX-License-Identifier: BSD-2-Clause */
/* See test_prog.h. */
#include <stdlib.h>
#include <string.h>

#include "interp/test_prog.h"

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct test_prog *test_prog_new(const struct bpf_insn *insns, uint32_t n_insns)
{
	struct test_prog *tp = must(calloc(1, sizeof(*tp)));

	tp->prog.insns = must(calloc(n_insns, sizeof(*insns)));
	memcpy(tp->prog.insns, insns, n_insns * sizeof(*insns));
	tp->prog.n_insns = n_insns;
	tp->prog.facts = must(calloc(n_insns, sizeof(*tp->prog.facts)));
	tp->prog.subprogs = tp->subprogs;
	tp->prog.calls = tp->calls;
	test_prog_cut(tp, 0);
	return tp;
}

void test_prog_cut(struct test_prog *tp, uint32_t start)
{
	uint32_t n = tp->prog.n_subprogs++;

	if (n >= TEST_SUBPROGS_MAX)
		abort();
	if (n)
		tp->subprogs[n - 1].end = start;
	tp->subprogs[n] = (struct subprog){ .start = start,
					    .end = tp->prog.n_insns,
					    .stack_bytes = PROG_STACK_BYTES };
}

uint32_t test_prog_call(struct test_prog *tp, helper_fn fn, uint32_t helper_id)
{
	if (tp->prog.n_calls >= TEST_CALLS_MAX)
		abort();
	tp->calls[tp->prog.n_calls] = (struct prog_call){ fn, helper_id, "test" };
	return tp->prog.n_calls++;
}

void test_prog_free(struct test_prog *tp)
{
	free(tp->prog.insns);
	free(tp->prog.facts);
	free(tp);
}

uint64_t test_prog_run(struct test_prog *tp, void *ctx, uint32_t *tail_calls)
{
	struct run_ctx rc = { .prog = &tp->prog, .ctx = ctx };
	uint64_t r0;

	run_push(&rc);
	r0 = tp->prog.run(ctx, &tp->prog);
	run_pop(&rc);
	if (tail_calls)
		*tail_calls = rc.tail_calls;
	return r0;
}

struct held_array *test_prog_array_new(uint32_t n)
{
	struct held_array *array = must(calloc(1, sizeof(*array)));

	array->map.max_entries = n;
	array->slots = must(calloc(n, sizeof(array->slots[0])));
	return array;
}

void test_prog_array_free(struct held_array *array)
{
	free((void *)array->slots);
	free(array);
}
