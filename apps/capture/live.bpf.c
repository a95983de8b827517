// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * Live capture. keep_in and keep_out are tail-called by the program made of the expression
 * (live_filter.c) for packets that pass it; they find out whose a packet is and put it into the ring,
 * and never change its fate. Whose it is stands with its socket (owner.bpf.c): the packet's own on the
 * way out, else the one its addresses lead to.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "capture/live-api.bpf.h"
#include "tool/account.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct live_settings live = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} packets SEC(".maps");

/* A socket accepted from another begins with what stood there. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct live_owner);
} owners SEC(".maps");

/* --- whose ---------------------------------------------------------------------------------------- */

struct ends {
	struct bpf_sock_tuple tuple;
	__u32 bytes; /* of the tuple */
	__u8 protocol;
};

static __always_inline bool find_ports(struct __sk_buff *skb, __u32 off, bool is_egress,
				       __be16 *source, __be16 *target)
{
	__be16 two[2];

	if (bpf_skb_load_bytes(skb, off, two, sizeof(two)))
		return false;
	*source = two[is_egress ? 1 : 0];
	*target = two[is_egress ? 0 : 1];
	return true;
}

/* The ends of a TCP or UDP packet as its socket sees them: from the other to this one. */
static __always_inline bool find_ends4(struct __sk_buff *skb, bool is_egress, struct ends *e)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || (ip.frag_off & bpf_htons(0x1fff)))
		return false;
	e->protocol = ip.protocol;
	e->bytes = sizeof(e->tuple.ipv4);
	e->tuple.ipv4.saddr = is_egress ? ip.daddr : ip.saddr;
	e->tuple.ipv4.daddr = is_egress ? ip.saddr : ip.daddr;
	return find_ports(skb, ETH_HLEN + ip.ihl * 4, is_egress, &e->tuple.ipv4.sport,
			  &e->tuple.ipv4.dport);
}

static __always_inline bool find_ends6(struct __sk_buff *skb, bool is_egress, struct ends *e)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return false;
	e->protocol = ip.nexthdr;
	e->bytes = sizeof(e->tuple.ipv6);
	__builtin_memcpy(e->tuple.ipv6.saddr, is_egress ? &ip.daddr : &ip.saddr, 16);
	__builtin_memcpy(e->tuple.ipv6.daddr, is_egress ? &ip.saddr : &ip.daddr, 16);
	return find_ports(skb, ETH_HLEN + sizeof(ip), is_egress, &e->tuple.ipv6.sport,
			  &e->tuple.ipv6.dport);
}

static __always_inline const struct live_owner *owner_of_ends(struct __sk_buff *skb, bool is_egress)
{
	const struct live_owner *owner;
	struct bpf_sock *sk = NULL;
	struct ends e = {};

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (!find_ends4(skb, is_egress, &e))
			return NULL;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (!find_ends6(skb, is_egress, &e))
			return NULL;
	}
	if (e.protocol == IPPROTO_TCP) {
		if (e.bytes == sizeof(e.tuple.ipv4))
			sk = bpf_sk_lookup_tcp(skb, &e.tuple, sizeof(e.tuple.ipv4),
					       BPF_F_CURRENT_NETNS, 0);
		else
			sk = bpf_sk_lookup_tcp(skb, &e.tuple, sizeof(e.tuple.ipv6),
					       BPF_F_CURRENT_NETNS, 0);
	} else if (e.protocol == IPPROTO_UDP) {
		if (e.bytes == sizeof(e.tuple.ipv4))
			sk = bpf_sk_lookup_udp(skb, &e.tuple, sizeof(e.tuple.ipv4),
					       BPF_F_CURRENT_NETNS, 0);
		else
			sk = bpf_sk_lookup_udp(skb, &e.tuple, sizeof(e.tuple.ipv6),
					       BPF_F_CURRENT_NETNS, 0);
	}
	if (!sk)
		return NULL;
	owner = bpf_sk_storage_get(&owners, sk, 0, 0);
	bpf_sk_release(sk);
	return owner;
}

/* NULL: not known. What it points to lives as long as this program runs. */
static __always_inline const struct live_owner *find_owner(struct __sk_buff *skb, bool is_egress)
{
	struct bpf_sock *sk;

	if (is_egress && skb->sk) {
		sk = bpf_sk_fullsock(skb->sk);
		if (sk)
			return bpf_sk_storage_get(&owners, sk, 0, 0);
	}
	return owner_of_ends(skb, is_egress);
}

static __always_inline bool comm_is(const struct live_owner *owner, __u32 term)
{
	for (int i = 0; i < LIVE_COMM_BYTES; i++) {
		if (owner->comm[i] != live.terms[term].comm[i])
			return false;
		if (!owner->comm[i])
			break;
	}
	return true;
}

static __always_inline bool term_holds(const struct live_owner *owner, __u32 i)
{
	if (!owner || !owner->pid)
		return false;
	if (live.terms[i].kind == LIVE_TERM_PID)
		return owner->pid == live.terms[i].pid;
	if (live.terms[i].kind == LIVE_TERM_COMM)
		return comm_is(owner, i);
	return owner->terms >> i & 1;
}

static __always_inline bool is_wanted(const struct live_owner *owner)
{
	for (__u32 i = 0; i < LIVE_TERMS_MAX; i++) {
		if (i >= live.n_terms)
			break;
		if (term_holds(owner, i) == (live.terms[i].negated != 0))
			return false;
	}
	return true;
}

