/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Whose a packet is: that stands with its socket (owner.bpf.c), which is the packet's own on the way out,
 * else the one its addresses lead to. Looking one up costs more than all else that is done to a packet,
 * so what was found is remembered for a moment, or until a socket is made or gets another owner.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "capture/live-api.bpf.h"
#include "capture/owners.bpf.h"

#define WHOSE_ENTRIES	256 /* of a CPU; a power of two */
#define WHOSE_MOMENT_NS 1000000ull
#define FRAGMENT_OFFSET 0x1fff

/* The ends of a TCP or UDP packet as its socket sees them: from the other to this one. */
struct whose_ends {
	struct bpf_sock_tuple tuple;
	__u32 ifindex;
	__u8 protocol;
	__u8 v6;
	__u16 unused;
};

struct whose_entry {
	struct whose_ends ends;
	__u32 unused;
	__u64 until_ns;
	__u64 changes;
	struct live_owner owner; /* pid 0: nobody */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WHOSE_ENTRIES);
	__type(key, __u32);
	__type(value, struct whose_entry);
} whose SEC(".maps");

/* Bytes at @off, which is below 128: where they are at hand without a call. */
#define WHOSE_READ(skb, off, to)                                                                   \
	({                                                                                         \
		const __u8 *_at = (void *)(long)(skb)->data;                                       \
		bool _ok = true;                                                                   \
                                                                                                   \
		_at += (off);                                                                      \
		if (_at + sizeof(to) <= (__u8 *)(long)(skb)->data_end)                             \
			__builtin_memcpy(&(to), _at, sizeof(to));                                  \
		else                                                                               \
			_ok = !bpf_skb_load_bytes(skb, off, &(to), sizeof(to));                    \
		_ok;                                                                               \
	})

static __always_inline bool whose_ports(struct __sk_buff *skb, __u32 off, bool is_egress,
					__be16 *source, __be16 *target)
{
	__be16 two[2];

	if (!WHOSE_READ(skb, off, two))
		return false;
	*source = two[is_egress ? 1 : 0];
	*target = two[is_egress ? 0 : 1];
	return true;
}

static __always_inline bool whose_ends4(struct __sk_buff *skb, bool is_egress, struct whose_ends *e)
{
	struct iphdr ip;

	if (!WHOSE_READ(skb, ETH_HLEN, ip) || (ip.frag_off & bpf_htons(FRAGMENT_OFFSET)))
		return false;
	e->protocol = ip.protocol;
	e->tuple.ipv4.saddr = is_egress ? ip.daddr : ip.saddr;
	e->tuple.ipv4.daddr = is_egress ? ip.saddr : ip.daddr;
	return whose_ports(skb, ETH_HLEN + ip.ihl * 4, is_egress, &e->tuple.ipv4.sport,
			   &e->tuple.ipv4.dport);
}

static __always_inline bool whose_ends6(struct __sk_buff *skb, bool is_egress, struct whose_ends *e)
{
	struct ipv6hdr ip;

	if (!WHOSE_READ(skb, ETH_HLEN, ip))
		return false;
	e->protocol = ip.nexthdr;
	e->v6 = true;
	__builtin_memcpy(e->tuple.ipv6.saddr, is_egress ? &ip.daddr : &ip.saddr, 16);
	__builtin_memcpy(e->tuple.ipv6.daddr, is_egress ? &ip.saddr : &ip.daddr, 16);
	return whose_ports(skb, ETH_HLEN + sizeof(ip), is_egress, &e->tuple.ipv6.sport,
			   &e->tuple.ipv6.dport);
}

static __always_inline bool whose_find_ends(struct __sk_buff *skb, bool is_egress,
					    struct whose_ends *e)
{
	bool found = false;

	e->ifindex = skb->ifindex;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		found = whose_ends4(skb, is_egress, e);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		found = whose_ends6(skb, is_egress, e);
	return found && (e->protocol == IPPROTO_TCP || e->protocol == IPPROTO_UDP);
}

static __always_inline struct bpf_sock *whose_socket(struct __sk_buff *skb, struct whose_ends *e)
{
	struct bpf_sock_tuple *tuple = &e->tuple;

	if (e->protocol == IPPROTO_TCP)
		return e->v6 ? bpf_sk_lookup_tcp(skb, tuple, sizeof(tuple->ipv6),
						 BPF_F_CURRENT_NETNS, 0)
			     : bpf_sk_lookup_tcp(skb, tuple, sizeof(tuple->ipv4),
						 BPF_F_CURRENT_NETNS, 0);
	return e->v6 ? bpf_sk_lookup_udp(skb, tuple, sizeof(tuple->ipv6), BPF_F_CURRENT_NETNS, 0)
		     : bpf_sk_lookup_udp(skb, tuple, sizeof(tuple->ipv4), BPF_F_CURRENT_NETNS, 0);
}

static __always_inline __u32 whose_index(const struct whose_ends *e)
{
	const __u32 *words = (const __u32 *)&e->tuple;
	__u32 sum = 0;

	for (__u32 i = 0; i < sizeof(e->tuple) / sizeof(*words); i++)
		sum = (sum ^ words[i]) * 2654435761u;
	return sum >> 16 & (WHOSE_ENTRIES - 1);
}

static __always_inline bool whose_is_same(const struct whose_ends *a, const struct whose_ends *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;
	__u32 differ = 0;

	for (__u32 i = 0; i < sizeof(*a) / sizeof(*x); i++)
		differ |= x[i] ^ y[i];
	return !differ;
}

static __always_inline void whose_look_up(struct __sk_buff *skb, struct whose_ends *e,
					  struct live_owner *owner)
{
	const struct live_owner *stands = NULL;
	struct bpf_sock *sk = whose_socket(skb, e);

	if (sk) {
		stands = bpf_sk_storage_get(&owners, sk, 0, 0);
		bpf_sk_release(sk);
	}
	if (stands)
		*owner = *stands;
	else
		owner->pid = 0;
}

static __always_inline const struct live_owner *whose_ends_are(struct __sk_buff *skb,
							       bool is_egress, __u64 now_ns)
{
	struct whose_entry *entry;
	struct whose_ends e = {};
	__u32 zero = 0, index;
	__u64 *now_changes;

	if (!whose_find_ends(skb, is_egress, &e))
		return NULL;
	index = whose_index(&e);
	entry = bpf_map_lookup_elem(&whose, &index);
	now_changes = bpf_map_lookup_elem(&changes, &zero);
	if (!entry || !now_changes)
		return NULL;
	if (entry->until_ns > now_ns && entry->changes == *now_changes &&
	    whose_is_same(&entry->ends, &e))
		return &entry->owner;
	entry->ends = e;
	entry->changes = *now_changes;
	entry->until_ns = now_ns + WHOSE_MOMENT_NS;
	whose_look_up(skb, &e, &entry->owner);
	return &entry->owner;
}

/* NULL: not known. What it points to lives as long as this program runs. */
static __always_inline const struct live_owner *whose_is(struct __sk_buff *skb, bool is_egress,
							 __u64 now_ns)
{
	struct bpf_sock *sk;

	if (is_egress && skb->sk) {
		sk = bpf_sk_fullsock(skb->sk);
		if (sk)
			return bpf_sk_storage_get(&owners, sk, 0, 0);
	}
	return whose_ends_are(skb, is_egress, now_ns);
}
