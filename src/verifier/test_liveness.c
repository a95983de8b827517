/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Liveness of registers against a slow twin that searches, per instruction and register, for a path
 * to a read with no write before it; of stack slots against what Linux 6.18 logs for two programs,
 * whose reads and writes are reported here as its walk makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/liveness.h"

#define N_MAX 24
#define ROUNDS 2000
#define SLOT(off) (UINT64_C(1) << (-(off) / 8 - 1))

/* Post order: backwards suits programs whose jumps mostly go forward, and any order is right. */
static struct verifier_env *env_new(const struct bpf_insn *insns, uint32_t n)
{
	struct verifier_env *env = mem_zalloc(sizeof(*env));

	env->n_insns = n;
	env->insns = mem_dup(insns, n * sizeof(*insns));
	env->work = mem_calloc(n, sizeof(*env->work));
	env->subprogs = mem_calloc(4, sizeof(*env->subprogs));
	env->subprog_cnt = 1;
	env->subprogs[1].start = n;
	env->cfg.postorder = mem_calloc(n, sizeof(uint32_t));
	env->cfg.postorder_start = mem_calloc(4, sizeof(uint32_t));
	env->cfg.postorder_start[1] = n;
	env->cfg.cnt = n;
	for (uint32_t i = 0; i < n; i++)
		env->cfg.postorder[i] = n - 1 - i;
	env->allow_ptr_leaks = true;
	pool_init(&env->pool, 0);
	return env;
}

static void env_free(struct verifier_env *env)
{
	pool_deinit(&env->pool);
	vlog_deinit(&env->log);
	strbuf_deinit(&env->text);
	free(env->insns);
	free(env->work);
	free(env->subprogs);
	free(env->cfg.postorder);
	free(env->cfg.postorder_start);
	free(env);
}

/* --- registers ---------------------------------------------------------------------------- */

static uint64_t rng = 88172645463325252u;

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 16) % n);
}

struct effect {
	uint16_t read, written;
	int next[2]; /* -1: none */
};

#define R(n) (1u << (n))

/* A random instruction at pc of n, and what it does by construction. */
static struct bpf_insn random_insn(uint32_t pc, uint32_t n, struct effect *fx)
{
	uint8_t d = (uint8_t)rnd(10), s = (uint8_t)rnd(10);
	int to = (int)rnd(n), next = (int)pc + 1;
	int16_t off = (int16_t)(to - next);

	*fx = (struct effect){ .next = { next, -1 } };
	switch (pc + 1 == n ? 9 : rnd(10)) {
	case 0:
		*fx = (struct effect){ R(s), R(d), { next, -1 } };
		return BPF_MOV64_REG(d, s);
	case 1:
		*fx = (struct effect){ R(s) | R(d), R(d), { next, -1 } };
		return BPF_ALU32_REG(BPF_ADD, d, s);
	case 2:
		*fx = (struct effect){ 0, R(d), { next, -1 } };
		return BPF_MOV64_IMM(d, 1);
	case 3:
		*fx = (struct effect){ R(d) | R(s), 0, { next, to } };
		return BPF_JMP_REG(BPF_JGT, d, s, off);
	case 4:
		*fx = (struct effect){ R(d), 0, { next, to } };
		return BPF_JMP32_IMM(BPF_JSET, d, 4, off);
	case 5:
		*fx = (struct effect){ 0, 0, { to, -1 } };
		return BPF_JMP_A(off);
	case 6:
		*fx = (struct effect){ R(d) | R(s), R(s), { next, -1 } };
		return BPF_ATOMIC_OP(BPF_DW, BPF_ADD | BPF_FETCH, d, s, 0);
	case 7:
		*fx = (struct effect){ R(0) | R(d) | R(s), R(0), { next, -1 } };
		return BPF_ATOMIC_OP(BPF_W, BPF_CMPXCHG, d, s, 0);
	case 8: /* nothing known of the helper: all argument registers */
		*fx = (struct effect){ 0x3e, 0x3f, { next, -1 } };
		return BPF_CALL_HELPER(7);
	default:
		*fx = (struct effect){ R(0), 0, { -1, -1 } };
		return BPF_EXIT_INSN();
	}
}

static bool read_before_written(const struct effect *fx, int pc, uint16_t reg, bool *visited)
{
	if (pc < 0 || visited[pc])
		return false;
	visited[pc] = true;
	if (fx[pc].read & reg)
		return true;
	if (fx[pc].written & reg)
		return false;
	return read_before_written(fx, fx[pc].next[0], reg, visited) ||
	       read_before_written(fx, fx[pc].next[1], reg, visited);
}

