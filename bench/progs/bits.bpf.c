/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* bits: population counts, reversed bytes and leading zeros of 32 words, without instructions for it. */
#include "bench.h"

static __always_inline __u64 popcount(__u64 x)
{
	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return x * 0x0101010101010101ull >> 56;
}

static __always_inline __u64 leading_zeros(__u64 x)
{
	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return 64 - popcount(x);
}

BENCH(bits)
{
	__u64 sum = 0;

	for (int i = 0; i < 32; i++) {
		__u64 x = load64(data + i * 8) ^ seed;

		sum += popcount(x) + (leading_zeros(x >> (i & 31)) ^ __builtin_bswap64(x));
	}
	return sum;
}
