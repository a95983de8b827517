/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* sort: 20 words of the packet by odd-even exchange on the stack; branches no predictor knows. */
#include "bench.h"

#define N 20

BENCH(sort)
{
	__u64 a[N]; /* in whole stack slots, or the verifier forgets what is in them */
	__u64 sum = 0;

	for (int i = 0; i < N; i++)
		a[i] = load32(data + i * 4) ^ (__u32)(seed >> i);
	for (int pass = 0; pass < N; pass++) {
		for (int i = pass & 1; i + 1 < N; i += 2) {
			__u64 x = a[i], y = a[i + 1];

			if (x > y) {
				a[i] = y;
				a[i + 1] = x;
			}
		}
	}
	for (int i = 0; i < N; i++)
		sum = sum * 7 + a[i];
	return sum;
}
