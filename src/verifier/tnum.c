/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tnum: arithmetic on partly known numbers (tnum.h says what one is).
 *
 * The trick shared by add, sub and mul: with v the known bits and m the unknown ones, the smallest
 * member is v and the largest v + m; a bit where the extremes' carries differ is unknown. See
 * Vishwanathan et al., "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers",
 * https://arxiv.org/abs/2105.05398. mul is shift-and-add; where a bit of a is unknown, it takes
 * the union of adding and of not adding.
 */
#include "verifier/tnum.h"

#include <assert.h>

/* The tnum with unknown bits mu that agrees with v elsewhere. */
static inline struct tnum make(uint64_t v, uint64_t mu)
{
	return (struct tnum){ .value = v & ~mu, .mask = mu };
}

struct tnum tnum_range(uint64_t min, uint64_t max)
{
	uint64_t differ = min ^ max;

	if (!differ)
		return tnum_const(min);
	return make(min, UINT64_MAX >> __builtin_clzll(differ));
}

struct tnum tnum_lshift(struct tnum a, unsigned shift)
{
	return make(a.value << shift, a.mask << shift);
}

struct tnum tnum_rshift(struct tnum a, unsigned shift)
{
	return make(a.value >> shift, a.mask >> shift);
}

struct tnum tnum_arshift(struct tnum a, unsigned shift, unsigned bits)
{
	/* An unknown sign bit is smeared as unknown, a known one as itself. */
	if (bits == 32)
		return make((uint32_t)((int32_t)a.value >> shift),
			    (uint32_t)((int32_t)a.mask >> shift));
	return make((uint64_t)((int64_t)a.value >> shift), (uint64_t)((int64_t)a.mask >> shift));
}

struct tnum tnum_add(struct tnum a, struct tnum b)
{
	uint64_t least = a.value + b.value;
	uint64_t most = least + (a.mask + b.mask);

	return make(least, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	uint64_t mid = a.value - b.value;
	uint64_t most = mid + a.mask;
	uint64_t least = mid - b.mask;

	return make(mid, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum_neg(struct tnum a)
{
	return tnum_sub(tnum_const(0), a);
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value & b.value;
	uint64_t maybe = (a.value | a.mask) & (b.value | b.mask);

	return make(ones, maybe & ~ones);
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value | b.value;

	return make(ones, (a.mask | b.mask) & ~ones);
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return make(a.value ^ b.value, a.mask | b.mask);
}

struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum acc = tnum_const(0);

	for (; a.value | a.mask; a = tnum_rshift(a, 1), b = tnum_lshift(b, 1)) {
		if (a.value & 1)
			acc = tnum_add(acc, b);
		else if (a.mask & 1)
			acc = tnum_union(acc, tnum_add(acc, b));
	}
	return acc;
}

bool tnum_overlap(struct tnum a, struct tnum b)
{
	uint64_t both_known = ~(a.mask | b.mask);

	return !((a.value ^ b.value) & both_known);
}

struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return make(a.value | b.value, a.mask & b.mask);
}

struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return make(a.value, (a.value ^ b.value) | a.mask | b.mask);
}

/*
 * Let k be the highest known bit where z differs from a. Above k, z agrees with a member. If z has 0
 * at k it lies below the member that continues with all unknown bits 0, which is the answer. If it
 * has 1, or is a member itself, the answer comes by adding one to z's unknown bits above k: the
 * known bits in between, and all below k, are filled with ones so that the carry passes.
 */
uint64_t tnum_step(struct tnum a, uint64_t z)
{
	uint64_t most = a.value | a.mask, differ = (z ^ a.value) & ~a.mask, below = 0;

	if (z >= most)
		return most;
	if (differ) {
		uint64_t k = UINT64_C(1) << (63 - __builtin_clzll(differ));

		below = k - 1;
		if (!(z & k))
			return (z & a.mask & ~below) | a.value;
	}
	return (((z | below | ~a.mask) + 1) & a.mask) | a.value;
}

bool tnum_in(struct tnum a, struct tnum b)
{
	if (b.mask & ~a.mask)
		return false;
	return a.value == (b.value & ~a.mask);
}

struct tnum tnum_cast(struct tnum a, unsigned bytes)
{
	uint64_t keep = bytes < 8 ? (UINT64_C(1) << (bytes * 8)) - 1 : UINT64_MAX;

	return make(a.value & keep, a.mask & keep);
}

struct tnum tnum_bswap(struct tnum a, unsigned bits)
{
	assert(bits == 16 || bits == 32 || bits == 64);
	/* Swapping all eight bytes puts the low ones on top. */
	return tnum_rshift(make(__builtin_bswap64(a.value), __builtin_bswap64(a.mask)), 64 - bits);
}

bool tnum_is_aligned(struct tnum a, uint64_t size)
{
	return !size || !((a.value | a.mask) & (size - 1));
}

struct tnum tnum_subreg(struct tnum a)
{
	return tnum_cast(a, 4);
}

struct tnum tnum_clear_subreg(struct tnum a)
{
	return make(a.value & ~(uint64_t)UINT32_MAX, a.mask & ~(uint64_t)UINT32_MAX);
}

struct tnum tnum_with_subreg(struct tnum reg, struct tnum subreg)
{
	return tnum_or(tnum_clear_subreg(reg), tnum_subreg(subreg));
}

struct tnum tnum_const_subreg(struct tnum a, uint32_t value)
{
	return tnum_with_subreg(a, tnum_const(value));
}
