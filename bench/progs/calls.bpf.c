/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* c_calls: 256 calls of a function that is not inlined. */
#include "bench.h"

static __noinline __u64 callee(__u64 x, __u64 i)
{
	return (x ^ x >> 7) + i;
}

BENCH(c_calls)
{
	__u64 x = seed;

	for (int i = 0; i < 256; i++)
		x = callee(x, i);
	return x;
}
