/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalar_alu: what arithmetic does to what is known of a number.
 *
 * The 32- and 64-bit intervals go through the same code as a `struct ival`: both signed and both
 * unsigned ends of one width, widened to 64 bits. Each operation computes the tnum, then both
 * widths' intervals; scalar_sync reconciles them. Division and remainder are not followed (nor are
 * they by Linux 6.18), shifts only by a constant within the width.
 */
#include "verifier/scalar.h"

#include <assert.h>

#include "base/macros.h"
#include "tbl/uapi.h"

/* The ends of one width; those of 32 bits sign- and zero-extended. */
struct ival {
	int64_t smin, smax;
	uint64_t umin, umax;
};

static inline int64_t s_least(bool is32)
{
	return is32 ? INT32_MIN : INT64_MIN;
}

static inline int64_t s_most(bool is32)
{
	return is32 ? INT32_MAX : INT64_MAX;
}

static inline uint64_t u_most(bool is32)
{
	return is32 ? UINT32_MAX : UINT64_MAX;
}

static inline int64_t as_signed(uint64_t x, bool is32)
{
	return is32 ? (int32_t)x : (int64_t)x;
}

static inline struct ival ival_get(const struct scalar *s, bool is32)
{
	if (is32)
		return (struct ival){ s->s32_min, s->s32_max, s->u32_min, s->u32_max };
	return (struct ival){ s->smin, s->smax, s->umin, s->umax };
}

static inline void ival_put(struct scalar *s, struct ival v, bool is32)
{
	if (is32) {
		s->s32_min = (int32_t)v.smin;
		s->s32_max = (int32_t)v.smax;
		s->u32_min = (uint32_t)v.umin;
		s->u32_max = (uint32_t)v.umax;
	} else {
		s->smin = v.smin;
		s->smax = v.smax;
		s->umin = v.umin;
		s->umax = v.umax;
	}
}

static inline void forget_signed(struct ival *v, bool is32)
{
	v->smin = s_least(is32);
	v->smax = s_most(is32);
}

static inline void forget_unsigned(struct ival *v, bool is32)
{
	v->umin = 0;
	v->umax = u_most(is32);
}

/* Signed ends from unsigned ones that do not cross the sign; else forgotten. */
static inline void signed_from_unsigned(struct ival *v, bool is32)
{
	forget_signed(v, is32);
	if (as_signed(v->umin, is32) <= as_signed(v->umax, is32)) {
		v->smin = as_signed(v->umin, is32);
		v->smax = as_signed(v->umax, is32);
	}
}

/* The wrapped result of the width in *r; true if it wrapped. Operands are of the width. */
static inline bool s_add(int64_t a, int64_t b, bool is32, int64_t *r)
{
	bool over = __builtin_add_overflow(a, b, r);

	return is32 ? *r != (int32_t)*r : over;
}

static inline bool s_sub(int64_t a, int64_t b, bool is32, int64_t *r)
{
	bool over = __builtin_sub_overflow(a, b, r);

	return is32 ? *r != (int32_t)*r : over;
}

static inline bool s_mul(int64_t a, int64_t b, bool is32, int64_t *r)
{
	bool over = __builtin_mul_overflow(a, b, r);

	return is32 ? *r != (int32_t)*r : over;
}

static inline bool u_add(uint64_t a, uint64_t b, bool is32, uint64_t *r)
{
	*r = (a + b) & u_most(is32);
	return *r < a;
}

static inline bool u_sub(uint64_t a, uint64_t b, bool is32, uint64_t *r)
{
	*r = (a - b) & u_most(is32);
	return a < b;
}

static inline bool u_mul(uint64_t a, uint64_t b, bool is32, uint64_t *r)
{
	return __builtin_mul_overflow(a, b, r) || *r > u_most(is32);
}

/* If both ends wrap, or neither does, the interval is only moved; if one, it is torn. */
static inline struct ival ival_add(struct ival a, struct ival b, bool is32)
{
	struct ival r;
	bool least, most;

	if (s_add(a.smin, b.smin, is32, &r.smin) | s_add(a.smax, b.smax, is32, &r.smax))
		forget_signed(&r, is32);
	least = u_add(a.umin, b.umin, is32, &r.umin);
	most = u_add(a.umax, b.umax, is32, &r.umax);
	if (!least && most)
		forget_unsigned(&r, is32);
	return r;
}

