/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * c_tail: a chain of 16 tail calls; each program adds to the sum in the packet. For this machine it is
 * a chain of jumps through a table of functions.
 */
#include "bench.h"

#define CHAIN 16

#ifdef BENCH_NATIVE
/* Volatile: or the compiler would see through the whole chain. */
static int (*volatile const stages[CHAIN + 1])(struct xdp_md *ctx);

#define NEXT_STAGE(ctx, i) __attribute__((musttail)) return stages[i](ctx)
#else
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, CHAIN + 1);
} stages SEC(".maps");

#define NEXT_STAGE(ctx, i) bpf_tail_call(ctx, &stages, i)
#endif

static __always_inline void add(struct xdp_md *ctx, __u64 n)
{
	struct bench_head *head = (struct bench_head *)XDP_DATA(ctx, data);

	if ((const __u8 *)(head + 1) <= XDP_DATA(ctx, data_end))
		head->sum ^= head->seed * n;
}

SEC("xdp") int c_tail(struct xdp_md *ctx)
{
	struct bench_head *head = (struct bench_head *)XDP_DATA(ctx, data);

	if ((const __u8 *)(head + 1) > XDP_DATA(ctx, data_end))
		return XDP_ABORTED;
	bench_sum_add(head, bench_seed_next(head));
	NEXT_STAGE(ctx, 1);
	return XDP_ABORTED;
}

#define STAGE(i)                                                                                   \
	SEC("xdp") int stage_##i(struct xdp_md *ctx)                                               \
	{                                                                                          \
		add(ctx, i);                                                                       \
		NEXT_STAGE(ctx, i + 1);                                                            \
		return XDP_ABORTED;                                                                \
	}

STAGE(1)
STAGE(2)
STAGE(3)
STAGE(4)
STAGE(5)
STAGE(6)
STAGE(7)
STAGE(8)
STAGE(9)
STAGE(10)
STAGE(11)
STAGE(12)
STAGE(13)
STAGE(14)
STAGE(15)

SEC("xdp") int stage_16(struct xdp_md *ctx)
{
	add(ctx, 16);
	return XDP_PASS;
}

#ifdef BENCH_NATIVE
static int (*volatile const stages[CHAIN + 1])(struct xdp_md *ctx) = {
	c_tail,	  stage_1,  stage_2,  stage_3,	stage_4,  stage_5,  stage_6,  stage_7,	stage_8,
	stage_9,  stage_10, stage_11, stage_12, stage_13, stage_14, stage_15, stage_16,
};
#endif
