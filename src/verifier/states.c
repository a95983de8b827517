/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/states.h"

#include <string.h>

#include "base/bits.h"
#include "verifier/env.h"
#include "verifier/liveness.h"
#include "verifier/regs.h"

#define REG_FP_MASK (1u << REG_FP)

/* --- ids: the same ties under other names ------------------------------------------------------------ */

static void id_map_reset(struct verifier_env *env)
{
	env->id_map.cnt = 0;
	env->id_map.tmp_id_gen = env->id_gen;
}

static bool check_ids(uint32_t old_id, uint32_t cur_id, struct id_map *m)
{
	uint32_t i;

	if (!old_id != !cur_id)
		return false;
	if (!old_id)
		return true;
	for (i = 0; i < m->cnt; i++) {
		if (m->map[i].old == old_id)
			return m->map[i].cur == cur_id;
		if (m->map[i].cur == cur_id)
			return false;
	}
	if (m->cnt == ID_MAP_MAX)
		return false;
	m->map[m->cnt].old = old_id;
	m->map[m->cnt++].cur = cur_id;
	return true;
}

/*
 * As above for numbers. An old one without id had no ties: any will do. A current one without id
 * gets one that nobody else has. With ID_ADD_CONST the base must map to the same base, too.
 */
static bool check_scalar_ids(uint32_t old_id, uint32_t cur_id, struct id_map *m)
{
	if (!old_id)
		return true;
	if (!cur_id)
		cur_id = ++m->tmp_id_gen;
	if (!check_ids(old_id, cur_id, m))
		return false;
	return !(old_id & ID_ADD_CONST) ||
	       check_ids(old_id & ~ID_ADD_CONST, cur_id & ~ID_ADD_CONST, m);
}

/* --- registers ------------------------------------------------------------------------------------------ */

static bool regs_exact(const struct reg_state *old, const struct reg_state *cur, struct id_map *m)
{
	return memcmp(old, cur, offsetof(struct reg_state, id)) == 0 &&
	       check_ids(old->id, cur->id, m) && check_ids(old->ref_obj_id, cur->ref_obj_id, m);
}

static bool scalar_safe(struct verifier_env *env, const struct reg_state *old,
			const struct reg_state *cur, enum exact_level exact)
{
	if (env->explore_alu_limits)
		return memcmp(old, cur, offsetof(struct reg_state, id)) == 0 &&
		       check_scalar_ids(old->id, cur->id, &env->id_map);
	if (!old->precise && exact == NOT_EXACT)
		return true;
	/* the kind of sum matters only where there is a tie */
	if (old->id && (old->id & ID_ADD_CONST) != (cur->id & ID_ADD_CONST))
		return false;
	if (old->id & ID_ADD_CONST && old->off != cur->off)
		return false;
	/* ties matter too: what is learnt of one number is taken to hold of the others */
	return scalar_within(&old->s, &cur->s) &&
	       check_scalar_ids(old->id, cur->id, &env->id_map);
}

static bool region_safe(struct verifier_env *env, const struct reg_state *old,
			const struct reg_state *cur)
{
	return memcmp(old, cur, offsetof(struct reg_state, s)) == 0 &&
	       scalar_within(&old->s, &cur->s) && check_ids(old->id, cur->id, &env->id_map) &&
	       check_ids(old->ref_obj_id, cur->ref_obj_id, &env->id_map);
}

static bool packet_safe(struct verifier_env *env, const struct reg_state *old,
			const struct reg_state *cur)
{
	/* compared with pkt_end, nothing proven: not a matter of more or less */
	if (old->range < 0 || cur->range < 0 ? old->range != cur->range : old->range > cur->range)
		return false;
	return old->off == cur->off &&
	       check_ids(old->id, cur->id, &env->id_map) && scalar_within(&old->s, &cur->s);
}

