/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "verifier/env.h"
#include "verifier/print.h"
#include "verifier/regs.h"

#define FUNC_COPY_BYTES offsetof(struct func_state, stack_bytes)

/* Room for n elements of `size`: the array may move; old contents up to `used` stay. */
static void *reserve(struct verifier_env *env, void *array, uint32_t *cap, uint32_t used,
		     uint32_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (n <= *cap)
		return array;
	bytes = pool_round(n * size);
	p = pool_alloc(&env->pool, bytes);
	if (!p)
		return NULL;
	if (used)
		memcpy(p, array, used * size);
	pool_free(&env->pool, array, *cap * size);
	/* the same size class when freed again */
	*cap = bytes / size;
	return p;
}

struct func_state *func_new(struct verifier_env *env, int32_t callsite, uint32_t frameno,
			    uint32_t subprogno)
{
	struct func_state *func = pool_alloc(&env->pool, sizeof(*func));

	if (!func)
		return NULL;
	memset(func, 0, sizeof(*func));
	func->callsite = callsite;
	func->frameno = frameno;
	func->subprogno = subprogno;
	func->callback_ret_range = (struct retval_range){ 0, 0 };
	regs_init(env, func);
	scratch_all(env);
	return func;
}

void func_free(struct verifier_env *env, struct func_state *func)
{
	if (!func)
		return;
	pool_free(&env->pool, func->stack, func->stack_cap * sizeof(*func->stack));
	pool_free(&env->pool, func, sizeof(*func));
}

static int stack_reserve(struct verifier_env *env, struct func_state *func, uint32_t slots)
{
	struct stack_slot *p = reserve(env, func->stack, &func->stack_cap,
				       func->stack_bytes / REG_SLOT_BYTES, slots, sizeof(*p));

	if (!p && slots)
		return -ENOMEM;
	func->stack = p;
	return 0;
}

int func_grow_stack(struct verifier_env *env, struct func_state *func, uint32_t bytes)
{
	uint32_t old = func->stack_bytes / REG_SLOT_BYTES;
	uint32_t n = (bytes + REG_SLOT_BYTES - 1) / REG_SLOT_BYTES;

	assert(bytes <= VERIFIER_STACK_BYTES);
	if (n <= old)
		return 0;
	if (stack_reserve(env, func, n))
		return -ENOMEM;
	memset(&func->stack[old], 0, (n - old) * sizeof(*func->stack));
	func->stack_bytes = n * REG_SLOT_BYTES;
	if (env->subprogs[func->subprogno].stack_depth < func->stack_bytes)
		env->subprogs[func->subprogno].stack_depth = func->stack_bytes;
	return 0;
}

static int func_copy(struct verifier_env *env, struct func_state *dst, const struct func_state *src)
{
	uint32_t slots = src->stack_bytes / REG_SLOT_BYTES;

	dst->stack_bytes = 0; /* nothing of the old stack is kept */
	if (stack_reserve(env, dst, slots))
		return -ENOMEM;
	memcpy(dst, src, FUNC_COPY_BYTES);
	if (slots)
		memcpy(dst->stack, src->stack, slots * sizeof(*src->stack));
	dst->stack_bytes = src->stack_bytes;
	return 0;
}

static int copy_arrays(struct verifier_env *env, struct verifier_state *dst,
		       const struct verifier_state *src)
{
	void *p;

	if (src->hist_cnt) {
		p = reserve(env, dst->hist, &dst->hist_cap, 0, src->hist_cnt, sizeof(*dst->hist));
		if (!p)
			return -ENOMEM;
		dst->hist = p;
		memcpy(dst->hist, src->hist, src->hist_cnt * sizeof(*src->hist));
	}
	dst->hist_cnt = src->hist_cnt;
	if (src->ref_cnt) {
		p = reserve(env, dst->refs, &dst->ref_cap, 0, src->ref_cnt, sizeof(*dst->refs));
		if (!p)
			return -ENOMEM;
		dst->refs = p;
		memcpy(dst->refs, src->refs, src->ref_cnt * sizeof(*src->refs));
	}
	dst->ref_cnt = src->ref_cnt;
	return 0;
}

