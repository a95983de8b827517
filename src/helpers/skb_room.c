/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that make an skb longer or shorter: VLAN tags, room for headers, both ends. Their errnos
 * are the kernel's: -ENOTSUPP where a packet is not the kind that can be changed so. Source:
 * net/core/filter.c bpf_skb_adjust_room …, net/core/skbuff.c skb_vlan_push, skb_vlan_pop.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/errno.h"
#include "helpers/call.h"
#include "helpers/csum.h"
#include "object/pkt.h"

#define ETH_P_802_3_MIN 0x0600
#define ETH_P_802_3 0x0001
#define ETH_P_802_2 0x0004
#define ETH_P_IP 0x0800
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_IPV6 0x86dd
#define ETH_ADDRS_BYTES 12
#define VLAN_BYTES 4
#define IP_BYTES 20u
#define IPV6_BYTES 40u
#define ROOM_DIFF_MAX 0xfffu

#define ENCAP_L3 (BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6)
#define ENCAP_L4 (BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_ENCAP_L4_UDP)
#define DECAP_L3 (BPF_F_ADJ_ROOM_DECAP_L3_IPV4 | BPF_F_ADJ_ROOM_DECAP_L3_IPV6)
#define ENCAP_L2_LEN ((uint64_t)BPF_ADJ_ROOM_ENCAP_L2_MASK << BPF_ADJ_ROOM_ENCAP_L2_SHIFT)
#define SHRINK_FLAGS                                                                               \
	((uint64_t)BPF_F_ADJ_ROOM_FIXED_GSO | DECAP_L3 | BPF_F_ADJ_ROOM_NO_CSUM_RESET)
#define ROOM_FLAGS                                                                                 \
	(SHRINK_FLAGS | ENCAP_L3 | ENCAP_L4 | BPF_F_ADJ_ROOM_ENCAP_L2_ETH | ENCAP_L2_LEN)

static uint16_t proto(const struct skb *skb)
{
	return ntohs(skb->protocol);
}

static bool is_vlan(uint16_t protocol)
{
	return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD;
}

static uint32_t mac_len(const struct skb *skb)
{
	return (uint32_t)(skb->network_off - skb->mac_off);
}

/* --- headers in the middle ------------------------------------------------------------------------ */

static void move_headers(struct skb *skb, int32_t by)
{
	bool same = skb->transport_off == skb->network_off;

	skb->mac_off = (uint16_t)(skb->mac_off + by);
	skb->network_off = (uint16_t)(skb->network_off + by);
	if (same)
		skb->transport_off = skb->network_off;
}

/* Opens a gap of @len zero bytes @off bytes into the packet; what is before it moves. */
static int gap_open(struct skb *skb, uint32_t off, uint32_t len)
{
	int err = off <= skb->len ? skb_reserve(skb, len, 0) : -ENOMEM;

	if (err)
		return err;
	skb_push(skb, len);
	memmove(skb->data, skb->data + len, off);
	memset(skb->data + off, 0, len);
	return 0;
}

static int gap_close(struct skb *skb, uint32_t off, uint32_t len)
{
	uint8_t *old = skb->data;

	if ((uint64_t)off + len > skb->len)
		return -ENOMEM;
	skb_csum_out(skb, old + off, len, off);
	skb_pull(skb, len);
	memmove(skb->data, old, off);
	return 0;
}

static int headers_open(struct skb *skb, uint32_t off, uint32_t len)
{
	int err = gap_open(skb, off, len);

	if (!err)
		move_headers(skb, -(int32_t)len);
	return err;
}

static int headers_close(struct skb *skb, uint32_t off, uint32_t len)
{
	int err = gap_close(skb, off, len);

	if (!err)
		move_headers(skb, (int32_t)len);
	return err;
}

static void hash_clear(struct skb *skb)
{
	skb->hash = 0;
	skb->l4_hash = skb->sw_hash = false;
}

HELPER_CALL(skb_change_proto)
{
	struct skb *skb = ptr(r1);
	uint16_t to = ntohs((uint16_t)r2);
	uint32_t diff = IPV6_BYTES - IP_BYTES;
	int err;

	if (r3)
		return ret(-EINVAL);
	if (proto(skb) == ETH_P_IP && to == ETH_P_IPV6)
		err = headers_open(skb, mac_len(skb), diff);
	else if (proto(skb) == ETH_P_IPV6 && to == ETH_P_IP)
		err = headers_close(skb, mac_len(skb), diff);
	else
		return ret(-ENOTSUPP);
	if (err)
		return ret(err);
	skb->protocol = (uint16_t)r2;
	hash_clear(skb);
	return 0;
}

/* --- adjust_room ----------------------------------------------------------------------------------- */

