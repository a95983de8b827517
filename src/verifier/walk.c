/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/walk.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "verifier/alu.h"
#include "verifier/call.h"
#include "verifier/env.h"
#include "verifier/func.h"
#include "verifier/jump.h"
#include "verifier/ldimm.h"
#include "verifier/liveness.h"
#include "verifier/mem.h"
#include "verifier/print.h"
#include "verifier/prune.h"
#include "verifier/regs.h"
#include "verifier/state.h"
#include "verifier/verify.h"

#define LIMITS_EVERY 256 /* instructions between looks at the clock */

/* Outcomes of one instruction, beside errors. */
enum { GO_ON, PATH_ENDS = 1 };

/* --- single instructions --------------------------------------------------------------------------------- */

static int check_ld_abs_fields(struct verifier_env *env, const struct bpf_insn *insn)
{
	const struct verifier_state *st = env->cur_state;
	uint32_t i;

	if (!env->ops->gen_ld_abs)
		return reject(env, -EINVAL,
			      "BPF_LD_[ABS|IND] instructions not allowed for this program type\n");
	for (i = st->curframe; i; i--)
		if (st->frame[i]->in_callback_fn)
			return reject(env, -EINVAL,
				      "cannot use BPF_LD_[ABS|IND] within callback\n");
	if (insn->dst_reg != BPF_REG_0 || insn->off != 0 || BPF_SIZE(insn->code) == BPF_DW ||
	    (BPF_MODE(insn->code) == BPF_ABS && insn->src_reg != BPF_REG_0))
		return reject(env, -EINVAL, "BPF_LD_[ABS|IND] uses reserved fields\n");
	return 0;
}

/* The load may end the function with r0 = 0: in a subprogram its caller has to live with that. */
static int hidden_exit(struct verifier_env *env)
{
	scratch_reg(env, BPF_REG_0);
	if (!state_push(env, env->insn_idx + 1, env->insn_idx, false))
		return -EFAULT;
	reg_set_ptr(&cur_regs(env)[BPF_REG_0], SCALAR_VALUE);
	return func_exit_early(env);
}

static int check_ld_abs(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct reg_state *regs = cur_regs(env);
	int err = check_ld_abs_fields(env, insn);

	if (!err)
		err = reg_check(env, BPF_REG_6, REG_READ);
	if (!err)
		err = func_check_leaks(env, true, "BPF_LD_[ABS|IND]");
	if (err)
		return err;
	if (regs[BPF_REG_6].type != PTR_TO_CTX)
		return reject(env, -EINVAL,
			      "at the time of BPF_LD_ABS|IND R6 != pointer to skb\n");
	if (BPF_MODE(insn->code) == BPF_IND) {
		err = reg_check(env, insn->src_reg, REG_READ);
		if (err)
			return err;
	}
	err = ptr_check_off(env, &regs[BPF_REG_6], BPF_REG_6, false);
	if (err)
		return err;
	regs_clear_caller_saved(env, regs);
	reg_set_unknown(env, &regs[BPF_REG_0]);
	regs[BPF_REG_0].subreg_def = (int32_t)env->insn_idx + 1;
	return env->cur_state->curframe ? hidden_exit(env) : 0;
}

static int check_ld(struct verifier_env *env, const struct bpf_insn *insn)
{
	uint8_t mode = BPF_MODE(insn->code);
	int err;

	if (mode == BPF_ABS || mode == BPF_IND)
		return check_ld_abs(env, insn);
	if (mode != BPF_IMM)
		return reject(env, -EINVAL, "invalid BPF_LD mode\n");
	err = ldimm_check(env, insn);
	if (err)
		return err;
	env->insn_idx++;
	env->aux[env->insn_idx].seen = env->pass_cnt;
	return 0;
}

static int check_call(struct verifier_env *env, const struct bpf_insn *insn)
{
	int err;

	if (BPF_SRC(insn->code) != BPF_K || BPF_CLASS(insn->code) == BPF_JMP32 ||
	    (insn->src_reg != BPF_PSEUDO_KFUNC_CALL && insn->off != 0) ||
	    (insn->src_reg != BPF_REG_0 && insn->src_reg != BPF_PSEUDO_CALL &&
	     insn->src_reg != BPF_PSEUDO_KFUNC_CALL) ||
	    insn->dst_reg != BPF_REG_0)
		return reject(env, -EINVAL, "BPF_CALL uses reserved fields\n");
	if (env->cur_state->active_locks && insn->src_reg != BPF_PSEUDO_CALL &&
	    !(insn->src_reg == BPF_REG_0 && insn->imm == BPF_FUNC_spin_unlock))
		return reject(env, -EINVAL,
			      "function calls are not allowed while holding a lock\n");
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return reject(env, -EINVAL,
			      "calling kernel functions is not supported by this engine\n");
	err = insn->src_reg == BPF_PSEUDO_CALL ? func_call(env, insn) : call_helper(env);
	if (!err)
		scratch_reg(env, BPF_REG_0);
	return err;
}