static void a_register_is_live_if_a_path_reads_it(void **state)
{
	unsigned live = 0, dead = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct bpf_insn insns[N_MAX];
		struct effect fx[N_MAX];
		uint32_t n = 2 + rnd(N_MAX - 2);
		struct verifier_env *env;

		for (uint32_t pc = 0; pc < n; pc++)
			insns[pc] = random_insn(pc, n, &fx[pc]);
		env = env_new(insns, n);
		assert_int_equal(liveness_regs(env), 0);
		for (uint32_t pc = 0; pc < n; pc++) {
			for (unsigned r = 0; r < 10; r++) {
				bool visited[N_MAX] = { 0 };
				bool want = read_before_written(fx, (int)pc, R(r), visited);

				assert_int_equal(env->work[pc].live_regs >> r & 1, want);
				live += want;
				dead += !want;
			}
		}
		env_free(env);
	}
	assert_in_range(live, ROUNDS * 10, UINT32_MAX);
	assert_in_range(dead, ROUNDS * 10, UINT32_MAX);
}

static const struct helper_proto one_arg = {
	.name = "one_arg", .arg_type = { ARG_ANYTHING },
};

static const struct helper_proto *one_arg_proto(uint32_t id, const struct prog *prog)
{
	return id == 1 ? &one_arg : NULL;
}

static void a_known_helper_reads_its_arguments_only(void **state)
{
	const struct bpf_insn insns[] = { BPF_CALL_HELPER(1), BPF_CALL_HELPER(2), BPF_CALL_REL(0),
					  BPF_EXIT_INSN() };
	struct prog_type_ops ops = { .get_func_proto = one_arg_proto };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->ops = &ops;
	assert_int_equal(liveness_regs(env), 0);
	assert_int_equal(env->work[0].live_regs, R(1));
	assert_int_equal(env->work[1].live_regs, ISA_CALL_ARGS);
	assert_int_equal(env->work[2].live_regs, ISA_CALL_ARGS);
	assert_int_equal(env->work[3].live_regs, R(0));
	env_free(env);
}

static void a_register_there_is_not_is_not_live(void **state)
{
	const struct bpf_insn insns[] = { BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 13, 0, 0),
					  BPF_EXIT_INSN() };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	assert_int_equal(liveness_regs(env), 0);
	assert_int_equal(env->work[0].live_regs, 0);
	env_free(env);
}

/* --- stack -------------------------------------------------------------------------------- */

static struct func_state *frame_new(struct verifier_env *env, uint32_t frameno, uint32_t subprogno,
				    int32_t callsite)
{
	struct func_state *f = pool_alloc(&env->pool, sizeof(*f));

	memset(f, 0, sizeof(*f));
	f->frameno = frameno;
	f->subprogno = subprogno;
	f->callsite = callsite;
	return f;
}

static struct verifier_env *walk_new(const struct bpf_insn *insns, uint32_t n)
{
	struct verifier_env *env = env_new(insns, n);

	assert_int_equal(vlog_init(&env->log, BPF_LOG_LEVEL2, true, 1 << 16), 0);
	assert_int_equal(liveness_stack_init(env), 0);
	env->cur_state = pool_alloc(&env->pool, sizeof(*env->cur_state));
	memset(env->cur_state, 0, sizeof(*env->cur_state));
	env->cur_state->frame[0] = frame_new(env, 0, 0, CALLSITE_MAIN);
	return env;
}

/* One instruction of the walk that writes slots of the innermost frame or of frame 0. */
static void walked(struct verifier_env *env, uint32_t pc, uint32_t frame, uint64_t writes)
{
	assert_int_equal(liveness_stack_reset_writes(env, pc), 0);
	if (writes)
		liveness_stack_write(env, frame, writes);
	assert_int_equal(liveness_stack_commit_writes(env), 0);
}

static void walked_read(struct verifier_env *env, uint32_t pc, uint32_t frame, uint64_t reads)
{
	assert_int_equal(liveness_stack_reset_writes(env, pc), 0);
	assert_int_equal(liveness_stack_read(env, frame, pc, reads), 0);
	assert_int_equal(liveness_stack_commit_writes(env), 0);
}

static void assert_logged(struct verifier_env *env, const char *want)
{
	const char *text;
	uint32_t bytes, actual;

	assert_int_equal(vlog_finish(&env->log, &text, &bytes, &actual), 0);
	assert_string_equal(text, want);
}

