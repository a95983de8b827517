/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* crc32: Ethernet's CRC of 512 bytes of the packet by a table of 256, one byte at a time. */
#include "bench.h"

#define BYTES 512

/* The table is linear: an entry is the exclusive or of those of its bits. */
#define BIT(i, bit, entry) ((i) & (bit) ? (entry) : 0)
#define T1(i)                                                                                      \
	(BIT(i, 1, 0x77073096u) ^ BIT(i, 2, 0xee0e612cu) ^ BIT(i, 4, 0x076dc419u) ^                \
	 BIT(i, 8, 0x0edb8832u) ^ BIT(i, 16, 0x1db71064u) ^ BIT(i, 32, 0x3b6e20c8u) ^              \
	 BIT(i, 64, 0x76dc4190u) ^ BIT(i, 128, 0xedb88320u))
#define T4(i) T1(i), T1((i) + 1), T1((i) + 2), T1((i) + 3)
#define T16(i) T4(i), T4((i) + 4), T4((i) + 8), T4((i) + 12)
#define T64(i) T16(i), T16((i) + 16), T16((i) + 32), T16((i) + 48)

static const __u32 table[256] = { T64(0), T64(64), T64(128), T64(192) };

BENCH(crc32)
{
	__u32 crc = ~(__u32)seed;

	for (int i = 0; i < BYTES; i++)
		crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
	return ~crc;
}
