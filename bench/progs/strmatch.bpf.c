/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * strmatch: looks for the beginnings of four request lines at 32 places of the packet, as a filter of
 * HTTP methods does. BPF's compiler knows no unaligned access, so each comparison is by bytes.
 */
#include "bench.h"

#define PLACES 32
#define STEP 24

static __always_inline __u64 match(const __u8 *p)
{
	if (!__builtin_memcmp(p, "GET /ind", 8))
		return 1;
	if (!__builtin_memcmp(p, "POST /up", 8))
		return 2;
	if (!__builtin_memcmp(p, "HEAD /in", 8))
		return 3;
	return 0;
}

BENCH(strmatch)
{
	const __u8 *from = data + (seed & 56);
	__u64 found = 0;

	if (from + PLACES * STEP + 8 > end)
		return 0;
	for (int i = 0; i < PLACES; i++)
		found = found * 5 + match(from + i * STEP);
	return found;
}
