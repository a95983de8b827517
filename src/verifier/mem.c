/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "btf/fields.h"
#include "verifier/call.h"
#include "verifier/env.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/stack.h"

#define ENOTSUPP_KERNEL 524

static int size_bytes(uint8_t bpf_size)
{
	switch (bpf_size) {
	case BPF_DW:
		return 8;
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

/* --- alignment ----------------------------------------------------------------------------------- */

static int check_pkt_alignment(struct verifier_env *env, const struct reg_state *reg, int off,
			       int size)
{
	const int ip_align = 2; /* NET_IP_ALIGN where it matters */
	struct tnum t = tnum_add(reg->s.var_off, tnum_const(ip_align + reg->off + off));
	char tn[64];

	if (tnum_is_aligned(t, size))
		return 0;
	format_tnum(tn, sizeof(tn), reg->s.var_off.value, reg->s.var_off.mask);
	return reject(env, -EACCES, "misaligned packet access off %d+%s+%d+%d size %d\n", ip_align,
		      tn, reg->off, off, size);
}

static int check_alignment(struct verifier_env *env, const struct reg_state *reg, int off,
			   int size, bool strict_once)
{
	static const char *const what[__BPF_REG_TYPE_MAX] = {
		[PTR_TO_FLOW_KEYS] = "flow keys ", [PTR_TO_MAP_KEY] = "key ",
		[PTR_TO_MAP_VALUE] = "value ",	   [PTR_TO_CTX] = "context ",
		[PTR_TO_STACK] = "stack ",	   [PTR_TO_SOCKET] = "sock ",
		[PTR_TO_SOCK_COMMON] = "sock_common ", [PTR_TO_TCP_SOCK] = "tcp_sock ",
		[PTR_TO_XDP_SOCK] = "xdp_sock ",
	};
	/* spills are tracked by slot: stack accesses are always aligned */
	bool strict = env->strict_alignment || strict_once || reg->type == PTR_TO_STACK;
	const char *desc;
	struct tnum t;
	char tn[64];

	if (!strict || size == 1)
		return 0;
	if (type_is_pkt(reg->type) && !type_flags(reg->type))
		return check_pkt_alignment(env, reg, off, size);
	desc = type_flags(reg->type) ? NULL : what[type_base(reg->type)];
	t = tnum_add(reg->s.var_off, tnum_const((int64_t)reg->off + off));
	if (tnum_is_aligned(t, size))
		return 0;
	format_tnum(tn, sizeof(tn), reg->s.var_off.value, reg->s.var_off.mask);
	return reject(env, -EACCES, "misaligned %saccess off %s+%d+%d size %d\n", desc ? desc : "",
		      tn, reg->off, off, size);
}

int mem_check_aligned(struct verifier_env *env, const struct reg_state *reg, int size)
{
	return check_alignment(env, reg, 0, size, true);
}

/* --- regions --------------------------------------------------------------------------------------- */

static int check_fixed(struct verifier_env *env, uint32_t regno, int64_t off, int size,
		       uint32_t mem_size, bool zero_size_ok)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	bool size_ok = size > 0 || (size == 0 && zero_size_ok);
	int o = (int)off;

	if (off >= 0 && size_ok && (uint64_t)off + size <= mem_size)
		return 0;
	switch (reg->type) {
	case PTR_TO_MAP_KEY:
		return reject(env, -EACCES,
			      "invalid access to map key, key_size=%d off=%d size=%d\n",
			      (int)mem_size, o, size);
	case PTR_TO_MAP_VALUE:
		return reject(env, -EACCES,
			      "invalid access to map value, value_size=%d off=%d size=%d\n",
			      (int)mem_size, o, size);
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET_END:
		return reject(env, -EACCES,
			      "invalid access to packet, off=%d size=%d, R%u(id=%d,off=%d,r=%d)\n",
			      o, size, regno, (int)reg->id, o, (int)mem_size);
	default:
		return reject(env, -EACCES,
			      "invalid access to memory, mem_size=%u off=%d size=%d\n", mem_size, o,
			      size);
	}
}

int mem_check_region(struct verifier_env *env, uint32_t regno, int off, int size,
		     uint32_t mem_size, bool zero_size_ok)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	int64_t smin = reg->s.smin;

	if (smin < 0 && (smin == INT64_MIN || off + smin != (int32_t)(off + smin) ||
			 smin + off < 0))
		return reject(env, -EACCES,
			      "R%u min value is negative, either use unsigned index or do a if (index >=0) check.\n",
			      regno);
	if (check_fixed(env, regno, smin + off, size, mem_size, zero_size_ok))
		return reject(env, -EACCES,
			      "R%u min value is outside of the allowed memory range\n", regno);
	if (reg->s.umax >= VAR_OFF_MAX)
		return reject(env, -EACCES,
			      "R%u unbounded memory access, make sure to bounds check any such access\n",
			      regno);
	if (check_fixed(env, regno, (int64_t)reg->s.umax + off, size, mem_size, zero_size_ok))
		return reject(env, -EACCES,
			      "R%u max value is outside of the allowed memory range\n", regno);
	return 0;
}

