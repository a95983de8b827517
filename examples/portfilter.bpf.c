/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * portfilter: drops IPv4 packets to one TCP or UDP port, and whoever sent them is put on a blocklist with
 * all its neighbours: from then on everything from that prefix is dropped. The blocklist may be filled
 * from outside as well.
 *
 * Teaches: `const volatile` settings, an LPM trie (longest prefix match) as a blocklist, per-CPU counters,
 * IPv4 options and fragments.
 *
 *	skep run examples/portfilter.bpf.c --set blocked_port=23 --pcap examples/traffic.pcap
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IP_FRAGMENT_OFFSET 0x1fff

/* Set before loading: the verifier takes them for constants. */
const volatile __u16 blocked_port = 23;
const volatile __u32 blocked_prefix_bits = 24;

struct drops {
	__u64 to_port;
	__u64 from_blocked;
	__u64 cut_short;
};

struct source {
	__u32 prefix_bits;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct source);
	__type(value, __u64);
} blocklist SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drops);
} drops SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int source_blocked(const struct iphdr *ip)
{
	struct source key = { .prefix_bits = 32, .address = ip->saddr };
	__u64 *hits = bpf_map_lookup_elem(&blocklist, &key);

	if (!hits)
		return 0;
	__sync_fetch_and_add(hits, 1);
	return 1;
}

static __always_inline void block_source(const struct iphdr *ip)
{
	struct source key = { .prefix_bits = blocked_prefix_bits, .address = ip->saddr };
	__u64 hits = 0;

	bpf_map_update_elem(&blocklist, &key, &hits, BPF_ANY);
}

/* The destination port of a TCP or UDP packet, 0 when it has none, -1 when it is cut short. */
static __always_inline int destination_port(const struct iphdr *ip, const void *end)
{
	/* Both begin with the two ports. The header length counts words of four bytes. */
	const struct udphdr *ports = (const void *)ip + ip->ihl * 4;

	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return 0;
	/* Only the first fragment has ports. */
	if (ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET))
		return 0;
	if ((const void *)(ports + 1) > end)
		return -1;
	return bpf_ntohs(ports->dest);
}

/* Counts are this CPU's own, so adding to them needs no atomic. */
static __always_inline int judge(const struct iphdr *ip, const void *end, struct drops *count)
{
	int port;

	if (source_blocked(ip)) {
		count->from_blocked++;
		return XDP_DROP;
	}
	port = destination_port(ip, end);
	if (port < 0) {
		count->cut_short++;
		return XDP_DROP;
	}
	if (port == 0 || port != blocked_port)
		return XDP_PASS;
	count->to_port++;
	block_source(ip);
	return XDP_DROP;
}

SEC("xdp")
int filter_port(struct xdp_md *ctx)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = (const void *)(long)ctx->data;
	const struct iphdr *ip = (const void *)(eth + 1);
	struct drops *count;
	__u32 only = 0;

	if ((const void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	count = bpf_map_lookup_elem(&drops, &only);
	if (!count)
		return XDP_ABORTED;
	return judge(ip, end, count);
}
