/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/stack.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "verifier/backtrack.h"
#include "verifier/call.h"
#include "verifier/dynptr.h"
#include "verifier/env.h"
#include "verifier/liveness.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/state.h"

bool reg_is_spillable(uint32_t type)
{
	switch (type_base(type)) {
	case PTR_TO_MAP_VALUE:
	case PTR_TO_STACK:
	case PTR_TO_CTX:
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET_END:
	case PTR_TO_FLOW_KEYS:
	case CONST_PTR_TO_MAP:
	case PTR_TO_SOCKET:
	case PTR_TO_SOCK_COMMON:
	case PTR_TO_TCP_SOCK:
	case PTR_TO_XDP_SOCK:
	case PTR_TO_BTF_ID:
	case PTR_TO_BUF:
	case PTR_TO_MEM:
	case PTR_TO_FUNC:
	case PTR_TO_MAP_KEY:
		return true;
	default:
		return false;
	}
}

void scalar_assign_id(struct verifier_env *env, struct reg_state *src)
{
	if (src->type != SCALAR_VALUE)
		return;
	if (src->id & ID_ADD_CONST) {
		src->id = 0;
		src->off = 0;
	}
	if (!src->id && !scalar_is_const(&src->s))
		src->id = ++env->id_gen;
}

static const char *tnum_text(struct verifier_env *env, const struct reg_state *reg, char buf[64])
{
	(void)env;
	format_tnum(buf, 64, reg->s.var_off.value, reg->s.var_off.mask);
	return buf;
}

static int slot_in_bounds(const struct verifier_env *env, int64_t off,
			  const struct func_state *func, enum bpf_access_type type)
{
	int64_t min = -VERIFIER_STACK_BYTES;

	if (type != BPF_WRITE && !env->allow_uninit_stack)
		min = -(int64_t)func->stack_bytes;
	return off < min || off > -1 ? -EACCES : 0;
}

int stack_check_bounds(struct verifier_env *env, uint32_t regno, int off, int size,
		       enum bpf_access_type type)
{
	struct reg_state *reg = &cur_regs(env)[regno];
	struct func_state *func = reg_func(env, reg);
	const char *how = type == BPF_READ ? " read from" : " write to";
	int64_t min_off, max_off;
	char tn[64];
	int err;

	if (scalar_is_const(&reg->s)) {
		min_off = (int64_t)reg->s.var_off.value + off;
		max_off = min_off + size;
	} else {
		if (reg->s.smax >= VAR_OFF_MAX || reg->s.smin <= -VAR_OFF_MAX)
			return reject(env, -EACCES,
				      "invalid unbounded variable-offset%s stack R%u\n", how,
				      regno);
		min_off = reg->s.smin + off;
		max_off = reg->s.smax + off + size;
	}
	err = slot_in_bounds(env, min_off, func, type);
	if (!err && max_off > 0)
		err = -EINVAL;
	if (!err && size < 0)
		err = -EFAULT;
	if (!err)
		return func_grow_stack(env, func, -min_off);
	if (scalar_is_const(&reg->s))
		return reject(env, err, "invalid%s stack R%u off=%d size=%d\n", how, regno, off,
			      size);
	return reject(env, err, "invalid variable-offset%s stack R%u var_off=%s off=%d size=%d\n",
		      how, regno, tnum_text(env, reg, tn), off, size);
}

static void scrub_byte(uint8_t *type)
{
	if (*type != STACK_INVALID)
		*type = STACK_MISC;
}

static void save_reg(struct func_state *func, uint32_t spi, const struct reg_state *reg, int size)
{
	struct stack_slot *slot = &func->stack[spi];
	int i;

	slot->spilled = *reg;
	for (i = REG_SLOT_BYTES; i > REG_SLOT_BYTES - size; i--)
		slot->type[i - 1] = STACK_SPILL;
	for (; i; i--)
		if (slot->type[i - 1] != STACK_ZERO && slot->type[i - 1] != STACK_INVALID)
			slot->type[i - 1] = STACK_MISC;
}

static bool is_st_mem(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ST && BPF_MODE(insn->code) == BPF_MEM;
}

