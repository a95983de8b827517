// SPDX-License-Identifier: BSD-2-Clause
/* Puts a tag beside packets of UDP on their way out, as a VLAN device does whose hardware tags. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tcx/egress")
int tag(struct __sk_buff *skb)
{
	const struct ethhdr *eth = (const void *)(long)skb->data;
	const struct iphdr *ip = (const void *)(eth + 1);

	if ((const void *)(ip + 1) <= (const void *)(long)skb->data_end &&
	    eth->h_proto == bpf_htons(ETH_P_IP) && ip->protocol == IPPROTO_UDP)
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 3 << 13 | 42);
	return TC_ACT_UNSPEC;
}