static int check_exit(struct verifier_env *env, const struct bpf_insn *insn, bool *print_state)
{
	struct verifier_state *st = env->cur_state;
	int err;

	if (BPF_SRC(insn->code) != BPF_K || BPF_CLASS(insn->code) == BPF_JMP32 || insn->imm != 0 ||
	    insn->src_reg != BPF_REG_0 || insn->dst_reg != BPF_REG_0)
		return reject(env, -EINVAL, "BPF_EXIT uses reserved fields\n");
	err = func_check_leaks(env, !st->curframe, "BPF_EXIT instruction in main prog");
	if (err)
		return err;
	if (!st->curframe) {
		err = func_check_return(env);
		return err ? err : PATH_ENDS;
	}
	*print_state = true;
	return func_exit_early(env);
}

static int check_ja(struct verifier_env *env, const struct bpf_insn *insn)
{
	bool wide = BPF_CLASS(insn->code) == BPF_JMP32;

	if (BPF_SRC(insn->code) != BPF_K || insn->src_reg != BPF_REG_0 ||
	    insn->dst_reg != BPF_REG_0 || (wide ? insn->off != 0 : insn->imm != 0))
		return reject(env, -EINVAL, "BPF_JA uses reserved fields\n");
	env->insn_idx += wide ? insn->imm : insn->off;
	return 0;
}

static int check_jmp(struct verifier_env *env, const struct bpf_insn *insn, bool *print_state)
{
	env->jmps_processed++;
	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
		return check_call(env, insn);
	case BPF_JA:
		return check_ja(env, insn);
	case BPF_EXIT:
		return check_exit(env, insn, print_state);
	default:
		return jump_check(env, insn);
	}
}

/* On return env->insn_idx is one before the next instruction. */
static int check_insn(struct verifier_env *env, bool *print_state)
{
	const struct bpf_insn *insn = &env->insns[env->insn_idx];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return alu_check(env, insn);
	case BPF_LDX:
		return mem_check_load(env, insn);
	case BPF_STX:
		if (BPF_MODE(insn->code) == BPF_ATOMIC)
			return mem_check_atomic(env, insn);
		return mem_check_store_reg(env, insn);
	case BPF_ST:
		return mem_check_store_imm(env, insn);
	case BPF_JMP:
	case BPF_JMP32:
		return check_jmp(env, insn, print_state);
	default:
		return check_ld(env, insn);
	}
}

/* --- paths -------------------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

static int check_limits(struct verifier_env *env)
{
	if (++env->insn_processed > VERIFIER_INSNS_MAX)
		return reject(env, -E2BIG, "BPF program is too large. Processed %d insn\n",
			      (int)env->insn_processed);
	if (env->insn_processed % LIMITS_EVERY)
		return 0;
	if (env->opts->interrupted && env->opts->interrupted(env->opts->arg))
		return -EAGAIN;
	if (env->deadline_ns && now_ns() > env->deadline_ns)
		return reject(env, -EINTR, "verification took longer than this engine allows\n");
	return 0;
}

static void log_insn(struct verifier_env *env, bool *print_state)
{
	const struct verifier_state *st = env->cur_state;

	if (verbose2(env) && *print_state) {
		verbose(env, "\nfrom %d to %u%s:", env->prev_insn_idx, env->insn_idx,
			st->speculative ? " (speculative execution)" : "");
		print_verifier_state(env, st, st->curframe, true);
		*print_state = false;
	}
	if (!(env->log.level & BPF_LOG_LEVEL))
		return;
	if (is_scratched(env))
		print_insn_state(env, st, st->curframe);
	print_linfo(env, env->insn_idx, "; ");
	env->prev_log_pos = env->log.end_pos;
	verbose(env, "%u: ", env->insn_idx);
	print_insn(env, &env->insns[env->insn_idx]);
	env->prev_insn_print_pos = (uint32_t)(env->log.end_pos - env->prev_log_pos);
	env->prev_log_pos = env->log.end_pos;
}

static void log_pruned(struct verifier_env *env, bool print_state)
{
	if (!(env->log.level & BPF_LOG_LEVEL))
		return;
	if (print_state)
		verbose(env, "\nfrom %d to %u%s: safe\n", env->prev_insn_idx, env->insn_idx,
			env->cur_state->speculative ? " (speculative execution)" : "");
	else
		verbose(env, "%u: safe\n", env->insn_idx);
}

/* Is this place known to be safe, from here on? 1: yes. */
static int visit_point(struct verifier_env *env, bool print_state)
{
	int ret = 0;

	if (env->work[env->insn_idx].prune_point || env->prune == VERIFY_PRUNE_EVERYWHERE) {
		ret = prune_visit(env, env->insn_idx);
		if (ret > 0)
			log_pruned(env, print_state);
		if (ret)
			return ret;
	}
	if (env->work[env->insn_idx].jmp_point)
		ret = hist_push(env, env->cur_state, 0, 0);
	return ret;
}