/* Is every use of old's register safe with cur's? */
static bool reg_safe(struct verifier_env *env, const struct reg_state *old,
		     const struct reg_state *cur, enum exact_level exact)
{
	if (exact == EXACT)
		return regs_exact(old, cur, &env->id_map);
	if (old->type == NOT_INIT && (exact == NOT_EXACT || cur->type == NOT_INIT))
		return true;
	if (old->type != cur->type)
		return false;
	switch (type_base(old->type)) {
	case SCALAR_VALUE:
		return scalar_safe(env, old, cur, exact);
	case PTR_TO_MAP_KEY:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MEM:
	case PTR_TO_BUF:
	case PTR_TO_TP_BUFFER:
		return region_safe(env, old, cur);
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET:
		return packet_safe(env, old, cur);
	case PTR_TO_STACK:
		return regs_exact(old, cur, &env->id_map) && old->frameno == cur->frameno;
	default:
		return regs_exact(old, cur, &env->id_map);
	}
}

/* --- stacks --------------------------------------------------------------------------------------------- */

static bool all_misc(const struct verifier_env *env, const struct stack_slot *slot)
{
	int i;

	for (i = 0; i < REG_SLOT_BYTES; i++)
		if (slot->type[i] != STACK_MISC &&
		    !(slot->type[i] == STACK_INVALID && env->allow_uninit_stack))
			return false;
	return true;
}

/* A whole slot as a number, if it is one. */
static const struct reg_state *slot_as_scalar(const struct verifier_env *env,
					      const struct stack_slot *slot,
					      struct reg_state *unbound)
{
	if (slot_is_scalar64(slot))
		return &slot->spilled;
	if (!all_misc(env, slot))
		return NULL;
	memset(unbound, 0, sizeof(*unbound));
	unbound->type = SCALAR_VALUE;
	unbound->s = scalar_unknown();
	return unbound;
}

/* One byte of the old slot against the same of the current one. */
static bool byte_safe(const struct verifier_env *env, uint8_t old, uint8_t cur)
{
	if (old == STACK_INVALID || (old == STACK_MISC && env->allow_uninit_stack))
		return true;
	return old == cur || (old == STACK_MISC && cur == STACK_ZERO);
}

static bool dynptr_safe(struct verifier_env *env, const struct reg_state *old,
			const struct reg_state *cur)
{
	return old->dynptr.type == cur->dynptr.type &&
	       old->dynptr.first_slot == cur->dynptr.first_slot &&
	       check_ids(old->ref_obj_id, cur->ref_obj_id, &env->id_map);
}

/* cur NULL: that deep the current stack was never used. */
static bool slot_safe(struct verifier_env *env, const struct stack_slot *old,
		      const struct stack_slot *cur, enum exact_level exact)
{
	const struct reg_state *old_reg, *cur_reg;
	struct reg_state tmp_old, tmp_cur;
	bool relevant = false;
	int i;

	if (exact != NOT_EXACT && (!cur || memcmp(old->type, cur->type, REG_SLOT_BYTES)))
		return false;
	for (i = 0; i < REG_SLOT_BYTES; i++)
		relevant |= old->type[i] != STACK_INVALID &&
			    !(old->type[i] == STACK_MISC && env->allow_uninit_stack);
	if (!relevant)
		return true;
	if (!cur)
		return false;
	old_reg = slot_as_scalar(env, old, &tmp_old);
	cur_reg = slot_as_scalar(env, cur, &tmp_cur);
	if (old_reg && cur_reg)
		return reg_safe(env, old_reg, cur_reg, exact);
	for (i = 0; i < REG_SLOT_BYTES; i++)
		if (!byte_safe(env, old->type[i], cur->type[i]))
			return false;
	if (old->type[0] == STACK_DYNPTR)
		return dynptr_safe(env, &old->spilled, &cur->spilled);
	if (slot_is_spill(old))
		return slot_is_spill(cur) && reg_safe(env, &old->spilled, &cur->spilled, exact);
	return true;
}

