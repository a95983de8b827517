/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * sieve: marks multiples of small primes, from an offset that differs at each run, and counts what
 * is left. Byte stores at computed places on the stack, known trip counts.
 */
#include "bench.h"

#define NUMBERS 320
#define OFFSETS 32

BENCH(sieve)
{
	__u8 marks[NUMBERS + OFFSETS] __attribute__((aligned(8)));
	__u32 off = seed & (OFFSETS - 1);
	__u64 left = 0;

	__builtin_memset(marks, 0, sizeof(marks));
	for (int prime = 3; prime < 18; prime += 2)
		for (int i = prime * 2; i < NUMBERS; i += prime)
			marks[i + off] = 1;
	for (int i = 0; i < NUMBERS; i++)
		left += marks[i] * i;
	return left;
}
