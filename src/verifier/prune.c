/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/prune.h"

#include <errno.h>
#include <string.h>

#include "verifier/backtrack.h"
#include "verifier/env.h"
#include "verifier/liveness.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/scc.h"
#include "verifier/state.h"
#include "verifier/states.h"

enum {
	JUMPS_BEFORE_STATE = 2,
	INSNS_BEFORE_STATE = 8,
	JUMPS_IN_LOOP = 20,
	INSNS_IN_LOOP = 100,
	MISSES_EVICT = 3,
	MISSES_EVICT_CHECKPOINT = 64,
};

static struct explored **chain(struct verifier_env *env, uint32_t insn_idx)
{
	uint32_t callsite = (uint32_t)cur_func(env)->callsite;

	return &env->explored[(insn_idx ^ callsite) % env->n_insns];
}

static void list_add(struct explored **head, struct explored *e)
{
	e->next = *head;
	e->pprev = head;
	if (*head)
		(*head)->pprev = &e->next;
	*head = e;
}

static void list_del(struct explored *e)
{
	*e->pprev = e->next;
	if (e->next)
		e->next->pprev = e->pprev;
}

void prune_update_peak(struct verifier_env *env)
{
	uint32_t now = env->explored_cnt + env->free_list_cnt + env->num_backedges;

	env->peak_states = MAX(env->peak_states, now);
}

/*
 * All paths from it are walked: which slots did they read? Later the answer would be larger, as other
 * paths come by the same instructions.
 */
static int note_alive(struct verifier_env *env, struct explored *e)
{
	uint32_t frames = e->st.curframe + 1;
	int err = liveness_stack_query(env, &e->st);

	if (err)
		return err;
	e->alive = pool_alloc(&env->pool, frames * sizeof(e->alive[0]));
	if (!e->alive)
		return -ENOMEM;
	for (uint32_t fr = 0; fr < frames; fr++) {
		e->alive[fr] = 0;
		for (uint32_t spi = 0; spi < STACK_SLOTS; spi++)
			e->alive[fr] |= (uint64_t)liveness_stack_alive(env, fr, spi) << spi;
	}
	return 0;
}

/* No path will come back to it: the last look at it, then it is freed. */
static void retire(struct verifier_env *env, struct explored *e)
{
	if (e->alive && !e->st.speculative)
		env->opts->walked(env->opts->arg, env, &e->st, e->alive);
	if (e->alive)
		pool_free(&env->pool, e->alive, (e->st.curframe + 1) * sizeof(e->alive[0]));
	state_deinit(env, &e->st);
	pool_free(&env->pool, e, sizeof(*e));
}

/* Evicted states live on while paths that came from them are walked. */
static void maybe_free(struct verifier_env *env, struct explored *e)
{
	if (!e->in_free_list || e->st.branches || scc_incomplete(env, &e->st))
		return;
	list_del(e);
	retire(env, e);
	env->free_list_cnt--;
}

int prune_path_done(struct verifier_env *env, struct verifier_state *st)
{
	struct explored *e = NULL;
	int err;

	while (st) {
		struct verifier_state *parent = st->parent;

		if (--st->branches)
			break;
		err = e && env->opts->walked ? note_alive(env, e) : 0;
		if (!err)
			err = scc_maybe_exit(env, st);
		if (err)
			return err;
		if (e)
			maybe_free(env, e);
		e = (struct explored *)parent; /* st is the first member */
		st = parent;
	}
	return 0;
}

struct verifier_state *prune_find_prev_entry(struct verifier_env *env,
					     const struct verifier_state *cur, uint32_t insn_idx)
{
	struct explored *e;

	for (e = *chain(env, insn_idx); e; e = e->next)
		if (e->st.insn_idx == insn_idx && e->st.branches &&
		    states_same_callsites(&e->st, cur) && e->st.dfs_depth < cur->dfs_depth)
			return &e->st;
	return NULL;
}

static void widen_one(struct verifier_env *env, const struct reg_state *old, struct reg_state *cur)
{
	if (old->type != SCALAR_VALUE || cur->type != SCALAR_VALUE || old->precise || cur->precise)
		return;
	if (memcmp(old, cur, offsetof(struct reg_state, id)) == 0 && !old->id == !cur->id)
		return;
	reg_set_unknown(env, cur);
}

