/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/func.h"

#include <errno.h>
#include <string.h>

#include "verifier/backtrack.h"
#include "verifier/call.h"
#include "verifier/dynptr.h"
#include "verifier/env.h"
#include "verifier/liveness.h"
#include "verifier/print.h"
#include "verifier/prune.h"
#include "verifier/regs.h"
#include "verifier/state.h"
#include "verifier/subprog.h"

#define ENOTSUPP_KERNEL 524

/* --- entering -------------------------------------------------------------------------------------------- */

static struct func_state *push_frame(struct verifier_env *env, struct verifier_state *st,
				     uint32_t subprogno, uint32_t callsite, int *err)
{
	struct func_state *callee;

	if (st->curframe + 1 >= VERIFIER_FRAMES_MAX) {
		*err = reject(env, -E2BIG, "the call stack of %u frames is too deep\n",
			      st->curframe + 2);
		return NULL;
	}
	callee = func_new(env, (int32_t)callsite, st->curframe + 1, subprogno);
	*err = callee ? 0 : -ENOMEM;
	if (callee)
		st->frame[st->curframe + 1] = callee;
	return callee;
}

static int call_global(struct verifier_env *env, uint32_t subprogno, int args_err)
{
	struct vsubprog *sub = &env->subprogs[subprogno];
	struct reg_state *regs = cur_regs(env);

	if (env->cur_state->active_locks)
		return reject(env, -EINVAL,
			      "global function calls are not allowed while holding a lock,\n"
			      "use static function instead\n");
	if (args_err)
		return reject(env, args_err, "Caller passes invalid args into func#%u ('%s')\n",
			      subprogno, sub->name);
	if (sub->might_sleep && !env->cur_state->in_sleepable)
		return reject(env, -EINVAL,
			      "global functions that may sleep are not allowed in non-sleepable context,\n"
			      "i.e., in a RCU/IRQ/preempt-disabled section, or in\n"
			      "a non-sleepable BPF program context\n");
	verbose(env, "Func#%u ('%s') is global and assumed valid.\n", subprogno, sub->name);
	if (sub->changes_pkt_data)
		call_drop_pkt_pointers(env);
	sub->called = true;
	regs_clear_caller_saved(env, regs);
	reg_set_unknown(env, &regs[BPF_REG_0]);
	regs[BPF_REG_0].subreg_def = SUBREG_DEF_NONE;
	return 0;
}

int func_call(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct verifier_state *st = env->cur_state;
	struct func_state *caller = cur_func(env), *callee;
	int subprogno = subprog_find(env, env->insn_idx + insn->imm + 1), err, i;

	if (subprogno < 0)
		return reject(env, -EFAULT, "verifier bug: call target is no subprog\n");
	err = global_check_call(env, subprogno);
	if (err == -EFAULT)
		return err;
	if (env->subprogs[subprogno].is_global)
		return call_global(env, subprogno, err);
	callee = push_frame(env, st, subprogno, env->insn_idx, &err);
	if (!callee)
		return err;
	for (i = BPF_REG_1; i <= BPF_REG_5; i++)
		callee->regs[i] = caller->regs[i];
	st->curframe++;
	regs_clear_caller_saved(env, caller->regs);
	env->insn_idx = env->subprogs[subprogno].start - 1; /* the walk adds one */
	liveness_stack_rechain(env);
	if (env->log.level & BPF_LOG_LEVEL) {
		verbose(env, "caller:\n");
		print_verifier_state(env, st, caller->frameno, true);
		verbose(env, "callee:\n");
		print_verifier_state(env, st, st->curframe, true);
	}
	return 0;
}

/* --- callbacks ------------------------------------------------------------------------------------------- */

/* long cb(struct map *map, const void *key, void *value, void *ctx) */
static int set_map_elem_regs(struct verifier_env *env, const struct func_state *caller,
			     struct func_state *callee)
{
	struct map *map = env->aux[callee->callsite].map_ptr;
	const struct reg_state *r1 = &caller->regs[BPF_REG_1];

	if (!map->ops->for_each)
		return reject(env, -ENOTSUPP_KERNEL, "callback function not allowed for map\n");
	callee->regs[BPF_REG_1] = *r1;
	reg_set_ptr(&callee->regs[BPF_REG_2], PTR_TO_MAP_KEY);
	callee->regs[BPF_REG_2].map = r1->map;
	callee->regs[BPF_REG_2].map_uid = r1->map_uid;
	reg_set_ptr(&callee->regs[BPF_REG_3], PTR_TO_MAP_VALUE);
	callee->regs[BPF_REG_3].map = r1->map;
	callee->regs[BPF_REG_3].map_uid = r1->map_uid;
	callee->regs[BPF_REG_4] = caller->regs[BPF_REG_3];
	return 0;
}

