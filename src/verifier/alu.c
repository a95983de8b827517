/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/alu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "verifier/backtrack.h"
#include "verifier/env.h"
#include "verifier/mem.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/stack.h"
#include "verifier/state.h"

/* Why a pointer move could not be masked; positive, to tell from errno. */
enum reason { REASON_BOUNDS = 1, REASON_TYPE, REASON_PATHS, REASON_LIMIT };

/* Bits of insn_aux.alu_state, as in 6.18. */
enum {
	ALU_SANITIZE_SRC = 1u << 0,
	ALU_SANITIZE_DST = 1u << 1,
	ALU_NEG_VALUE = 1u << 2,
	ALU_NON_POINTER = 1u << 3,
	ALU_IMMEDIATE = 1u << 4,
};

struct ptr_move {
	const struct bpf_insn *insn;
	struct reg_state ptr; /* as it was */
	struct reg_state off; /* the number */
	struct reg_state *dst;
	bool ptr_is_dst;
	/* masking window before the move */
	uint32_t alu_state, alu_limit;
	bool mask_to_left;
};

static const char *alu_op_str(uint8_t code)
{
	static const char *const ops[16] = { "+=",  "-=",  "*=", "/=", "|=", "&=",  "<<=", ">>=",
					     "neg", "%=", "^=", "=",  "s>>=", "endian" };

	return ops[code >> 4] ? ops[code >> 4] : "?";
}

/* --- unprivileged pointer moves ---------------------------------------------------------------------- */

static int sanitize_reject(struct verifier_env *env, const struct bpf_insn *insn, int reason,
			   bool off_is_dst)
{
	static const char *const why = "pointer arithmetic with it prohibited for !root";
	const char *op = BPF_OP(insn->code) == BPF_ADD ? "add" : "sub";

	switch (reason) {
	case REASON_BOUNDS:
		return reject(env, -EACCES, "R%d has unknown scalar with mixed signed bounds, %s\n",
			      off_is_dst ? insn->dst_reg : insn->src_reg, why);
	case REASON_TYPE:
		return reject(env, -EACCES,
			      "R%d has pointer with unsupported alu operation, %s\n",
			      off_is_dst ? insn->src_reg : insn->dst_reg, why);
	case REASON_PATHS:
		return reject(env, -EACCES,
			      "R%d tried to %s from different maps, paths or scalars, %s\n",
			      insn->dst_reg, op, why);
	default:
		return reject(env, -EACCES, "R%d tried to %s beyond pointer bounds, %s\n",
			      insn->dst_reg, op, why);
	}
}

static bool can_skip_sanitize(const struct verifier_env *env, const struct bpf_insn *insn)
{
	return env->bypass_spec_v1 || BPF_SRC(insn->code) == BPF_K;
}

static int note_alu_state(struct verifier_env *env, uint32_t state, uint32_t limit)
{
	struct insn_aux *aux = &env->aux[env->insn_idx];

	if (aux->alu_state && (aux->alu_state != state || aux->alu_limit != limit))
		return REASON_PATHS;
	aux->alu_state = state;
	aux->alu_limit = limit;
	return 0;
}

static int ptr_limit(const struct reg_state *ptr, bool to_left, uint32_t *limit)
{
	uint32_t max, l;

	switch (ptr->type) {
	case PTR_TO_STACK:
		max = VERIFIER_STACK_BYTES + to_left;
		l = -(uint32_t)(ptr->s.var_off.value + ptr->off);
		break;
	case PTR_TO_MAP_VALUE:
		max = ptr->map->value_size;
		l = (uint32_t)(to_left ? (uint64_t)ptr->s.smin : ptr->s.umax) + ptr->off;
		break;
	default:
		return REASON_TYPE;
	}
	if (l >= max)
		return REASON_LIMIT;
	*limit = l;
	return 0;
}

/* Before the move: is there a window to mask to? */
static int sanitize_before(struct verifier_env *env, struct ptr_move *m)
{
	bool neg = m->off.s.smin < 0, imm = scalar_is_const(&m->off.s);
	uint8_t op = BPF_OP(m->insn->code);
	int err;

	if (can_skip_sanitize(env, m->insn))
		return 0;
	if (!imm && neg != (m->off.s.smax < 0))
		return REASON_BOUNDS;
	m->mask_to_left = (op == BPF_ADD && neg) || (op == BPF_SUB && !neg);
	err = ptr_limit(&m->ptr, m->mask_to_left, &m->alu_limit);
	if (err)
		return err;
	m->alu_state = (neg ? ALU_NEG_VALUE : 0) | (imm ? ALU_IMMEDIATE : 0) |
		       (m->ptr_is_dst ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST);
	if (!imm)
		env->explore_alu_limits = true;
	return 0;
}