void prune_widen_scalars(struct verifier_env *env, const struct verifier_state *old,
			 struct verifier_state *cur)
{
	uint32_t fr, i, n;

	for (fr = 0; fr <= old->curframe && fr <= cur->curframe; fr++) {
		const struct func_state *fo = old->frame[fr];
		struct func_state *fc = cur->frame[fr];

		for (i = 0; i < MAX_BPF_REG; i++)
			widen_one(env, &fo->regs[i], &fc->regs[i]);
		n = MIN(fo->stack_bytes, fc->stack_bytes) / REG_SLOT_BYTES;
		for (i = 0; i < n; i++)
			if (slot_is_spill(&fo->stack[i]) && slot_is_spill(&fc->stack[i]))
				widen_one(env, &fo->stack[i].spilled, &fc->stack[i].spilled);
	}
}

/* --- visiting -------------------------------------------------------------------------------------------- */

struct visit {
	uint32_t insn_idx;
	bool force, add;
	bool loop; /* the hit is inside a component not yet left */
};

/* Stored states at this point whose paths are all walked lose what is dead. */
static int clean_chain(struct verifier_env *env, uint32_t insn_idx)
{
	struct explored *e;
	int err;

	for (e = *chain(env, insn_idx); e; e = e->next) {
		if (e->st.branches || e->st.insn_idx != insn_idx || e->st.cleaned ||
		    !states_same_callsites(&e->st, env->cur_state) ||
		    scc_incomplete(env, &e->st))
			continue;
		err = states_clean(env, &e->st);
		if (err)
			return err;
	}
	return 0;
}

static int infinite_loop(struct verifier_env *env, const struct verifier_state *old,
			 uint32_t insn_idx)
{
	const struct verifier_state *cur = env->cur_state;

	print_linfo(env, insn_idx, "; ");
	verbose(env, "infinite loop detected at insn %u\n", insn_idx);
	verbose(env, "cur state:");
	print_verifier_state(env, cur, cur->curframe, true);
	verbose(env, "old state:");
	print_verifier_state(env, old, cur->curframe, true);
	return -EINVAL;
}

/*
 * A callback armed again from within itself: its path begins anew, so that it meets its own states
 * says nothing, neither of a loop nor that all is well.
 */
static bool is_other_async_entry(const struct verifier_state *old, const struct verifier_state *cur)
{
	const struct func_state *func = old->frame[old->curframe];

	return func->in_async_callback_fn &&
	       func->async_entry_cnt != cur->frame[cur->curframe]->async_entry_cnt;
}

/* A state this very path came through. 1: converged, 0: no, -errno. */
static int compare_ancestor(struct verifier_env *env, struct explored *e, struct visit *v)
{
	struct verifier_state *cur = env->cur_state, *old = &e->st;

	if (is_other_async_entry(old, cur)) {
		/* no comparison */
	} else if (env->work[v->insn_idx].calls_callback) {
		if (states_equal(env, old, cur, RANGE_WITHIN)) {
			v->loop = true;
			return 1;
		}
	} else if (states_maybe_looping(old, cur) && states_equal(env, old, cur, EXACT) &&
		   old->callback_unroll_depth == cur->callback_unroll_depth) {
		return infinite_loop(env, old, v->insn_idx);
	}
	if (!v->force && env->jmps_processed - env->prev_jmps_processed < JUMPS_IN_LOOP &&
	    env->insn_processed - env->prev_insn_processed < INSNS_IN_LOOP)
		v->add = false;
	return 0;
}

/* A callback that may set itself up again has no other end. */
static bool is_too_early(const struct verifier_env *env)
{
	return env->prune == VERIFY_PRUNE_LATE && env->insn_processed < VERIFIER_LATE_INSNS &&
	       !env->cur_state->frame[0]->in_async_callback_fn;
}