/* A store through speculation might miss: unprivileged programs get a barrier after it. */
static void note_spec_v4(struct verifier_env *env, const struct stack_slot *slot,
			 const struct reg_state *reg, int size, uint32_t insn_idx)
{
	bool sanitize = reg && reg_is_spillable(reg->type);
	int i;

	if (env->bypass_spec_v4)
		return;
	for (i = 0; i < size; i++)
		sanitize |= slot->type[i] != STACK_MISC && slot->type[i] != STACK_ZERO;
	if (sanitize)
		env->aux[insn_idx].nospec_result = true;
}

/* A number goes to an aligned place: it is kept as a spilled register. */
static void write_scalar(struct verifier_env *env, struct func_state *func, uint32_t spi,
			 struct reg_state *reg, int size)
{
	bool fits = fls_u64(reg->s.umax) <= 8u * size;

	if (fits)
		scalar_assign_id(env, reg);
	save_reg(func, spi, reg, size);
	if (!fits)
		func->stack[spi].spilled.id = 0;
}

/* Plain bytes. */
static int write_bytes(struct verifier_env *env, struct func_state *func, int off, int size,
		       int value_regno, bool zero)
{
	int slot = -off - 1, i, err;
	struct stack_slot *s = &func->stack[slot / REG_SLOT_BYTES];
	bool was_spill = slot_is_spill(s);

	s->spilled.type = NOT_INIT;
	for (i = 0; was_spill && i < REG_SLOT_BYTES; i++)
		scrub_byte(&s->type[i]);
	if (zero && value_regno >= 0) {
		err = precise_mark_reg(env, value_regno);
		if (err)
			return err;
	}
	for (i = 0; i < size; i++)
		s->type[(slot - i) % REG_SLOT_BYTES] = zero ? STACK_ZERO : STACK_MISC;
	return 0;
}

static int write_fixed(struct verifier_env *env, struct func_state *func, int off, int size,
		       int value_regno, uint32_t insn_idx)
{
	const struct bpf_insn *insn = &env->insns[insn_idx];
	uint32_t spi = (-off - 1) / REG_SLOT_BYTES;
	struct stack_slot *slot = &func->stack[spi];
	struct reg_state *reg = value_regno >= 0 ? &cur_regs(env)[value_regno] : NULL;
	bool aligned = !(off % REG_SLOT_BYTES), zero;
	int err;

	if (!env->allow_ptr_leaks && slot_is_spill(slot) && !slot_is_scalar(slot) &&
	    size != REG_SLOT_BYTES)
		return reject(env, -EACCES, "attempt to corrupt spilled pointer on stack\n");
	note_spec_v4(env, slot, reg, size, insn_idx);
	err = dynptr_destroy(env, func, spi);
	if (err)
		return err;
	if (aligned && size == REG_SLOT_BYTES)
		liveness_stack_write(env, func->frameno, BIT64(spi));
	scratch_slot(env, spi);
	if (reg && aligned && reg->type == SCALAR_VALUE && env->bpf_capable) {
		write_scalar(env, func, spi, reg, size);
	} else if (!reg && aligned && is_st_mem(insn) && env->bpf_capable) {
		struct reg_state *tmp = &env->fake_reg[0];

		memset(tmp, 0, sizeof(*tmp));
		reg_set_ptr(tmp, SCALAR_VALUE);
		tmp->s = scalar_const((int64_t)insn->imm);
		save_reg(func, spi, tmp, size);
	} else if (reg && reg_is_spillable(reg->type)) {
		if (size != REG_SLOT_BYTES) {
			print_linfo(env, insn_idx, "; ");
			return reject(env, -EACCES, "invalid size of register spill\n");
		}
		if (func != cur_func(env) && reg->type == PTR_TO_STACK)
			return reject(env, -EINVAL,
				      "cannot spill pointers to stack into stack frame of the caller\n");
		save_reg(func, spi, reg, size);
	} else {
		zero = reg ? reg_is_null(reg) : is_st_mem(insn) && insn->imm == 0;
		return write_bytes(env, func, off, size, value_regno, zero);
	}
	return hist_push(env, env->cur_state, stack_access_flags(func->frameno, spi), 0);
}