/* After it: narrow the window to the move seen. */
static int sanitize_after(struct verifier_env *env, const struct ptr_move *m)
{
	uint32_t limit;
	int err;

	if (can_skip_sanitize(env, m->insn))
		return 0;
	err = ptr_limit(m->dst, m->mask_to_left, &limit);
	if (err)
		return err;
	return note_alu_state(env, m->alu_state, (uint32_t)abs((int)(m->alu_limit - limit)));
}

static int sanitize_bounds(struct verifier_env *env, uint32_t regno)
{
	const struct reg_state *dst = &cur_regs(env)[regno];
	int off = dst->off + (int)dst->s.var_off.value;
	char tn[64];

	if (env->bypass_spec_v1)
		return 0;
	if (dst->type == PTR_TO_STACK) {
		if (!scalar_is_const(&dst->s)) {
			format_tnum(tn, sizeof(tn), dst->s.var_off.value, dst->s.var_off.mask);
			return reject(env, -EACCES,
				      "R%u variable stack access prohibited for !root, var_off=%s off=%d\n",
				      regno, tn, off);
		}
		if (off >= 0 || off < -VERIFIER_STACK_BYTES)
			return reject(env, -EACCES,
				      "R%u stack pointer arithmetic goes out of range, prohibited for !root; off=%d\n",
				      regno, off);
	}
	if (dst->type == PTR_TO_MAP_VALUE && mem_check_map(env, regno, dst->off, 1, false, true))
		return reject(env, -EACCES,
			      "R%u pointer arithmetic of map value goes out of range, prohibited for !root\n",
			      regno);
	return 0;
}

/* --- pointers ------------------------------------------------------------------------------------------ */

static int check_sane_offset(struct verifier_env *env, const struct reg_state *reg, uint32_t type)
{
	int64_t val = (int64_t)reg->s.var_off.value, smin = reg->s.smin;

	if (scalar_is_const(&reg->s) && (val >= VAR_OFF_MAX || val <= -VAR_OFF_MAX))
		return reject(env, -EINVAL, "math between %s pointer and %lld is not allowed\n",
			      reg_type_str(env, type), (long long)val);
	if (reg->off >= VAR_OFF_MAX || reg->off <= -VAR_OFF_MAX)
		return reject(env, -EINVAL, "%s pointer offset %d is not allowed\n",
			      reg_type_str(env, type), reg->off);
	if (smin == INT64_MIN)
		return reject(env, -EINVAL,
			      "math between %s pointer and register with unbounded min value is not allowed\n",
			      reg_type_str(env, type));
	if (smin >= VAR_OFF_MAX || smin <= -VAR_OFF_MAX)
		return reject(env, -EINVAL, "value %lld makes %s pointer be out of bounds\n",
			      (long long)smin, reg_type_str(env, type));
	return 0;
}

static bool type_can_move(const struct ptr_move *m)
{
	bool known = scalar_is_const(&m->off.s);

	switch (type_base(m->ptr.type)) {
	case PTR_TO_CTX:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MAP_KEY:
	case PTR_TO_STACK:
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET:
	case PTR_TO_TP_BUFFER:
	case PTR_TO_BTF_ID:
	case PTR_TO_MEM:
	case PTR_TO_BUF:
	case PTR_TO_FUNC:
	case CONST_PTR_TO_DYNPTR:
		return true;
	case PTR_TO_FLOW_KEYS:
		return known;
	case CONST_PTR_TO_MAP:
		return known && m->off.s.smin == 0 && BPF_OP(m->insn->code) == BPF_ADD;
	default:
		return false;
	}
}

static void unbound_s64(struct scalar *s)
{
	s->smin = INT64_MIN;
	s->smax = INT64_MAX;
}

static void unbound_u64(struct scalar *s)
{
	s->umin = 0;
	s->umax = UINT64_MAX;
}