/* 1: e covers the current state, 0: it does not, -errno. */
static int compare(struct verifier_env *env, struct explored *e, struct visit *v)
{
	if (e->st.branches)
		return compare_ancestor(env, e, v);
	if (is_too_early(env))
		return 0;
	v->loop = scc_incomplete(env, &e->st);
	return states_equal(env, &e->st, env->cur_state, v->loop ? RANGE_WITHIN : NOT_EXACT);
}

static int take_hit(struct verifier_env *env, struct explored *e, const struct visit *v)
{
	int err = 0;

	e->hit_cnt++;
	if (env->work[env->insn_idx].jmp_point)
		err = hist_push(env, env->cur_state, 0, 0);
	if (!err)
		err = scc_propagate_precision(env, &e->st, env->cur_state, NULL);
	if (!err && v->loop)
		err = scc_add_backedge(env, &e->st, v->insn_idx);
	return err ? err : 1;
}

static void take_miss(struct verifier_env *env, struct explored *e, const struct visit *v)
{
	bool checkpoint = env->work[v->insn_idx].force_checkpoint && e->st.branches;
	uint32_t n = checkpoint ? MISSES_EVICT_CHECKPOINT : MISSES_EVICT;

	if (v->add)
		e->miss_cnt++;
	if (e->miss_cnt <= e->hit_cnt * n + n)
		return;
	e->in_free_list = true;
	list_del(e);
	list_add(&env->free_list, e);
	env->free_list_cnt++;
	env->explored_cnt--;
	maybe_free(env, e);
}

static int remember(struct verifier_env *env, const struct visit *v)
{
	struct verifier_state *cur = env->cur_state;
	struct explored *e = pool_alloc(&env->pool, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	memset(e, 0, sizeof(*e));
	env->total_states++;
	env->explored_cnt++;
	prune_update_peak(env);
	env->prev_jmps_processed = env->jmps_processed;
	env->prev_insn_processed = env->insn_processed;
	if (env->bpf_capable)
		precise_forget_all(cur);
	err = state_copy(env, &e->st, cur);
	if (err)
		return err;
	e->st.insn_idx = v->insn_idx;
	err = scc_maybe_enter(env, &e->st);
	if (err)
		return err;
	cur->parent = &e->st;
	cur->first_insn_idx = (int32_t)v->insn_idx;
	cur->dfs_depth = e->st.dfs_depth + 1;
	cur->hist_cnt = 0;
	list_add(chain(env, v->insn_idx), e);
	return 0;
}

int prune_visit(struct verifier_env *env, uint32_t insn_idx)
{
	struct verifier_state *cur = env->cur_state;
	struct visit v = { .insn_idx = insn_idx };
	struct explored *e, *next;
	uint32_t states = 0;
	int ret;

	v.force = env->prune == VERIFY_PRUNE_EVERYWHERE || env->test_state_freq ||
		  env->work[insn_idx].force_checkpoint || cur->hist_cnt > VERIFIER_HISTORY_MAX;
	v.add = v.force ||
		(env->jmps_processed - env->prev_jmps_processed >= JUMPS_BEFORE_STATE &&
		 env->insn_processed - env->prev_insn_processed >= INSNS_BEFORE_STATE);
	ret = clean_chain(env, insn_idx);
	if (ret)
		return ret;
	for (e = *chain(env, insn_idx); e; e = next) {
		next = e->next;
		states++;
		if (e->st.insn_idx != insn_idx)
			continue;
		ret = compare(env, e, &v);
		if (ret)
			return ret < 0 ? ret : take_hit(env, e, &v);
		take_miss(env, e, &v);
	}
	env->max_states_per_insn = MAX(env->max_states_per_insn, states);
	if (!env->bpf_capable && states > VERIFIER_STATES_MAX)
		return 0;
	return v.add ? remember(env, &v) : 0;
}

static void free_chain(struct verifier_env *env, struct explored **head)
{
	struct explored *e = *head, *next;

	for (; e; e = next) {
		next = e->next;
		retire(env, e);
	}
	*head = NULL;
}

void prune_free_all(struct verifier_env *env)
{
	uint32_t i;

	free_chain(env, &env->free_list);
	for (i = 0; i < env->n_insns; i++)
		free_chain(env, &env->explored[i]);
	scc_free_all(env);
	env->explored_cnt = env->free_list_cnt = 0;
}