static int check_map_type(struct verifier_env *env, const struct map *map, int off, int size,
			  enum bpf_access_type type)
{
	if (type == BPF_WRITE && map->flags & BPF_F_RDONLY_PROG)
		return reject(env, -EACCES,
			      "write into map forbidden, value_size=%d off=%d size=%d\n",
			      (int)map->value_size, off, size);
	if (type == BPF_READ && map->flags & BPF_F_WRONLY_PROG)
		return reject(env, -EACCES,
			      "read from map forbidden, value_size=%d off=%d size=%d\n",
			      (int)map->value_size, off, size);
	return 0;
}

int mem_check_map(struct verifier_env *env, uint32_t regno, int off, int size, bool zero_size_ok,
		  bool from_helper)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	const struct btf_record *rec = reg->map->record;
	uint32_t i;
	int err;

	err = mem_check_region(env, regno, off, size, reg->map->value_size, zero_size_ok);
	if (err || !rec)
		return err;
	for (i = 0; i < rec->cnt; i++) {
		const struct btf_field *f = &rec->fields[i];

		if (reg->s.smin + off >= (int64_t)f->offset + f->size ||
		    f->offset >= reg->s.umax + off + size)
			continue;
		if (!(f->type & BPF_KPTR) || from_helper)
			return reject(env, -EACCES, f->type & BPF_KPTR ?
					      "kptr cannot be accessed indirectly by helper\n" :
					      "%s cannot be accessed directly by load/store\n",
				      btf_field_type_name(f->type));
		return reject(env, -EACCES,
			      "kptr access: kptrs are not supported by this engine\n");
	}
	return 0;
}

bool mem_pkt_allowed(struct verifier_env *env, const struct call_meta *meta,
		     enum bpf_access_type type)
{
	if (!env->ops->pkt_access)
		return false;
	if (type == BPF_WRITE && !env->ops->pkt_write)
		return false;
	if (meta)
		return meta->pkt_access;
	env->seen_direct_write = true;
	return true;
}

int mem_check_packet(struct verifier_env *env, uint32_t regno, int off, int size,
		     bool zero_size_ok)
{
	const struct reg_state *reg = &cur_regs(env)[regno];
	int err;

	if (reg->s.smin < 0)
		return reject(env, -EACCES,
			      "R%u min value is negative, either use unsigned index or do a if (index >=0) check.\n",
			      regno);
	err = reg->range < 0 ? -EINVAL :
			       check_fixed(env, regno, off, size, reg->range, zero_size_ok);
	if (err)
		return reject(env, err, "R%u offset is outside of the packet\n", regno);
	return 0;
}

int ptr_check_off(struct verifier_env *env, const struct reg_state *reg, uint32_t regno,
		  bool fixed_off_ok)
{
	char tn[64];

	if (reg->off < 0)
		return reject(env, -EACCES, "negative offset %s ptr R%u off=%d disallowed\n",
			      reg_type_str(env, reg->type), regno, reg->off);
	if (!fixed_off_ok && reg->off)
		return reject(env, -EACCES,
			      "dereference of modified %s ptr R%u off=%d disallowed\n",
			      reg_type_str(env, reg->type), regno, reg->off);
	if (tnum_equals_const(reg->s.var_off, 0))
		return 0;
	format_tnum(tn, sizeof(tn), reg->s.var_off.value, reg->s.var_off.mask);
	return reject(env, -EACCES, "variable %s access var_off=%s disallowed\n",
		      reg_type_str(env, reg->type), tn);
}

