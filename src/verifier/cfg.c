/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/env.h"
#include "verifier/print.h"
#include "verifier/subprog.h"

/* Bits of cfg_walk.state[]. */
enum { DISCOVERED = 1, EXPLORED = 2, FALLTHROUGH = 4, BRANCH = 8 };
/* Outcomes of visiting. */
enum { DONE_EXPLORING, KEEP_EXPLORING };

struct cfg_walk {
	struct verifier_env *env;
	uint8_t *state;
	uint32_t *stack;
	uint32_t depth;
};

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code);

	return class == BPF_JMP || class == BPF_JMP32;
}

static int32_t jump_off(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off;
}

static uint32_t insn_width(const struct bpf_insn *insn)
{
	return insn_is_ldimm64(insn) ? 2 : 1;
}

unsigned cfg_successors(const struct bpf_insn *insns, uint32_t pc, uint32_t out[2])
{
	const struct bpf_insn *insn = &insns[pc];
	unsigned n = 0;

	if (!is_jump(insn) || BPF_OP(insn->code) == BPF_CALL) {
		out[n++] = pc + insn_width(insn);
		return n;
	}
	if (BPF_OP(insn->code) == BPF_EXIT)
		return 0;
	if (BPF_OP(insn->code) != BPF_JA)
		out[n++] = pc + 1;
	out[n] = pc + 1 + jump_off(insn);
	if (!n || out[n] != out[0])
		n++;
	return n;
}

static int push(struct cfg_walk *w, uint32_t pc)
{
	if (w->depth >= w->env->n_insns)
		return -E2BIG;
	w->stack[w->depth++] = pc;
	return KEEP_EXPLORING;
}

/* t -> t2 along a fall-through or a branch edge. */
static int visit_edge(struct cfg_walk *w, uint32_t t, int64_t t2, uint8_t edge)
{
	struct verifier_env *env = w->env;

	if (edge == FALLTHROUGH && w->state[t] >= (DISCOVERED | FALLTHROUGH))
		return DONE_EXPLORING;
	if (edge == BRANCH && w->state[t] >= (DISCOVERED | BRANCH))
		return DONE_EXPLORING;
	if (t2 < 0 || t2 >= env->n_insns) {
		print_linfo(env, t, "%u: ", t);
		return reject(env, -EINVAL, "jump out of range from insn %d to %d\n", (int)t,
			      (int)t2);
	}
	if (edge == BRANCH) {
		env->work[t2].prune_point = true;
		env->work[t2].jmp_point = true;
	}
	if (!w->state[t2]) {
		w->state[t] = DISCOVERED | edge;
		w->state[t2] = DISCOVERED;
		return push(w, t2);
	}
	if (!(w->state[t2] & EXPLORED)) {
		if (env->bpf_capable)
			return DONE_EXPLORING;
		print_linfo(env, t, "%u: ", t);
		print_linfo(env, t2, "%u: ", (uint32_t)t2);
		return reject(env, -EINVAL, "back-edge from insn %d to %d\n", (int)t, (int)t2);
	}
	/* forward or cross edge */
	w->state[t] = DISCOVERED | edge;
	return DONE_EXPLORING;
}

static void merge_callee_effects(struct verifier_env *env, uint32_t t, uint32_t to)
{
	struct vsubprog *caller = subprog_containing(env, t);
	struct vsubprog *callee = subprog_containing(env, to);

	caller->changes_pkt_data |= callee->changes_pkt_data;
	caller->might_sleep |= callee->might_sleep;
}

static int visit_call(struct cfg_walk *w, uint32_t t, bool visit_callee)
{
	const struct bpf_insn *insn = &w->env->insns[t];
	uint32_t width = insn_width(insn);
	int ret = visit_edge(w, t, t + width, FALLTHROUGH);

	if (ret)
		return ret;
	w->env->work[t + width].prune_point = true;
	/* the subprogram's own exit jumps here */
	w->env->work[t + width].jmp_point = true;
	if (!visit_callee)
		return DONE_EXPLORING;
	w->env->work[t].prune_point = true;
	merge_callee_effects(w->env, t, t + insn->imm + 1);
	return visit_edge(w, t, (int64_t)t + insn->imm + 1, BRANCH);
}

bool helper_calls_sync_callback(int32_t id)
{
	return id == BPF_FUNC_for_each_map_elem || id == BPF_FUNC_find_vma ||
	       id == BPF_FUNC_loop || id == BPF_FUNC_user_ringbuf_drain;
}