/* long cb(u64 index, void *ctx) */
static void set_loop_regs(const struct verifier_env *env, const struct func_state *caller,
			  struct func_state *callee)
{
	reg_set_unknown(env, &callee->regs[BPF_REG_1]);
	callee->regs[BPF_REG_2] = caller->regs[BPF_REG_3];
}

/* int cb(struct map *map, const void *key, void *value): of the timer in R1 */
static void set_timer_regs(const struct func_state *caller, struct func_state *callee)
{
	static const uint32_t types[] = { CONST_PTR_TO_MAP, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE };
	const struct reg_state *timer = &caller->regs[BPF_REG_1];
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct reg_state *reg = &callee->regs[BPF_REG_1 + i];

		reg_set_ptr(reg, types[i]);
		reg->map = timer->map;
		reg->map_uid = timer->map_uid;
	}
}

int callback_push_async(struct verifier_env *env, const struct call_meta *meta)
{
	struct func_state *caller = cur_func(env), *callee;
	struct vsubprog *sub = &env->subprogs[meta->subprogno];
	struct verifier_state *st;
	int err;

	err = global_check_call(env, meta->subprogno);
	if (err == -EFAULT)
		return err;
	sub->is_cb = true;
	sub->is_async_cb = true;
	st = state_push_async(env, meta->subprogno, env->insn_idx);
	if (!st)
		return env->stack_size > VERIFIER_JUMPS_MAX ? -E2BIG : -ENOMEM;
	callee = st->frame[0];
	callee->async_entry_cnt = caller->async_entry_cnt + 1;
	set_timer_regs(caller, callee);
	callee->in_async_callback_fn = true;
	return 0;
}

/* long cb(const struct bpf_dynptr *sample, void *ctx) */
static void set_drain_regs(struct verifier_env *env, const struct func_state *caller,
			   struct func_state *callee)
{
	dynptr_set_reg(env, &callee->regs[BPF_REG_1], DYNPTR_LOCAL);
	callee->regs[BPF_REG_2] = caller->regs[BPF_REG_3];
}

int callback_push(struct verifier_env *env, const struct call_meta *meta)
{
	struct func_state *caller = cur_func(env), *callee;
	struct verifier_state *st;
	int err;

	err = global_check_call(env, meta->subprogno);
	if (err == -EFAULT)
		return err;
	env->subprogs[meta->subprogno].is_cb = true;
	st = state_push(env, env->subprogs[meta->subprogno].start, env->insn_idx, false);
	if (!st)
		return -ENOMEM; /* too many pending, too */
	callee = push_frame(env, st, meta->subprogno, env->insn_idx, &err);
	if (!callee)
		return err;
	caller = st->frame[st->curframe];
	if (meta->fn->id == BPF_FUNC_loop)
		set_loop_regs(env, caller, callee);
	else if (meta->fn->id == BPF_FUNC_user_ringbuf_drain)
		set_drain_regs(env, caller, callee);
	else
		err = set_map_elem_regs(env, caller, callee);
	if (err)
		return err;
	callee->in_callback_fn = true;
	callee->callback_ret_range = (struct retval_range){ 0, 1 };
	st->curframe++;
	st->callback_unroll_depth++;
	caller->callback_depth++;
	cur_func(env)->callback_depth = 0;
	return 0;
}

/* --- leaving --------------------------------------------------------------------------------------------- */

static int bad_retval(struct verifier_env *env, const struct reg_state *reg,
		      struct retval_range range, const char *when)
{
	bool unknown = true;

	verbose(env, "%s the register R0 has", when);
	if (reg->s.smin > INT64_MIN) {
		verbose(env, " smin=%lld", (long long)reg->s.smin);
		unknown = false;
	}
	if (reg->s.smax < INT64_MAX) {
		verbose(env, " smax=%lld", (long long)reg->s.smax);
		unknown = false;
	}
	if (unknown)
		verbose(env, " unknown scalar value");
	return reject(env, -EINVAL, " should have been in [%d, %d]\n", range.minval,
		      range.maxval);
}

static bool retval_ok(const struct reg_state *reg, struct retval_range range)
{
	return range.minval <= reg->s.smin && reg->s.smax <= range.maxval;
}

static int check_callback_return(struct verifier_env *env, const struct func_state *callee)
{
	const struct reg_state *r0 = &callee->regs[BPF_REG_0];
	int err;

	if (r0->type != SCALAR_VALUE)
		return reject(env, -EACCES, "R0 not a scalar value\n");
	err = precise_mark_reg(env, BPF_REG_0);
	if (err)
		return err;
	if (!retval_ok(r0, callee->callback_ret_range))
		return bad_retval(env, r0, callee->callback_ret_range, "At callback return");
	if (!env->work[callee->callsite].calls_callback)
		return reject(env, -EFAULT, "verifier bug: callback of no caller\n");
	return 0;
}