static int step(struct verifier_env *env, bool *print_state)
{
	uint32_t pc = env->insn_idx;
	int err, err2;

	env->cur_hist_ent = NULL;
	if (pc >= env->n_insns)
		return reject(env, -EFAULT, "invalid insn idx %u insn_cnt %u\n", pc, env->n_insns);
	err = check_limits(env);
	if (err)
		return err;
	env->cur_state->last_insn_idx = env->prev_insn_idx;
	env->cur_state->insn_idx = pc;
	err = visit_point(env, *print_state);
	if (err)
		return err;
	log_insn(env, print_state);
	env->aux[pc].seen = env->pass_cnt;
	env->walk_prev = (int32_t)pc;
	err = liveness_stack_reset_writes(env, pc);
	if (err)
		return err;
	err = check_insn(env, print_state);
	if (err >= 0) {
		err2 = liveness_stack_commit_writes(env);
		if (err2)
			return err2;
	}
	if (err == GO_ON)
		env->insn_idx++;
	return err;
}

/* All paths from the current state. */
static int walk_paths(struct verifier_env *env)
{
	bool print_state = false, pop_log = !verbose2(env);
	int err;

	env->walk_prev = -1;
	for (;;) {
		env->prev_insn_idx = env->walk_prev;
		err = step(env, &print_state);
		if (err < 0)
			return err;
		if (err == GO_ON)
			continue;
		scratch_all(env);
		err = env->opts->walked ? liveness_stack_update(env) : 0;
		if (!err)
			err = prune_path_done(env, env->cur_state);
		if (!err)
			err = liveness_stack_update(env);
		if (err)
			return err;
		err = state_pop(env, &env->walk_prev, &env->insn_idx, pop_log);
		if (err == -ENOENT)
			return 0;
		if (err)
			return err;
		liveness_stack_rechain(env);
		print_state = true;
	}
}

static int begin_walk(struct verifier_env *env, uint32_t subprogno)
{
	struct verifier_state *st = pool_alloc(&env->pool, sizeof(*st));

	if (!st)
		return -ENOMEM;
	memset(st, 0, sizeof(*st));
	st->branches = 1;
	st->in_sleepable = env->prog->sleepable;
	st->frame[0] = func_new(env, CALLSITE_MAIN, 0, subprogno);
	if (!st->frame[0])
		return -ENOMEM;
	st->first_insn_idx = (int32_t)env->subprogs[subprogno].start;
	st->last_insn_idx = -1;
	env->cur_state = st;
	env->insn_idx = env->subprogs[subprogno].start;
	env->prev_linfo = NULL;
	env->pass_cnt++;
	liveness_stack_rechain(env);
	return 0;
}

static void end_walk(struct verifier_env *env)
{
	uint32_t idx;
	int32_t prev;

	if (!env->cur_state)
		return;
	while (!state_pop(env, &prev, &idx, false))
		;
	state_deinit(env, env->cur_state);
	pool_free(&env->pool, env->cur_state, sizeof(*env->cur_state));
	env->cur_state = NULL;
	prune_free_all(env);
}

/* The main program's own BTF only matters as far as callers trust it. */
static void judge_main_btf(struct verifier_env *env)
{
	struct vsubprog *main = &env->subprogs[0];

	if (!env->btf_info.n_funcs)
		return;
	if (global_prepare_args(env, 0) || main->arg_cnt != 1 ||
	    main->args[0].type != ARG_PTR_TO_CTX)
		main->btf_unreliable = true;
}

static int walk_func(struct verifier_env *env, uint32_t subprogno)
{
	int err = begin_walk(env, subprogno);

	if (!err && subprogno) {
		verbose(env, "Validating %s() func#%u...\n", env->subprogs[subprogno].name,
			subprogno);
		err = global_set_entry_regs(env, subprogno);
	} else if (!err) {
		judge_main_btf(env);
		reg_set_ptr(&cur_regs(env)[BPF_REG_1], PTR_TO_CTX);
	}
	if (!err)
		err = walk_paths(env);
	end_walk(env);
	if (!err && !verbose2(env))
		vlog_reset(&env->log, 0);
	return err;
}

int walk_program(struct verifier_env *env)
{
	bool more = true;
	uint32_t i;
	int err = walk_func(env, 0);

	/* a global function may be the first to call another */
	while (!err && more) {
		more = false;
		for (i = 1; !err && i < env->subprog_cnt; i++) {
			struct vsubprog *sub = &env->subprogs[i];

			if (!sub->is_global || !sub->called || sub->verified)
				continue;
			err = walk_func(env, i);
			if (!err && env->log.level & BPF_LOG_LEVEL)
				verbose(env,
					"Func#%u ('%s') is safe for any args that match its prototype\n",
					i, sub->name);
			sub->verified = more = true;
		}
	}
	return err;
}
