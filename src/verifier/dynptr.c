/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/dynptr.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/macros.h"
#include "verifier/call.h"
#include "verifier/env.h"
#include "verifier/liveness.h"
#include "verifier/mem.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/state.h"

#define DYNPTR_TYPES (DYNPTR_TYPE_LOCAL | DYNPTR_TYPE_RINGBUF | DYNPTR_TYPE_SKB | DYNPTR_TYPE_XDP)

const char *dynptr_type_name(uint32_t type)
{
	static const char *const names[] = {
		[DYNPTR_INVALID] = "<invalid>",
		[DYNPTR_LOCAL] = "local",
		[DYNPTR_RINGBUF] = "ringbuf",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "<unknown>";
}

static uint32_t type_of_arg(uint32_t arg_type)
{
	switch (arg_type & DYNPTR_TYPES) {
	case DYNPTR_TYPE_LOCAL:
		return DYNPTR_LOCAL;
	case DYNPTR_TYPE_RINGBUF:
		return DYNPTR_RINGBUF;
	default:
		return DYNPTR_INVALID;
	}
}

static void set_reg(struct reg_state *reg, uint32_t type, bool first_slot, uint32_t id)
{
	reg_set_ptr(reg, CONST_PTR_TO_DYNPTR);
	reg->id = id;
	reg->dynptr.type = type;
	reg->dynptr.first_slot = first_slot;
}

void dynptr_set_reg(struct verifier_env *env, struct reg_state *reg, uint32_t type)
{
	set_reg(reg, type, true, ++env->id_gen);
}

/* --- where it lies --------------------------------------------------------------------------------------- */

/* The slot with the first 8 bytes (the second is the one before it in the array), -EINVAL (and says
 * why), or -ERANGE: the stack does not reach that deep yet. */
static int get_spi(struct verifier_env *env, const struct reg_state *reg)
{
	int off, spi;

	if (!scalar_is_const(&reg->s))
		return reject(env, -EINVAL, "dynptr has to be at a constant offset\n");
	off = (int)(reg->off + (int64_t)reg->s.var_off.value);
	spi = (-off - 1) / REG_SLOT_BYTES;
	if (off % REG_SLOT_BYTES || spi + 1 < DYNPTR_SLOTS)
		return reject(env, -EINVAL, "cannot pass in dynptr at an offset=%d\n", off);
	if (spi >= (int)reg_func(env, reg)->stack_bytes / REG_SLOT_BYTES)
		return -ERANGE;
	return spi;
}

static uint64_t slot_mask(uint32_t spi)
{
	return BIT64(spi) | BIT64(spi - 1);
}

static bool slot_is_dynptr(const struct stack_slot *slot)
{
	/* never only some of the bytes */
	return slot->type[0] == STACK_DYNPTR;
}

/* --- death --------------------------------------------------------------------------------------------------- */

static void clear_slots(struct verifier_env *env, struct func_state *func, uint32_t spi)
{
	for (uint32_t i = spi - 1; i <= spi; i++) {
		memset(func->stack[i].type, STACK_INVALID, REG_SLOT_BYTES);
		reg_set_not_init(env, &func->stack[i].spilled);
	}
	liveness_stack_write(env, func->frameno, slot_mask(spi));
}

static void drop_slice(struct verifier_env *env, struct reg_state *reg, void *arg)
{
	if (reg->type != PTR_TO_MEM && reg->type != (PTR_TO_MEM | PTR_MAYBE_NULL))
		return;
	if (reg->dynptr_id == *(const uint32_t *)arg)
		reg_invalidate(env, reg);
}

int dynptr_destroy(struct verifier_env *env, struct func_state *func, uint32_t spi)
{
	uint32_t id;

	if (!slot_is_dynptr(&func->stack[spi]))
		return 0;
	if (!func->stack[spi].spilled.dynptr.first_slot)
		spi++;
	if (func->stack[spi].spilled.dynptr.type == DYNPTR_RINGBUF)
		return reject(env, -EINVAL, "cannot overwrite referenced dynptr\n");
	scratch_slot(env, spi);
	scratch_slot(env, spi - 1);
	id = func->stack[spi].spilled.id;
	state_for_each_reg(env, env->cur_state, drop_slice, &id);
	clear_slots(env, func, spi);
	return 0;
}

int dynptr_check_release(struct verifier_env *env, const struct reg_state *reg, uint32_t regno)
{
	int spi;

	if (reg->type != PTR_TO_STACK)
		return reject(env, -EINVAL, "cannot release unowned const bpf_dynptr\n");
	spi = get_spi(env, reg);
	if (spi < 0 || !reg_func(env, reg)->stack[spi].spilled.ref_obj_id)
		return reject(env, -EINVAL, "arg %u is an unacquired reference\n", regno);
	return 0;
}

int dynptr_release(struct verifier_env *env, uint32_t regno)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	struct func_state *func = reg_func(env, reg);
	int spi = get_spi(env, reg), err;
	uint32_t ref, i;

	if (spi < 0)
		return spi;
	ref = func->stack[spi].spilled.ref_obj_id;
	err = ref_release(env, ref);
	if (err)
		return err;
	/* The kernel takes what is left of a slice, spilled and written over in part, for a bug of its
	 * own (verifier.c, unmark_stack_slots_dynptr). */
	for (i = 1; i < func->stack_bytes / REG_SLOT_BYTES; i++)
		if (func->stack[i].spilled.ref_obj_id == ref && !slot_is_dynptr(&func->stack[i]))
			return reject(env, -EFAULT, "verifier bug: misconfigured ref_obj_id\n");
	clear_slots(env, func, (uint32_t)spi);
	return 0;
}