int func_exit(struct verifier_env *env)
{
	struct verifier_state *st = env->cur_state, *prev;
	struct func_state *callee = st->frame[st->curframe];
	struct func_state *caller = st->frame[st->curframe - 1];
	bool callback = callee->in_callback_fn;
	int err;

	if (callee->regs[BPF_REG_0].type == PTR_TO_STACK)
		return reject(env, -EINVAL, "cannot return stack pointer to the caller\n");
	if (callback) {
		err = check_callback_return(env, callee);
		if (err)
			return err;
	} else {
		caller->regs[BPF_REG_0] = callee->regs[BPF_REG_0];
	}
	/* a callback goes back to its helper, which may run it again */
	env->insn_idx = callee->callsite + !callback;
	if (env->log.level & BPF_LOG_LEVEL) {
		verbose(env, "returning from callee:\n");
		print_verifier_state(env, st, callee->frameno, true);
		verbose(env, "to caller at %u:\n", env->insn_idx);
		print_verifier_state(env, st, caller->frameno, true);
	}
	func_free(env, callee);
	st->frame[st->curframe--] = NULL;
	prev = callback ? prune_find_prev_entry(env, st, env->insn_idx) : NULL;
	if (prev)
		prune_widen_scalars(env, prev, st);
	return 0;
}

int func_exit_early(struct verifier_env *env)
{
	int err = liveness_stack_update(env);

	if (!err)
		err = func_exit(env);
	env->insn_idx--;
	liveness_stack_rechain(env);
	return err;
}

int func_check_leaks(struct verifier_env *env, bool check_lock, const char *what)
{
	const struct verifier_state *st = env->cur_state;
	bool leak = false;
	uint32_t i;

	if (check_lock && st->active_locks)
		return reject(env, -EINVAL, "%s cannot be used inside bpf_spin_lock-ed region\n",
			      what);
	if (cur_func(env)->frameno)
		return 0;
	for (i = 0; i < st->ref_cnt; i++) {
		if (st->refs[i].type != REF_TYPE_PTR)
			continue;
		verbose(env, "Unreleased reference id=%u alloc_insn=%u\n", st->refs[i].id,
			st->refs[i].insn_idx);
		leak = true;
	}
	return leak ? reject(env, -EINVAL, "%s would lead to reference leak\n", what) : 0;
}

static int enforce_range(struct verifier_env *env, const struct reg_state *r0,
			 struct retval_range range, const char *when)
{
	int err;

	if (r0->type != SCALAR_VALUE)
		return reject(env, -EINVAL, "%s the register R0 is not a known value (%s)\n", when,
			      reg_type_str(env, r0->type));
	err = precise_mark_reg(env, BPF_REG_0);
	if (err)
		return err;
	return retval_ok(r0, range) ? 0 : bad_retval(env, r0, range, when);
}

static int check_range(struct verifier_env *env, const struct reg_state *r0)
{
	struct ret_range r = env->ops->ret_range(env->prog);
	int err;

	if (!r.checked)
		return 0;
	err = enforce_range(env, r0, (struct retval_range){ r.min, r.max }, "At program exit");
	if (err)
		return err;
	/* cgroup egress programs that return 2 or 3 must be attached as such */
	if (env->prog->type == BPF_PROG_TYPE_CGROUP_SKB &&
	    env->prog->attach_type == BPF_CGROUP_INET_EGRESS &&
	    tnum_in(tnum_range(2, 3), r0->s.var_off))
		env->prog->enforce_expected_attach_type = true;
	return 0;
}

int func_check_return(struct verifier_env *env)
{
	const struct reg_state *r0 = &cur_regs(env)[BPF_REG_0];
	int err = reg_check(env, BPF_REG_0, REG_READ);

	if (err)
		return err;
	if (reg_is_pointer(env, BPF_REG_0))
		return reject(env, -EACCES, "R0 leaks addr as return value\n");
	if (cur_func(env)->in_async_callback_fn)
		return enforce_range(env, r0, (struct retval_range){ 0, 0 },
				     "At async callback return");
	if (cur_func(env)->subprogno) {
		if (r0->type != SCALAR_VALUE)
			return reject(env, -EINVAL,
				      "At subprogram exit the register R0 is not a scalar value (%s)\n",
				      reg_type_str(env, r0->type));
		return 0;
	}
	return env->ops->ret_range ? check_range(env, r0) : 0;
}
