/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liveness_stack: stack slots that may still be read, per chain of calls (liveness.h).
 *
 * An `instance` is a subprogram reached through one chain of call sites; it keeps, for its own and
 * each outer frame's stack, four masks per instruction. For one frame:
 *
 *	live_before(i)    = (union of live_before(s), s after i, minus must_write(i)) | may_read(i)
 *	must_write_acc(i) = must_write(i) | intersection of must_write_acc(s)
 *
 * What the entry of an instance may read of, or must write to, outer frames becomes what the call
 * instruction does in the caller's instance. may_read only grows. must_write may shrink, when a
 * later walk of the instruction did not write a slot: then must_write_acc starts again from nothing.
 *
 * Memory is 32 bytes per instruction, per frame that was touched, per chain, from env->pool.
 */
#include "verifier/liveness.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verifier/cfg.h"
#include "verifier/env.h"
#include "verifier/print.h"

#define CHAIN_TEXT_BYTES (VERIFIER_FRAMES_MAX * 9 + 3)
#define MASK_TEXT_BYTES 512
#define BUCKETS 256

/* How a subprogram was reached. callsite[i] is where frame i called frame i + 1; of the innermost
 * frame, its entry. */
struct chain {
	uint32_t callsite[VERIFIER_FRAMES_MAX];
	uint32_t subprogno[VERIFIER_FRAMES_MAX];
	uint32_t curframe;
};

struct slots {
	uint64_t may_read;	 /* by this instruction */
	uint64_t must_write;	 /* by this instruction, on every walk */
	uint64_t must_write_acc; /* by it and what follows, within the subprogram */
	uint64_t live_before;
};

struct instance {
	struct instance *next; /* in its bucket */
	struct chain chain;
	uint32_t start, n_insns; /* of the subprogram */
	bool updated;		 /* marks are newer than the dataflow */
	bool write_dropped;
	bool *write_seen; /* per instruction: must_write has been set once */
	struct slots *frames[VERIFIER_FRAMES_MAX]; /* NULL: nothing reported of that stack */
};

struct stack_liveness {
	struct instance *buckets[BUCKETS];
	struct instance *cur; /* of env->cur_state; NULL: look it up */
	uint64_t writes[VERIFIER_FRAMES_MAX]; /* reported since reset, not yet committed */
	uint32_t write_pc;
	struct instance *asked[VERIFIER_FRAMES_MAX]; /* of the state being asked about */
	uint32_t asked_curframe, asked_pc;
};

