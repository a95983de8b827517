/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic on numbers somebody else chose. The checked forms return true on overflow, as the
 * compiler's builtins do, and store the wrapped result either way; the types of the operands may
 * differ and the check is against the type of *res.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define check_add(a, b, res) __builtin_add_overflow(a, b, res)
#define check_sub(a, b, res) __builtin_sub_overflow(a, b, res)
#define check_mul(a, b, res) __builtin_mul_overflow(a, b, res)

static inline bool is_pow2(uint64_t x)
{
	return x && !(x & (x - 1));
}

/* align: a power of two. Wraps to 0 when x is within align of 2^64: check with check_round_up(). */
static inline uint64_t round_up_u64(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline uint64_t round_down_u64(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

/* True on overflow; then *res is not written. */
static inline bool check_round_up(uint64_t x, uint64_t align, uint64_t *res)
{
	uint64_t sum;

	if (check_add(x, align - 1, &sum))
		return true;
	*res = sum & ~(align - 1);
	return false;
}

static inline bool is_aligned(uint64_t x, uint64_t align)
{
	return !(x & (align - 1));
}

static inline uint64_t div_round_up_u64(uint64_t n, uint64_t d)
{
	return n / d + (n % d != 0);
}

/* The least power of two >= x; 1 for 0; 0 when there is none in 64 bits. */
static inline uint64_t roundup_pow2_u64(uint64_t x)
{
	if (x <= 1)
		return 1;
	if (x > UINT64_C(1) << 63)
		return 0;
	return UINT64_C(1) << (64 - __builtin_clzll(x - 1));
}

/* True when [off, off + len) lies within [0, size). */
static inline bool range_fits(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}