static int check_encap(const struct skb *skb, uint32_t len, uint64_t flags)
{
	uint8_t inner_mac = (uint8_t)(flags >> BPF_ADJ_ROOM_ENCAP_L2_SHIFT);

	if (proto(skb) != ETH_P_IP && proto(skb) != ETH_P_IPV6)
		return -ENOTSUPP;
	if ((flags & ENCAP_L3) == ENCAP_L3 || (flags & ENCAP_L4) == ENCAP_L4)
		return -EINVAL;
	if (flags & BPF_F_ADJ_ROOM_ENCAP_L2_ETH && inner_mac < ETH_BYTES)
		return -EINVAL;
	if (skb->encapsulation)
		return -EALREADY;
	return inner_mac > len ? -EINVAL : 0;
}

static void set_outer_proto(struct skb *skb, uint64_t flags, uint64_t v4, uint64_t v6)
{
	if (proto(skb) == ETH_P_IP && flags & v6)
		skb->protocol = htons(ETH_P_IPV6);
	else if (proto(skb) == ETH_P_IPV6 && flags & v4)
		skb->protocol = htons(ETH_P_IP);
}

static int room_grow(struct skb *skb, uint32_t off, uint32_t len, uint64_t flags)
{
	uint32_t l2 = mac_len(skb), l3;
	bool encap = flags & ENCAP_L3;
	int err;

	if (skb->gso_size) /* of a type that is not known: untyped GSO is refused */
		return -ENOTSUPP;
	err = encap ? check_encap(skb, len, flags) : 0;
	if (!err)
		err = headers_open(skb, off, len);
	if (err || !encap)
		return err;
	skb->encapsulation = true;
	skb->network_off = (uint16_t)(skb_headroom(skb) + l2);
	if (flags & ENCAP_L4) {
		l3 = flags & BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 ? IPV6_BYTES : IP_BYTES;
		skb->transport_off = (uint16_t)(skb_headroom(skb) + l2 + l3);
	}
	set_outer_proto(skb, flags, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);
	return 0;
}

static int room_shrink(struct skb *skb, uint32_t off, uint32_t len, uint64_t flags)
{
	int err;

	if (flags & ~SHRINK_FLAGS)
		return -EINVAL;
	if (skb->gso_size) /* of a type that is not known: untyped GSO is refused */
		return -ENOTSUPP;
	err = headers_close(skb, off, len);
	if (!err)
		set_outer_proto(skb, flags, BPF_F_ADJ_ROOM_DECAP_L3_IPV4,
				BPF_F_ADJ_ROOM_DECAP_L3_IPV6);
	return err;
}

static uint32_t net_base_len(const struct skb *skb)
{
	return proto(skb) == ETH_P_IP ? IP_BYTES : IPV6_BYTES;
}

/* The least L3 length that may remain, by the decapsulation flags. */
static int room_len_min(uint64_t flags, bool shrink, uint32_t *len_min)
{
	if (!(flags & DECAP_L3))
		return 0;
	if (!shrink || (flags & DECAP_L3) == DECAP_L3)
		return -EINVAL;
	*len_min = flags & BPF_F_ADJ_ROOM_DECAP_L3_IPV4 ? IP_BYTES : IPV6_BYTES;
	return 0;
}

static bool room_possible(const struct skb *skb, bool shrink, uint32_t diff, uint32_t len_min)
{
	uint32_t len = skb->len - (uint32_t)skb_offset(skb, skb->network_off);

	if (shrink)
		return diff < len && len - diff >= len_min;
	return skb->len + diff <= SKB_BYTES_MAX || skb->gso_size;
}

