/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of helpers: is the register what the prototype asks for? */
#include <errno.h>
#include <string.h>

#include "btf/fields.h"
#include "verifier/backtrack.h"
#include "verifier/call.h"
#include "verifier/dynptr.h"
#include "verifier/env.h"
#include "verifier/jump.h"
#include "verifier/mem.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/state.h"

#define REG_TYPES_MAX 11

/* Register types an argument type takes, in the order messages list them; ends with NOT_INIT. */
#define MEM_TYPES                                                                                  \
	{ PTR_TO_STACK, PTR_TO_PACKET, PTR_TO_PACKET_META, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE,       \
	  PTR_TO_MEM, PTR_TO_MEM | MEM_RINGBUF, PTR_TO_BUF, PTR_TO_BTF_ID | PTR_TRUSTED }

static const uint32_t arg_reg_types[__BPF_ARG_TYPE_MAX][REG_TYPES_MAX] = {
	[ARG_PTR_TO_MAP_KEY] = MEM_TYPES,
	[ARG_PTR_TO_MAP_VALUE] = MEM_TYPES,
	[ARG_CONST_SIZE] = { SCALAR_VALUE },
	[ARG_CONST_SIZE_OR_ZERO] = { SCALAR_VALUE },
	[ARG_CONST_ALLOC_SIZE_OR_ZERO] = { SCALAR_VALUE },
	[ARG_CONST_MAP_PTR] = { CONST_PTR_TO_MAP },
	[ARG_PTR_TO_CTX] = { PTR_TO_CTX },
	[ARG_PTR_TO_SOCK_COMMON] = { PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK,
				     PTR_TO_XDP_SOCK },
	[ARG_PTR_TO_SOCKET] = { PTR_TO_SOCKET },
	[ARG_PTR_TO_BTF_ID_SOCK_COMMON] = { PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK,
					    PTR_TO_XDP_SOCK },
	[ARG_PTR_TO_SPIN_LOCK] = { PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC },
	[ARG_PTR_TO_MEM] = MEM_TYPES,
	[ARG_PTR_TO_RINGBUF_MEM] = { PTR_TO_MEM | MEM_RINGBUF },
	[ARG_PTR_TO_FUNC] = { PTR_TO_FUNC },
	[ARG_PTR_TO_STACK] = { PTR_TO_STACK },
	[ARG_PTR_TO_CONST_STR] = { PTR_TO_MAP_VALUE },
	[ARG_PTR_TO_TIMER] = { PTR_TO_MAP_VALUE },
	[ARG_KPTR_XCHG_DEST] = { PTR_TO_MAP_VALUE },
	[ARG_PTR_TO_DYNPTR] = { PTR_TO_STACK, CONST_PTR_TO_DYNPTR },
};

bool arg_is_dynptr(uint32_t arg_type)
{
	return type_base(arg_type) == ARG_PTR_TO_DYNPTR;
}

static int check_reg_type(struct verifier_env *env, uint32_t regno, uint32_t arg_type)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	const uint32_t *types = arg_reg_types[type_base(arg_type)];
	uint32_t type = reg->type;
	int i, n;

	if (types[0] == NOT_INIT)
		return reject(env, -EFAULT,
			      "argument type %u of a helper is not supported by this engine\n",
			      type_base(arg_type));
	if (arg_type & MEM_RDONLY)
		type &= ~(uint32_t)MEM_RDONLY;
	if (arg_type & PTR_MAYBE_NULL)
		type &= ~(uint32_t)PTR_MAYBE_NULL;
	for (n = 0; n < REG_TYPES_MAX && types[n] != NOT_INIT; n++)
		if (type == types[n])
			return 0;
	verbose(env, "R%u type=%s expected=", regno, reg_type_str(env, reg->type));
	for (i = 0; i + 1 < n; i++)
		verbose(env, "%s, ", reg_type_str(env, types[i]));
	return reject(env, -EACCES, "%s\n", reg_type_str(env, types[i]));
}

