/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* matmul: the product of two 6 x 6 matrices of 32-bit numbers from the packet, on the stack. */
#include "bench.h"

#define N 6

BENCH(matmul)
{
	__u32 a[N][N], b[N][N];
	__u64 trace = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			a[i][j] = load32(data + (i * N + j) * 4) ^ (__u32)seed;
			b[i][j] = load32(data + 512 + (i * N + j) * 4);
		}
	}
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			__u32 sum = 0;

			for (int k = 0; k < N; k++)
				sum += a[i][k] * b[k][j];
			trace = trace * 3 + sum;
		}
	}
	return trace;
}
