/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* xorshift: 256 steps of a generator, each waiting for the one before. */
#include "bench.h"

BENCH(xorshift)
{
	__u64 x = seed | 1;

	for (int i = 0; i < 256; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}
