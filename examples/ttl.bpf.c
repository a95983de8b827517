/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * ttl: prints total length and time to live of every IPv4 packet, and lets it continue.
 *
 * Teaches: the shortest tc classifier there is, and bpf_printk. Attached by skep, its lines go through a
 * ring buffer: none is lost without being counted. TC_ACT_UNSPEC leaves the verdict to the programs
 * behind it, which TC_ACT_OK would hide packets from.
 *
 *	skep run --attach examples/ttl.bpf.c --dev eth0 --ingress
 *	skep run --attach examples/ttl.bpf.c --dev eth0 --egress --ttl_max 5
 *	skep run examples/ttl.bpf.c --pcap examples/traffic.pcap
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The tag is what `--help` says of the option --ttl_max. */
const volatile __u8 ttl_max __attribute__((btf_decl_tag("only packets with no larger one"))) = 255;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int print_ttl(struct __sk_buff *skb)
{
	const void *end = (const void *)(long)skb->data_end;
	const struct ethhdr *eth = (const void *)(long)skb->data;
	const struct iphdr *ip = (const void *)(eth + 1);

	if ((const void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	if (ip->ttl <= ttl_max)
		bpf_printk("length %d ttl %d", bpf_ntohs(ip->tot_len), ip->ttl);
	return TC_ACT_UNSPEC;
}
