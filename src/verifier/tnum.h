/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tnum: a number some of whose bits are known.
 *
 * A bit whose mask is 0 has the value of `value`; a bit whose mask is 1 may be either, and its
 * value bit is 0. So the set a tnum stands for is { x : (x & ~mask) == value }. Every operation
 * returns a tnum that contains all results the operation has on members of its operands; how
 * much more it contains is interface (log lines print it, verdicts hang on it) and is Linux
 * 6.18's (kernel/bpf/tnum.c). Pure arithmetic by value: no allocation, no failure; all O(1) but
 * tnum_mul (O(64)).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tnum {
	uint64_t value;
	uint64_t mask;
};

#define TNUM_UNKNOWN ((struct tnum){ .value = 0, .mask = UINT64_MAX })

static inline struct tnum tnum_const(uint64_t value)
{
	return (struct tnum){ .value = value, .mask = 0 };
}

static inline bool tnum_is_const(struct tnum a)
{
	return a.mask == 0;
}

static inline bool tnum_equals_const(struct tnum a, uint64_t value)
{
	return a.mask == 0 && a.value == value;
}

static inline bool tnum_is_unknown(struct tnum a)
{
	return a.mask == UINT64_MAX;
}

/* Smallest tnum that holds every x with min <= x <= max (unsigned, min <= max). */
struct tnum tnum_range(uint64_t min, uint64_t max);

/* Shifts by a known amount, 0 <= shift < 64. arshift: `bits` is 64 or 32 (then on the low half,
 * zero-extended; shift < 32). */
struct tnum tnum_lshift(struct tnum a, unsigned shift);
struct tnum tnum_rshift(struct tnum a, unsigned shift);
struct tnum tnum_arshift(struct tnum a, unsigned shift, unsigned bits);

struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_neg(struct tnum a);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);
struct tnum tnum_mul(struct tnum a, struct tnum b);

/* Do the sets of a and b have a member in common? */
bool tnum_overlap(struct tnum a, struct tnum b);
/* What both know; if they disagree on a bit, the result has it 1 (the set is then wrong: the
 * caller asks tnum_overlap first, or lives on a dead path). */
struct tnum tnum_intersect(struct tnum a, struct tnum b);
/* Smallest tnum that contains both. */
struct tnum tnum_union(struct tnum a, struct tnum b);
/* The smallest member above z; the largest member if there is none above. */
uint64_t tnum_step(struct tnum a, uint64_t z);
/* Is every member of b a member of a? */
bool tnum_in(struct tnum a, struct tnum b);

/* The low `bytes` (1, 2, 4 or 8), zero-extended. */
struct tnum tnum_cast(struct tnum a, unsigned bytes);
/* The low `bits` (16, 32 or 64) with their bytes reversed, zero-extended. */
struct tnum tnum_bswap(struct tnum a, unsigned bits);
/* Is every member a multiple of size (0 or a power of two)? */
bool tnum_is_aligned(struct tnum a, uint64_t size);

/* The low 32 bits: taken alone, cleared, replaced. */
struct tnum tnum_subreg(struct tnum a);
struct tnum tnum_clear_subreg(struct tnum a);
struct tnum tnum_with_subreg(struct tnum reg, struct tnum subreg);
struct tnum tnum_const_subreg(struct tnum a, uint32_t value);

static inline bool tnum_subreg_is_const(struct tnum a)
{
	return (uint32_t)a.mask == 0;
}