static void note_helper_effects(struct verifier_env *env, uint32_t t)
{
	const struct helper_proto *fn = env->ops->get_func_proto(env->insns[t].imm, env->prog);
	struct vsubprog *sub = subprog_containing(env, t);

	if (!fn)
		return;
	sub->changes_pkt_data |= fn->pkt_changes || fn->id == BPF_FUNC_tail_call;
	sub->might_sleep |= fn->might_sleep;
}

static int visit_insn(struct cfg_walk *w, uint32_t t)
{
	struct verifier_env *env = w->env;
	const struct bpf_insn *insn = &env->insns[t];
	int64_t to;
	int ret;

	if (insn_is_pseudo_func(insn))
		return visit_call(w, t, true);
	if (!is_jump(insn))
		return visit_edge(w, t, t + insn_width(insn), FALLTHROUGH);
	switch (BPF_OP(insn->code)) {
	case BPF_EXIT:
		return DONE_EXPLORING;
	case BPF_CALL:
		if (insn->src_reg == 0 && insn->imm == BPF_FUNC_timer_set_callback)
			env->work[t].prune_point = true; /* an async callback is pushed here */
		if (insn->src_reg == 0)
			note_helper_effects(env, t);
		if (insn->src_reg == 0 && helper_calls_sync_callback(insn->imm)) {
			env->work[t].calls_callback = true;
			env->work[t].force_checkpoint = true;
			env->work[t].prune_point = true;
			env->work[t].jmp_point = true;
		}
		return visit_call(w, t, insn->src_reg == BPF_PSEUDO_CALL);
	case BPF_JA:
		if (BPF_SRC(insn->code) != BPF_K)
			return -EINVAL;
		to = (int64_t)t + jump_off(insn) + 1;
		ret = visit_edge(w, t, to, FALLTHROUGH);
		if (ret)
			return ret;
		env->work[to].prune_point = true;
		env->work[to].jmp_point = true;
		return DONE_EXPLORING;
	default:
		env->work[t].prune_point = true;
		if (insn->code == (BPF_JMP | BPF_JCOND))
			env->work[t].force_checkpoint = true;
		ret = visit_edge(w, t, t + 1, FALLTHROUGH);
		if (ret)
			return ret;
		return visit_edge(w, t, (int64_t)t + insn->off + 1, BRANCH);
	}
}

static int walk_from(struct cfg_walk *w, uint32_t start)
{
	int ret;

	w->state[start] = DISCOVERED;
	w->stack[0] = start;
	w->depth = 1;
	while (w->depth) {
		uint32_t t = w->stack[w->depth - 1];

		ret = visit_insn(w, t);
		if (ret < 0)
			return ret;
		if (ret == KEEP_EXPLORING)
			continue;
		w->state[t] = EXPLORED;
		w->depth--;
	}
	return 0;
}

static int check_reached(struct cfg_walk *w)
{
	struct verifier_env *env = w->env;
	uint32_t i;

	for (i = 0; i < env->n_insns; i++) {
		if (w->state[i] != EXPLORED)
			return reject(env, -EINVAL, "unreachable insn %d\n", (int)i);
		if (insn_is_ldimm64(&env->insns[i])) {
			if (w->state[i + 1])
				return reject(env, -EINVAL,
					      "jump into the middle of ldimm64 insn %d\n", (int)i);
			i++;
		}
	}
	return 0;
}

int cfg_check(struct verifier_env *env)
{
	struct cfg_walk w = { .env = env };
	int ret = -ENOMEM;

	w.state = mem_calloc(env->n_insns + 1, 1);
	w.stack = mem_calloc(env->n_insns + 1, sizeof(*w.stack));
	if (w.state && w.stack)
		ret = walk_from(&w, 0);
	if (!ret)
		ret = check_reached(&w);
	free(w.state);
	free(w.stack);
	return ret;
}

/* One subprogram's instructions, last to leave first: iterative, since programs are long. */
static void postorder_subprog(struct verifier_env *env, uint32_t start, uint8_t *state,
			      uint32_t *stack)
{
	uint32_t depth = 1;

	stack[0] = start;
	state[start] = DISCOVERED;
	while (depth) {
		uint32_t pc = stack[depth - 1], out[2], before = depth;
		unsigned n, i;

		if (state[pc] & EXPLORED) {
			depth--;
			continue;
		}
		n = cfg_successors(env->insns, pc, out);
		for (i = 0; i < n; i++) {
			if (state[out[i]])
				continue;
			state[out[i]] = DISCOVERED;
			stack[depth++] = out[i];
		}
		if (depth != before)
			continue;
		state[pc] |= EXPLORED;
		env->cfg.postorder[env->cfg.cnt++] = pc;
		depth--;
	}
}

