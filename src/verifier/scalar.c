/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalar: birth, agreement between the five views, and changes of width.
 *
 * scalar_sync is a fixed number of rounds, not a fixpoint: Linux 6.18 runs three, and its logs
 * show what three give. Costs a few dozen instructions; it is the hottest code of the verifier.
 */
#include "verifier/scalar.h"

#include <string.h>

#include "base/macros.h"

#define DEDUCE_ROUNDS 3
#define HIGH32(x) ((uint32_t)((uint64_t)(x) >> 32))

struct scalar scalar_const(uint64_t value)
{
	return (struct scalar){
		.var_off = tnum_const(value),
		.smin = (int64_t)value, .smax = (int64_t)value,
		.umin = value, .umax = value,
		.s32_min = (int32_t)value, .s32_max = (int32_t)value,
		.u32_min = (uint32_t)value, .u32_max = (uint32_t)value,
	};
}

struct scalar scalar_unknown(void)
{
	struct scalar s = { .var_off = TNUM_UNKNOWN };

	scalar_unbound(&s);
	return s;
}

struct scalar scalar_urange(uint64_t min, uint64_t max)
{
	struct scalar s = scalar_unknown();

	s.umin = min;
	s.umax = max;
	scalar_sync(&s);
	return s;
}

void scalar_unbound64(struct scalar *s)
{
	s->smin = INT64_MIN;
	s->smax = INT64_MAX;
	s->umin = 0;
	s->umax = UINT64_MAX;
}

void scalar_unbound32(struct scalar *s)
{
	s->s32_min = INT32_MIN;
	s->s32_max = INT32_MAX;
	s->u32_min = 0;
	s->u32_max = UINT32_MAX;
}

void scalar_unbound(struct scalar *s)
{
	scalar_unbound64(s);
	scalar_unbound32(s);
}

void scalar_set_low32(struct scalar *s, uint32_t value)
{
	s->var_off = tnum_const_subreg(s->var_off, value);
	s->s32_min = s->s32_max = (int32_t)value;
	s->u32_min = s->u32_max = value;
}

/* Intersect one interval with [min, max]. */
static inline void narrow_s64(struct scalar *s, int64_t min, int64_t max)
{
	s->smin = MAX(s->smin, min);
	s->smax = MIN(s->smax, max);
}

static inline void narrow_u64(struct scalar *s, uint64_t min, uint64_t max)
{
	s->umin = MAX(s->umin, min);
	s->umax = MIN(s->umax, max);
}

static inline void narrow_s32(struct scalar *s, int32_t min, int32_t max)
{
	s->s32_min = MAX(s->s32_min, min);
	s->s32_max = MIN(s->s32_max, max);
}

static inline void narrow_u32(struct scalar *s, uint32_t min, uint32_t max)
{
	s->u32_min = MAX(s->u32_min, min);
	s->u32_max = MIN(s->u32_max, max);
}

/* If tnum and unsigned interval have one number in common, it is that number. */
static void single_from_tnum(struct scalar *s)
{
	struct tnum t = s->var_off;
	uint64_t next = tnum_step(t, s->umin);

	if ((s->umin & ~t.mask) == t.value) {
		if (next > s->umax)
			*s = scalar_const(s->umin);
	} else if (next == (t.value | t.mask)) {
		*s = scalar_const(next);
	} else if (next <= s->umax && tnum_step(t, next) > s->umax) {
		*s = scalar_const(next);
	}
}

/* Intervals from the tnum. The least signed member has an unknown sign bit set and the other
 * unknown bits clear; the greatest the other way round. */
void scalar_bounds_from_tnum(struct scalar *s)
{
	uint64_t v = s->var_off.value, m = s->var_off.mask;
	uint32_t v32 = (uint32_t)v, m32 = (uint32_t)m;

	narrow_s32(s, (int32_t)(v32 | (m32 & (uint32_t)INT32_MIN)),
		   (int32_t)(v32 | (m32 & INT32_MAX)));
	narrow_u32(s, v32, v32 | m32);
	narrow_s64(s, (int64_t)(v | (m & (uint64_t)INT64_MIN)), (int64_t)(v | (m & INT64_MAX)));
	narrow_u64(s, v, v | m);
	single_from_tnum(s);
}