static inline struct ival ival_sub(struct ival a, struct ival b, bool is32)
{
	struct ival r;
	bool least, most;

	if (s_sub(a.smin, b.smax, is32, &r.smin) | s_sub(a.smax, b.smin, is32, &r.smax))
		forget_signed(&r, is32);
	least = u_sub(a.umin, b.umax, is32, &r.umin);
	most = u_sub(a.umax, b.umin, is32, &r.umax);
	if (least && !most)
		forget_unsigned(&r, is32);
	return r;
}

/* Signed: the extremes are among the four products of ends. */
static inline struct ival ival_mul(struct ival a, struct ival b, bool is32)
{
	int64_t p[4];
	struct ival r;

	if (u_mul(a.umax, b.umax, is32, &r.umax) | u_mul(a.umin, b.umin, is32, &r.umin))
		forget_unsigned(&r, is32);
	if (s_mul(a.smin, b.smin, is32, &p[0]) | s_mul(a.smin, b.smax, is32, &p[1]) |
	    s_mul(a.smax, b.smin, is32, &p[2]) | s_mul(a.smax, b.smax, is32, &p[3])) {
		forget_signed(&r, is32);
	} else {
		r.smin = MIN(MIN(p[0], p[1]), MIN(p[2], p[3]));
		r.smax = MAX(MAX(p[0], p[1]), MAX(p[2], p[3]));
	}
	return r;
}

/* The three bitwise operations: `bits` is the result's tnum in this width. */
static inline struct ival ival_bitwise(uint8_t op, struct ival a, struct ival b, struct tnum bits,
				       bool is32)
{
	struct ival r;

	r.umin = op == BPF_OR ? MAX(a.umin, b.umin) : bits.value;
	r.umax = op == BPF_AND ? MIN(a.umax, b.umax) : bits.value | bits.mask;
	signed_from_unsigned(&r, is32);
	return r;
}

static void alu_arith(uint8_t op, struct scalar *dst, const struct scalar *src)
{
	static const bool widths[] = { true, false };

	for (unsigned i = 0; i < ARRAY_SIZE(widths); i++) {
		bool is32 = widths[i];
		struct ival a = ival_get(dst, is32), b = ival_get(src, is32);

		switch (op) {
		case BPF_ADD:
			ival_put(dst, ival_add(a, b, is32), is32);
			break;
		case BPF_SUB:
			ival_put(dst, ival_sub(a, b, is32), is32);
			break;
		default:
			ival_put(dst, ival_mul(a, b, is32), is32);
			break;
		}
	}
}

static struct tnum bitwise_tnum(uint8_t op, struct tnum a, struct tnum b)
{
	if (op == BPF_AND)
		return tnum_and(a, b);
	return op == BPF_OR ? tnum_or(a, b) : tnum_xor(a, b);
}

static void alu_bitwise(uint8_t op, struct scalar *dst, const struct scalar *src)
{
	struct tnum bits = bitwise_tnum(op, dst->var_off, src->var_off);
	struct tnum low = tnum_subreg(bits);

	dst->var_off = bits;
	if (tnum_is_const(low) && scalar_is_const32(src))
		scalar_set_low32(dst, (uint32_t)low.value);
	else
		ival_put(dst, ival_bitwise(op, ival_get(dst, true), ival_get(src, true), low, true),
			 true);
	if (tnum_is_const(bits) && scalar_is_const(src)) {
		*dst = scalar_const(bits.value);
		return;
	}
	ival_put(dst, ival_bitwise(op, ival_get(dst, false), ival_get(src, false), bits, false),
		 false);
	scalar_bounds_from_tnum(dst);
}

/* The unsigned ends, shifted, unless a bit that may be set would be shifted out. A shift by 32 to
 * 63 leaves the low 32 bits to the tnum. */
static void ival_lsh(struct ival *v, unsigned shift, bool is32)
{
	unsigned top = is32 ? 31 : 63;

	forget_signed(v, is32);
	if (shift > top || v->umax > UINT64_C(1) << (top - shift)) {
		forget_unsigned(v, is32);
	} else {
		v->umin = (v->umin << shift) & u_most(is32);
		v->umax = (v->umax << shift) & u_most(is32);
	}
}

