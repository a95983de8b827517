/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/scc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verifier/backtrack.h"
#include "verifier/env.h"
#include "verifier/print.h"
#include "verifier/state.h"

#define BACKEDGE_ROUNDS_MAX 64

/* The call sites that lead to the outermost frame inside a component. false: none is. */
static bool callchain(const struct verifier_env *env, const struct verifier_state *st,
		      struct scc_callchain *c)
{
	uint32_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i <= st->curframe; i++) {
		uint32_t pc = state_frame_idx(st, i);

		c->scc = env->work[pc].scc;
		if (c->scc)
			return true;
		if (i < st->curframe)
			c->callsites[i] = pc;
	}
	return false;
}

static struct scc_visit *lookup(const struct verifier_env *env, const struct scc_callchain *c)
{
	struct scc_visit *v;

	for (v = env->scc_visits[c->scc]; v; v = v->next)
		if (memcmp(c, &v->chain, sizeof(*c)) == 0)
			return v;
	return NULL;
}

static void log_chain(struct verifier_env *env, const char *what, const struct scc_callchain *c)
{
	uint32_t i;

	if (!verbose2(env) || c->scc >= env->cfg.scc_shown)
		return;
	verbose(env, "SCC %s (", what);
	for (i = 0; i < VERIFIER_FRAMES_MAX - 1 && c->callsites[i]; i++)
		verbose(env, "%u,", c->callsites[i]);
	verbose(env, "%u)\n", c->scc);
}

int scc_maybe_enter(struct verifier_env *env, struct verifier_state *st)
{
	struct scc_callchain c;
	struct scc_visit *v;

	if (!callchain(env, st, &c))
		return 0;
	v = lookup(env, &c);
	if (!v) {
		v = pool_alloc(&env->pool, sizeof(*v));
		if (!v)
			return -ENOMEM;
		memset(v, 0, sizeof(*v));
		v->chain = c;
		v->next = env->scc_visits[c.scc];
		env->scc_visits[c.scc] = v;
	}
	if (!v->entry) {
		v->entry = st;
		log_chain(env, "enter", &c);
	}
	return 0;
}

static void mark_precise(struct verifier_env *env, const struct func_state *func, uint32_t fr,
			 bool *first)
{
	uint32_t i;

	for (i = 0; i < REG_FP; i++) {
		if (func->regs[i].type != SCALAR_VALUE || !func->regs[i].precise)
			continue;
		if (verbose2(env) && *first)
			verbose(env, "frame %u: propagating r%u", fr, i);
		else if (verbose2(env))
			verbose(env, ",r%u", i);
		bt_set_reg(env, fr, i);
		*first = false;
	}
	for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++) {
		int off = -(int)(i + 1) * REG_SLOT_BYTES;

		if (!slot_is_scalar(&func->stack[i]) || !func->stack[i].spilled.precise)
			continue;
		if (verbose2(env) && *first)
			verbose(env, "frame %u: propagating fp%d", fr, off);
		else if (verbose2(env))
			verbose(env, ",fp%d", off);
		bt_set_slot(env, fr, i);
		*first = false;
	}
}

int scc_propagate_precision(struct verifier_env *env, const struct verifier_state *old,
			    struct verifier_state *cur, bool *changed)
{
	int fr;

	for (fr = old->curframe; fr >= 0; fr--) {
		bool first = true;

		mark_precise(env, old->frame[fr], fr, &first);
		if (!first && verbose2(env))
			verbose(env, "\n");
	}
	return precise_mark_from(env, cur, -1, changed);
}

static void free_backedges(struct verifier_env *env, struct scc_visit *v)
{
	struct scc_backedge *b = v->backedges, *next;

	for (; b; b = next) {
		next = b->next;
		state_deinit(env, &b->st);
		pool_free(&env->pool, b, sizeof(*b));
	}
	v->backedges = NULL;
}

/* Marks of what the back edges equal go to what led to them, until nothing is new. */
static int settle(struct verifier_env *env, struct scc_visit *v)
{
	struct scc_backedge *b;
	bool changed = true;
	int i, err;

	for (i = 0; changed; i++) {
		if (i >= BACKEDGE_ROUNDS_MAX) {
			if (verbose2(env))
				verbose(env, "propagate_backedges: too many iterations\n");
			for (b = v->backedges; b; b = b->next)
				precise_force_all(env, &b->st);
			break;
		}
		changed = false;
		for (b = v->backedges; b; b = b->next) {
			err = scc_propagate_precision(env, b->st.equal_state, &b->st, &changed);
			if (err)
				return err;
		}
	}
	free_backedges(env, v);
	return 0;
}

int scc_maybe_exit(struct verifier_env *env, struct verifier_state *st)
{
	struct scc_callchain c;
	struct scc_visit *v;

	if (!callchain(env, st, &c))
		return 0;
	v = lookup(env, &c);
	if (!v || v->entry != st)
		return 0;
	log_chain(env, "exit", &c);
	v->entry = NULL;
	env->num_backedges -= v->backedge_cnt;
	v->backedge_cnt = 0;
	prune_update_peak(env);
	return settle(env, v);
}

int scc_add_backedge(struct verifier_env *env, struct verifier_state *equal, uint32_t insn_idx)
{
	struct scc_backedge *b = pool_alloc(&env->pool, sizeof(*b));
	struct scc_callchain c;
	struct scc_visit *v;
	int err;

	if (!b)
		return -ENOMEM;
	memset(b, 0, sizeof(*b));
	err = state_copy(env, &b->st, env->cur_state);
	if (err)
		return err;
	b->st.equal_state = equal;
	b->st.insn_idx = insn_idx;
	v = callchain(env, equal, &c) ? lookup(env, &c) : NULL;
	if (!v)
		return reject(env, -EFAULT, "verifier bug: back edge outside of any loop\n");
	log_chain(env, "backedge", &c);
	b->next = v->backedges;
	v->backedges = b;
	v->backedge_cnt++;
	env->num_backedges++;
	prune_update_peak(env);
	return 0;
}

bool scc_incomplete(struct verifier_env *env, const struct verifier_state *st)
{
	struct scc_callchain c;
	struct scc_visit *v;

	if (!callchain(env, st, &c))
		return false;
	v = lookup(env, &c);
	return v && v->backedges;
}

void scc_free_all(struct verifier_env *env)
{
	uint32_t i;

	for (i = 0; i < env->cfg.scc_cnt; i++) {
		struct scc_visit *v = env->scc_visits[i], *next;

		for (; v; v = next) {
			next = v->next;
			free_backedges(env, v);
			pool_free(&env->pool, v, sizeof(*v));
		}
		env->scc_visits[i] = NULL;
	}
	env->num_backedges = 0;
}
