/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* c_loop, c_bpfloop: 1000 steps of a cheap loop, written as a loop and as bpf_loop(). */
#include "bench.h"

#define STEPS 1000

static __always_inline __u64 loop_step(__u64 x, __u64 i)
{
	return (x ^ i) + (x >> 3);
}

BENCH(c_loop)
{
	__u64 x = seed;

	for (int i = 0; i < STEPS; i++)
		x = loop_step(x, i);
	return x;
}

static long loop_callback(__u32 i, void *ctx)
{
	__u64 *x = ctx;

	*x = loop_step(*x, i);
	return 0;
}

BENCH(c_bpfloop)
{
	__u64 x = seed;

	bpf_loop(STEPS, loop_callback, &x, 0);
	return x;
}