int arg_check_reg_off(struct verifier_env *env, const struct reg_state *reg, uint32_t regno,
		      uint32_t arg_type)
{
	if (arg_type & OBJ_RELEASE) {
		/* what is released is not the stack itself, but what the dynptr there points to */
		if (arg_is_dynptr(arg_type) && reg->type == PTR_TO_STACK)
			return 0;
		if (reg->off)
			return reject(env, -EINVAL,
				      "R%u must have zero offset when passed to release func or trusted arg to kfunc\n",
				      regno);
		return ptr_check_off(env, reg, regno, false);
	}
	switch (reg->type) {
	case PTR_TO_STACK:
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
	case PTR_TO_MAP_KEY:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MEM:
	case PTR_TO_MEM | MEM_RDONLY:
	case PTR_TO_MEM | MEM_RINGBUF:
	case PTR_TO_BUF:
	case PTR_TO_BUF | MEM_RDONLY:
	case SCALAR_VALUE:
		return 0;
	default:
		return ptr_check_off(env, reg, regno, false);
	}
}

/* A size argument: the region before it must hold as much as it may say. */
static int check_size(struct verifier_env *env, uint32_t regno, uint32_t mem_arg_type,
		      bool zero_ok, struct call_meta *meta)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	enum bpf_access_type type = mem_arg_type & (MEM_WRITE | MEM_UNINIT) ? BPF_WRITE : BPF_READ;
	struct call_meta *m = meta;
	int err;

	meta->msize_max = reg->s.umax;
	if (!scalar_is_const(&reg->s))
		m = NULL; /* how much is written is not known: all of it must be set before */
	if (reg->s.smin < 0)
		return reject(env, -EACCES,
			      "R%u min value is negative, either use unsigned or 'var &= const'\n",
			      regno);
	if (reg->s.umin == 0 && !zero_ok)
		return reject(env, -EACCES, "R%u invalid zero-sized read: u64=[%lld,%lld]\n",
			      regno, (long long)reg->s.umin, (long long)reg->s.umax);
	if (reg->s.umax >= VAR_SIZE_MAX)
		return reject(env, -EACCES,
			      "R%u unbounded memory access, use 'var &= const' or 'if (var < const)'\n",
			      regno);
	err = mem_check_helper(env, regno - 1, (int)reg->s.umax, type, zero_ok, m);
	return err ? err : precise_mark_reg(env, regno);
}

int arg_check_mem_reg(struct verifier_env *env, struct reg_state *reg, uint32_t regno,
		      uint32_t mem_size)
{
	struct reg_state saved = *reg;
	bool may_be_null = type_may_be_null(reg->type);
	int err;

	if (reg_is_null(reg)) /* pruning must not take another number for it */
		return precise_mark_reg(env, regno);
	if (mem_size > INT32_MAX)
		return -EACCES;
	if (may_be_null)
		reg_mark_not_null(reg);
	err = mem_check_helper(env, regno, (int)mem_size, BPF_READ, true, NULL);
	if (!err)
		err = mem_check_helper(env, regno, (int)mem_size, BPF_WRITE, true, NULL);
	if (may_be_null)
		*reg = saved;
	return err;
}

/* --- the key of an array lookup, when it is a constant on the stack --------------------------------- */

static int const_key(struct verifier_env *env, const struct reg_state *key, uint32_t key_size,
		     struct call_meta *meta)
{
	struct func_state *func;
	struct stack_slot *slot;
	uint32_t zeros = 0, spills = 0;
	int byte, i;

	if (!env->bpf_capable || key->type != PTR_TO_STACK || !scalar_is_const(&key->s))
		return 0;
	func = reg_func(env, key);
	byte = -(key->off + (int)key->s.var_off.value) - 1;
	slot = &func->stack[byte / REG_SLOT_BYTES];
	for (i = byte % REG_SLOT_BYTES; i >= 0 && slot->type[i] == STACK_ZERO; i--)
		zeros++;
	if (zeros >= key_size) {
		meta->key_known = true;
		meta->map_key = 0;
		return 0;
	}
	if (!slot_is_scalar(slot))
		return 0;
	for (i = byte % REG_SLOT_BYTES; i >= 0 && slot->type[i] == STACK_SPILL; i--)
		spills++;
	if (spills != key_size || !scalar_is_const(&slot->spilled.s))
		return 0;
	bt_set_slot(env, key->frameno, byte / REG_SLOT_BYTES);
	meta->key_known = true;
	meta->map_key = slot->spilled.s.var_off.value;
	return precise_mark_batch(env);
}