/* The low half from one 64-bit interval [lo, hi], given as bits, whose upper halves are equal: the
 * low halves then run from lo to hi without wrapping. */
static void low_from_high_same(struct scalar *s, uint64_t lo, uint64_t hi)
{
	if ((uint32_t)lo <= (uint32_t)hi)
		narrow_u32(s, (uint32_t)lo, (uint32_t)hi);
	if ((int32_t)lo <= (int32_t)hi)
		narrow_s32(s, (int32_t)lo, (int32_t)hi);
}

/* Same where hi's upper half is one more than lo's: the low halves wrap at 0, which a signed
 * interval holds if lo is negative and hi is not. */
static void low_from_high_next(struct scalar *s, uint64_t lo, uint64_t hi)
{
	if ((int32_t)lo < 0 && (int32_t)hi >= 0)
		narrow_s32(s, (int32_t)lo, (int32_t)hi);
}

static void low_from_interval(struct scalar *s, uint64_t lo, uint64_t hi)
{
	if (HIGH32(lo) == HIGH32(hi))
		low_from_high_same(s, lo, hi);
	else if (HIGH32(lo) + 1 == HIGH32(hi))
		low_from_high_next(s, lo, hi);
}

/*
 * Signed against unsigned, in 64 bits. An interval that stays within one half of the number circle
 * is an interval in both readings. A signed interval that crosses from -1 to 0 is two pieces of the
 * unsigned line, [smin, UMAX] and [0, smax]; if the unsigned interval misses one piece, what is
 * left is in the other.
 */
static void agree64(struct scalar *s)
{
	if ((int64_t)s->umin <= (int64_t)s->umax)
		narrow_s64(s, (int64_t)s->umin, (int64_t)s->umax);
	if ((uint64_t)s->smin <= (uint64_t)s->smax) {
		narrow_u64(s, (uint64_t)s->smin, (uint64_t)s->smax);
	} else if (s->umax < (uint64_t)s->smin) {
		s->smin = (int64_t)s->umin;
		s->umax = MIN(s->umax, (uint64_t)s->smax);
	} else if ((uint64_t)s->smax < s->umin) {
		s->smax = (int64_t)s->umax;
		s->umin = MAX(s->umin, (uint64_t)s->smin);
	}
}

/* The same in 32 bits. */
static void agree32(struct scalar *s)
{
	if ((int32_t)s->u32_min <= (int32_t)s->u32_max)
		narrow_s32(s, (int32_t)s->u32_min, (int32_t)s->u32_max);
	if ((uint32_t)s->s32_min <= (uint32_t)s->s32_max) {
		narrow_u32(s, (uint32_t)s->s32_min, (uint32_t)s->s32_max);
	} else if (s->u32_max < (uint32_t)s->s32_min) {
		s->s32_min = (int32_t)s->u32_min;
		s->u32_max = MIN(s->u32_max, (uint32_t)s->s32_max);
	} else if ((uint32_t)s->s32_max < s->u32_min) {
		s->s32_max = (int32_t)s->u32_max;
		s->u32_min = MAX(s->u32_min, (uint32_t)s->s32_min);
	}
}

static inline uint64_t with_low(uint64_t x, uint32_t low)
{
	return (x & ~(uint64_t)UINT32_MAX) | low;
}

/* The low halves of both 64-bit ends moved inwards to [min, max], an unsigned 32-bit interval. */
static void ends_from_low(struct scalar *s, uint32_t min, uint32_t max)
{
	narrow_u64(s, with_low(s->umin, min), with_low(s->umax, max));
	narrow_s64(s, (int64_t)with_low((uint64_t)s->smin, min),
		   (int64_t)with_low((uint64_t)s->smax, max));
}