int state_copy(struct verifier_env *env, struct verifier_state *dst,
	       const struct verifier_state *src)
{
	uint32_t i;

	if (copy_arrays(env, dst, src))
		return -ENOMEM;
	for (i = src->curframe + 1; i < VERIFIER_FRAMES_MAX; i++) {
		func_free(env, dst->frame[i]);
		dst->frame[i] = NULL;
	}
	for (i = 0; i <= src->curframe; i++) {
		if (!dst->frame[i]) {
			dst->frame[i] = pool_alloc(&env->pool, sizeof(**dst->frame));
			if (!dst->frame[i])
				return -ENOMEM;
			memset(dst->frame[i], 0, sizeof(**dst->frame));
		}
		if (func_copy(env, dst->frame[i], src->frame[i]))
			return -ENOMEM;
	}
	dst->parent = src->parent;
	dst->equal_state = src->equal_state;
	dst->active_locks = src->active_locks;
	dst->active_lock_id = src->active_lock_id;
	dst->active_lock_ptr = src->active_lock_ptr;
	dst->branches = src->branches;
	dst->curframe = src->curframe;
	dst->first_insn_idx = src->first_insn_idx;
	dst->last_insn_idx = src->last_insn_idx;
	dst->dfs_depth = src->dfs_depth;
	dst->callback_unroll_depth = src->callback_unroll_depth;
	dst->speculative = src->speculative;
	dst->in_sleepable = src->in_sleepable;
	dst->cleaned = src->cleaned;
	return 0;
}

void state_deinit(struct verifier_env *env, struct verifier_state *st)
{
	uint32_t i;

	for (i = 0; i < VERIFIER_FRAMES_MAX; i++)
		func_free(env, st->frame[i]);
	pool_free(&env->pool, st->hist, st->hist_cap * sizeof(*st->hist));
	pool_free(&env->pool, st->refs, st->ref_cap * sizeof(*st->refs));
	memset(st, 0, sizeof(*st));
}

static struct pending *push_pending(struct verifier_env *env, uint32_t insn_idx,
				    int32_t prev_insn_idx)
{
	struct pending *p = pool_alloc(&env->pool, sizeof(*p));

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->insn_idx = insn_idx;
	p->prev_insn_idx = prev_insn_idx;
	p->next = env->head;
	p->log_pos = env->log.end_pos;
	env->head = p;
	env->stack_size++;
	return p;
}

struct verifier_state *state_push(struct verifier_env *env, uint32_t insn_idx,
				  int32_t prev_insn_idx, bool speculative)
{
	struct pending *p = push_pending(env, insn_idx, prev_insn_idx);

	if (!p)
		return NULL;
	if (state_copy(env, &p->st, env->cur_state))
		return NULL;
	p->st.speculative |= speculative;
	if (env->stack_size > VERIFIER_JUMPS_MAX) {
		verbose(env, "The sequence of %d jumps is too complex.\n", (int)env->stack_size);
		return NULL;
	}
	if (p->st.parent)
		p->st.parent->branches++;
	return &p->st;
}

struct verifier_state *state_push_async(struct verifier_env *env, uint32_t subprogno,
					int32_t prev_insn_idx)
{
	struct pending *p = push_pending(env, env->subprogs[subprogno].start, prev_insn_idx);

	if (!p)
		return NULL;
	if (env->stack_size > VERIFIER_JUMPS_MAX) {
		verbose(env, "The sequence of %d jumps is too complex for async cb.\n",
			(int)env->stack_size);
		return NULL;
	}
	p->st.branches = 1;
	p->st.frame[0] = func_new(env, CALLSITE_MAIN, 0, subprogno);
	return p->st.frame[0] ? &p->st : NULL;
}

int state_pop(struct verifier_env *env, int32_t *prev_insn_idx, uint32_t *insn_idx, bool pop_log)
{
	struct pending *p = env->head;
	struct verifier_state *cur = env->cur_state, tmp;

	if (!p)
		return -ENOENT;
	/* swap instead of copying: the current state is done with */
	tmp = *cur;
	*cur = p->st;
	p->st = tmp;
	if (pop_log)
		vlog_reset(&env->log, p->log_pos);
	*insn_idx = p->insn_idx;
	*prev_insn_idx = p->prev_insn_idx;
	env->head = p->next;
	env->stack_size--;
	state_deinit(env, &p->st);
	pool_free(&env->pool, p, sizeof(*p));
	return 0;
}