/* --- loads and stores ------------------------------------------------------------------------------ */

/* Nobody can change the map any more: its contents are known now. */
static bool map_is_constant(const struct map *map)
{
	return map->flags & BPF_F_RDONLY_PROG && atomic_load(&map->frozen) &&
	       !atomic_load(&map->writers);
}

static int read_constant(const struct map *map, uint32_t off, int size, bool sx, uint64_t *val)
{
	uint64_t addr, v = 0;
	int err = map->ops->direct_value_addr(map, &addr, off);

	if (err)
		return err;
	memcpy(&v, (const void *)(uintptr_t)addr, size);
	if (sx && size < 8) {
		int shift = 64 - 8 * size;

		v = (uint64_t)((int64_t)(v << shift) >> shift);
	}
	*val = v;
	return 0;
}

static int access_map_value(struct verifier_env *env, const struct mem_access *a, int off,
			    int size)
{
	struct reg_state *reg = &cur_regs(env)[a->regno], *dst;
	struct map *map = reg->map;
	uint64_t val;
	int err;

	err = check_map_type(env, map, off, size, a->type);
	if (!err)
		err = mem_check_map(env, a->regno, off, size, false, false);
	if (err || a->type == BPF_WRITE || a->value_regno < 0)
		return err;
	dst = &cur_regs(env)[a->value_regno];
	if (!scalar_is_const(&reg->s) || !map_is_constant(map) || !map->ops->direct_value_addr) {
		reg_set_unknown(env, dst);
		return 0;
	}
	err = read_constant(map, off + (uint32_t)reg->s.var_off.value, size, a->sign_extend, &val);
	if (err)
		return err;
	reg_set_ptr(dst, SCALAR_VALUE);
	dst->s = scalar_const(val);
	return 0;
}

static int access_ctx(struct verifier_env *env, const struct mem_access *a, int off, int size)
{
	struct insn_access info = { .reg_type = SCALAR_VALUE, .is_ldsx = a->sign_extend };
	struct reg_state *reg = &cur_regs(env)[a->regno], *dst;
	uint32_t end;
	int err = ptr_check_off(env, reg, a->regno, false);

	if (err)
		return err;
	if (!env->ops->is_valid_access ||
	    !env->ops->is_valid_access(off, size, a->type, env->prog, &info)) {
		verbose(env, "invalid bpf_context access off=%d size=%d\n", off, size);
		print_linfo(env, env->insn_idx, "; ");
		return -EACCES;
	}
	env->aux[env->insn_idx].ctx_field_size = info.ctx_field_size;
	env->aux[env->insn_idx].is_retval = info.is_retval;
	end = off + size;
	if (env->prog->max_ctx_offset < end)
		env->prog->max_ctx_offset = end;
	if (a->type == BPF_WRITE || a->value_regno < 0)
		return 0;
	dst = &cur_regs(env)[a->value_regno];
	if (info.reg_type == SCALAR_VALUE) {
		reg_set_unknown(env, dst);
		return 0;
	}
	reg_set_known(dst, 0);
	if (type_may_be_null(info.reg_type))
		dst->id = ++env->id_gen;
	dst->subreg_def = SUBREG_DEF_NONE; /* a pointer is never half a register */
	dst->type = info.reg_type;
	return 0;
}

static int access_mem(struct verifier_env *env, const struct mem_access *a, int off, int size)
{
	struct reg_state *reg = &cur_regs(env)[a->regno];
	bool rdonly = reg->type & MEM_RDONLY;
	int err;

	if (type_may_be_null(reg->type))
		return reject(env, -EACCES, "R%u invalid mem access '%s'\n", a->regno,
			      reg_type_str(env, reg->type));
	if (a->type == BPF_WRITE && rdonly)
		return reject(env, -EACCES, "R%u cannot write into %s\n", a->regno,
			      reg_type_str(env, reg->type));
	if (a->type == BPF_WRITE && a->value_regno >= 0 && reg_is_pointer(env, a->value_regno))
		return reject(env, -EACCES, "R%d leaks addr into mem\n", a->value_regno);
	err = mem_check_region(env, a->regno, off, size, reg->mem_size, false);
	if (!err && a->value_regno >= 0 && a->type == BPF_READ)
		reg_set_unknown(env, &cur_regs(env)[a->value_regno]);
	return err;
}

