/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/subprog.h"

#include <errno.h>
#include <string.h>

#include "verifier/env.h"
#include "verifier/print.h"

#define STACK_BEFORE_TAIL_CALL 256 /* bytes */
#define PRIV_STACK_MIN 64	   /* bytes (BPF_PRIV_STACK_MIN_SIZE) */

/* First subprog that starts after pc. */
static uint32_t upper_bound(const struct verifier_env *env, uint32_t pc)
{
	uint32_t l = 0, r = env->subprog_cnt;

	while (l < r) {
		uint32_t m = l + (r - l) / 2;

		if (env->subprogs[m].start <= pc)
			l = m + 1;
		else
			r = m;
	}
	return l;
}

struct vsubprog *subprog_containing(struct verifier_env *env, uint32_t pc)
{
	return &env->subprogs[upper_bound(env, pc) - 1];
}

int subprog_find(const struct verifier_env *env, uint32_t pc)
{
	uint32_t i = upper_bound(env, pc);

	return i && env->subprogs[i - 1].start == pc ? (int)i - 1 : -ENOENT;
}

static int add_subprog(struct verifier_env *env, int64_t off)
{
	uint32_t i;

	if (off < 0 || off >= env->n_insns)
		return reject(env, -EINVAL, "call to invalid destination\n");
	if (subprog_find(env, off) >= 0)
		return 0;
	if (env->subprog_cnt >= VERIFIER_SUBPROGS_MAX)
		return reject(env, -E2BIG, "too many subprograms\n");
	i = upper_bound(env, off);
	memmove(&env->subprogs[i + 1], &env->subprogs[i],
		(env->subprog_cnt - i) * sizeof(*env->subprogs));
	memset(&env->subprogs[i], 0, sizeof(*env->subprogs));
	env->subprogs[i].start = off;
	env->subprog_cnt++;
	return 0;
}

int subprogs_find(struct verifier_env *env)
{
	uint32_t i;
	int ret = add_subprog(env, 0);

	for (i = 0; !ret && i < env->n_insns; i++) {
		const struct bpf_insn *insn = &env->insns[i];

		if (!insn_is_pseudo_func(insn) && !insn_is_pseudo_call(insn) &&
		    !insn_is_kfunc_call(insn))
			continue;
		if (!env->bpf_capable)
			return reject(env, -EPERM,
				      "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN\n");
		if (insn_is_kfunc_call(insn)) {
			/* imm and off of 0: libbpf's unresolved weak call; only the walk minds */
			if (!insn->imm && !insn->off)
				continue;
			return reject(env, -EINVAL,
				      "kernel btf_id %u: kernel functions are not supported by this engine\n",
				      (uint32_t)insn->imm);
		}
		ret = add_subprog(env, (int64_t)i + insn->imm + 1);
	}
	if (ret)
		return ret;
	env->subprogs[env->subprog_cnt].start = env->n_insns;
	if (verbose2(env))
		for (i = 0; i < env->subprog_cnt; i++)
			verbose(env, "func#%u @%u\n", i, env->subprogs[i].start);
	return 0;
}

static void note_specials(const struct bpf_insn *insn, struct vsubprog *sub)
{
	uint8_t mode = BPF_MODE(insn->code);

	if (insn_is_helper_call(insn) && insn->imm == BPF_FUNC_tail_call)
		sub->has_tail_call = true;
	if (BPF_CLASS(insn->code) == BPF_LD && (mode == BPF_ABS || mode == BPF_IND))
		sub->has_ld_abs = true;
}

static int check_jump(struct verifier_env *env, uint32_t i, const struct vsubprog *sub)
{
	const struct bpf_insn *insn = &env->insns[i];
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	int64_t to;

	if ((class != BPF_JMP && class != BPF_JMP32) || op == BPF_EXIT || op == BPF_CALL)
		return 0;
	to = (int64_t)i + 1 + (insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off);
	if (to < sub[0].start || to >= sub[1].start)
		return reject(env, -EINVAL, "jump out of range from insn %d to %d\n", (int)i,
			      (int)to);
	return 0;
}

int subprogs_check(struct verifier_env *env)
{
	struct vsubprog *sub = env->subprogs;
	uint32_t i;
	int ret;

	for (i = 0; i < env->n_insns; i++) {
		uint8_t code = env->insns[i].code;

		note_specials(&env->insns[i], sub);
		ret = check_jump(env, i, sub);
		if (ret)
			return ret;
		if (i + 1 != sub[1].start)
			continue;
		if (code != (BPF_JMP | BPF_EXIT) && code != (BPF_JMP32 | BPF_JA) &&
		    code != (BPF_JMP | BPF_JA))
			return reject(env, -EINVAL, "last insn is not an exit or jmp\n");
		sub++;
	}
	return 0;
}