static void *zalloc(struct verifier_env *env, size_t bytes)
{
	void *p = pool_alloc(&env->pool, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

/* The chain that leads to frame `frameno` of st. */
static struct chain chain_of(const struct verifier_env *env, const struct verifier_state *st,
			     uint32_t frameno)
{
	struct chain c = { .curframe = frameno };

	for (uint32_t i = 0; i <= frameno; i++) {
		c.subprogno[i] = st->frame[i]->subprogno;
		c.callsite[i] = i < frameno ? (uint32_t)st->frame[i + 1]->callsite :
					      env->subprogs[c.subprogno[i]].start;
	}
	return c;
}

static unsigned chain_bucket(const struct chain *c)
{
	uint32_t h = c->curframe;

	for (uint32_t i = 0; i <= c->curframe; i++)
		h = (h ^ c->callsite[i]) * 0x9e3779b1u;
	return h >> 24;
}

static bool chain_equal(const struct chain *a, const struct chain *b)
{
	return a->curframe == b->curframe &&
	       !memcmp(a->callsite, b->callsite, (a->curframe + 1) * sizeof(a->callsite[0]));
}

/* The instance of a chain, made if it is new. NULL: out of memory. */
static struct instance *instance_get(struct verifier_env *env, const struct chain *c)
{
	struct instance **bucket = &env->liveness->buckets[chain_bucket(c)];
	const struct vsubprog *sub = &env->subprogs[c->subprogno[c->curframe]];
	struct instance *in;

	for (in = *bucket; in; in = in->next)
		if (chain_equal(&in->chain, c))
			return in;
	in = zalloc(env, sizeof(*in));
	if (!in)
		return NULL;
	in->chain = *c;
	in->start = sub->start;
	in->n_insns = sub[1].start - sub->start;
	in->write_seen = zalloc(env, in->n_insns * sizeof(*in->write_seen));
	if (!in->write_seen)
		return NULL;
	in->next = *bucket;
	*bucket = in;
	return in;
}

/* NULL: nothing was reported of that frame's stack. */
static struct slots *slots_at(const struct instance *in, uint32_t frame, uint32_t pc)
{
	return in->frames[frame] ? &in->frames[frame][pc - in->start] : NULL;
}

static struct slots *slots_get(struct verifier_env *env, struct instance *in, uint32_t frame,
			       uint32_t pc)
{
	if (!in->frames[frame])
		in->frames[frame] = zalloc(env, in->n_insns * sizeof(struct slots));
	return slots_at(in, frame, pc);
}

static int mark_read(struct verifier_env *env, struct instance *in, uint32_t frame, uint32_t pc,
		     uint64_t mask)
{
	struct slots *s = slots_get(env, in, frame, pc);

	if (!s)
		return -ENOMEM;
	if (mask & ~s->may_read & ~s->live_before)
		in->updated = true;
	s->may_read |= mask;
	return 0;
}

/* What was written at pc this time, per frame up to the instance's own. */
static int mark_writes(struct verifier_env *env, struct instance *in, uint32_t pc,
		       const uint64_t *writes)
{
	bool *seen = &in->write_seen[pc - in->start];

	for (uint32_t frame = 0; frame <= in->chain.curframe; frame++) {
		uint64_t mask = writes[frame], old;
		struct slots *s;

		if (!mask && !*seen)
			continue;
		s = slots_get(env, in, frame, pc);
		if (!s)
			return -ENOMEM;
		old = s->must_write;
		if (*seen)
			mask &= old;
		if (mask != old)
			in->updated = true;
		if (old & ~mask)
			in->write_dropped = true;
		s->must_write = mask;
	}
	*seen = true;
	return 0;
}

static const char *chain_text(const struct chain *c, char text[static CHAIN_TEXT_BYTES])
{
	int n = 0;

	for (uint32_t i = 0; i <= c->curframe; i++)
		n += snprintf(text + n, (size_t)(CHAIN_TEXT_BYTES - n), "%c%u", i ? ',' : '(',
			      c->callsite[i]);
	snprintf(text + n, (size_t)(CHAIN_TEXT_BYTES - n), ")");
	return text;
}

static void log_change(struct verifier_env *env, const struct instance *in, const char *what,
		       uint32_t frame, uint32_t pc, uint64_t old, uint64_t now)
{
	char chain[CHAIN_TEXT_BYTES], mask[MASK_TEXT_BYTES];

	if (old == now)
		return;
	verbose(env, "%s frame %u insn %u ", chain_text(&in->chain, chain), frame, pc);
	if (now & ~old) {
		format_stack_mask(mask, sizeof(mask), now & ~old);
		verbose(env, "+%s %s ", what, mask);
	}
	if (old & ~now) {
		format_stack_mask(mask, sizeof(mask), old & ~now);
		verbose(env, "-%s %s", what, mask);
	}
	verbose(env, "\n");
}

static bool update_insn(struct verifier_env *env, struct instance *in, uint32_t frame, uint32_t pc)
{
	struct slots *s = slots_at(in, frame, pc);
	uint64_t live = 0, written = UINT64_MAX;
	uint32_t next[2];
	unsigned n = cfg_successors(env->insns, pc, next);
	bool changed;

	if (!n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		const struct slots *t = slots_at(in, frame, next[i]);

		live |= t->live_before;
		written &= t->must_write_acc;
	}
	live = (live & ~s->must_write) | s->may_read;
	written |= s->must_write;
	changed = live != s->live_before || written != s->must_write_acc;
	if (changed && verbose2(env) &&
	    (s->may_read || s->must_write || pc == in->start || env->work[pc].prune_point)) {
		log_change(env, in, "live", frame, pc, s->live_before, live);
		log_change(env, in, "written", frame, pc, s->must_write_acc, written);
	}
	s->live_before = live;
	s->must_write_acc = written;
	return changed;
}

static bool update_round(struct verifier_env *env, struct instance *in, uint32_t po, uint32_t end)
{
	bool changed = false;

	for (uint32_t frame = 0; frame <= in->chain.curframe; frame++) {
		if (!in->frames[frame])
			continue;
		for (uint32_t i = po; i < end; i++)
			changed |= update_insn(env, in, frame, env->cfg.postorder[i]);
	}
	return changed;
}

/* The caller's call instruction does to outer stacks what the entry of `in` comes to do. */
static int update_caller(struct verifier_env *env, const struct instance *in)
{
	uint64_t writes[VERIFIER_FRAMES_MAX] = { 0 };
	uint32_t outer = in->chain.curframe - 1, pc = in->chain.callsite[outer];
	struct chain c = in->chain;
	struct instance *caller;

	c.curframe = outer;
	c.callsite[outer] = env->subprogs[c.subprogno[outer]].start;
	caller = instance_get(env, &c);
	if (!caller)
		return -ENOMEM;
	for (uint32_t frame = 0; frame <= outer; frame++) {
		const struct slots *entry = slots_at(in, frame, in->start);

		if (!entry)
			continue;
		writes[frame] = entry->must_write_acc;
		if (mark_read(env, caller, frame, pc, entry->live_before))
			return -ENOMEM;
	}
	return mark_writes(env, caller, pc, writes);
}

static void drop_written(struct instance *in)
{
	for (uint32_t frame = 0; frame <= in->chain.curframe; frame++)
		for (uint32_t i = 0; in->frames[frame] && i < in->n_insns; i++)
			in->frames[frame][i].must_write_acc = 0;
}

static int instance_update(struct verifier_env *env, struct instance *in)
{
	const uint32_t *po = &env->cfg.postorder_start[in->chain.subprogno[in->chain.curframe]];
	char text[CHAIN_TEXT_BYTES];
	uint32_t rounds = 1;

	if (in->write_dropped)
		drop_written(in);
	while (update_round(env, in, po[0], po[1]))
		rounds++;
	if (verbose2(env))
		verbose(env, "%s live stack update done in %u iterations\n",
			chain_text(&in->chain, text), rounds);
	in->updated = false;
	in->write_dropped = false;
	return in->chain.curframe ? update_caller(env, in) : 0;
}

int liveness_stack_init(struct verifier_env *env)
{
	env->liveness = zalloc(env, sizeof(*env->liveness));
	return env->liveness ? 0 : -ENOMEM;
}

void liveness_stack_rechain(struct verifier_env *env)
{
	env->liveness->cur = NULL;
}

static struct instance *instance_current(struct verifier_env *env)
{
	struct stack_liveness *l = env->liveness;

	if (!l->cur) {
		struct chain c = chain_of(env, env->cur_state, env->cur_state->curframe);

		l->cur = instance_get(env, &c);
	}
	return l->cur;
}

int liveness_stack_reset_writes(struct verifier_env *env, uint32_t pc)
{
	struct stack_liveness *l = env->liveness;
	struct instance *in = instance_current(env);

	if (!in)
		return -ENOMEM;
	l->write_pc = pc;
	memset(l->writes, 0, (in->chain.curframe + 1) * sizeof(l->writes[0]));
	return 0;
}

void liveness_stack_write(struct verifier_env *env, uint32_t frameno, uint64_t mask)
{
	assert(frameno < VERIFIER_FRAMES_MAX);
	env->liveness->writes[frameno] |= mask;
}

int liveness_stack_read(struct verifier_env *env, uint32_t frameno, uint32_t pc, uint64_t mask)
{
	struct instance *in = instance_current(env);

	assert(frameno < VERIFIER_FRAMES_MAX);
	return in ? mark_read(env, in, frameno, pc, mask) : -ENOMEM;
}

int liveness_stack_commit_writes(struct verifier_env *env)
{
	struct stack_liveness *l = env->liveness;

	return l->cur ? mark_writes(env, l->cur, l->write_pc, l->writes) : 0;
}

int liveness_stack_update(struct verifier_env *env)
{
	liveness_stack_rechain(env);
	for (uint32_t frame = env->cur_state->curframe + 1; frame-- > 0;) {
		struct chain c = chain_of(env, env->cur_state, frame);
		struct instance *in = instance_get(env, &c);

		if (!in || (in->updated && instance_update(env, in)))
			return -ENOMEM;
	}
	return 0;
}

int liveness_stack_query(struct verifier_env *env, const struct verifier_state *st)
{
	struct stack_liveness *l = env->liveness;

	for (uint32_t frame = 0; frame <= st->curframe; frame++) {
		struct chain c = chain_of(env, st, frame);

		l->asked[frame] = instance_get(env, &c);
		if (!l->asked[frame])
			return -ENOMEM;
	}
	l->asked_curframe = st->curframe;
	l->asked_pc = st->insn_idx;
	return 0;
}

static bool live_before(const struct instance *in, uint32_t frame, uint32_t pc, uint32_t spi)
{
	const struct slots *s = slots_at(in, frame, pc);

	return s && s->live_before >> spi & 1;
}

/* By the innermost frame from its pc on; by an outer one after the call returns, or, where the call
 * runs a callback any number of times, from the call on. */
bool liveness_stack_alive(struct verifier_env *env, uint32_t frameno, uint32_t spi)
{
	const struct stack_liveness *l = env->liveness;
	const struct instance *inner = l->asked[l->asked_curframe];

	if (live_before(inner, frameno, l->asked_pc, spi))
		return true;
	for (uint32_t i = frameno; i < l->asked_curframe; i++) {
		uint32_t pc = inner->chain.callsite[i];

		if (!env->work[pc].calls_callback)
			pc++;
		if (live_before(l->asked[i], frameno, pc, spi))
			return true;
	}
	return false;
}