/* One byte that a store at a variable offset may or may not hit. */
static int write_var_byte(struct verifier_env *env, struct func_state *func, int off,
			  bool writing_zero, bool *zero_used)
{
	int byte = -off - 1, spi = byte / REG_SLOT_BYTES;
	struct stack_slot *slot = &func->stack[spi];
	uint8_t *type = &slot->type[byte % REG_SLOT_BYTES];
	bool keep_zero;

	scratch_slot(env, spi);
	if (!env->allow_ptr_leaks && *type != STACK_MISC && *type != STACK_ZERO)
		return reject(env, -EINVAL,
			      "spilled ptr in range of var-offset stack write; insn %u, ptr off: %d",
			      env->insn_idx, off);
	if (writing_zero && *type == STACK_SPILL && slot_is_scalar(slot) &&
	    tnum_equals_const(slot->spilled.s.var_off, 0)) {
		*zero_used = true;
		return 0;
	}
	/* a spilled register is gone; its other bytes may still be read as data */
	if (slot_is_spill(slot)) {
		uint8_t own = *type;
		int j;

		for (j = 0; j < REG_SLOT_BYTES; j++)
			scrub_byte(&slot->type[j]);
		if (own == STACK_ZERO)
			*type = STACK_ZERO;
	}
	slot->spilled.type = NOT_INIT;
	keep_zero = writing_zero && *type == STACK_ZERO;
	if (*type == STACK_INVALID && !env->allow_uninit_stack)
		return reject(env, -EINVAL,
			      "uninit stack in range of var-offset write prohibited for !root; insn %u, off: %d",
			      env->insn_idx, off);
	*type = keep_zero ? STACK_ZERO : STACK_MISC;
	*zero_used |= keep_zero;
	return 0;
}

static int write_var(struct verifier_env *env, struct func_state *func, uint32_t ptr_regno,
		     int off, int size, int value_regno)
{
	const struct bpf_insn *insn = &env->insns[env->insn_idx];
	const struct reg_state *ptr = &cur_regs(env)[ptr_regno];
	const struct reg_state *value = value_regno >= 0 ? &cur_regs(env)[value_regno] : NULL;
	int min_off = ptr->s.smin + off, max_off = ptr->s.smax + off + size, i, err;
	bool zero = value ? reg_is_null(value) : is_st_mem(insn) && insn->imm == 0;
	bool zero_used = false;

	for (i = min_off; i < max_off; i++) {
		err = dynptr_destroy(env, func, (uint32_t)(-i - 1) / REG_SLOT_BYTES);
		if (err)
			return err;
	}
	for (i = min_off; i < max_off; i++) {
		err = write_var_byte(env, func, i, zero, &zero_used);
		if (err)
			return err;
	}
	return zero_used && value_regno >= 0 ? precise_mark_reg(env, value_regno) : 0;
}

int stack_write(struct verifier_env *env, uint32_t ptr_regno, int off, int size, int value_regno,
		uint32_t insn_idx)
{
	const struct reg_state *reg = &cur_regs(env)[ptr_regno];
	struct func_state *func = reg_func(env, reg);

	if (scalar_is_const(&reg->s))
		return write_fixed(env, func, off + (int)reg->s.var_off.value, size, value_regno,
				   insn_idx);
	return write_var(env, func, ptr_regno, off, size, value_regno);
}

/* dst gets what plain bytes hold: zero if all of them are. */
static void read_bytes(struct verifier_env *env, const struct func_state *func, int min_off,
		       int max_off, int dst_regno)
{
	bool zero = true;
	int i;

	for (i = min_off; zero && i < max_off; i++) {
		int byte = -i - 1;

		scratch_slot(env, byte / REG_SLOT_BYTES);
		zero = func->stack[byte / REG_SLOT_BYTES].type[byte % REG_SLOT_BYTES] ==
		       STACK_ZERO;
	}
	if (zero)
		reg_set_const_zero(env, &cur_regs(env)[dst_regno]);
	else
		reg_set_unknown(env, &cur_regs(env)[dst_regno]);
}

static int bad_read(struct verifier_env *env, int off, int i, int size)
{
	return reject(env, -EACCES, "invalid read from stack off %d+%d size %d\n", off, i, size);
}