static bool stack_safe(struct verifier_env *env, const struct func_state *old,
		       const struct func_state *cur, enum exact_level exact)
{
	uint32_t i, n = old->stack_bytes / REG_SLOT_BYTES;
	uint32_t n_cur = cur->stack_bytes / REG_SLOT_BYTES;

	for (i = 0; i < n; i++)
		if (!slot_safe(env, &old->stack[i], i < n_cur ? &cur->stack[i] : NULL, exact))
			return false;
	return true;
}

/* --- whole states ----------------------------------------------------------------------------------------- */

static bool refs_safe(struct verifier_env *env, const struct verifier_state *old,
		      const struct verifier_state *cur)
{
	uint32_t i;

	if (old->ref_cnt != cur->ref_cnt || old->active_locks != cur->active_locks ||
	    !check_ids(old->active_lock_id, cur->active_lock_id, &env->id_map) ||
	    old->active_lock_ptr != cur->active_lock_ptr)
		return false;
	for (i = 0; i < old->ref_cnt; i++) {
		if (!check_ids(old->refs[i].id, cur->refs[i].id, &env->id_map) ||
		    old->refs[i].type != cur->refs[i].type ||
		    old->refs[i].ptr != cur->refs[i].ptr)
			return false;
	}
	return true;
}

static bool funcs_equal(struct verifier_env *env, const struct func_state *old,
			const struct func_state *cur, uint32_t pc, enum exact_level exact)
{
	uint32_t live = env->work[pc].live_regs | REG_FP_MASK;

	if (old->callback_depth > cur->callback_depth)
		return false;
	for (; live; live &= live - 1) {
		uint32_t i = __builtin_ctz(live);

		if (!reg_safe(env, &old->regs[i], &cur->regs[i], exact))
			return false;
	}
	return stack_safe(env, old, cur, exact);
}

bool states_equal(struct verifier_env *env, struct verifier_state *old,
		  struct verifier_state *cur, enum exact_level exact)
{
	uint32_t i;

	if (old->curframe != cur->curframe)
		return false;
	id_map_reset(env);
	if (old->speculative && !cur->speculative)
		return false;
	if (old->in_sleepable != cur->in_sleepable)
		return false;
	if (!refs_safe(env, old, cur))
		return false;
	for (i = 0; i <= old->curframe; i++)
		if (old->frame[i]->callsite != cur->frame[i]->callsite ||
		    !funcs_equal(env, old->frame[i], cur->frame[i], state_frame_idx(old, i),
				 exact))
			return false;
	return true;
}

bool states_same_callsites(const struct verifier_state *a, const struct verifier_state *b)
{
	int i;

	if (a->curframe != b->curframe)
		return false;
	for (i = a->curframe; i >= 0; i--)
		if (a->frame[i]->callsite != b->frame[i]->callsite)
			return false;
	return true;
}

bool states_maybe_looping(const struct verifier_state *old, const struct verifier_state *cur)
{
	uint32_t fr = cur->curframe, i;

	if (old->curframe != fr)
		return false;
	for (i = 0; i < MAX_BPF_REG; i++)
		if (memcmp(&old->frame[fr]->regs[i], &cur->frame[fr]->regs[i],
			   offsetof(struct reg_state, frameno)))
			return false;
	return true;
}

static void clean_func(struct verifier_env *env, struct func_state *func, uint32_t pc)
{
	uint32_t i;

	for (i = 0; i < REG_FP; i++)
		if (!(env->work[pc].live_regs >> i & 1))
			reg_set_not_init(env, &func->regs[i]);
	for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++) {
		if (liveness_stack_alive(env, func->frameno, i))
			continue;
		reg_set_not_init(env, &func->stack[i].spilled);
		memset(func->stack[i].type, STACK_INVALID, REG_SLOT_BYTES);
	}
}

int states_clean(struct verifier_env *env, struct verifier_state *st)
{
	uint32_t i;
	int err = liveness_stack_query(env, st);

	if (err)
		return err;
	st->cleaned = true;
	for (i = 0; i <= st->curframe; i++)
		clean_func(env, st->frame[i], state_frame_idx(st, i));
	return 0;
}