static int check_map_key(struct verifier_env *env, uint32_t regno, struct call_meta *meta)
{
	int err;

	if (!meta->map)
		return reject(env, -EACCES, "invalid map_ptr to access map->key\n");
	err = mem_check_helper(env, regno, (int)meta->map->key_size, BPF_READ, false, NULL);
	if (err || (meta->map->type != BPF_MAP_TYPE_ARRAY &&
		    meta->map->type != BPF_MAP_TYPE_PERCPU_ARRAY))
		return err;
	return const_key(env, &cur_regs(env)[regno], meta->map->key_size, meta);
}

/* --- spin locks ---------------------------------------------------------------------------------------- */

static bool holds_lock(const struct verifier_state *st, uint32_t id, const void *ptr)
{
	uint32_t i;

	for (i = 0; i < st->ref_cnt; i++)
		if (st->refs[i].type == REF_TYPE_LOCK && st->refs[i].id == id &&
		    st->refs[i].ptr == ptr)
			return true;
	return false;
}

static int check_lock_place(struct verifier_env *env, const struct reg_state *reg, uint32_t regno)
{
	const struct btf_record *rec = reg->map->record;
	int64_t at = (int64_t)reg->s.var_off.value + reg->off;

	if (!scalar_is_const(&reg->s))
		return reject(env, -EINVAL,
			      "R%u doesn't have constant offset. bpf_spin_lock has to be at the constant offset\n",
			      regno);
	if (!reg->map->btf)
		return reject(env, -EINVAL,
			      "map '%s' has to have BTF in order to use bpf_spin_lock\n",
			      reg->map->name);
	if (!rec || !(rec->field_mask & BPF_SPIN_LOCK))
		return reject(env, -EINVAL, "map '%s' has no valid bpf_spin_lock\n",
			      reg->map->name);
	if (rec->spin_lock_off != at)
		return reject(env, -EINVAL,
			      "off %lld doesn't point to 'struct bpf_spin_lock' that is at %d\n",
			      (long long)at, rec->spin_lock_off);
	return 0;
}

static int check_spin_lock(struct verifier_env *env, uint32_t regno, bool lock)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	struct verifier_state *st = env->cur_state;
	int err = check_lock_place(env, reg, regno);

	if (err)
		return err;
	if (lock) {
		if (st->active_locks)
			return reject(env, -EINVAL, "Locking two bpf_spin_locks are not allowed\n");
		return ref_acquire_lock(env, env->insn_idx, reg->id, reg->map);
	}
	if (!st->active_locks)
		return reject(env, -EINVAL, "bpf_spin_unlock without taking a lock\n");
	if (!holds_lock(st, reg->id, reg->map))
		return reject(env, -EINVAL, "bpf_spin_unlock of different lock\n");
	if (reg->id != st->active_lock_id || reg->map != st->active_lock_ptr)
		return reject(env, -EINVAL, "bpf_spin_unlock cannot be out of order\n");
	return ref_release_lock(env, reg->id, reg->map);
}

/* --- timers -------------------------------------------------------------------------------------------- */

static int check_timer(struct verifier_env *env, uint32_t regno, struct call_meta *meta)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	const struct map *map = reg->map;
	int64_t at = (int64_t)reg->s.var_off.value + reg->off;

	if (!scalar_is_const(&reg->s))
		return reject(env, -EINVAL,
			      "R%u doesn't have constant offset. bpf_timer has to be at the constant offset\n",
			      regno);
	if (!map->btf)
		return reject(env, -EINVAL, "map '%s' has to have BTF in order to use bpf_timer\n",
			      map->name);
	if (!map->record || !(map->record->field_mask & BPF_TIMER))
		return reject(env, -EINVAL, "map '%s' has no valid bpf_timer\n", map->name);
	if (map->record->timer_off != at)
		return reject(env, -EINVAL,
			      "off %lld doesn't point to 'struct bpf_timer' that is at %d\n",
			      (long long)at, map->record->timer_off);
	if (meta->map)
		return reject(env, -EFAULT, "verifier bug: Two map pointers in a timer helper\n");
	meta->map = reg->map;
	meta->map_uid = reg->map_uid;
	return 0;
}

/* --- constant strings ---------------------------------------------------------------------------------- */