/* Bytes across the edge of a spilled number. *keep_hist: it is still that number. */
static int fill_mixed(struct verifier_env *env, const struct stack_slot *slot, int off, int size,
		      struct reg_state *dst, bool *keep_hist)
{
	int byte = -off - 1, spills = 0, zeros = 0, i;

	for (i = 0; i < size; i++) {
		uint8_t type = slot->type[(byte - i) % REG_SLOT_BYTES];

		spills += type == STACK_SPILL;
		zeros += type == STACK_ZERO;
		if (type == STACK_INVALID && !env->allow_uninit_stack)
			return bad_read(env, off, i, size);
	}
	*keep_hist = spills == size && tnum_equals_const(slot->spilled.s.var_off, 0);
	if (*keep_hist || zeros == size)
		reg_set_const_zero(env, dst);
	else
		reg_set_unknown(env, dst);
	return 0;
}

/* Part of a spilled register, or a register spilled in part. */
static int fill_narrow(struct verifier_env *env, const struct stack_slot *slot, int off, int size,
		       int spill_size, int dst_regno, bool *keep_hist)
{
	struct reg_state *dst;
	int32_t subreg_def;

	if (slot->spilled.type != SCALAR_VALUE) {
		print_linfo(env, env->insn_idx, "; ");
		return reject(env, -EACCES, "invalid size of register fill\n");
	}
	if (dst_regno < 0) {
		*keep_hist = false;
		return 0;
	}
	dst = &cur_regs(env)[dst_regno];
	if (size > spill_size || off % REG_SLOT_BYTES)
		return fill_mixed(env, slot, off, size, dst, keep_hist);
	subreg_def = dst->subreg_def;
	*dst = slot->spilled;
	dst->subreg_def = subreg_def;
	if (fls_u64(dst->s.umax) > 8u * size)
		dst->id = 0;
	return 0;
}

static int fill(struct verifier_env *env, const struct stack_slot *slot, int off, int size,
		int dst_regno, bool *keep_hist)
{
	int spill_size = 1, i;

	for (i = REG_SLOT_BYTES - 1; i > 0 && slot->type[i - 1] == STACK_SPILL; i--)
		spill_size++;
	*keep_hist = true;
	if (size != REG_SLOT_BYTES || spill_size != REG_SLOT_BYTES)
		return fill_narrow(env, slot, off, size, spill_size, dst_regno, keep_hist);
	if (dst_regno >= 0) {
		cur_regs(env)[dst_regno] = slot->spilled;
		return 0;
	}
	if (reg_is_pointer_value(env->allow_ptr_leaks, &slot->spilled))
		return reject(env, -EACCES, "leaking pointer from stack off %d\n", off);
	return 0;
}

/* A byte of no spilled register, as data. */
static bool byte_readable(const struct verifier_env *env, uint8_t type)
{
	return type == STACK_MISC || type == STACK_ZERO ||
	       (type == STACK_INVALID && env->allow_uninit_stack);
}

static int read_fixed(struct verifier_env *env, struct func_state *func, int off, int size,
		      int dst_regno)
{
	int byte = -off - 1, spi = byte / REG_SLOT_BYTES, i, err;
	struct stack_slot *slot = &func->stack[spi];
	bool keep_hist;

	scratch_slot(env, spi);
	err = liveness_stack_read(env, func->frameno, env->insn_idx, BIT64(spi));
	if (err)
		return err;
	if (slot_is_spill(slot)) {
		err = fill(env, slot, off, size, dst_regno, &keep_hist);
		if (err || !keep_hist)
			return err;
		return hist_push(env, env->cur_state, stack_access_flags(func->frameno, spi), 0);
	}
	for (i = 0; i < size; i++)
		if (!byte_readable(env, slot->type[(byte - i) % REG_SLOT_BYTES]))
			return bad_read(env, off, i, size);
	if (dst_regno >= 0)
		read_bytes(env, func, off, off + size, dst_regno);
	return 0;
}

static int read_var(struct verifier_env *env, uint32_t ptr_regno, int off, int size, int dst_regno)
{
	const struct reg_state *reg = &cur_regs(env)[ptr_regno];
	struct func_state *func = reg_func(env, reg);
	int err = stack_check_range(env, ptr_regno, off, size, false, BPF_READ, NULL);

	if (err)
		return err;
	read_bytes(env, func, reg->s.smin + off, reg->s.smax + off + size, dst_regno);
	return 0;
}

