/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* divvar, divconst: 64 divisions by numbers from the packet, and by 10 and 1000 as in printing. */
#include "bench.h"

BENCH(divvar)
{
	__u64 sum = 0;

	for (int i = 0; i < 64; i++)
		sum += (seed ^ i) / (load32(data + i * 4) | 1);
	return sum;
}

BENCH(divconst)
{
	__u64 x = seed, sum = 0;

	for (int i = 0; i < 64; i++) {
		x ^= load64(data + i * 8);
		sum += x % 10 + x / 1000;
	}
	return sum;
}
