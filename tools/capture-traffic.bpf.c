/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * For tools/capture-traffic: VLAN tags on real traffic, on kernels built without VLAN devices. Packets to
 * 10.9.0.0/16 and fd00:9::/32 leave with tag 42, those to 10.10.0.0/16 with tag 43 inside service tag 100;
 * every tag is taken off again where it arrives.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum tags { TAGS_NONE, TAGS_ONE, TAGS_TWO };

static __always_inline enum tags tags_for(const struct __sk_buff *skb)
{
	const void *end = (const void *)(long)skb->data_end;
	const struct ethhdr *eth = (const void *)(long)skb->data;
	const struct ipv6hdr *ip6 = (const void *)(eth + 1);
	const struct iphdr *ip = (const void *)(eth + 1);

	if ((const void *)(ip + 1) > end)
		return TAGS_NONE;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		switch (bpf_ntohl(ip->daddr) >> 16) {
		case 0x0a09:
			return TAGS_ONE;
		case 0x0a0a:
			return TAGS_TWO;
		}
		return TAGS_NONE;
	}
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (const void *)(ip6 + 1) > end)
		return TAGS_NONE;
	return ip6->daddr.s6_addr32[0] == bpf_htonl(0xfd000009) ? TAGS_ONE : TAGS_NONE;
}

SEC("tc/egress")
int tag(struct __sk_buff *skb)
{
	switch (tags_for(skb)) {
	case TAGS_TWO:
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 43);
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), 100);
		break;
	case TAGS_ONE:
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 42);
		break;
	case TAGS_NONE:
		break;
	}
	return TC_ACT_OK;
}

SEC("tc/ingress")
int untag(struct __sk_buff *skb)
{
	for (int i = 0; i < 2 && skb->vlan_present; i++)
		bpf_skb_vlan_pop(skb);
	return TC_ACT_OK;
}