static void high_from_low(struct scalar *s)
{
	ends_from_low(s, s->u32_min, s->u32_max);
	if ((uint32_t)s->s32_min <= (uint32_t)s->s32_max)
		ends_from_low(s, (uint32_t)s->s32_min, (uint32_t)s->s32_max);
	/* A sign-extended 32-bit number whose low half is not negative is that low half. */
	if (s->s32_min >= 0 && s->smin >= INT32_MIN && s->smax <= INT32_MAX) {
		s->smin = s->s32_min;
		s->smax = s->s32_max;
		s->umin = (uint64_t)s->smin;
		s->umax = (uint64_t)s->smax;
		s->var_off = tnum_intersect(s->var_off, tnum_range(s->umin, s->umax));
	}
}

static void deduce(struct scalar *s)
{
	low_from_interval(s, s->umin, s->umax);
	low_from_interval(s, (uint64_t)s->smin, (uint64_t)s->smax);
	agree32(s);
	agree64(s);
	high_from_low(s);
}

static void tnum_from_bounds(struct scalar *s)
{
	struct tnum all = tnum_intersect(s->var_off, tnum_range(s->umin, s->umax));
	struct tnum low = tnum_intersect(tnum_subreg(all), tnum_range(s->u32_min, s->u32_max));

	s->var_off = tnum_or(tnum_clear_subreg(all), low);
}

/* A known number within its bounds: the common case, and nothing is left to be deduced. */
static bool sync_const(struct scalar *s)
{
	if (!scalar_is_const(s) || !scalar_contains(s, s->var_off.value))
		return false;
	*s = scalar_const(s->var_off.value);
	return true;
}

/* The rounds stop when one changes nothing: those after it would not either. */
void scalar_sync(struct scalar *s)
{
	struct scalar before;
	struct tnum t;
	int i;

	if (sync_const(s))
		return;
	scalar_bounds_from_tnum(s);
	for (i = 0; i < DEDUCE_ROUNDS; i++) {
		before = *s;
		deduce(s);
		if (!memcmp(&before, s, sizeof(before)))
			break;
	}
	t = s->var_off;
	tnum_from_bounds(s);
	if (i || t.value != s->var_off.value || t.mask != s->var_off.mask)
		scalar_bounds_from_tnum(s);
}

const char *scalar_invariant(const struct scalar *s)
{
	uint64_t v = s->var_off.value;

	if (s->umin > s->umax || s->smin > s->smax || s->u32_min > s->u32_max ||
	    s->s32_min > s->s32_max)
		return "range bounds violation";
	if (scalar_is_const(s) && (s->umin != v || s->umax != v || s->smin != (int64_t)v ||
				   s->smax != (int64_t)v))
		return "const tnum out of sync with range bounds";
	if (scalar_is_const32(s) &&
	    (s->u32_min != (uint32_t)v || s->u32_max != (uint32_t)v ||
	     s->s32_min != (int32_t)v || s->s32_max != (int32_t)v))
		return "const subreg tnum out of sync with range bounds";
	return NULL;
}

void scalar_zext32(struct scalar *s)
{
	s->var_off = tnum_subreg(s->var_off);
	s->umin = s->u32_min;
	s->umax = s->u32_max;
	if (s->s32_min >= 0 && s->s32_max >= 0) {
		s->smin = s->s32_min;
		s->smax = s->s32_max;
	} else {
		s->smin = 0;
		s->smax = UINT32_MAX;
	}
	scalar_sync(s);
}

void scalar_coerce(struct scalar *s, unsigned bytes)
{
	uint64_t keep = (UINT64_C(1) << (bytes * 8)) - 1;

	s->var_off = tnum_cast(s->var_off, bytes);
	if ((s->umin & ~keep) == (s->umax & ~keep)) {
		s->umin &= keep;
		s->umax &= keep;
	} else {
		s->umin = 0;
		s->umax = keep;
	}
	s->smin = (int64_t)s->umin;
	s->smax = (int64_t)s->umax;
	if (bytes < 4)
		scalar_unbound32(s);
	scalar_sync(s);
}

