/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalar_branch: what comparisons decide, and what they teach.
 *
 * scalar_branch_taken never says 1 or 0 unless every pair of members agrees; scalar_refine never
 * removes a pair for which the comparison holds. Both stop where Linux 6.18 stops.
 */
#include "verifier/scalar.h"

#include "base/macros.h"
#include "tbl/uapi.h"

#define BPF_JNSET (BPF_JSET | BPF_X) /* no bit in common: what BPF_JSET not taken means */

/* One side of a comparison, in the width compared. */
struct side {
	struct tnum bits;
	int64_t smin, smax;
	uint64_t umin, umax;
};

static inline struct side side_of(const struct scalar *s, bool is32)
{
	if (is32)
		return (struct side){ tnum_subreg(s->var_off), s->s32_min, s->s32_max,
				      s->u32_min, s->u32_max };
	return (struct side){ s->var_off, s->smin, s->smax, s->umin, s->umax };
}

/* Can a and b be the same number? 1 must, 0 cannot, -1 may. */
static int equal_taken(const struct scalar *a, const struct scalar *b, bool is32)
{
	struct side x = side_of(a, is32), y = side_of(b, is32);

	if (tnum_is_const(x.bits) && tnum_is_const(y.bits))
		return x.bits.value == y.bits.value;
	if (!tnum_overlap(x.bits, y.bits))
		return 0;
	if (x.umin > y.umax || x.umax < y.umin || x.smin > y.smax || x.smax < y.smin)
		return 0;
	if (is32)
		return -1;
	if (a->u32_min > b->u32_max || a->u32_max < b->u32_min ||
	    a->s32_min > b->s32_max || a->s32_max < b->s32_min)
		return 0;
	return -1;
}

static int set_taken(struct side x, struct side y)
{
	if (!tnum_is_const(y.bits)) {
		struct side t = x;

		x = y;
		y = t;
	}
	if (!tnum_is_const(y.bits))
		return -1;
	if (x.bits.value & y.bits.value)
		return 1;
	return (x.bits.value | x.bits.mask) & y.bits.value ? -1 : 0;
}

static int above_taken(uint64_t amin, uint64_t amax, uint64_t bmin, uint64_t bmax)
{
	if (amin > bmax)
		return 1;
	return amax <= bmin ? 0 : -1;
}

static int s_above_taken(int64_t amin, int64_t amax, int64_t bmin, int64_t bmax)
{
	if (amin > bmax)
		return 1;
	return amax <= bmin ? 0 : -1;
}

static int negate_taken(int taken)
{
	return taken < 0 ? taken : !taken;
}

int scalar_branch_taken(const struct scalar *a, const struct scalar *b, uint8_t op, bool is32)
{
	struct side x = side_of(a, is32), y = side_of(b, is32);

	switch (op) {
	case BPF_JEQ:
		return equal_taken(a, b, is32);
	case BPF_JNE:
		return negate_taken(equal_taken(a, b, is32));
	case BPF_JSET:
		return set_taken(x, y);
	case BPF_JGT:
		return above_taken(x.umin, x.umax, y.umin, y.umax);
	case BPF_JLT:
		return above_taken(y.umin, y.umax, x.umin, x.umax);
	case BPF_JGE:
		return negate_taken(above_taken(y.umin, y.umax, x.umin, x.umax));
	case BPF_JLE:
		return negate_taken(above_taken(x.umin, x.umax, y.umin, y.umax));
	case BPF_JSGT:
		return s_above_taken(x.smin, x.smax, y.smin, y.smax);
	case BPF_JSLT:
		return s_above_taken(y.smin, y.smax, x.smin, x.smax);
	case BPF_JSGE:
		return negate_taken(s_above_taken(y.smin, y.smax, x.smin, x.smax));
	case BPF_JSLE:
		return negate_taken(s_above_taken(x.smin, x.smax, y.smin, y.smax));
	default:
		return -1;
	}
}

uint8_t scalar_branch_negate(uint8_t op)
{
	switch (op) {
	case BPF_JEQ: return BPF_JNE;
	case BPF_JNE: return BPF_JEQ;
	case BPF_JSET: return BPF_JNSET;
	case BPF_JNSET: return BPF_JSET;
	case BPF_JGE: return BPF_JLT;
	case BPF_JGT: return BPF_JLE;
	case BPF_JLE: return BPF_JGT;
	case BPF_JLT: return BPF_JGE;
	case BPF_JSGE: return BPF_JSLT;
	case BPF_JSGT: return BPF_JSLE;
	case BPF_JSLE: return BPF_JSGT;
	case BPF_JSLT: return BPF_JSGE;
	default: return op;
	}
}

uint8_t scalar_branch_flip(uint8_t op)
{
	switch (op) {
	case BPF_JGE: return BPF_JLE;
	case BPF_JGT: return BPF_JLT;
	case BPF_JLE: return BPF_JGE;
	case BPF_JLT: return BPF_JGT;
	case BPF_JSGE: return BPF_JSLE;
	case BPF_JSGT: return BPF_JSLT;
	case BPF_JSLE: return BPF_JSGE;
	case BPF_JSLT: return BPF_JSGT;
	default: return op;
	}
}

