/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * udplen: a histogram of UDP payload lengths, IPv4 and IPv6, in powers of two. As a socket filter it
 * keeps the headers of UDP packets (64 bytes) and nothing of the others.
 *
 * Teaches: "vmlinux.h" (every kernel type from BTF instead of uapi headers), a socket filter's return
 * value, reading a packet through a helper, an array as a histogram, a constant-bound loop.
 *
 *	skep run examples/udplen.bpf.c --pcap examples/traffic.pcap
 */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IP_FRAGMENT_OFFSET 0x1fff

#define SLOTS 17
#define KEEP_BYTES 64

/* udp_lengths[n] counts payloads of 2^(n-1) to 2^n - 1 bytes; [0] those of none. */
__u64 udp_lengths[SLOTS];

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline __u32 slot_of(__u32 length)
{
	__u32 slot = 0;

	for (int i = 0; i < SLOTS - 1 && length; i++) {
		length >>= 1;
		slot++;
	}
	return slot;
}

/* Where the UDP header is, counted from the network header; -1 when there is none. */
static __always_inline int udp_offset(struct __sk_buff *skb)
{
	struct ipv6hdr ip6;
	struct iphdr ip;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip), BPF_HDR_START_NET))
			return -1;
		if (ip.protocol != IPPROTO_UDP || ip.frag_off & bpf_htons(IP_FRAGMENT_OFFSET))
			return -1;
		return ip.ihl * 4;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes_relative(skb, 0, &ip6, sizeof(ip6), BPF_HDR_START_NET))
			return -1;
		return ip6.nexthdr == IPPROTO_UDP ? (int)sizeof(ip6) : -1;
	}
	return -1;
}

SEC("socket")
int count_lengths(struct __sk_buff *skb)
{
	int offset = udp_offset(skb);
	struct udphdr udp;
	__u32 slot;

	if (offset < 0 ||
	    bpf_skb_load_bytes_relative(skb, offset, &udp, sizeof(udp), BPF_HDR_START_NET))
		return 0;
	if (bpf_ntohs(udp.len) < sizeof(udp))
		return 0;
	slot = slot_of(bpf_ntohs(udp.len) - sizeof(udp));
	if (slot < SLOTS)
		__sync_fetch_and_add(&udp_lengths[slot], 1);
	return KEEP_BYTES;
}