int stack_read(struct verifier_env *env, uint32_t ptr_regno, int off, int size, int dst_regno)
{
	const struct reg_state *reg = &cur_regs(env)[ptr_regno];
	char tn[64];

	if (scalar_is_const(&reg->s))
		return read_fixed(env, reg_func(env, reg), off + (int)reg->s.var_off.value, size,
				  dst_regno);
	if (dst_regno < 0)
		return reject(env, -EACCES,
			      "variable offset stack pointer cannot be passed into helper function; var_off=%s off=%d size=%d\n",
			      tnum_text(env, reg, tn), off, size);
	return read_var(env, ptr_regno, off, size, dst_regno);
}

/* One byte given to a helper. false: may not be read. */
static bool range_byte(struct verifier_env *env, struct stack_slot *slot, uint8_t *type,
		       bool clobber)
{
	int j;

	if (*type == STACK_MISC)
		return true;
	if (*type == STACK_ZERO || (*type == STACK_INVALID && env->allow_uninit_stack)) {
		if (clobber)
			*type = STACK_MISC;
		return true;
	}
	if (!slot_is_spill(slot) ||
	    (slot->spilled.type != SCALAR_VALUE && !env->allow_ptr_leaks))
		return false;
	if (clobber) {
		reg_set_unknown(env, &slot->spilled);
		for (j = 0; j < REG_SLOT_BYTES; j++)
			scrub_byte(&slot->type[j]);
	}
	return true;
}

/* A helper may use a dynptr and fill memory: not the memory the dynptr itself lies in. */
static int check_no_dynptr(struct verifier_env *env, const struct func_state *func, int min_off,
			   int max_off)
{
	int i;

	for (i = min_off; i < max_off; i++) {
		uint32_t byte = (uint32_t)(-i - 1);

		if (byte < func->stack_bytes &&
		    func->stack[byte / REG_SLOT_BYTES].type[byte % REG_SLOT_BYTES] == STACK_DYNPTR)
			return reject(env, -EACCES,
				      "potential write to dynptr at off=%d disallowed\n", i);
	}
	return 0;
}

int stack_check_range(struct verifier_env *env, uint32_t regno, int off, int size,
		      bool zero_size_ok, enum bpf_access_type type, struct call_meta *meta)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	struct func_state *func = reg_func(env, reg);
	int min_off, max_off, i, err;
	char tn[64];

	if (size == 0 && !zero_size_ok)
		return reject(env, -EACCES, "invalid zero-sized read\n");
	err = stack_check_bounds(env, regno, off, size, type);
	if (err)
		return err;
	if (scalar_is_const(&reg->s)) {
		min_off = max_off = (int)reg->s.var_off.value + off;
	} else {
		if (!env->bypass_spec_v1)
			return reject(env, -EACCES,
				      "R%u variable offset stack access prohibited for !root, var_off=%s\n",
				      regno, tnum_text(env, reg, tn));
		meta = NULL; /* which bytes the helper fills is not known: all must be set */
		min_off = reg->s.smin + off;
		max_off = reg->s.smax + off;
	}
	if (meta && meta->raw_mode) {
		err = check_no_dynptr(env, func, min_off, max_off + size);
		if (err)
			return err;
		meta->access_size = size;
		meta->regno = regno;
		return 0;
	}
	for (i = min_off; i < max_off + size; i++) {
		int byte = -i - 1, spi = byte / REG_SLOT_BYTES;
		struct stack_slot *slot = &func->stack[spi];

		if (!range_byte(env, slot, &slot->type[byte % REG_SLOT_BYTES],
				type == BPF_WRITE)) {
			if (scalar_is_const(&reg->s))
				return reject(env, -EACCES,
					      "invalid read from stack R%u off %d+%d size %d\n",
					      regno, min_off, i - min_off, size);
			return reject(env, -EACCES,
				      "invalid read from stack R%u var_off %s+%d size %d\n",
				      regno, tnum_text(env, reg, tn), i - min_off, size);
		}
		err = liveness_stack_read(env, func->frameno, env->insn_idx, BIT64(spi));
		if (err)
			return err;
	}
	return 0;
}