int hist_push(struct verifier_env *env, struct verifier_state *st, uint32_t flags,
	      uint64_t linked_regs)
{
	struct hist_entry *h;

	if (env->cur_hist_ent) {
		env->cur_hist_ent->flags |= flags;
		env->cur_hist_ent->linked_regs = linked_regs;
		return 0;
	}
	h = reserve(env, st->hist, &st->hist_cap, st->hist_cnt, st->hist_cnt + 1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	st->hist = h;
	h += st->hist_cnt++;
	h->idx = env->insn_idx;
	h->prev_idx = env->prev_insn_idx;
	h->flags = flags;
	h->linked_regs = linked_regs;
	env->cur_hist_ent = h;
	return 0;
}

static struct ref_state *ref_add(struct verifier_env *env, uint32_t insn_idx)
{
	struct verifier_state *st = env->cur_state;
	struct ref_state *r;

	r = reserve(env, st->refs, &st->ref_cap, st->ref_cnt, st->ref_cnt + 1, sizeof(*r));
	if (!r)
		return NULL;
	st->refs = r;
	r += st->ref_cnt++;
	memset(r, 0, sizeof(*r));
	r->insn_idx = insn_idx;
	return r;
}

int ref_acquire(struct verifier_env *env, uint32_t insn_idx)
{
	struct ref_state *r = ref_add(env, insn_idx);

	if (!r)
		return -ENOMEM;
	r->type = REF_TYPE_PTR;
	r->id = ++env->id_gen;
	return r->id;
}

int ref_acquire_lock(struct verifier_env *env, uint32_t insn_idx, uint32_t id, const void *ptr)
{
	struct verifier_state *st = env->cur_state;
	struct ref_state *r = ref_add(env, insn_idx);

	if (!r)
		return -ENOMEM;
	r->type = REF_TYPE_LOCK;
	r->id = id;
	r->ptr = ptr;
	st->active_locks++;
	st->active_lock_id = id;
	st->active_lock_ptr = ptr;
	return 0;
}

/* Order stays: ids are printed as acquired. */
static void ref_remove(struct verifier_state *st, uint32_t i)
{
	uint32_t last = st->ref_cnt - 1;

	memmove(&st->refs[i], &st->refs[i + 1], (last - i) * sizeof(*st->refs));
	st->ref_cnt--;
}

int ref_forget(struct verifier_env *env, uint32_t id)
{
	struct verifier_state *st = env->cur_state;
	uint32_t i;

	for (i = 0; i < st->ref_cnt; i++) {
		if (st->refs[i].type != REF_TYPE_PTR || st->refs[i].id != id)
			continue;
		ref_remove(st, i);
		return 0;
	}
	return -EINVAL;
}

int ref_release_lock(struct verifier_env *env, uint32_t id, const void *ptr)
{
	struct verifier_state *st = env->cur_state;
	uint32_t prev_id = 0, i;
	const void *prev_ptr = NULL;

	for (i = 0; i < st->ref_cnt; i++) {
		if (st->refs[i].type == REF_TYPE_LOCK && st->refs[i].id == id &&
		    st->refs[i].ptr == ptr) {
			ref_remove(st, i);
			st->active_locks--;
			st->active_lock_id = prev_id;
			st->active_lock_ptr = prev_ptr;
			return 0;
		}
		if (st->refs[i].type == REF_TYPE_LOCK) {
			prev_id = st->refs[i].id;
			prev_ptr = st->refs[i].ptr;
		}
	}
	return -EINVAL;
}

const struct ref_state *ref_find(const struct verifier_state *st, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < st->ref_cnt; i++)
		if (st->refs[i].type == REF_TYPE_PTR && st->refs[i].id == id)
			return &st->refs[i];
	return NULL;
}

void state_for_each_reg(struct verifier_env *env, struct verifier_state *st,
			void (*f)(struct verifier_env *env, struct reg_state *reg, void *arg),
			void *arg)
{
	uint32_t fr, i;

	for (fr = 0; fr <= st->curframe; fr++) {
		struct func_state *func = st->frame[fr];

		for (i = 0; i < MAX_BPF_REG; i++)
			f(env, &func->regs[i], arg);
		for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++)
			if (slot_is_spill(&func->stack[i]))
				f(env, &func->stack[i].spilled, arg);
	}
}

static void drop_ref(struct verifier_env *env, struct reg_state *reg, void *arg)
{
	if (reg->ref_obj_id == *(const uint32_t *)arg)
		reg_invalidate(env, reg);
}

int ref_release(struct verifier_env *env, uint32_t id)
{
	int err = ref_forget(env, id);

	if (!err)
		state_for_each_reg(env, env->cur_state, drop_ref, &id);
	return err;
}