static int64_t sign_extend(uint64_t x, unsigned bits)
{
	return (int64_t)(x << (64 - bits)) >> (64 - bits);
}

/* [min, max] sign-extended from `bits`: true, with the new ends, if they share their upper bits and
 * their new sign, so that the interval is kept whole. */
static bool sext_interval(int64_t *min, int64_t *max, unsigned bits)
{
	int64_t a = sign_extend((uint64_t)*min, bits);
	int64_t b = sign_extend((uint64_t)*max, bits);

	if ((uint64_t)*min >> bits != (uint64_t)*max >> bits || (a >= 0) != (b >= 0))
		return false;
	*min = MIN(a, b);
	*max = MAX(a, b);
	return true;
}

void scalar_sext(struct scalar *s, unsigned bits)
{
	int64_t min = s->smin, max = s->smax;

	if (scalar_is_const(s)) {
		*s = scalar_const((uint64_t)sign_extend(s->var_off.value, bits));
		return;
	}
	if (sext_interval(&min, &max, bits)) {
		s->smin = min;
		s->smax = max;
		s->umin = (uint64_t)min;
		s->umax = (uint64_t)max;
		s->s32_min = (int32_t)min;
		s->s32_max = (int32_t)max;
		s->u32_min = (uint32_t)min;
		s->u32_max = (uint32_t)max;
		s->var_off = tnum_range(s->umin, s->umax);
		return;
	}
	*s = scalar_unknown();
	s->smin = s->s32_min = (int32_t)(UINT32_MAX << (bits - 1));
	s->smax = s->s32_max = (int32_t)~(UINT32_MAX << (bits - 1));
}

/* Leaves the 64-bit bounds stale, as the kernel does: scalar_zext32 sets them next. */
void scalar_sext32(struct scalar *s, unsigned bits)
{
	int64_t min = s->s32_min, max = s->s32_max;

	if (scalar_is_const(s)) {
		min = max = sign_extend(s->var_off.value, bits);
		s->var_off = tnum_const((uint64_t)min);
	} else if (sext_interval(&min, &max, bits)) {
		s->var_off = tnum_subreg(tnum_range((uint64_t)min, (uint64_t)max));
	} else {
		s->s32_min = (int32_t)(UINT32_MAX << (bits - 1));
		s->s32_max = (int32_t)~(UINT32_MAX << (bits - 1));
		s->u32_min = 0;
		s->u32_max = UINT32_MAX;
		s->var_off = tnum_subreg(TNUM_UNKNOWN);
		return;
	}
	s->s32_min = (int32_t)min;
	s->s32_max = (int32_t)max;
	s->u32_min = (uint32_t)min;
	s->u32_max = (uint32_t)max;
}

bool scalar_range_within(const struct scalar *old, const struct scalar *cur)
{
	return old->umin <= cur->umin && old->umax >= cur->umax &&
	       old->smin <= cur->smin && old->smax >= cur->smax &&
	       old->u32_min <= cur->u32_min && old->u32_max >= cur->u32_max &&
	       old->s32_min <= cur->s32_min && old->s32_max >= cur->s32_max;
}

bool scalar_within(const struct scalar *old, const struct scalar *cur)
{
	return scalar_range_within(old, cur) && tnum_in(old->var_off, cur->var_off);
}

bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool scalar_contains(const struct scalar *s, uint64_t x)
{
	int64_t sx = (int64_t)x;
	uint32_t w = (uint32_t)x;

	return (x & ~s->var_off.mask) == s->var_off.value &&
	       x >= s->umin && x <= s->umax && sx >= s->smin && sx <= s->smax &&
	       w >= s->u32_min && w <= s->u32_max &&
	       (int32_t)w >= s->s32_min && (int32_t)w <= s->s32_max;
}
