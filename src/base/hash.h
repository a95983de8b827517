/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash functions: bytes after Bob Jenkins' lookup3 (public domain; the kernel's jhash is the same
 * design), words by a bijective mixer. Keyed by a seed; not for secrets, not stable across
 * versions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* bytes: any alignment. About one cycle per byte. */
uint32_t hash_bytes(const void *bytes, size_t n, uint32_t seed);

/* Every bit of the result depends on every bit of x; x -> hash_u64(x) is one to one. */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}