static void new_pkt_base(struct verifier_env *env, struct reg_state *dst, bool forget_range)
{
	if (!type_is_pkt(dst->type))
		return;
	dst->id = ++env->id_gen;
	if (forget_range)
		dst->raw[0] = dst->raw[1] = 0;
}

static void move_add(struct verifier_env *env, struct ptr_move *m)
{
	const struct scalar *p = &m->ptr.s, *o = &m->off.s;
	struct scalar *d = &m->dst->s;
	int64_t fixed = (int64_t)m->ptr.off + o->smin;

	if (scalar_is_const(o) && fixed == (int32_t)fixed) {
		m->dst->off = (int32_t)fixed;
		return;
	}
	if (__builtin_add_overflow(p->smin, o->smin, &d->smin) ||
	    __builtin_add_overflow(p->smax, o->smax, &d->smax))
		unbound_s64(d);
	if (__builtin_add_overflow(p->umin, o->umin, &d->umin) ||
	    __builtin_add_overflow(p->umax, o->umax, &d->umax))
		unbound_u64(d);
	d->var_off = tnum_add(p->var_off, o->var_off);
	new_pkt_base(env, m->dst, true);
}

static int move_sub(struct verifier_env *env, struct ptr_move *m)
{
	const struct scalar *p = &m->ptr.s, *o = &m->off.s;
	struct scalar *d = &m->dst->s;
	int64_t fixed = (int64_t)m->ptr.off - o->smin;

	if (!m->ptr_is_dst)
		return reject(env, -EACCES, "R%d tried to subtract pointer from scalar\n",
			      m->insn->dst_reg);
	if (m->ptr.type == PTR_TO_STACK)
		return reject(env, -EACCES, "R%d subtraction from stack pointer prohibited\n",
			      m->insn->dst_reg);
	if (scalar_is_const(o) && fixed == (int32_t)fixed) {
		m->dst->off = (int32_t)fixed;
		return 0;
	}
	if (__builtin_sub_overflow(p->smin, o->smax, &d->smin) ||
	    __builtin_sub_overflow(p->smax, o->smin, &d->smax))
		unbound_s64(d);
	if (p->umin < o->umax) {
		unbound_u64(d);
	} else {
		d->umin = p->umin - o->umax;
		d->umax = p->umax - o->umin;
	}
	d->var_off = tnum_sub(p->var_off, o->var_off);
	new_pkt_base(env, m->dst, o->smin < 0);
	return 0;
}

static int move_op(struct verifier_env *env, struct ptr_move *m)
{
	uint8_t op = BPF_OP(m->insn->code);

	switch (op) {
	case BPF_ADD:
		move_add(env, m);
		return 0;
	case BPF_SUB:
		return move_sub(env, m);
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return reject(env, -EACCES, "R%d bitwise operator %s on pointer prohibited\n",
			      m->insn->dst_reg, alu_op_str(op));
	default:
		return reject(env, -EACCES,
			      "R%d pointer arithmetic with %s operator prohibited\n",
			      m->insn->dst_reg, alu_op_str(op));
	}
}

static int check_can_move(struct verifier_env *env, const struct ptr_move *m)
{
	const struct reg_state *ptr = &m->ptr;

	if (BPF_CLASS(m->insn->code) != BPF_ALU64)
		return reject(env, -EACCES, "R%d 32-bit pointer arithmetic prohibited\n",
			      m->insn->dst_reg);
	if (ptr->type & PTR_MAYBE_NULL)
		return reject(env, -EACCES,
			      "R%d pointer arithmetic on %s prohibited, null-check it first\n",
			      m->insn->dst_reg, reg_type_str(env, ptr->type));
	if (!type_can_move(m))
		return reject(env, -EACCES, "R%d pointer arithmetic on %s prohibited\n",
			      m->insn->dst_reg, reg_type_str(env, ptr->type));
	return 0;
}