static int check_const_str(struct verifier_env *env, uint32_t regno)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	struct map *map = reg->map;
	uint32_t off;
	uint64_t addr;
	int err;

	if (!(map->flags & BPF_F_RDONLY_PROG) || !atomic_load(&map->frozen) ||
	    atomic_load(&map->writers))
		return reject(env, -EACCES, "R%u does not point to a readonly map'\n", regno);
	if (!scalar_is_const(&reg->s))
		return reject(env, -EACCES, "R%u is not a constant address'\n", regno);
	if (!map->ops->direct_value_addr)
		return reject(env, -EACCES,
			      "no direct value access support for this map type\n");
	err = mem_check_map(env, regno, reg->off, (int)map->value_size - reg->off, false, true);
	if (err)
		return err;
	off = reg->off + (uint32_t)reg->s.var_off.value;
	err = map->ops->direct_value_addr(map, &addr, off);
	if (err)
		return reject(env, err, "direct value access on string failed\n");
	if (!memchr((const void *)(uintptr_t)addr, 0, map->value_size - off))
		return reject(env, -EINVAL, "string is not zero-terminated\n");
	return 0;
}

/* --- one argument ---------------------------------------------------------------------------------------- */

static int check_map_ptr(struct verifier_env *env, const struct reg_state *reg,
			 struct call_meta *meta)
{
	if (meta->map && (meta->map != reg->map || meta->map_uid != reg->map_uid))
		return reject(env, -EINVAL,
			      "timer pointer in R1 map_uid=%u doesn't match map pointer in R2 map_uid=%u\n",
			      meta->map_uid, reg->map_uid);
	meta->map = reg->map;
	meta->map_uid = reg->map_uid;
	return 0;
}

static int check_alloc_size(struct verifier_env *env, uint32_t regno, struct call_meta *meta)
{
	const struct reg_state *reg = &cur_regs(env)[regno];

	if (!scalar_is_const(&reg->s))
		return reject(env, -EACCES, "R%u is not a known constant'\n", regno);
	meta->mem_size = (uint32_t)reg->s.var_off.value;
	/* sizes that do not fit would alias small ones; bpf_dynptr_data cuts them in the same way */
	if (reg->s.var_off.value > INT32_MAX && meta->fn->id != BPF_FUNC_dynptr_data)
		return reject(env, -EACCES, "R%u size %llu is too large\n", regno,
			      (unsigned long long)reg->s.var_off.value);
	return precise_mark_reg(env, regno);
}

static int check_mem(struct verifier_env *env, uint32_t arg, uint32_t arg_type,
		     struct call_meta *meta)
{
	enum bpf_access_type type = arg_type & (MEM_WRITE | MEM_UNINIT) ? BPF_WRITE : BPF_READ;
	uint32_t size = meta->fn->arg_size[arg];
	const struct reg_state *reg = &cur_regs(env)[BPF_REG_1 + arg];
	int err;

	meta->raw_mode = arg_type & MEM_UNINIT;
	if (!(arg_type & MEM_FIXED_SIZE))
		return 0; /* checked with the size that follows */
	err = mem_check_helper(env, BPF_REG_1 + arg, (int)size, type, false, meta);
	if (err || !(arg_type & MEM_ALIGNED))
		return err;
	return mem_check_aligned(env, reg, (int)size);
}

static int check_by_kind(struct verifier_env *env, uint32_t arg, uint32_t arg_type,
			 struct call_meta *meta)
{
	uint32_t regno = BPF_REG_1 + arg;
	struct reg_state *reg = &cur_regs(env)[regno];

