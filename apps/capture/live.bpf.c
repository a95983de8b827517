// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * Live capture. keep_in and keep_out are tail-called by the program made of the expression
 * (entry.c) for packets that pass it; they find out whose a packet is and put it into the ring,
 * and never change its fate.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "capture/fates.bpf.h"
#include "capture/live-api.bpf.h"
#include "capture/whose.bpf.h"
#include "tool/account.bpf.h"

#define SHORT_BYTES 96

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct live_settings live = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} packets SEC(".maps");

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

struct seen {
	struct __sk_buff *skb;
	const struct live_owner *owner; /* NULL: not known */
	__u64 now_ns;
	__u64 serial;
	bool is_egress;
};

static __always_inline void fill_head(const struct seen *s, struct live_packet *p)
{
	p->ktime_ns = s->now_ns;
	p->ifindex = s->skb->ifindex;
	p->wire_bytes = s->skb->len;
	p->vlan_tci = s->skb->vlan_present ? s->skb->vlan_tci : 0;
	p->vlan_proto = s->skb->vlan_present ? s->skb->vlan_proto : 0;
	p->is_egress = s->is_egress;
	if (s->owner)
		p->owner = *s->owner;
	else
		p->owner.pid = 0;
	if (live.fates)
		watch(s->skb, p, s->serial);
	else
		p->serial = 0;
}

/*
 * The packet's first bytes, where they are at hand without a call: a call costs as much as all of this.
 * False: they are not.
 */
static __always_inline bool copy_short(struct __sk_buff *skb, __u32 bytes, __u8 *to)
{
	const __u8 *from = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 at = 0;

	if (bytes > SHORT_BYTES || (__u64)end - (__u64)from < bytes)
		return false;
	for (; at + 8 <= SHORT_BYTES; at += 8) {
		if (at + 8 > bytes || from + at + 8 > end)
			break;
		*(__u64 *)(to + at) = *(const __u64 *)(from + at);
	}
	for (__u32 i = 0; i < 7; i++, at++) {
		if (at >= bytes || at >= SHORT_BYTES || from + at + 1 > end)
			break;
		to[at] = from[at];
	}
	return true;
}

static __always_inline bool copy(struct __sk_buff *skb, __u32 bytes, __u8 *to, __u32 room)
{
	__u32 less = bytes - 1;

	if (room == SHORT_BYTES && copy_short(skb, bytes, to))
		return true;
	/* Linux 6.1 wants to see that it is neither 0 nor too much. */
	barrier_var(less);
	if (less >= room)
		return !bytes;
	return !bpf_skb_load_bytes(skb, 0, to, less + 1);
}

/* Room for a packet of up to @room bytes: the ring wants sizes the verifier knows. */
#define HAND_OVER(room)                                                                            \
	do {                                                                                       \
		struct {                                                                           \
			struct live_packet head;                                                   \
			__u8 data[room];                                                           \
		} *record = bpf_ringbuf_reserve(&packets, sizeof(*record), 0);                     \
		if (!record)                                                                       \
			return false;                                                              \
		fill_head(s, &record->head);                                                       \
		record->head.bytes = bytes;                                                        \
		if (!copy(s->skb, bytes, record->data, room))                                      \
			record->head.bytes = 0;                                                    \
		bpf_ringbuf_submit(record, 0);                                                     \
		return true;                                                                       \
	} while (0)

static __always_inline bool hand_over(const struct seen *s)
{
	__u32 bytes = s->skb->len < live.snap ? s->skb->len : live.snap;

	if (bytes <= SHORT_BYTES)
		HAND_OVER(SHORT_BYTES);
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
	struct seen s = { .skb = skb, .is_egress = is_egress, .now_ns = bpf_ktime_get_ns() };
	struct account *counts;
	__u32 zero = 0;

	if (live.owners) {
		s.owner = whose_is(skb, is_egress, s.now_ns);
		if (!is_wanted(s.owner))
			return TC_ACT_UNSPEC;
	}
	counts = bpf_map_lookup_elem(&account, &zero);
	if (!counts)
		return TC_ACT_UNSPEC;
	s.serial = ++counts->occurred;
	if (!hand_over(&s))
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