static int access_packet(struct verifier_env *env, const struct mem_access *a, int off, int size)
{
	int err;

	if (a->type == BPF_WRITE && !mem_pkt_allowed(env, NULL, BPF_WRITE))
		return reject(env, -EACCES, "cannot write into packet\n");
	if (a->type == BPF_WRITE && a->value_regno >= 0 && reg_is_pointer(env, a->value_regno))
		return reject(env, -EACCES, "R%d leaks addr into packet\n", a->value_regno);
	err = mem_check_packet(env, a->regno, off, size, false);
	if (!err && a->type == BPF_READ && a->value_regno >= 0)
		reg_set_unknown(env, &cur_regs(env)[a->value_regno]);
	return err;
}

static int access_map_key(struct verifier_env *env, const struct mem_access *a, int off, int size)
{
	struct reg_state *reg = &cur_regs(env)[a->regno];
	int err;

	if (a->type == BPF_WRITE)
		return reject(env, -EACCES, "write to change key R%u not allowed\n", a->regno);
	err = mem_check_region(env, a->regno, off, size, reg->map->key_size, false);
	if (!err && a->value_regno >= 0)
		reg_set_unknown(env, &cur_regs(env)[a->value_regno]);
	return err;
}

static int access_stack(struct verifier_env *env, const struct mem_access *a, int off, int size)
{
	int err = stack_check_bounds(env, a->regno, off, size, a->type);

	if (err)
		return err;
	if (a->type == BPF_READ)
		return stack_read(env, a->regno, off, size, a->value_regno);
	return stack_write(env, a->regno, off, size, a->value_regno, env->insn_idx);
}

/* Pointers the engine can hand out but whose fields it does not model. */
static int access_other(struct verifier_env *env, const struct mem_access *a)
{
	const struct reg_state *reg = &cur_regs(env)[a->regno];
	uint32_t base = type_base(reg->type);

	if (a->type == BPF_WRITE && type_is_sock(reg->type) && !type_may_be_null(reg->type))
		return reject(env, -EACCES, "R%u cannot write into %s\n", a->regno,
			      reg_type_str(env, reg->type));
	verbose(env, "R%u invalid mem access '%s'\n", a->regno, reg_type_str(env, reg->type));
	if (!type_may_be_null(reg->type) &&
	    (type_is_sock(reg->type) || base == PTR_TO_BTF_ID || base == CONST_PTR_TO_MAP ||
	     base == PTR_TO_BUF || base == PTR_TO_TP_BUFFER || base == PTR_TO_FLOW_KEYS))
		verbose(env, "access through '%s' is not supported by this engine\n",
			reg_type_str(env, reg->type));
	return -EACCES;
}

static int access_by_type(struct verifier_env *env, const struct mem_access *a, int off, int size)
{
	const struct reg_state *reg = &cur_regs(env)[a->regno];
	bool leaks = a->type == BPF_WRITE && a->value_regno >= 0 &&
		     reg_is_pointer(env, a->value_regno);

	switch (reg->type) {
	case PTR_TO_MAP_KEY:
		return access_map_key(env, a, off, size);
	case PTR_TO_MAP_VALUE:
		if (leaks)
			return reject(env, -EACCES, "R%d leaks addr into map\n", a->value_regno);
		return access_map_value(env, a, off, size);
	case PTR_TO_CTX:
		if (leaks)
			return reject(env, -EACCES, "R%d leaks addr into ctx\n", a->value_regno);
		return access_ctx(env, a, off, size);
	case PTR_TO_STACK:
		return access_stack(env, a, off, size);
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
		return access_packet(env, a, off, size);
	default:
		if (type_base(reg->type) == PTR_TO_MEM)
			return access_mem(env, a, off, size);
		return access_other(env, a);
	}
}

