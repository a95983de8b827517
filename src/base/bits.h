/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bits of one word, and bitmaps of many. fls and ffs count from 1 and give 0 for 0, as in the
 * kernel. A bitmap is an array of BITMAP_WORDS(n) uint64_t; bit i is bit i % 64 of word i / 64.
 * Nothing here is atomic and no index is checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT32(n) (UINT32_C(1) << (n))
#define BIT64(n) (UINT64_C(1) << (n))
#define BITMAP_WORDS(n) (((size_t)(n) + 63) / 64)

static inline unsigned int fls_u32(uint32_t x)
{
	return x ? 32 - (unsigned int)__builtin_clz(x) : 0;
}

static inline unsigned int fls_u64(uint64_t x)
{
	return x ? 64 - (unsigned int)__builtin_clzll(x) : 0;
}

static inline unsigned int ffs_u64(uint64_t x)
{
	return (unsigned int)__builtin_ffsll((long long)x);
}

static inline unsigned int popcount_u64(uint64_t x)
{
	return (unsigned int)__builtin_popcountll(x);
}

/* floor(log2(x)); x is not 0. */
static inline unsigned int ilog2_u64(uint64_t x)
{
	return 63 - (unsigned int)__builtin_clzll(x);
}

static inline void bitmap_set(uint64_t *map, size_t i)
{
	map[i / 64] |= BIT64(i % 64);
}

static inline void bitmap_clear(uint64_t *map, size_t i)
{
	map[i / 64] &= ~BIT64(i % 64);
}

static inline bool bitmap_test(const uint64_t *map, size_t i)
{
	return map[i / 64] >> (i % 64) & 1;
}

/* The first set bit in [from, n), or n. */
static inline size_t bitmap_next(const uint64_t *map, size_t n, size_t from)
{
	for (size_t i = from; i < n; i = (i / 64 + 1) * 64) {
		uint64_t word = map[i / 64] >> (i % 64);

		if (word) {
			i += (size_t)__builtin_ctzll(word);
			return i < n ? i : n;
		}
	}
	return n;
}

/* The first clear bit in [from, n), or n. */
static inline size_t bitmap_next_clear(const uint64_t *map, size_t n, size_t from)
{
	for (size_t i = from; i < n; i = (i / 64 + 1) * 64) {
		uint64_t word = ~map[i / 64] >> (i % 64);

		if (word) {
			i += (size_t)__builtin_ctzll(word);
			return i < n ? i : n;
		}
	}
	return n;
}

static inline size_t bitmap_count(const uint64_t *map, size_t n)
{
	size_t count = 0;

	for (size_t i = bitmap_next(map, n, 0); i < n; i = bitmap_next(map, n, i + 1))
		count++;
	return count;
}
