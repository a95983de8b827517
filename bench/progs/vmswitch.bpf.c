/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* vmswitch: 48 steps of a small virtual machine whose program is in the packet; a switch per step. */
#include "bench.h"

#define STEPS 48

static __always_inline __u64 step(__u8 op, __u64 acc, __u64 x)
{
	switch (op & 7) {
	case 0:
		return acc + x;
	case 1:
		return acc - x;
	case 2:
		return acc ^ x;
	case 3:
		return acc * (x | 1);
	case 4:
		return acc >> (x & 31);
	case 5:
		return acc << (x & 7) | x;
	case 6:
		return acc & ~x;
	default:
		return acc > x ? acc - x : x;
	}
}

BENCH(vmswitch)
{
	const __u8 *code = data + (seed & 0xf8);
	__u64 acc = seed;

	if (code + STEPS * 8 > end)
		return 0;
	for (int i = 0; i < STEPS; i++)
		acc = step(code[i * 8], acc, load64(code + i * 8));
	return acc;
}