int mem_check(struct verifier_env *env, const struct mem_access *a)
{
	const struct reg_state *reg = &cur_regs(env)[a->regno];
	int size = size_bytes(a->bpf_size), err;
	struct reg_state *dst;

	err = check_alignment(env, reg, a->off, size, a->strict_align);
	if (err)
		return err;
	err = access_by_type(env, a, a->off + reg->off, size);
	if (err || size == REG_SLOT_BYTES || a->value_regno < 0 || a->type != BPF_READ)
		return err;
	dst = &cur_regs(env)[a->value_regno];
	if (dst->type != SCALAR_VALUE)
		return 0;
	if (a->sign_extend)
		scalar_sext(&dst->s, 8 * size);
	else
		scalar_coerce(&dst->s, size);
	return 0;
}

/* --- instructions ---------------------------------------------------------------------------------- */

static bool type_mismatch_ok(uint32_t type)
{
	switch (type_base(type)) {
	case PTR_TO_CTX:
	case PTR_TO_SOCKET:
	case PTR_TO_SOCK_COMMON:
	case PTR_TO_TCP_SOCK:
	case PTR_TO_XDP_SOCK:
	case PTR_TO_BTF_ID:
	case PTR_TO_ARENA:
		return false;
	default:
		return true;
	}
}

/* One instruction is rewritten one way: all paths must come with the same kind of pointer. */
static int note_ptr_type(struct verifier_env *env, uint32_t type)
{
	uint32_t *prev = &env->aux[env->insn_idx].ptr_type;

	if (*prev == NOT_INIT)
		*prev = type;
	else if (*prev != type && (!type_mismatch_ok(type) || !type_mismatch_ok(*prev)))
		return reject(env, -EINVAL, "same insn cannot be used with different pointers\n");
	else if (*prev != type)
		env->aux[env->insn_idx].ptr_mixed = true;
	return 0;
}

int reg_check_bounds(struct verifier_env *env, struct reg_state *reg, const char *where)
{
	const char *what = scalar_invariant(&reg->s);

	if (!what)
		return 0;
	verbose(env,
		"verifier bug: REG INVARIANTS VIOLATION (%s): %s u64=[0x%" PRIx64 ", 0x%" PRIx64 "] s64=[0x%" PRIx64
		", 0x%" PRIx64 "] u32=[0x%x, 0x%x] s32=[0x%x, 0x%x] var_off=(0x%" PRIx64 ", 0x%" PRIx64
		")\n",
		where, what, reg->s.umin, reg->s.umax, (uint64_t)reg->s.smin,
		(uint64_t)reg->s.smax, reg->s.u32_min, reg->s.u32_max, (uint32_t)reg->s.s32_min,
		(uint32_t)reg->s.s32_max, reg->s.var_off.value, reg->s.var_off.mask);
	if (env->test_reg_invariants)
		return -EFAULT;
	scalar_unbound(&reg->s);
	return 0;
}

static int load(struct verifier_env *env, const struct bpf_insn *insn, bool strict, bool sx,
		const char *where)
{
	struct reg_state *regs = cur_regs(env);
	struct mem_access a = { .regno = insn->src_reg,
				.off = insn->off,
				.bpf_size = BPF_SIZE(insn->code),
				.type = BPF_READ,
				.value_regno = insn->dst_reg,
				.strict_align = strict,
				.sign_extend = sx };
	uint32_t src_type;
	int err;

	err = reg_check(env, insn->src_reg, REG_READ);
	if (!err)
		err = reg_check(env, insn->dst_reg, REG_WRITE_NO_MARK);
	if (err)
		return err;
	src_type = regs[insn->src_reg].type;
	err = mem_check(env, &a);
	if (!err)
		err = note_ptr_type(env, src_type);
	if (!err)
		err = reg_check_bounds(env, &regs[insn->dst_reg], where);
	return err;
}

int mem_check_load(struct verifier_env *env, const struct bpf_insn *insn)
{
	return load(env, insn, false, BPF_MODE(insn->code) == BPF_MEMSX, "ldx");
}

static int store_reg(struct verifier_env *env, const struct bpf_insn *insn, bool strict)
{
	struct mem_access a = { .regno = insn->dst_reg,
				.off = insn->off,
				.bpf_size = BPF_SIZE(insn->code),
				.type = BPF_WRITE,
				.value_regno = insn->src_reg,
				.strict_align = strict };
	uint32_t dst_type;
	int err;

	err = reg_check(env, insn->src_reg, REG_READ);
	if (!err)
		err = reg_check(env, insn->dst_reg, REG_READ);
	if (err)
		return err;
	dst_type = cur_regs(env)[insn->dst_reg].type;
	err = mem_check(env, &a);
	return err ? err : note_ptr_type(env, dst_type);
}