int cfg_postorder(struct verifier_env *env)
{
	uint8_t *state = mem_calloc(env->n_insns, 1);
	uint32_t *stack = mem_calloc(env->n_insns, sizeof(*stack));
	uint32_t i;
	int ret = -ENOMEM;

	env->cfg.cnt = 0;
	env->cfg.postorder = mem_calloc(env->n_insns, sizeof(uint32_t));
	env->cfg.postorder_start = mem_calloc(env->subprog_cnt + 1, sizeof(uint32_t));
	if (state && stack && env->cfg.postorder && env->cfg.postorder_start) {
		for (i = 0; i < env->subprog_cnt; i++) {
			env->cfg.postorder_start[i] = env->cfg.cnt;
			postorder_subprog(env, env->subprogs[i].start, state, stack);
		}
		env->cfg.postorder_start[i] = env->cfg.cnt;
		ret = 0;
	}
	free(state);
	free(stack);
	return ret;
}

/*
 * Tarjan's algorithm without recursion. pre[]: 0 not seen, else visit number; low[]: the smallest
 * visit number reachable, or NONE once the component is closed.
 */
struct tarjan {
	uint32_t *pre, *low, *dfs, *open;
	uint32_t n_dfs, n_open, next_pre, next_scc;
};
#define TARJAN_CLOSED UINT32_MAX

static bool tarjan_push_successor(struct verifier_env *env, struct tarjan *t, uint32_t pc)
{
	uint32_t out[2];
	unsigned n = cfg_successors(env->insns, pc, out), i;

	for (i = 0; i < n; i++) {
		if (t->pre[out[i]]) {
			if (t->low[out[i]] != TARJAN_CLOSED)
				t->low[pc] = MIN(t->low[pc], t->low[out[i]]);
			continue;
		}
		t->dfs[t->n_dfs++] = out[i];
		return true;
	}
	return false;
}

static void tarjan_close(struct verifier_env *env, struct tarjan *t, uint32_t pc)
{
	uint32_t out[2], n = cfg_successors(env->insns, pc, out), i, top;
	bool is_loop = t->open[t->n_open - 1] != pc;

	/* one instruction is a component of interest only if it jumps to itself */
	for (i = 0; i < n; i++)
		is_loop |= out[i] == pc;
	do {
		top = t->open[--t->n_open];
		t->low[top] = TARJAN_CLOSED;
		env->work[top].scc = is_loop ? t->next_scc : 0;
	} while (top != pc);
	if (is_loop)
		t->next_scc++;
}

static void tarjan_from(struct verifier_env *env, struct tarjan *t, uint32_t root)
{
	t->n_dfs = 1;
	t->dfs[0] = root;
	while (t->n_dfs) {
		uint32_t pc = t->dfs[t->n_dfs - 1];

		if (!t->pre[pc]) {
			t->pre[pc] = t->low[pc] = ++t->next_pre;
			t->open[t->n_open++] = pc;
		}
		if (tarjan_push_successor(env, t, pc))
			continue;
		if (t->low[pc] == t->pre[pc])
			tarjan_close(env, t, pc);
		t->n_dfs--;
	}
}

/*
 * A helper that runs a callback any number of times is a loop too: states inside the callback are
 * not final before all its paths came round. Linux 6.18 does not see that, so these components have
 * the last numbers and stay out of the log.
 */
static void add_callback_loops(struct verifier_env *env, struct tarjan *t)
{
	uint32_t i;

	for (i = 0; i < env->n_insns; i++)
		if (env->work[i].calls_callback && !env->work[i].scc)
			env->work[i].scc = t->next_scc++;
}

int cfg_scc(struct verifier_env *env)
{
	struct tarjan t = { .next_scc = 1 };
	uint32_t i, n = env->n_insns;
	uint32_t *mem = mem_calloc((size_t)n * 4 + 1, sizeof(*mem));

	if (!mem)
		return -ENOMEM;
	t.pre = mem;
	t.low = mem + n;
	t.dfs = mem + 2 * n;
	t.open = mem + 3 * n;
	for (i = 0; i < n; i++) {
		if (!t.pre[i])
			tarjan_from(env, &t, i);
		if (insn_is_ldimm64(&env->insns[i]))
			i++;
	}
	env->cfg.scc_shown = t.next_scc;
	add_callback_loops(env, &t);
	env->cfg.scc_cnt = t.next_scc;
	free(mem);
	return 0;
}