/* --- what becomes of it --------------------------------------------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIVE_SKBS);
	__type(key, __u32);
	__type(value, struct live_skb);
} skbs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* settled by the tool */
	__type(key, __u32);
	__type(value, __u64);
} fates SEC(".maps");

/* A TCP segment's sequence number where it is at hand, else 0. */
static __always_inline __u32 find_mark(struct __sk_buff *skb)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const __u8 *tcp;

	if (data + ETH_HLEN + sizeof(struct ipv6hdr) > end)
		return 0;
	if (skb->protocol == bpf_htons(ETH_P_IP) && data[ETH_HLEN + 9] == IPPROTO_TCP)
		tcp = data + ETH_HLEN + (data[ETH_HLEN] & 15) * 4;
	else if (skb->protocol == bpf_htons(ETH_P_IPV6) && data[ETH_HLEN + 6] == IPPROTO_TCP)
		tcp = data + ETH_HLEN + sizeof(struct ipv6hdr);
	else
		return 0;
	return tcp + 8 > end ? 0 : *(const __u32 *)(tcp + 4);
}

/* Whoever stood where this one is to stand cannot be told any more, unless it is the same one. */
static __always_inline void take_place(struct live_skb *skb, __u64 address)
{
	__u32 index = skb->fate;
	__u64 *fate;

	if (!skb->address || skb->address == address)
		return;
	fate = bpf_map_lookup_elem(&fates, &index);
	if (fate)
		*fate = skb->serial << LIVE_REASON_BITS | LIVE_REASON_NONE;
}

static __always_inline void watch(struct __sk_buff *skb, struct live_packet *p, __u64 serial)
{
	struct live_skb *place;
	__u64 address;
	__u32 index;

	/* The context is the sk_buff; what is read back from memory is a plain number. */
	*(struct __sk_buff *volatile *)&p->serial = skb;
	address = *(volatile __u64 *)&p->serial;
	p->serial = serial & LIVE_SERIAL_MASK;
	p->fate = bpf_get_smp_processor_id() * live.fates + (serial & (live.fates - 1));
	index = live_skb_place(address);
	place = bpf_map_lookup_elem(&skbs, &index);
	if (!place)
		return;
	take_place(place, address);
	place->address = address;
	place->serial = p->serial;
	place->fate = p->fate;
	place->mark = find_mark(skb);
}

/* --- the ring ------------------------------------------------------------------------------------- */

/* Room for a packet of up to @room bytes: the ring wants sizes the verifier knows. */
#define HAND_OVER(room)                                                                            \
	do {                                                                                       \
		struct {                                                                           \
			struct live_packet head;                                                   \
			__u8 data[room];                                                           \
		} *record = bpf_ringbuf_reserve(&packets, sizeof(*record), 0);                     \
		if (!record)                                                                       \
			return false;                                                              \
		fill_head(skb, is_egress, owner, serial, &record->head);                           \
		record->head.bytes = bytes;                                                        \
		if (bytes && bytes <= (room) && bpf_skb_load_bytes(skb, 0, record->data, bytes))   \
			record->head.bytes = 0;                                                    \
		bpf_ringbuf_submit(record, 0);                                                     \
		return true;                                                                       \
	} while (0)

static __always_inline void fill_head(struct __sk_buff *skb, bool is_egress,
				      const struct live_owner *owner, __u64 serial,
				      struct live_packet *p)
{
	p->ktime_ns = bpf_ktime_get_ns();
	p->ifindex = skb->ifindex;
	p->wire_bytes = skb->len;
	p->vlan_tci = skb->vlan_present ? skb->vlan_tci : 0;
	p->vlan_proto = skb->vlan_present ? skb->vlan_proto : 0;
	p->is_egress = is_egress;
	if (owner)
		p->owner = *owner;
	else
		p->owner.pid = 0;
	if (live.fates)
		watch(skb, p, serial);
	else
		p->serial = 0;
}

static __always_inline bool hand_over(struct __sk_buff *skb, bool is_egress,
				      const struct live_owner *owner, __u64 serial)
{
	__u32 bytes = skb->len < live.snap ? skb->len : live.snap;

	if (bytes <= 96)
		HAND_OVER(96);
	else if (bytes <= 256)
		HAND_OVER(256);
	else if (bytes <= 768)
		HAND_OVER(768);
	else if (bytes <= 1600)
		HAND_OVER(1600);
	else if (bytes <= 9216)
		HAND_OVER(9216);
	else if (bytes <= 66000)
		HAND_OVER(66000);
	else
		HAND_OVER(LIVE_SNAP_MAX);
}

static __always_inline int keep(struct __sk_buff *skb, bool is_egress)
{
	const struct live_owner *owner = NULL;
	struct account *counts;
	__u32 zero = 0;

	if (live.owners) {
		owner = find_owner(skb, is_egress);
		if (!is_wanted(owner))
			return TC_ACT_UNSPEC;
	}
	counts = bpf_map_lookup_elem(&account, &zero);
	if (!counts)
		return TC_ACT_UNSPEC;
	counts->occurred++;
	if (!hand_over(skb, is_egress, owner, counts->occurred))
		counts->dropped++;
	return TC_ACT_UNSPEC;
}

SEC("tc")
int keep_in(struct __sk_buff *skb)
{
	return keep(skb, false);
}

SEC("tc")
int keep_out(struct __sk_buff *skb)
{
	return keep(skb, true);
}

/* What the expression's program goes on with: keep_in, keep_out. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, int(struct __sk_buff *));
} next SEC(".maps") = { .values = { [0] = &keep_in, [1] = &keep_out } };
