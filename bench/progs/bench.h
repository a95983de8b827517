/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * What every measured program begins with. The same source is compiled for BPF and, with
 * -DBENCH_NATIVE, for this machine (native.h has the maps there).
 *
 * A program is an XDP program on a packet of BENCH_PACKET_BYTES: its first bytes are struct
 * bench_head, the rest is random. Each run takes the next seed from the head, so that no two runs
 * see the same input, and folds its result into `sum`, which all engines must agree on. State is in
 * the packet and not in a map, so that threads share nothing but the map that is measured.
 */
#pragma once

#ifdef BENCH_NATIVE
#include "native.h"
#else
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#define NATIVE_STATE
#define NATIVE_MAPS(...)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
#endif

#define BENCH_DATA_BYTES 2048
#define BENCH_PACKET_BYTES (BENCH_DATA_BYTES + sizeof(struct bench_head))

struct bench_head {
	__u64 seed;
	__u64 sum;
};

#define XDP_DATA(ctx, field) ((__u8 *)(long)(ctx)->field)

/* Another number at each run: neighbours differ in every bit. */
static __always_inline __u64 bench_seed_next(struct bench_head *head)
{
	__u64 x = head->seed += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	return x ^ (x >> 31);
}

static __always_inline void bench_sum_add(struct bench_head *head, __u64 value)
{
	head->sum = (head->sum ^ value) * 0x100000001b3ull;
}

/*
 * BENCH(name) { body; return value; } defines a program; its body sees `data` (BENCH_DATA_BYTES of
 * random bytes, checked), `end` (of the packet) and `seed`.
 */
#define BENCH(name)                                                                                \
	static __always_inline __u64 name##_body(const __u8 *data, const __u8 *end, __u64 seed);   \
	SEC("xdp") int name(struct xdp_md *ctx)                                                    \
	{                                                                                          \
		struct bench_head *head = (struct bench_head *)XDP_DATA(ctx, data);                \
		const __u8 *end = XDP_DATA(ctx, data_end);                                         \
		const __u8 *data = (const __u8 *)(head + 1);                                       \
                                                                                                   \
		if (data + BENCH_DATA_BYTES > end)                                                 \
			return XDP_ABORTED;                                                        \
		bench_sum_add(head, name##_body(data, end, bench_seed_next(head)));                \
		return XDP_PASS;                                                                   \
	}                                                                                          \
	static __always_inline __u64 name##_body(const __u8 *data, const __u8 *end, __u64 seed)

static __always_inline __u32 load32(const __u8 *p)
{
	return *(const __u32 *)p;
}

static __always_inline __u64 load64(const __u8 *p)
{
	return *(const __u64 *)p;
}

static __always_inline __u32 rol32(__u32 x, int by)
{
	return x << by | x >> (32 - by);
}

static __always_inline __u64 rol64(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}