/* One chain of calls, as it grows and shrinks. */
struct depth_walk {
	uint32_t ret_insn[VERIFIER_FRAMES_MAX];
	uint32_t ret_prog[VERIFIER_FRAMES_MAX];
	uint32_t frame, idx, pc;
	uint32_t depth; /* bytes */
	bool priv_stack;
};

static uint32_t rounded_depth(const struct vsubprog *sub)
{
	return (sub->stack_depth + 15u) & ~15u;
}

static int enter_func(struct verifier_env *env, struct depth_walk *w)
{
	struct vsubprog *sub = &env->subprogs[w->idx];
	uint32_t own = rounded_depth(sub);

	if (!w->priv_stack)
		sub->no_priv_stack = true;
	if (w->idx && sub->has_tail_call && w->depth >= STACK_BEFORE_TAIL_CALL)
		return reject(env, -EACCES,
			      "tail_calls are not allowed when call stack of previous frames is %d bytes. Too large\n",
			      (int)w->depth);
	if (w->priv_stack && !sub->no_priv_stack && own >= PRIV_STACK_MIN)
		sub->priv_stack = true;
	if (sub->priv_stack) {
		if (own > VERIFIER_STACK_BYTES)
			return reject(env, -EACCES, "stack size of subprog %d is %d. Too large\n",
				      (int)w->idx, (int)own);
		return 0;
	}
	w->depth += own;
	if (w->depth > VERIFIER_STACK_BYTES)
		return reject(env, -EACCES, "combined stack size of %d calls is %d. Too large\n",
			      (int)w->frame + 1, (int)w->depth);
	return 0;
}

/* Goes on to the next call in the current function. 1: found and entered, 0: none, or -errno. */
static int next_call(struct verifier_env *env, struct depth_walk *w)
{
	uint32_t end = env->subprogs[w->idx + 1].start;
	int callee;

	for (; w->pc < end; w->pc++) {
		const struct bpf_insn *insn = &env->insns[w->pc];

		if (!insn_is_pseudo_call(insn) && !insn_is_pseudo_func(insn))
			continue;
		callee = subprog_find(env, w->pc + insn->imm + 1);
		if (callee < 0)
			return reject(env, -EFAULT, "verifier bug: call target is no subprog\n");
		if (env->subprogs[callee].is_async_cb && !insn_is_pseudo_call(insn))
			continue; /* runs on a stack of its own */
		w->ret_insn[w->frame] = w->pc + 1;
		w->ret_prog[w->frame] = w->idx;
		w->pc += insn->imm + 1;
		w->idx = callee;
		w->frame++;
		if (w->frame >= VERIFIER_FRAMES_MAX)
			return reject(env, -E2BIG, "the call stack of %d frames is too deep !\n",
				      (int)w->frame);
		return 1;
	}
	return 0;
}

static int check_stack_from(struct verifier_env *env, uint32_t idx, bool priv_stack)
{
	struct depth_walk w = { .idx = idx,
				.pc = env->subprogs[idx].start,
				.priv_stack = priv_stack };
	int ret = enter_func(env, &w);

	while (!ret) {
		ret = next_call(env, &w);
		if (ret < 0)
			return ret;
		if (ret) {
			ret = enter_func(env, &w);
			continue;
		}
		if (!w.frame)
			return 0;
		if (!env->subprogs[w.idx].priv_stack)
			w.depth -= rounded_depth(&env->subprogs[w.idx]);
		w.frame--;
		w.pc = w.ret_insn[w.frame];
		w.idx = w.ret_prog[w.frame];
	}
	return ret;
}

/* Tracing programs may nest on a CPU, and so get stacks of their own from the kernel. */
static bool type_has_priv_stack(const struct verifier_env *env)
{
	uint32_t i;

	for (i = 0; i < env->subprog_cnt; i++)
		if (env->subprogs[i].has_tail_call)
			return false;
	switch (env->prog->type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return true;
	default:
		return false;
	}
}

int subprogs_check_stack(struct verifier_env *env)
{
	bool priv_stack = type_has_priv_stack(env);
	uint32_t i;
	int ret;

	for (i = 0; i < env->subprog_cnt; i++) {
		if (i && !env->subprogs[i].is_async_cb)
			continue;
		ret = check_stack_from(env, i, !i && priv_stack);
		if (ret)
			return ret;
	}
	return 0;
}