	switch (type_base(arg_type)) {
	case ARG_CONST_MAP_PTR:
		return check_map_ptr(env, reg, meta);
	case ARG_PTR_TO_MAP_KEY:
		return check_map_key(env, regno, meta);
	case ARG_PTR_TO_MAP_VALUE:
		if (type_may_be_null(arg_type) && reg_is_null(reg))
			return 0;
		if (!meta->map)
			return reject(env, -EACCES, "invalid map_ptr to access map->value\n");
		meta->raw_mode = arg_type & MEM_UNINIT;
		return mem_check_helper(env, regno, (int)meta->map->value_size,
					arg_type & (MEM_WRITE | MEM_UNINIT) ? BPF_WRITE : BPF_READ, false, meta);
	case ARG_PTR_TO_SPIN_LOCK:
		return check_spin_lock(env, regno, meta->fn->id == BPF_FUNC_spin_lock);
	case ARG_PTR_TO_TIMER:
		return check_timer(env, regno, meta);
	case ARG_PTR_TO_FUNC:
		meta->subprogno = reg->subprogno;
		return 0;
	case ARG_PTR_TO_MEM:
		return check_mem(env, arg, arg_type, meta);
	case ARG_CONST_SIZE:
	case ARG_CONST_SIZE_OR_ZERO:
		if (!arg)
			return reject(env, -EFAULT, "verifier bug: size without memory\n");
		return check_size(env, regno, meta->fn->arg_type[arg - 1],
				  type_base(arg_type) == ARG_CONST_SIZE_OR_ZERO, meta);
	case ARG_CONST_ALLOC_SIZE_OR_ZERO:
		return check_alloc_size(env, regno, meta);
	case ARG_PTR_TO_CONST_STR:
		return check_const_str(env, regno);
	case ARG_PTR_TO_DYNPTR:
		return dynptr_check_arg(env, regno, arg_type);
	case ARG_PTR_TO_CTX:
	case ARG_PTR_TO_STACK:
	case ARG_PTR_TO_RINGBUF_MEM:
	case ARG_PTR_TO_SOCKET:
	case ARG_PTR_TO_SOCK_COMMON:
	case ARG_PTR_TO_BTF_ID_SOCK_COMMON:
		return 0;
	default:
		return reject(env, -EINVAL,
			      "helper %s: argument kind %u is not supported by this engine\n",
			      meta->fn->name, type_base(arg_type));
	}
}

static int check_release(struct verifier_env *env, const struct reg_state *reg, uint32_t regno,
			 uint32_t arg_type, struct call_meta *meta)
{
	int err;

	if (arg_type & OBJ_RELEASE) {
		if (arg_is_dynptr(arg_type)) {
			err = dynptr_check_release(env, reg, regno);
			if (err)
				return err;
		} else if (!reg->ref_obj_id && !reg_is_null(reg))
			return reject(env, -EINVAL,
				      "R%u must be referenced when passed to release function\n",
				      regno);
		if (meta->release_regno)
			return reject(env, -EFAULT, "more than one release argument\n");
		meta->release_regno = regno;
	}
	if (reg->ref_obj_id) {
		if (meta->ref_obj_id)
			return reject(env, -EFAULT,
				      "more than one arg with ref_obj_id R%u %u %u\n", regno,
				      reg->ref_obj_id, meta->ref_obj_id);
		meta->ref_obj_id = reg->ref_obj_id;
	}
	return 0;
}

/*
 * Must another path's number, which pruning would take for this NULL, be NULL too? Not where a size of
 * 0 follows, which is marked precise. It must where a callback gets it: what the callback does with
 * it is not traced back into the caller.
 */
static bool null_matters(const struct helper_proto *fn, uint32_t arg)
{
	uint32_t next = arg + 1 < HELPER_ARGS_MAX ? type_base(fn->arg_type[arg + 1]) : ARG_DONTCARE;

	return next != ARG_CONST_SIZE && next != ARG_CONST_SIZE_OR_ZERO;
}

int arg_check(struct verifier_env *env, uint32_t arg, struct call_meta *meta)
{
	uint32_t regno = BPF_REG_1 + arg, arg_type = meta->fn->arg_type[arg];
	struct reg_state *reg = &cur_regs(env)[regno];
	int err;

	if (arg_type == ARG_DONTCARE)
		return 0;
	err = reg_check(env, regno, REG_READ);
	if (err)
		return err;
	if (arg_type == ARG_ANYTHING) {
		if (reg_is_pointer(env, regno))
			return reject(env, -EACCES, "R%u leaks addr into helper function\n",
				      regno);
		return 0;
	}
	if (type_is_pkt(reg->type) && !mem_pkt_allowed(env, meta, BPF_READ))
		return reject(env, -EACCES, "helper access to the packet is not allowed\n");
	if (reg_is_null(reg) && type_may_be_null(arg_type)) {
		err = null_matters(meta->fn, arg) ? precise_mark_reg(env, regno) : 0;
	} else {
		err = check_reg_type(env, regno, arg_type);
		if (!err)
			err = arg_check_reg_off(env, reg, regno, arg_type);
	}
	if (!err)
		err = check_release(env, reg, regno, arg_type, meta);
	return err ? err : check_by_kind(env, arg, arg_type, meta);
}