/* dst = ptr OP off, where one of the two is dst. */
static int move_pointer(struct verifier_env *env, struct ptr_move *m)
{
	const struct scalar *o = &m->off.s;
	uint8_t op = BPF_OP(m->insn->code);
	bool sanitize = op == BPF_ADD || op == BPF_SUB;
	int err;

	if ((scalar_is_const(o) && (o->smin != o->smax || o->umin != o->umax)) ||
	    o->smin > o->smax || o->umin > o->umax ||
	    (BPF_CLASS(m->insn->code) != BPF_ALU64 && op == BPF_SUB && env->allow_ptr_leaks)) {
		reg_set_unknown(env, m->dst);
		return 0;
	}
	err = check_can_move(env, m);
	if (err)
		return err;
	if (!m->ptr_is_dst) {
		*m->dst = m->ptr;
	}
	err = check_sane_offset(env, &m->off, m->ptr.type);
	if (!err)
		err = check_sane_offset(env, &m->ptr, m->ptr.type);
	if (err)
		return err;
	if (sanitize) {
		err = sanitize_before(env, m);
		if (err)
			return sanitize_reject(env, m->insn, err, !m->ptr_is_dst);
	}
	scalar_unbound32(&m->dst->s);
	err = move_op(env, m);
	if (!err)
		err = check_sane_offset(env, m->dst, m->ptr.type);
	if (err)
		return err;
	scalar_sync(&m->dst->s);
	if (sanitize_bounds(env, m->insn->dst_reg))
		return -EACCES;
	if (sanitize) {
		err = sanitize_after(env, m);
		if (err)
			return sanitize_reject(env, m->insn, err, !m->ptr_is_dst);
	}
	return 0;
}

/* --- numbers --------------------------------------------------------------------------------------------- */

/* A value of 0 or -1 masked with a constant: both are worth a path of their own. */
static int maybe_fork(struct verifier_env *env, const struct bpf_insn *insn, struct reg_state *dst,
		      const struct scalar *src)
{
	uint8_t op = BPF_OP(insn->code);
	struct verifier_state *other;
	struct reg_state *reg;
	bool is32;

	if ((op != BPF_AND && op != BPF_OR) || !scalar_is_const(src) ||
	    !scalar_forks(&dst->s, &is32))
		return 0;
	other = state_push(env, env->insn_idx, env->insn_idx, false);
	if (!other)
		return -EFAULT;
	reg = &other->frame[other->curframe]->regs[insn->dst_reg];
	if (is32) {
		scalar_set_low32(&reg->s, 0);
		scalar_set_low32(&dst->s, UINT32_MAX);
	} else {
		reg_set_known(reg, 0);
		reg_set_known(dst, UINT64_MAX);
	}
	return 0;
}

static void clear_id(struct reg_state *reg)
{
	reg->id = 0;
	reg->off = 0;
}

/* dst += K and dst -= K keep the tie to registers dst was copied from. umax: dst's before. */
static void note_delta(struct verifier_env *env, const struct bpf_insn *insn,
		       struct reg_state *dst, const struct scalar *src, uint64_t umax)
{
	bool is32 = BPF_CLASS(insn->code) == BPF_ALU;
	uint8_t op = BPF_OP(insn->code);
	int64_t off = is32 ? (int32_t)src->var_off.value : (int64_t)src->var_off.value;

	if (op == BPF_SUB)
		off = (int64_t)-(uint64_t)off;
	if (!env->bpf_capable || (op != BPF_ADD && op != BPF_SUB) || !dst->id ||
	    !scalar_known(src, is32) ||
	    (BPF_SRC(insn->code) == BPF_X && insn->src_reg == insn->dst_reg) ||
	    dst->id & ID_ADD_CONST || off != (int32_t)off || (is32 && umax > UINT32_MAX) ||
	    (op == BPF_SUB && off == INT32_MIN)) {
		clear_id(dst);
		return;
	}
	dst->id |= is32 ? ID_ADD_CONST32 : ID_ADD_CONST64;
	dst->off = (int32_t)off;
}

static int scalar_op(struct verifier_env *env, const struct bpf_insn *insn, struct reg_state *dst,
		     struct scalar src)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;
	uint8_t op = BPF_OP(insn->code);
	int err;

	if ((op == BPF_ADD || op == BPF_SUB) && !can_skip_sanitize(env, insn)) {
		err = note_alu_state(env, ALU_NON_POINTER, 0);
		if (err)
			return sanitize_reject(env, insn, err, false);
	}
	err = maybe_fork(env, insn, dst, &src);
	if (err)
		return err;
	if (!scalar_alu(&dst->s, &src, op, is64, insn->off))
		reg_set_unknown(env, dst);
	return 0;
}

