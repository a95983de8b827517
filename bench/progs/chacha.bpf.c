/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* chacha: one block of ChaCha20, 16 words of state, the nonce from the seed. */
#include "bench.h"

#define QUARTER(a, b, c, d)                                                                        \
	do {                                                                                       \
		x[a] += x[b]; x[d] = rol32(x[d] ^ x[a], 16);                                       \
		x[c] += x[d]; x[b] = rol32(x[b] ^ x[c], 12);                                       \
		x[a] += x[b]; x[d] = rol32(x[d] ^ x[a], 8);                                        \
		x[c] += x[d]; x[b] = rol32(x[b] ^ x[c], 7);                                        \
	} while (0)

BENCH(chacha)
{
	__u32 x[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	__u64 sum = 0;

	for (int i = 0; i < 8; i++)
		x[4 + i] = load32(data + i * 4);
	x[12] = (__u32)seed;
	x[13] = (__u32)(seed >> 32);
	x[14] = load32(data + 32);
	x[15] = load32(data + 36);
	for (int i = 0; i < 10; i++) {
		QUARTER(0, 4, 8, 12);
		QUARTER(1, 5, 9, 13);
		QUARTER(2, 6, 10, 14);
		QUARTER(3, 7, 11, 15);
		QUARTER(0, 5, 10, 15);
		QUARTER(1, 6, 11, 12);
		QUARTER(2, 7, 8, 13);
		QUARTER(3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i += 2)
		sum = sum * 31 + ((__u64)x[i] << 32 | x[i + 1]);
	return sum;
}