static void alu_lsh(struct scalar *dst, unsigned shift, bool is64)
{
	struct ival low = ival_get(dst, true);

	if (is64) {
		struct ival all = ival_get(dst, false);

		ival_lsh(&all, shift, false);
		if (shift == 32) { /* half of a sign extension: the sign stays on top */
			all.smin = (int64_t)((uint64_t)(int64_t)dst->s32_min << 32);
			all.smax = (int64_t)((uint64_t)(int64_t)dst->s32_max << 32);
		}
		ival_put(dst, all, false);
		dst->var_off = tnum_lshift(dst->var_off, shift);
	} else {
		scalar_unbound64(dst);
		dst->var_off = tnum_subreg(tnum_lshift(tnum_subreg(dst->var_off), shift));
	}
	ival_lsh(&low, shift, true);
	ival_put(dst, low, true);
	scalar_bounds_from_tnum(dst);
}

/* A logical shift right loses the sign; the unsigned ends are simply shifted. */
static void alu_rsh(struct scalar *dst, unsigned shift, bool is64)
{
	struct ival v = ival_get(dst, !is64);

	forget_signed(&v, !is64);
	v.umin >>= shift;
	v.umax >>= shift;
	if (!is64)
		dst->var_off = tnum_subreg(dst->var_off);
	dst->var_off = tnum_rshift(dst->var_off, shift);
	scalar_unbound(dst);
	ival_put(dst, v, !is64);
	scalar_bounds_from_tnum(dst);
}

static void alu_arsh(struct scalar *dst, unsigned shift, bool is64)
{
	struct ival v = ival_get(dst, !is64);

	v.smin >>= shift;
	v.smax >>= shift;
	forget_unsigned(&v, !is64);
	dst->var_off = tnum_arshift(dst->var_off, shift, is64 ? 64 : 32);
	scalar_unbound(dst);
	ival_put(dst, v, !is64);
	scalar_bounds_from_tnum(dst);
}

/* Is src a constant shift count below the width? (All 64 bits are asked even of a 32-bit shift.) */
static bool shift_known(const struct scalar *src, bool is64)
{
	struct ival v = ival_get(src, !is64);

	return scalar_known(src, !is64) && v.smin == v.smax && v.umin == v.umax &&
	       src->umax < (is64 ? 64 : 32);
}

bool scalar_alu(struct scalar *dst, const struct scalar *src, uint8_t op, bool is64, int16_t off)
{
	struct scalar rhs = op == BPF_NEG ? *dst : *src;

	(void)off; /* neither kind of division is followed */
	switch (op) {
	case BPF_ADD:
		alu_arith(op, dst, &rhs);
		dst->var_off = tnum_add(dst->var_off, rhs.var_off);
		break;
	case BPF_SUB:
		alu_arith(op, dst, &rhs);
		dst->var_off = tnum_sub(dst->var_off, rhs.var_off);
		break;
	case BPF_MUL:
		alu_arith(op, dst, &rhs);
		dst->var_off = tnum_mul(dst->var_off, rhs.var_off);
		break;
	case BPF_NEG:
		*dst = scalar_const(0);
		alu_arith(BPF_SUB, dst, &rhs);
		dst->var_off = tnum_neg(rhs.var_off);
		break;
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		alu_bitwise(op, dst, &rhs);
		break;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		if (!shift_known(&rhs, is64))
			goto unknown;
		if (op == BPF_LSH)
			alu_lsh(dst, (unsigned)rhs.umin, is64);
		else if (op == BPF_RSH)
			alu_rsh(dst, (unsigned)rhs.umin, is64);
		else
			alu_arsh(dst, (unsigned)rhs.umin, is64);
		break;
	default:
		goto unknown;
	}
	if (is64)
		scalar_sync(dst);
	else
		scalar_zext32(dst);
	return true;
unknown:
	*dst = scalar_unknown();
	return false;
}

void scalar_end(struct scalar *dst, unsigned bits, bool swap)
{
	assert(bits == 16 || bits == 32 || bits == 64);
	if (swap) {
		dst->var_off = tnum_bswap(dst->var_off, bits);
		scalar_unbound(dst);
	}
	if (bits < 64)
		scalar_coerce(dst, bits / 8);
	else
		scalar_sync(dst);
}

bool scalar_forks(const struct scalar *dst, bool *is32)
{
	*is32 = false;
	if (dst->smin == -1 && dst->smax == 0)
		return true;
	*is32 = true;
	return dst->s32_min == -1 && dst->s32_max == 0;
}