HELPER_CALL(skb_adjust_room)
{
	struct skb *skb = ptr(r1);
	int32_t change = (int32_t)r2;
	bool shrink = change < 0;
	uint32_t diff = shrink ? 0 - (uint32_t)change : (uint32_t)change;
	uint32_t off = mac_len(skb), len_min;
	int err;

	if (r4 & ~ROOM_FLAGS)
		return ret(-EINVAL);
	if (diff > ROOM_DIFF_MAX)
		return ret(-EFAULT);
	if (proto(skb) != ETH_P_IP && proto(skb) != ETH_P_IPV6)
		return ret(-ENOTSUPP);
	len_min = net_base_len(skb);
	if ((uint32_t)r3 == BPF_ADJ_ROOM_NET)
		off += len_min;
	else if ((uint32_t)r3 != BPF_ADJ_ROOM_MAC)
		return ret(-ENOTSUPP);
	err = room_len_min(r4, shrink, &len_min);
	if (!err && !room_possible(skb, shrink, diff, len_min))
		err = -ENOTSUPP;
	if (!err)
		err = shrink ? room_shrink(skb, off, diff, r4) : room_grow(skb, off, diff, r4);
	if (!err && !(r4 & BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		skb_csum_reset_unnecessary(skb);
	return ret(err);
}

/* --- both ends ---------------------------------------------------------------------------------------- */

static uint32_t tail_len_min(const struct skb *skb)
{
	int32_t net = skb_offset(skb, skb->network_off), transport;
	uint32_t min = net > 0 ? (uint32_t)net : 0;

	if (skb->transport_off != SKB_NO_OFFSET) {
		transport = skb_offset(skb, skb->transport_off);
		if (transport > 0)
			min = (uint32_t)transport;
	}
	return min;
}

HELPER_CALL(skb_change_tail)
{
	struct skb *skb = ptr(r1);
	uint32_t len = (uint32_t)r2;
	int err;

	if (r3 || len > SKB_BYTES_MAX || len < tail_len_min(skb))
		return ret(-EINVAL);
	if (skb->encapsulation)
		return ret(-ENOTSUPP);
	if (len != skb->len && skb->ip_summed == SKB_CSUM_COMPLETE)
		skb->ip_summed = SKB_CSUM_NONE;
	err = skb_set_len(skb, len);
	if (!err)
		skb->gso_size = skb->gso_segs = 0;
	return ret(err);
}

HELPER_CALL(skb_change_head)
{
	struct skb *skb = ptr(r1);
	uint32_t room = (uint32_t)r2, len;
	int err;

	if (r3 || __builtin_add_overflow(skb->len, room, &len) ||
	    (!skb->gso_size && len > SKB_BYTES_MAX))
		return ret(-EINVAL);
	err = gap_open(skb, 0, room);
	if (!err)
		skb->mac_off = (uint16_t)skb_headroom(skb);
	return ret(err);
}

/* --- VLAN tags: the outermost is in the skb, the others in the packet ----------------------------- */

static void vlan_put(struct skb *skb, uint16_t vlan_proto, uint16_t tci)
{
	skb->vlan_proto = vlan_proto;
	skb->vlan_tci = tci;
	skb->vlan_present = true;
}

static int vlan_into_packet(struct skb *skb)
{
	uint16_t tci = htons(skb->vlan_tci);
	int err;

	if (skb->len < ETH_BYTES)
		return -EINVAL;
	err = gap_open(skb, ETH_ADDRS_BYTES, VLAN_BYTES);
	if (err)
		return err;
	memcpy(skb->data + ETH_ADDRS_BYTES, &skb->vlan_proto, 2);
	memcpy(skb->data + ETH_ADDRS_BYTES + 2, &tci, 2);
	skb->mac_off -= VLAN_BYTES;
	skb->network_off -= VLAN_BYTES;
	skb->protocol = skb->vlan_proto;
	skb_csum_in(skb, skb->data + ETH_ADDRS_BYTES, VLAN_BYTES, 0);
	return 0;
}

HELPER_CALL(skb_vlan_push)
{
	struct skb *skb = ptr(r1);
	uint16_t vlan_proto = (uint16_t)r2;
	int err;

	if (!is_vlan(ntohs(vlan_proto)))
		vlan_proto = htons(ETH_P_8021Q);
	if (skb->vlan_present) {
		err = vlan_into_packet(skb);
		if (err)
			return ret(err);
	}
	vlan_put(skb, vlan_proto, (uint16_t)r3);
	return 0;
}

/* The protocol behind a tag: an EtherType, or 802.3 where it is a length. */
static uint16_t encapsulated(const uint8_t *at)
{
	uint16_t inner;

	memcpy(&inner, at, sizeof(inner));
	if (ntohs(inner) >= ETH_P_802_3_MIN)
		return inner;
	return htons(at[2] == 0xff && at[3] == 0xff ? ETH_P_802_3 : ETH_P_802_2);
}

static int vlan_out_of_packet(struct skb *skb, uint16_t *tci)
{
	if (skb->len < ETH_BYTES + VLAN_BYTES)
		return -ENOMEM;
	memcpy(tci, skb->data + ETH_BYTES, sizeof(*tci));
	*tci = ntohs(*tci);
	skb->protocol = encapsulated(skb->data + ETH_BYTES + 2);
	gap_close(skb, ETH_ADDRS_BYTES, VLAN_BYTES);
	skb->mac_off += VLAN_BYTES;
	if (skb_offset(skb, skb->network_off) < ETH_BYTES)
		skb->network_off = (uint16_t)(skb_headroom(skb) + ETH_BYTES);
	return 0;
}

HELPER_CALL(skb_vlan_pop)
{
	struct skb *skb = ptr(r1);
	uint16_t tci, vlan_proto;
	int err;

	if (skb->vlan_present) {
		skb->vlan_present = false;
		skb->vlan_proto = skb->vlan_tci = 0;
	} else {
		if (!is_vlan(proto(skb)))
			return 0;
		err = vlan_out_of_packet(skb, &tci);
		if (err)
			return ret(err);
	}
	if (!is_vlan(proto(skb)))
		return 0;
	vlan_proto = skb->protocol;
	err = vlan_out_of_packet(skb, &tci);
	if (!err)
		vlan_put(skb, vlan_proto, tci);
	return ret(err);
}

#define CHANGES .ret_type = RET_INTEGER, .pkt_changes = true

HELPER_PROTO(skb_change_proto, CHANGES, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(skb_adjust_room, CHANGES,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(skb_change_tail, CHANGES, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(skb_change_head, CHANGES, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(skb_vlan_push, CHANGES, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(skb_vlan_pop, CHANGES, ARGS(ARG_PTR_TO_CTX));