static void refine_eq64(struct scalar *a, struct scalar *b)
{
	a->umin = b->umin = MAX(a->umin, b->umin);
	a->umax = b->umax = MIN(a->umax, b->umax);
	a->smin = b->smin = MAX(a->smin, b->smin);
	a->smax = b->smax = MIN(a->smax, b->smax);
	a->var_off = b->var_off = tnum_intersect(a->var_off, b->var_off);
}

static void refine_eq32(struct scalar *a, struct scalar *b)
{
	struct tnum both = tnum_intersect(tnum_subreg(a->var_off), tnum_subreg(b->var_off));

	a->u32_min = b->u32_min = MAX(a->u32_min, b->u32_min);
	a->u32_max = b->u32_max = MIN(a->u32_max, b->u32_max);
	a->s32_min = b->s32_min = MAX(a->s32_min, b->s32_min);
	a->s32_max = b->s32_max = MIN(a->s32_max, b->s32_max);
	a->var_off = tnum_with_subreg(a->var_off, both);
	b->var_off = tnum_with_subreg(b->var_off, both);
}

/* An end that is the excluded constant moves by one. It cannot pass the other end: then both sides
 * would be constants and the jump decided. */
static void refine_ne(struct scalar *s, uint64_t v, bool is32)
{
	if (is32) {
		s->u32_min += s->u32_min == (uint32_t)v;
		s->u32_max -= s->u32_max == (uint32_t)v;
		s->s32_min = (int32_t)((uint32_t)s->s32_min + (s->s32_min == (int32_t)v));
		s->s32_max = (int32_t)((uint32_t)s->s32_max - (s->s32_max == (int32_t)v));
	} else {
		s->umin += s->umin == v;
		s->umax -= s->umax == v;
		s->smin = (int64_t)((uint64_t)s->smin + (s->smin == (int64_t)v));
		s->smax = (int64_t)((uint64_t)s->smax - (s->smax == (int64_t)v));
	}
}

static void put_bits(struct scalar *s, struct tnum bits, bool is32)
{
	s->var_off = is32 ? tnum_with_subreg(s->var_off, bits) : bits;
}

/* Only a mask of one bit tells which bit is set; every bit of a mask is told clear. The intervals
 * are forgotten there, so that a path that cannot be taken does not end with empty ones. */
static void refine_set(struct scalar *s, uint64_t mask, bool set, bool is32)
{
	struct tnum bits = is32 ? tnum_subreg(s->var_off) : s->var_off;

	if (!set) {
		scalar_unbound(s);
		put_bits(s, tnum_and(bits, tnum_const(~mask)), is32);
	} else if (mask && !(mask & (mask - 1))) {
		put_bits(s, tnum_or(bits, tnum_const(mask)), is32);
	}
}

static void refine_with_const(struct scalar *a, struct scalar *b, uint8_t op, bool is32)
{
	struct scalar *s = a, *c = b;
	uint64_t v;

	if (!scalar_known(c, is32)) {
		s = b;
		c = a;
	}
	if (!scalar_known(c, is32))
		return;
	v = scalar_value(c, is32);
	if (op == BPF_JNE)
		refine_ne(s, v, is32);
	else
		refine_set(s, v, op == BPF_JSET, is32);
}

/* a <= b - less, where less is 0 or 1, unsigned then signed. */
static void refine_le(struct scalar *a, struct scalar *b, unsigned less, bool is32)
{
	if (is32) {
		a->u32_max = MIN(a->u32_max, b->u32_max - less);
		b->u32_min = MAX(a->u32_min + less, b->u32_min);
	} else {
		a->umax = MIN(a->umax, b->umax - less);
		b->umin = MAX(a->umin + less, b->umin);
	}
}

static void refine_sle(struct scalar *a, struct scalar *b, unsigned less, bool is32)
{
	if (is32) {
		int32_t most = (int32_t)((uint32_t)b->s32_max - less);
		int32_t least = (int32_t)((uint32_t)a->s32_min + less);

		a->s32_max = MIN(a->s32_max, most);
		b->s32_min = MAX(b->s32_min, least);
	} else {
		int64_t most = (int64_t)((uint64_t)b->smax - less);
		int64_t least = (int64_t)((uint64_t)a->smin + less);

		a->smax = MIN(a->smax, most);
		b->smin = MAX(b->smin, least);
	}
}

void scalar_refine(struct scalar *a, struct scalar *b, uint8_t op, bool is32)
{
	switch (op) {
	case BPF_JEQ:
		if (is32)
			refine_eq32(a, b);
		else
			refine_eq64(a, b);
		break;
	case BPF_JNE:
	case BPF_JSET:
	case BPF_JNSET:
		refine_with_const(a, b, op, is32);
		break;
	case BPF_JLE:
	case BPF_JLT:
		refine_le(a, b, op == BPF_JLT, is32);
		break;
	case BPF_JGE:
	case BPF_JGT:
		refine_le(b, a, op == BPF_JGT, is32);
		break;
	case BPF_JSLE:
	case BPF_JSLT:
		refine_sle(a, b, op == BPF_JSLT, is32);
		break;
	case BPF_JSGE:
	case BPF_JSGT:
		refine_sle(b, a, op == BPF_JSGT, is32);
		break;
	default:
		break;
	}
	scalar_sync(a);
	if (b != a)
		scalar_sync(b);
}
