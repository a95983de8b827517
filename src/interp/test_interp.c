/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the interpreter does what RFC 9669 says. Method: every instruction at edge operands against
 * the plain twin of test_isa.c; calls, callbacks, tail calls and faults by hand (test_control.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/macros.h"
#include "interp/interp.h"
#include "interp/test_control.h"
#include "interp/watch.h"

static const struct test_engine interp = { "interp", interp_prepare, interp_free };

/* --- under watch --------------------------------------------------------------------------------- */

static struct interp_watch quiet;

static int prepare_quiet(struct prog *prog)
{
	return interp_prepare_watched(prog, &quiet);
}

static const struct test_engine watched = { "interp, watched", prepare_quiet, interp_free };

static void the_watched_loop_does_the_same(void **state)
{
	(void)state;
	control_run_all(&watched);
	control_every_instruction(&watched);
}

struct seen {
	uint32_t pcs[16], n_pcs;
	uint64_t addr;
	uint32_t bytes, access;
	int depth, frames;
	uint32_t refuse_pc;
	bool refuse_access;
};

static bool see_step(void *arg, const struct prog *prog, uint32_t pc, uint64_t *regs)
{
	struct seen *s = arg;

	(void)prog, (void)regs;
	if (s->n_pcs < 16)
		s->pcs[s->n_pcs++] = pc;
	return pc != s->refuse_pc;
}

static bool see_access(void *arg, uint32_t pc, uint64_t addr, uint32_t bytes, uint32_t access)
{
	struct seen *s = arg;

	(void)pc;
	s->addr = addr;
	s->bytes = bytes;
	s->access = access;
	return !s->refuse_access;
}

static void see_enter(void *arg, const struct prog *prog, uint32_t pc, uint64_t fp)
{
	struct seen *s = arg;

	(void)prog, (void)pc, (void)fp;
	s->depth++;
	s->frames++;
}

static void see_leave(void *arg, uint64_t fp)
{
	struct seen *s = arg;

	(void)fp;
	s->depth--;
}

/* main calls a subprogram that adds to its context */
static uint64_t run_seen(struct seen *s, struct interp_watch *w, uint64_t *ctx)
{
	const struct bpf_insn insns[] = {
		BPF_CALL_REL(2),
		BPF_ALU64_IMM(BPF_ADD, 0, 1),
		BPF_EXIT_INSN(),
		BPF_MOV64_IMM(0, 5),
		BPF_ATOMIC_OP(BPF_W, BPF_ADD, 1, 0, 4),
		BPF_EXIT_INSN(),
	};
	struct test_prog *tp = test_prog_new(insns, ARRAY_SIZE(insns));
	uint64_t r0;

	w->arg = s;
	w->step = see_step;
	w->access = see_access;
	w->enter = see_enter;
	w->leave = see_leave;
	test_prog_cut(tp, 3);
	assert_int_equal(interp_prepare_watched(&tp->prog, w), 0);
	r0 = test_prog_run(tp, ctx, NULL);
	interp_free(&tp->prog);
	test_prog_free(tp);
	assert_int_equal(s->depth, 0);
	return r0;
}

static void a_watcher_sees_every_step_and_access(void **state)
{
	static const uint32_t pcs[] = { 0, 3, 4, 5, 1, 2 };
	struct seen s = { .refuse_pc = 99 };
	struct interp_watch w = { 0 };
	uint64_t ctx = 0;

	(void)state;
	assert_int_equal(run_seen(&s, &w, &ctx), 6);
	assert_int_equal(ctx, UINT64_C(5) << 32);
	assert_int_equal(s.n_pcs, ARRAY_SIZE(pcs));
	assert_memory_equal(s.pcs, pcs, sizeof(pcs));
	assert_int_equal(s.frames, 2);
	assert_int_equal(s.addr, (uint64_t)(uintptr_t)&ctx + 4);
	assert_int_equal(s.bytes, 4);
	assert_int_equal(s.access, INTERP_READ | INTERP_WRITE);
	assert_int_equal(w.insns, 6);
	assert_int_equal(w.stop, INTERP_RAN);
}

static void a_watcher_stops_a_run(void **state)
{
	struct seen s = { .refuse_pc = 5 };
	struct interp_watch w = { 0 };
	uint64_t ctx = 0;

	(void)state;
	assert_int_equal(run_seen(&s, &w, &ctx), 0);
	assert_int_equal(w.stop, INTERP_STOPPED_STEP);
	assert_int_equal(w.stop_pc, 5);

	s = (struct seen){ .refuse_pc = 99, .refuse_access = true };
	w = (struct interp_watch){ 0 };
	ctx = 0;
	assert_int_equal(run_seen(&s, &w, &ctx), 0);
	assert_int_equal(w.stop, INTERP_STOPPED_ACCESS);
	assert_int_equal(w.stop_pc, 4);
	assert_int_equal(ctx, 0);

	s = (struct seen){ .refuse_pc = 99 };
	w = (struct interp_watch){ .insns_max = 4 };
	assert_int_equal(run_seen(&s, &w, &ctx), 0);
	assert_int_equal(w.stop, INTERP_STOPPED_INSNS);
	assert_int_equal(w.insns, 4);
	assert_int_equal(w.stop_pc, 1);
}

static void every_instruction_does_as_the_twin(void **state)
{
	(void)state;
	control_every_instruction(&interp);
}

static void control_flow_works(void **state)
{
	(void)state;
	control_run_all(&interp);
}

static void out_of_memory_is_survived(void **state)
{
	(void)state;
	control_out_of_memory(&interp);
}

static void what_is_no_instruction_is_refused(void **state)
{
	(void)state;
	control_refusals(&interp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_instruction_is_refused),
		cmocka_unit_test(out_of_memory_is_survived),
		cmocka_unit_test(control_flow_works),
		cmocka_unit_test(a_watcher_sees_every_step_and_access),
		cmocka_unit_test(a_watcher_stops_a_run),
		cmocka_unit_test(the_watched_loop_does_the_same),
		cmocka_unit_test(every_instruction_does_as_the_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