static int reg_op(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct reg_state *regs = cur_regs(env), *dst = &regs[insn->dst_reg];
	struct ptr_move m = { .insn = insn, .dst = dst };
	struct scalar src;
	uint64_t umax;
	int err;

	if (BPF_SRC(insn->code) == BPF_K) {
		src = scalar_const((int64_t)insn->imm);
		m.off.type = SCALAR_VALUE;
		m.off.s = src;
	} else {
		m.off = regs[insn->src_reg];
		src = m.off.s;
	}
	if (m.off.type != SCALAR_VALUE && dst->type != SCALAR_VALUE) {
		if (BPF_OP(insn->code) != BPF_SUB || !env->allow_ptr_leaks)
			return reject(env, -EACCES, "R%d pointer %s pointer prohibited\n",
				      insn->dst_reg, alu_op_str(BPF_OP(insn->code)));
		reg_set_unknown(env, dst);
		return 0;
	}
	if (m.off.type != SCALAR_VALUE) { /* number OP pointer: the pointer lands in dst */
		err = precise_mark_reg(env, insn->dst_reg);
		if (err)
			return err;
		m.ptr = m.off;
		m.off = *dst;
		return move_pointer(env, &m);
	}
	if (dst->type != SCALAR_VALUE) {
		err = BPF_SRC(insn->code) == BPF_X ? precise_mark_reg(env, insn->src_reg) : 0;
		if (err)
			return err;
		m.ptr = *dst;
		m.ptr_is_dst = true;
		return move_pointer(env, &m);
	}
	if (BPF_SRC(insn->code) == BPF_X && dst->precise) {
		err = precise_mark_reg(env, insn->src_reg);
		if (err)
			return err;
	}
	umax = dst->s.umax;
	err = scalar_op(env, insn, dst, src);
	if (!err)
		note_delta(env, insn, dst, &src, umax);
	return err;
}

/* --- instructions ---------------------------------------------------------------------------------------- */

static int check_end_neg(struct verifier_env *env, const struct bpf_insn *insn)
{
	bool neg = BPF_OP(insn->code) == BPF_NEG;
	struct reg_state *dst = &cur_regs(env)[insn->dst_reg];
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;
	bool swap = is64 || BPF_SRC(insn->code) == BPF_TO_BE;
	int err;

	if (neg && (BPF_SRC(insn->code) != BPF_K || insn->src_reg != BPF_REG_0 ||
		    insn->off != 0 || insn->imm != 0))
		return reject(env, -EINVAL, "BPF_NEG uses reserved fields\n");
	if (!neg && (insn->src_reg != BPF_REG_0 || insn->off != 0 ||
		     (insn->imm != 16 && insn->imm != 32 && insn->imm != 64) ||
		     (is64 && BPF_SRC(insn->code) != BPF_TO_LE)))
		return reject(env, -EINVAL, "BPF_END uses reserved fields\n");
	err = reg_check(env, insn->dst_reg, REG_READ);
	if (err)
		return err;
	if (reg_is_pointer(env, insn->dst_reg))
		return reject(env, -EACCES, "R%d pointer arithmetic prohibited\n", insn->dst_reg);
	if (dst->type != SCALAR_VALUE)
		return reg_check(env, insn->dst_reg, REG_WRITE);
	err = reg_check(env, insn->dst_reg, REG_WRITE_NO_MARK);
	if (err)
		return err;
	if (neg) {
		clear_id(dst);
		return scalar_op(env, insn, dst, dst->s);
	}
	if (swap || insn->imm != 64) /* le64 changes nothing here */
		clear_id(dst);
	scalar_end(&dst->s, insn->imm, swap);
	return 0;
}

static int check_mov_fields(struct verifier_env *env, const struct bpf_insn *insn)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;

	if (BPF_SRC(insn->code) == BPF_K) {
		if (insn->src_reg != BPF_REG_0 || insn->off != 0)
			return reject(env, -EINVAL, "BPF_MOV uses reserved fields\n");
		return 0;
	}
	if (is64 && insn->off == BPF_ADDR_SPACE_CAST) {
		if (insn->imm != 1 && (uint32_t)insn->imm != 1u << 16)
			return reject(env, -EINVAL,
				      "addr_space_cast insn can only convert between address space 1 and 0\n");
		return reject(env, -EINVAL,
			      "addr_space_cast insn can only be used in a program that has an associated arena\n");
	}
	if ((insn->off != 0 && insn->off != 8 && insn->off != 16 &&
	     !(is64 && insn->off == 32)) ||
	    insn->imm)
		return reject(env, -EINVAL, "BPF_MOV uses reserved fields\n");
	return reg_check(env, insn->src_reg, REG_READ);
}