/* --- birth --------------------------------------------------------------------------------------------------- */

static int take_slots(struct verifier_env *env, const struct reg_state *reg, uint32_t arg_type)
{
	struct func_state *func = reg_func(env, reg);
	uint32_t type = type_of_arg(arg_type), id, i;
	int spi = get_spi(env, reg), ref = 0;

	if (spi < 0)
		return spi;
	if (type == DYNPTR_INVALID)
		return -EINVAL;
	id = ++env->id_gen;
	if (type == DYNPTR_RINGBUF) {
		ref = ref_acquire(env, env->insn_idx);
		if (ref < 0)
			return ref;
	}
	for (i = (uint32_t)spi - 1; i <= (uint32_t)spi; i++) {
		memset(func->stack[i].type, STACK_DYNPTR, REG_SLOT_BYTES);
		set_reg(&func->stack[i].spilled, type, i == (uint32_t)spi, id);
		func->stack[i].spilled.ref_obj_id = (uint32_t)ref;
	}
	liveness_stack_write(env, func->frameno, slot_mask((uint32_t)spi));
	return 0;
}

/* Writing first makes room on the stack, and destroys the dynptrs that lie there. */
static int construct(struct verifier_env *env, uint32_t regno, uint32_t arg_type)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	struct mem_access a = { .regno = regno, .bpf_size = BPF_DW, .type = BPF_WRITE,
				.value_regno = -1 };
	int spi = reg->type == PTR_TO_STACK ? get_spi(env, reg) : -EINVAL, err;

	if (spi < 0 && spi != -ERANGE)
		return reject(env, -EINVAL, "Dynptr has to be an uninitialized dynptr\n");
	for (a.off = 0; a.off < DYNPTR_SLOTS * REG_SLOT_BYTES; a.off += REG_SLOT_BYTES) {
		err = mem_check(env, &a);
		if (err)
			return err;
	}
	return take_slots(env, reg, arg_type);
}

/* --- use ------------------------------------------------------------------------------------------------------- */

/* The dynptr a register points to, or NULL. */
static const struct reg_state *initialized(struct verifier_env *env, const struct reg_state *reg)
{
	const struct stack_slot *slot;
	int spi;

	if (reg->type == CONST_PTR_TO_DYNPTR)
		return reg;
	spi = get_spi(env, reg);
	if (spi < 0)
		return NULL;
	slot = &reg_func(env, reg)->stack[spi];
	if (!slot_is_dynptr(slot) || !slot->spilled.dynptr.first_slot)
		return NULL;
	assert(slot_is_dynptr(slot - 1));
	return &slot->spilled;
}

static int mark_read(struct verifier_env *env, const struct reg_state *reg)
{
	uint32_t spi;

	if (reg->type == CONST_PTR_TO_DYNPTR)
		return 0;
	spi = (uint32_t)get_spi(env, reg);
	scratch_slot(env, spi);
	scratch_slot(env, spi - 1);
	return liveness_stack_read(env, reg->frameno, env->insn_idx, slot_mask(spi));
}

int dynptr_check_arg(struct verifier_env *env, uint32_t regno, uint32_t arg_type)
{
	const struct reg_state *reg = &cur_regs(env)[regno], *dynptr;

	if (reg->type != PTR_TO_STACK && reg->type != CONST_PTR_TO_DYNPTR)
		return reject(env, -EINVAL,
			      "arg#%u expected pointer to stack or const struct bpf_dynptr\n",
			      regno - 1);
	if (arg_type & MEM_UNINIT)
		return construct(env, regno, arg_type);
	if (reg->type == CONST_PTR_TO_DYNPTR && !(arg_type & MEM_RDONLY))
		return reject(env, -EINVAL,
			      "cannot pass pointer to const bpf_dynptr, the helper mutates it\n");
	dynptr = initialized(env, reg);
	if (!dynptr)
		return reject(env, -EINVAL, "Expected an initialized dynptr as arg #%u\n",
			      regno - 1);
	if (arg_type & ~(uint32_t)MEM_RDONLY & ~TYPE_BASE_MASK &&
	    dynptr->dynptr.type != type_of_arg(arg_type))
		return reject(env, -EINVAL, "Expected a dynptr of type %s as arg #%u\n",
			      dynptr_type_name(type_of_arg(arg_type)), regno - 1);
	return mark_read(env, reg);
}

void dynptr_note(struct verifier_env *env, uint32_t regno, struct call_meta *meta)
{
	const struct reg_state *dynptr = initialized(env, &cur_regs(env)[regno]);

	assert(dynptr); /* dynptr_check_arg() took it */
	meta->dynptr_id = dynptr->id;
	meta->ref_obj_id = dynptr->ref_obj_id;
}
