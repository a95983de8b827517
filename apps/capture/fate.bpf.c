// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * What becomes of captured packets (live-api.bpf.h): a packet that is freed stands in skbs no longer,
 * and one that is freed because it was dropped has an entry in fates before. Some ways to free a packet
 * have no tracepoint (TCP's for what it received): then its address comes back as another's, which the
 * sequence number shows.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "capture/fates.bpf.h"
#include "capture/live-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sk_buff {
	unsigned char *head;
	__u16 network_header;
	__u16 inner_network_header;
};

#pragma clang attribute pop

static __always_inline struct live_skb *find(__u64 address)
{
	__u32 index = live_skb_place(address);
	struct live_skb *skb = bpf_map_lookup_elem(&skbs, &index);

	return skb && skb->address == address ? skb : NULL;
}

/* The sequence number of the TCP segment whose IP header is at @ip, else 0. */
static __always_inline __u32 mark_at(const __u8 *ip)
{
	__u32 header = 40, mark = 0;
	__u8 first[10];

	if (bpf_probe_read_kernel(first, sizeof(first), ip))
		return 0;
	if (first[0] >> 4 == 4)
		header = (first[0] & 15) * 4;
	if (first[first[0] >> 4 == 4 ? 9 : 6] != IPPROTO_TCP)
		return 0;
	bpf_probe_read_kernel(&mark, sizeof(mark), ip + header + 4);
	return mark;
}

/* Whether it is still the packet that was captured, perhaps within another by now. */
static __always_inline bool is_same(const struct live_skb *skb, const struct sk_buff *kernel)
{
	const __u8 *head;

	if (!skb->mark)
		return true;
	head = BPF_CORE_READ(kernel, head);
	return mark_at(head + BPF_CORE_READ(kernel, network_header)) == skb->mark ||
	       mark_at(head + BPF_CORE_READ(kernel, inner_network_header)) == skb->mark;
}

SEC("raw_tp/kfree_skb")
int dropped(struct bpf_raw_tracepoint_args *ctx)
{
	struct live_skb *skb = find(ctx->args[0]);
	__u32 index;
	__u64 *fate;

	if (!skb)
		return 0;
	index = skb->fate;
	fate = bpf_map_lookup_elem(&fates, &index);
	if (fate && is_same(skb, (void *)ctx->args[0]))
		*fate = skb->serial << LIVE_REASON_BITS | (ctx->args[2] & LIVE_REASON_MASK);
	skb->address = 0;
	return 0;
}

SEC("raw_tp/consume_skb")
int consumed(struct bpf_raw_tracepoint_args *ctx)
{
	struct live_skb *skb = find(ctx->args[0]);

	if (skb)
		skb->address = 0;
	return 0;
}