static bool alive(struct verifier_env *env, uint32_t pc, uint32_t frame, int off)
{
	struct verifier_state st = *env->cur_state;

	st.insn_idx = pc;
	assert_int_equal(liveness_stack_query(env, &st), 0);
	return liveness_stack_alive(env, frame, (uint32_t)(-off / 8 - 1));
}

static void stack_marks_flow_back_as_linux_logs_them(void **state)
{
	const struct bpf_insn insns[] = {
		BPF_CALL_HELPER(7),
		BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_0, -8),
		BPF_ST_MEM(BPF_DW, BPF_REG_10, -16, 0),
		BPF_JMP_IMM(BPF_JSGT, BPF_REG_0, 5, 1),
		BPF_ST_MEM(BPF_DW, BPF_REG_10, -24, 1),
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_10, -8),
		BPF_LDX_MEM(BPF_DW, BPF_REG_2, BPF_REG_10, -16),
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	struct verifier_env *env = walk_new(insns, ARRAY_SIZE(insns));

	env->work[3].prune_point = env->work[5].prune_point = true;
	walked(env, 0, 0, 0);
	walked(env, 1, 0, SLOT(-8));
	walked(env, 2, 0, SLOT(-16));
	walked(env, 3, 0, 0);
	walked(env, 4, 0, SLOT(-24));
	walked_read(env, 5, 0, SLOT(-8));
	walked_read(env, 6, 0, SLOT(-16));
	walked(env, 7, 0, 0);
	walked(env, 8, 0, 0);
	assert_false(alive(env, 5, 0, -8)); /* before the dataflow */
	assert_int_equal(liveness_stack_update(env), 0);
	assert_true(alive(env, 5, 0, -8));
	assert_true(alive(env, 3, 0, -16));
	assert_false(alive(env, 2, 0, -16));
	assert_false(alive(env, 6, 0, -8));
	assert_false(alive(env, 3, 0, -24));
	/* Nothing new: nothing to do, nothing to say. */
	walked_read(env, 5, 0, SLOT(-8));
	assert_int_equal(liveness_stack_update(env), 0);
	assert_logged(env, "(0) frame 0 insn 6 +live -16 \n"
			   "(0) frame 0 insn 5 +live -8,-16 \n"
			   "(0) frame 0 insn 4 +live -8,-16 \n"
			   "(0) frame 0 insn 4 +written -24 \n"
			   "(0) frame 0 insn 3 +live -8,-16 \n"
			   "(0) frame 0 insn 2 +live -8 \n"
			   "(0) frame 0 insn 2 +written -16 \n"
			   "(0) frame 0 insn 1 +written -8,-16 \n"
			   "(0) frame 0 insn 0 +written -8,-16 \n"
			   "(0) live stack update done in 2 iterations\n");
	env_free(env);
}

static const struct bpf_insn with_call[] = {
	BPF_CALL_HELPER(7),
	BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_0, -8),
	BPF_ST_MEM(BPF_DW, BPF_REG_10, -16, 7),
	BPF_MOV64_REG(BPF_REG_1, BPF_REG_10),
	BPF_ALU64_IMM(BPF_ADD, BPF_REG_1, -16),
	BPF_MOV64_REG(BPF_REG_2, BPF_REG_0),
	BPF_CALL_REL(4),
	BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_10, -8),
	BPF_LDX_MEM(BPF_DW, BPF_REG_2, BPF_REG_10, -16),
	BPF_MOV64_IMM(BPF_REG_0, 0),
	BPF_EXIT_INSN(),
	BPF_ST_MEM(BPF_DW, BPF_REG_10, -8, 3), /* 11: the callee */
	BPF_JMP_IMM(BPF_JEQ, BPF_REG_2, 3, 1),
	BPF_ST_MEM(BPF_DW, BPF_REG_1, 0, 9),
	BPF_LDX_MEM(BPF_DW, BPF_REG_0, BPF_REG_1, 8),
	BPF_EXIT_INSN(),
};

static struct verifier_env *walk_to_call(void)
{
	struct verifier_env *env = walk_new(with_call, ARRAY_SIZE(with_call));

	env->subprog_cnt = 2;
	env->subprogs[1].start = 11;
	env->subprogs[2].start = env->n_insns;
	for (uint32_t i = 0; i < 11; i++)
		env->cfg.postorder[i] = 10 - i;
	for (uint32_t i = 11; i < 16; i++)
		env->cfg.postorder[i] = 26 - i;
	env->cfg.postorder_start[1] = 11;
	env->cfg.postorder_start[2] = 16;
	env->work[12].prune_point = env->work[14].prune_point = true;
	env->work[6].prune_point = env->work[7].prune_point = true;

