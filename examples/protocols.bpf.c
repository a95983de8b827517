/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * protocols: what is on the wire? Counts packets and bytes per (Ethernet type, IP protocol) in a hash map
 * whose key is a small struct, and lets every packet pass.
 *
 * Teaches: bounds checks on packet data, a struct as map key, look up or insert, atomic addition.
 *
 *	skep run examples/protocols.bpf.c --pcap examples/traffic.pcap
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* A key is compared byte by byte: spell the padding out, so that it is always zero. */
struct protocol {
	__u16 ethertype;
	__u8 ip_protocol;
	__u8 zero;
};

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct protocol);
	__type(value, struct traffic);
} protocols SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The IP protocol of the packet whose network header is at net; 0 when there is none to read. */
static __always_inline __u8 ip_protocol(__u16 ethertype, const void *net, const void *end)
{
	const struct ipv6hdr *ip6 = net;
	const struct iphdr *ip = net;

	if (ethertype == ETH_P_IP && (const void *)(ip + 1) <= end)
		return ip->protocol;
	if (ethertype == ETH_P_IPV6 && (const void *)(ip6 + 1) <= end)
		return ip6->nexthdr;
	return 0;
}

static __always_inline void count(const struct protocol *key, __u64 bytes)
{
	struct traffic first = { .packets = 1, .bytes = bytes };
	struct traffic *seen;

	seen = bpf_map_lookup_elem(&protocols, key);
	if (!seen) {
		bpf_map_update_elem(&protocols, key, &first, BPF_NOEXIST);
		return;
	}
	/* Other CPUs count in the same element. */
	__sync_fetch_and_add(&seen->packets, 1);
	__sync_fetch_and_add(&seen->bytes, bytes);
}

SEC("xdp")
int count_protocols(struct xdp_md *ctx)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = (const void *)(long)ctx->data;
	struct protocol key = {};

	if ((const void *)(eth + 1) > end)
		return XDP_PASS;
	key.ethertype = bpf_ntohs(eth->h_proto);
	key.ip_protocol = ip_protocol(key.ethertype, eth + 1, end);
	count(&key, end - (const void *)eth);
	return XDP_PASS;
}