/* dst = src, and they stay tied if dst's value is all of src's. */
static void copy_tied(struct verifier_env *env, struct reg_state *dst, struct reg_state *src,
		      bool whole)
{
	if (whole)
		scalar_assign_id(env, src);
	*dst = *src;
	if (!whole)
		clear_id(dst);
}

static int mov64_reg(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct reg_state *src = &cur_regs(env)[insn->src_reg], *dst = &cur_regs(env)[insn->dst_reg];

	if (insn->off == 0) {
		scalar_assign_id(env, src);
		*dst = *src;
		dst->subreg_def = SUBREG_DEF_NONE;
		return 0;
	}
	if (reg_is_pointer(env, insn->src_reg))
		return reject(env, -EACCES, "R%d sign-extension part of pointer\n", insn->src_reg);
	if (src->type != SCALAR_VALUE) {
		reg_set_unknown(env, dst);
		return 0;
	}
	copy_tied(env, dst, src, src->s.umax < UINT64_C(1) << (insn->off - 1));
	scalar_sext(&dst->s, insn->off);
	dst->subreg_def = SUBREG_DEF_NONE;
	return 0;
}

static int mov32_reg(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct reg_state *src = &cur_regs(env)[insn->src_reg], *dst = &cur_regs(env)[insn->dst_reg];

	if (reg_is_pointer(env, insn->src_reg))
		return reject(env, -EACCES, "R%d partial copy of pointer\n", insn->src_reg);
	if (src->type != SCALAR_VALUE) {
		reg_set_unknown(env, dst);
	} else if (insn->off == 0) {
		copy_tied(env, dst, src, fls_u64(src->s.umax) <= 32);
		dst->subreg_def = env->insn_idx + 1;
	} else {
		copy_tied(env, dst, src, src->s.umax < UINT64_C(1) << (insn->off - 1));
		dst->subreg_def = env->insn_idx + 1;
		scalar_sext32(&dst->s, insn->off);
	}
	scalar_zext32(&dst->s);
	return 0;
}

static int check_mov(struct verifier_env *env, const struct bpf_insn *insn)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;
	struct reg_state *dst = &cur_regs(env)[insn->dst_reg];
	int err = check_mov_fields(env, insn);

	if (!err)
		err = reg_check(env, insn->dst_reg, REG_WRITE_NO_MARK);
	if (err)
		return err;
	if (BPF_SRC(insn->code) == BPF_X)
		return is64 ? mov64_reg(env, insn) : mov32_reg(env, insn);
	reg_set_unknown(env, dst);
	dst->s = scalar_const(is64 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
	return 0;
}

static int check_binary(struct verifier_env *env, const struct bpf_insn *insn)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64, k = BPF_SRC(insn->code) == BPF_K;
	uint8_t op = BPF_OP(insn->code);
	bool div = op == BPF_DIV || op == BPF_MOD;
	int err;

	if ((k ? insn->src_reg != BPF_REG_0 : insn->imm != 0) ||
	    (insn->off != 0 && insn->off != 1) || (insn->off == 1 && !div))
		return reject(env, -EINVAL, "BPF_ALU uses reserved fields\n");
	err = k ? 0 : reg_check(env, insn->src_reg, REG_READ);
	if (!err)
		err = reg_check(env, insn->dst_reg, REG_READ);
	if (err)
		return err;
	if (div && k && insn->imm == 0)
		return reject(env, -EINVAL, "div by zero\n");
	if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) && k &&
	    (insn->imm < 0 || insn->imm >= (is64 ? 64 : 32)))
		return reject(env, -EINVAL, "invalid shift %d\n", insn->imm);
	err = reg_check(env, insn->dst_reg, REG_WRITE_NO_MARK);
	return err ? err : reg_op(env, insn);
}

int alu_check(struct verifier_env *env, const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);
	int err;

	if (op == BPF_END || op == BPF_NEG)
		err = check_end_neg(env, insn);
	else if (op == BPF_MOV)
		err = check_mov(env, insn);
	else if (op > BPF_END)
		return reject(env, -EINVAL, "invalid BPF_ALU opcode %x\n", op);
	else
		err = check_binary(env, insn);
	return err ? err : reg_check_bounds(env, &cur_regs(env)[insn->dst_reg], "alu");
}