int mem_check_store_reg(struct verifier_env *env, const struct bpf_insn *insn)
{
	if (BPF_MODE(insn->code) != BPF_MEM || insn->imm != 0)
		return reject(env, -EINVAL, "BPF_STX uses reserved fields\n");
	return store_reg(env, insn, false);
}

int mem_check_store_imm(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct mem_access a = { .regno = insn->dst_reg,
				.off = insn->off,
				.bpf_size = BPF_SIZE(insn->code),
				.type = BPF_WRITE,
				.value_regno = -1 };
	uint32_t dst_type;
	int err;

	if (BPF_MODE(insn->code) != BPF_MEM || insn->src_reg != BPF_REG_0)
		return reject(env, -EINVAL, "BPF_ST uses reserved fields\n");
	err = reg_check(env, insn->dst_reg, REG_READ);
	if (err)
		return err;
	dst_type = cur_regs(env)[insn->dst_reg].type;
	err = mem_check(env, &a);
	return err ? err : note_ptr_type(env, dst_type);
}

static bool atomic_ptr_ok(const struct verifier_env *env, const struct reg_state *reg)
{
	(void)env;
	return reg->type != PTR_TO_CTX && !type_is_pkt(reg->type) &&
	       reg->type != PTR_TO_FLOW_KEYS && !type_is_sock(reg->type);
}

static int check_atomic_regs(struct verifier_env *env, const struct bpf_insn *insn)
{
	int err = reg_check(env, insn->src_reg, REG_READ);

	if (!err)
		err = reg_check(env, insn->dst_reg, REG_READ);
	if (err)
		return err;
	if (insn->imm == BPF_CMPXCHG) {
		err = reg_check(env, BPF_REG_0, REG_READ);
		if (err)
			return err;
		if (reg_is_pointer(env, BPF_REG_0))
			return reject(env, -EACCES, "R%d leaks addr into mem\n", BPF_REG_0);
	}
	if (reg_is_pointer(env, insn->src_reg))
		return reject(env, -EACCES, "R%d leaks addr into mem\n", insn->src_reg);
	return 0;
}

static int check_rmw(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct mem_access a = { .regno = insn->dst_reg,
				.off = insn->off,
				.bpf_size = BPF_SIZE(insn->code),
				.type = BPF_READ,
				.value_regno = -1,
				.strict_align = true };
	int load_reg = -1, err;
	uint32_t dst_type;

	if (a.bpf_size != BPF_W && a.bpf_size != BPF_DW)
		return reject(env, -EINVAL, "invalid atomic operand size\n");
	err = check_atomic_regs(env, insn);
	if (err)
		return err;
	if (!atomic_ptr_ok(env, &cur_regs(env)[insn->dst_reg]))
		return reject(env, -EACCES, "BPF_ATOMIC stores into R%d %s is not allowed\n",
			      insn->dst_reg,
			      reg_type_str(env, cur_regs(env)[insn->dst_reg].type));
	dst_type = cur_regs(env)[insn->dst_reg].type;
	if (insn->imm & BPF_FETCH) {
		load_reg = insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg;
		err = reg_check(env, load_reg, REG_WRITE);
		if (err)
			return err;
	}
	err = mem_check(env, &a);
	if (!err && load_reg >= 0) {
		a.value_regno = load_reg;
		err = mem_check(env, &a);
	}
	if (err)
		return err;
	a.value_regno = -1;
	a.type = BPF_WRITE;
	err = mem_check(env, &a);
	/* for facts only: atomics are not rewritten by kind */
	if (!err && env->aux[env->insn_idx].ptr_type == NOT_INIT)
		env->aux[env->insn_idx].ptr_type = dst_type;
	else if (!err && env->aux[env->insn_idx].ptr_type != dst_type)
		env->aux[env->insn_idx].ptr_mixed = true;
	return err;
}

