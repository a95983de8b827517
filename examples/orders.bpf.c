/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * A rule that a shop's server asks about every order it takes (examples/embed.c): refuse what costs
 * more than a limit, and count by country what was refused. The host fires the event "order" with a
 * record of 8-byte fields, which are a raw tracepoint's arguments.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* country */
	__type(value, __u64);
} refused SEC(".maps");

const volatile __u64 cents_max = 100000;

static __always_inline void count_refused(__u32 country)
{
	__u64 *n, one = 1;

	n = bpf_map_lookup_elem(&refused, &country);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&refused, &country, &one, BPF_NOEXIST);
}

/* args: 0 number, 1 country, 2 cents; 1 takes the order, 0 refuses it */
SEC("raw_tp/order")
int check_order(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[2] <= cents_max)
		return 1;
	count_refused((__u32)ctx->args[1]);
	return 0;
}