	walked(env, 0, 0, 0);
	walked(env, 1, 0, SLOT(-8));
	walked(env, 2, 0, SLOT(-16));
	for (uint32_t pc = 3; pc < 6; pc++)
		walked(env, pc, 0, 0);
	env->cur_state->frame[1] = frame_new(env, 1, 1, 6);
	env->cur_state->curframe = 1;
	liveness_stack_rechain(env);
	walked(env, 11, 1, SLOT(-8));
	walked(env, 12, 1, 0);
	walked(env, 13, 0, SLOT(-16));
	walked_read(env, 14, 0, SLOT(-8));
	return env;
}

static void a_callee_reads_and_writes_its_callers_stack(void **state)
{
	struct verifier_env *env = walk_to_call();

	assert_int_equal(liveness_stack_update(env), 0);
	assert_true(alive(env, 12, 0, -8));
	assert_false(alive(env, 12, 1, -8)); /* the callee never reads its own */
	assert_logged(env, "(6,11) frame 0 insn 14 +live -8 \n"
			   "(6,11) frame 0 insn 13 +live -8 \n"
			   "(6,11) frame 0 insn 13 +written -16 \n"
			   "(6,11) frame 0 insn 12 +live -8 \n"
			   "(6,11) frame 0 insn 11 +live -8 \n"
			   "(6,11) frame 1 insn 11 +written -8 \n"
			   "(6,11) live stack update done in 2 iterations\n"
			   "(0) frame 0 insn 6 +live -8 \n"
			   "(0) frame 0 insn 2 +live -8 \n"
			   "(0) frame 0 insn 2 +written -16 \n"
			   "(0) frame 0 insn 1 +written -8,-16 \n"
			   "(0) frame 0 insn 0 +written -8,-16 \n"
			   "(0) live stack update done in 2 iterations\n");
	env_free(env);
}

/* What the caller reads after the call is alive in the callee; from the call on, if it runs a
 * callback. */
static void outer_frames_keep_what_they_read_later(void **state)
{
	struct verifier_env *env = walk_to_call();

	assert_false(alive(env, 13, 0, -16));
	assert_int_equal(liveness_stack_update(env), 0);
	assert_false(alive(env, 15, 0, -8)); /* the caller's read was not walked yet */
	env->cur_state->curframe = 0;
	liveness_stack_rechain(env);
	walked_read(env, 7, 0, SLOT(-8));
	assert_int_equal(liveness_stack_update(env), 0);
	env->cur_state->curframe = 1;
	assert_true(alive(env, 15, 0, -8));
	assert_false(alive(env, 15, 0, -16));
	env_free(env);

	env = walk_to_call();
	env->work[6].calls_callback = true;
	assert_int_equal(liveness_stack_update(env), 0);
	assert_true(alive(env, 15, 0, -8));
	env_free(env);
}

/* Another walk of the same instruction that does not write the slot makes it live before. */
static void a_write_counts_only_if_every_walk_made_it(void **state)
{
	const struct bpf_insn insns[] = {
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_STX_MEM(BPF_DW, BPF_REG_1, BPF_REG_0, 0),
		BPF_LDX_MEM(BPF_DW, BPF_REG_2, BPF_REG_10, -8),
		BPF_EXIT_INSN(),
	};
	struct verifier_env *env = walk_new(insns, ARRAY_SIZE(insns));

	walked(env, 0, 0, 0);
	walked(env, 1, 0, SLOT(-8));
	walked_read(env, 2, 0, SLOT(-8));
	walked(env, 3, 0, 0);
	assert_int_equal(liveness_stack_update(env), 0);
	assert_false(alive(env, 1, 0, -8));
	walked(env, 1, 0, 0);
	assert_int_equal(liveness_stack_update(env), 0);
	assert_true(alive(env, 1, 0, -8));
	assert_true(alive(env, 0, 0, -8));
	env_free(env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_is_live_if_a_path_reads_it),
		cmocka_unit_test(a_register_there_is_not_is_not_live),
		cmocka_unit_test(a_known_helper_reads_its_arguments_only),
		cmocka_unit_test(stack_marks_flow_back_as_linux_logs_them),
		cmocka_unit_test(a_callee_reads_and_writes_its_callers_stack),
		cmocka_unit_test(outer_frames_keep_what_they_read_later),
		cmocka_unit_test(a_write_counts_only_if_every_walk_made_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