static int check_load_acquire(struct verifier_env *env, const struct bpf_insn *insn)
{
	const struct reg_state *src = &cur_regs(env)[insn->src_reg];
	struct reg_state before = *src;
	int err = load(env, insn, true, false, "atomic_load");

	if (!err && !atomic_ptr_ok(env, insn->src_reg == insn->dst_reg ? &before : src))
		return reject(env, -EACCES, "BPF_ATOMIC loads from R%d %s is not allowed\n",
			      insn->src_reg, reg_type_str(env, before.type));
	return err;
}

static int check_store_release(struct verifier_env *env, const struct bpf_insn *insn)
{
	int err = store_reg(env, insn, true);

	if (!err && !atomic_ptr_ok(env, &cur_regs(env)[insn->dst_reg]))
		return reject(env, -EACCES, "BPF_ATOMIC stores into R%d %s is not allowed\n",
			      insn->dst_reg,
			      reg_type_str(env, cur_regs(env)[insn->dst_reg].type));
	return err;
}

int mem_check_atomic(struct verifier_env *env, const struct bpf_insn *insn)
{
	switch (insn->imm) {
	case BPF_ADD:
	case BPF_ADD | BPF_FETCH:
	case BPF_AND:
	case BPF_AND | BPF_FETCH:
	case BPF_OR:
	case BPF_OR | BPF_FETCH:
	case BPF_XOR:
	case BPF_XOR | BPF_FETCH:
	case BPF_XCHG:
	case BPF_CMPXCHG:
		return check_rmw(env, insn);
	case BPF_LOAD_ACQ:
		return check_load_acquire(env, insn);
	case BPF_STORE_REL:
		return check_store_release(env, insn);
	default:
		return reject(env, -EINVAL, "BPF_ATOMIC uses invalid atomic opcode %02x\n",
			      (uint32_t)insn->imm);
	}
}

/* --- helpers ----------------------------------------------------------------------------------------- */

static int helper_bad_type(struct verifier_env *env, uint32_t regno, int size, bool zero_size_ok)
{
	const struct reg_state *reg = &cur_regs(env)[regno];

	if (zero_size_ok && size == 0 && reg_is_null(reg))
		return 0;
	verbose(env, "R%u type=%s ", regno, reg_type_str(env, reg->type));
	return reject(env, -EACCES, "expected=%s\n", reg_type_str(env, PTR_TO_STACK));
}

/* Contexts that are plain memory (BPF_PROG_TYPE_SYSCALL) are checked by their last byte. */
static int helper_ctx(struct verifier_env *env, uint32_t regno, int size,
		      enum bpf_access_type type, bool zero_size_ok)
{
	struct mem_access a = { .regno = regno,
				.off = size - 1,
				.bpf_size = BPF_B,
				.type = type,
				.value_regno = -1 };

	if (env->ops->convert_ctx_access)
		return helper_bad_type(env, regno, size, zero_size_ok);
	if (size == 0)
		return zero_size_ok ? 0 : -EACCES;
	return mem_check(env, &a);
}

int mem_check_helper(struct verifier_env *env, uint32_t regno, int size,
		     enum bpf_access_type type, bool zero_size_ok, struct call_meta *meta)
{
	const struct reg_state *reg = &cur_regs(env)[regno];

	switch (type_base(reg->type)) {
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
		return mem_check_packet(env, regno, reg->off, size, zero_size_ok);
	case PTR_TO_MAP_KEY:
		if (type == BPF_WRITE)
			return reject(env, -EACCES, "R%u cannot write into %s\n", regno,
				      reg_type_str(env, reg->type));
		return mem_check_region(env, regno, reg->off, size, reg->map->key_size, false);
	case PTR_TO_MAP_VALUE:
		if (check_map_type(env, reg->map, reg->off, size, type))
			return -EACCES;
		return mem_check_map(env, regno, reg->off, size, zero_size_ok, true);
	case PTR_TO_MEM:
		if (type == BPF_WRITE && reg->type & MEM_RDONLY)
			return reject(env, -EACCES, "R%u cannot write into %s\n", regno,
				      reg_type_str(env, reg->type));
		return mem_check_region(env, regno, reg->off, size, reg->mem_size, zero_size_ok);
	case PTR_TO_STACK:
		return stack_check_range(env, regno, reg->off, size, zero_size_ok, type, meta);
	case PTR_TO_CTX:
		return helper_ctx(env, regno, size, type, zero_size_ok);
	default:
		return helper_bad_type(env, regno, size, zero_size_ok);
	}
}
