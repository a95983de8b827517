/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * iplen: reports total length and time to live of every IPv4 packet through a ring buffer, and lets it
 * continue. A packet may carry one VLAN tag, in its bytes or, as a network card leaves it, beside them.
 *
 * Teaches: a tc classifier, reserving and submitting a ring buffer record, a record with a BTF type (the
 * struct has the name of the ring buffer, so tools can print it), VLAN tags in both places.
 *
 *	skep run examples/iplen.bpf.c --pcap examples/traffic.pcap
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_ID_MASK 0x0fff

struct lengths {
	__u16 total_length;
	__u8 ttl;
	__u8 ip_protocol;
	__u16 vlan_id; /* 0: not tagged */
	__u16 frame_bytes;
};

struct vlan_tag {
	__be16 tci;
	__be16 ethertype;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} lengths SEC(".maps");

/* Keeps struct lengths in the object's BTF. */
const struct lengths *const lengths_type SEC(".rodata") = 0;

/* Records that found the ring full. */
__u64 lost;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The IPv4 header behind at most one tag in the packet's bytes; NULL when it is another protocol or cut
 * short. A tag found there is stored in *vlan_id.
 */
static __always_inline const struct iphdr *ipv4_header(const struct __sk_buff *skb, __u16 *vlan_id)
{
	const void *end = (const void *)(long)skb->data_end;
	const struct ethhdr *eth = (const void *)(long)skb->data;
	const struct vlan_tag *tag = (const void *)(eth + 1);
	const struct iphdr *ip = (const void *)tag;
	__be16 ethertype;

	if ((const void *)(eth + 1) > end)
		return 0;
	ethertype = eth->h_proto;
	if (ethertype == bpf_htons(ETH_P_8021Q)) {
		if ((const void *)(tag + 1) > end)
			return 0;
		*vlan_id = bpf_ntohs(tag->tci) & VLAN_ID_MASK;
		ethertype = tag->ethertype;
		ip = (const void *)(tag + 1);
	}
	if (ethertype != bpf_htons(ETH_P_IP) || (const void *)(ip + 1) > end)
		return 0;
	return ip;
}

SEC("tc")
int report_lengths(struct __sk_buff *skb)
{
	__u16 vlan_id = skb->vlan_present ? skb->vlan_tci & VLAN_ID_MASK : 0;
	const struct iphdr *ip = ipv4_header(skb, &vlan_id);
	struct lengths *record;

	if (!ip)
		return TC_ACT_OK;
	record = bpf_ringbuf_reserve(&lengths, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return TC_ACT_OK;
	}
	record->total_length = bpf_ntohs(ip->tot_len);
	record->ttl = ip->ttl;
	record->ip_protocol = ip->protocol;
	record->vlan_id = vlan_id;
	record->frame_bytes = skb->len;
	bpf_ringbuf_submit(record, 0);
	return TC_ACT_OK;
}
