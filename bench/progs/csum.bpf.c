/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * csum16, csum32: the Internet checksum of 1500 bytes from an even place that differs at each run, in
 * words of 2 and of 4 bytes, with the bounds check in the loop as firewalls write it.
 */
#include "bench.h"

#define BYTES 1500

static __always_inline __u64 csum_fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16)) & 0xffff;
}

BENCH(csum16)
{
	const __u8 *from = data + (seed & 0xfe);
	__u64 sum = 0;

	for (int i = 0; i < BYTES; i += 2) {
		if (from + i + 2 > end)
			break;
		sum += *(const __u16 *)(from + i);
	}
	return csum_fold(sum);
}

BENCH(csum32)
{
	const __u8 *from = data + (seed & 0xfc);
	__u64 sum = 0;

	for (int i = 0; i < BYTES; i += 4) {
		if (from + i + 4 > end)
			break;
		sum += load32(from + i);
	}
	return csum_fold(sum);
}
