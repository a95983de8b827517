/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that read and write bytes of an skb, its hash and its type. Source: net/core/filter.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/hash.h"
#include "helpers/call.h"
#include "helpers/csum.h"
#include "object/pkt.h"

#define ETH_P_IP 0x0800
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_IPV6 0x86dd
#define VLAN_DEPTH_MAX 8
#define NET_OFF (-0x100000) /* SKF_NET_OFF */
#define LL_OFF (-0x200000)  /* SKF_LL_OFF */
#define PACKET_TYPE_MAX 3   /* PACKET_OTHERHOST */
#define ECN_CE 3u

static void hash_clear(struct skb *skb)
{
	skb->hash = 0;
	skb->l4_hash = skb->sw_hash = false;
}

/* --- bytes --------------------------------------------------------------------------------------- */

HELPER_CALL(skb_store_bytes)
{
	uint32_t offset = (uint32_t)r2, len = (uint32_t)r4;
	struct skb *skb = ptr(r1);

	if (r5 & ~((uint64_t)BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return ret(-EINVAL);
	if (offset > INT_MAX || (uint64_t)offset + len > skb->len)
		return ret(-EFAULT);
	if (r5 & BPF_F_RECOMPUTE_CSUM)
		skb_csum_out(skb, skb->data + offset, len, offset);
	memcpy(skb->data + offset, ptr(r3), len);
	if (r5 & BPF_F_RECOMPUTE_CSUM)
		skb_csum_in(skb, skb->data + offset, len, offset);
	if (r5 & BPF_F_INVALIDATE_HASH)
		hash_clear(skb);
	return 0;
}

HELPER_CALL(skb_load_bytes)
{
	uint32_t offset = (uint32_t)r2, len = (uint32_t)r4;
	const struct skb *skb = ptr(r1);

	if (offset > INT_MAX || (uint64_t)offset + len > skb->len) {
		memset(ptr(r3), 0, len);
		return ret(-EFAULT);
	}
	memcpy(ptr(r3), skb->data + offset, len);
	return 0;
}

HELPER_CALL(skb_load_bytes_relative)
{
	uint32_t offset = (uint32_t)r2, len = (uint32_t)r4;
	const struct skb *skb = ptr(r1);
	uint64_t at = SKB_NO_OFFSET;

	if (r5 == BPF_HDR_START_MAC)
		at = skb->mac_off;
	else if (r5 == BPF_HDR_START_NET)
		at = skb->network_off;
	if (at == SKB_NO_OFFSET || offset > 0xffff ||
	    at + offset + len > (uint64_t)(skb->data_end - skb->head)) {
		memset(ptr(r3), 0, len);
		return ret(-EFAULT);
	}
	memcpy(ptr(r3), skb->head + at + offset, len);
	return 0;
}

/* All bytes are linear and writable already; asking for more than there are fails. */
HELPER_CALL(skb_pull_data)
{
	const struct skb *skb = ptr(r1);

	return (uint32_t)r2 > skb->len ? ret(-ENOMEM) : 0;
}

/* --- LD_ABS and LD_IND: offsets below 0 count from the network or the link-layer header ------- */

static const uint8_t *ld_abs_at(const struct skb *skb, int32_t offset, uint32_t len)
{
	int64_t at = offset;

	if (offset >= 0)
		at += skb->data - skb->head;
	else if (offset >= NET_OFF)
		at += skb->network_off - (int64_t)NET_OFF;
	else if (offset >= LL_OFF && skb->mac_off != SKB_NO_OFFSET)
		at += skb->mac_off - (int64_t)LL_OFF;
	else
		return NULL;
	if (at < 0 || at + len > skb->data_end - skb->head)
		return NULL;
	return skb->head + at;
}

HELPER_CALL(internal_skb_load_8)
{
	const uint8_t *at = ld_abs_at(ptr(r1), (int32_t)r2, 1);

	return at ? *at : ret(-EFAULT);
}

HELPER_CALL(internal_skb_load_16)
{
	const uint8_t *at = ld_abs_at(ptr(r1), (int32_t)r2, 2);

	return at ? (uint64_t)at[0] << 8 | at[1] : ret(-EFAULT);
}

HELPER_CALL(internal_skb_load_32)
{
	const uint8_t *at = ld_abs_at(ptr(r1), (int32_t)r2, 4);
	uint32_t word;

	if (!at)
		return ret(-EFAULT);
	memcpy(&word, at, sizeof(word));
	return ntohl(word);
}

/* --- hash, type, congestion ---------------------------------------------------------------------- */

/* A hash over addresses, protocol and ports. The kernel's is keyed at boot: no two machines agree. */
static uint32_t flow_hash(const struct skb *skb)
{
	const uint8_t *ip = skb->head + skb->network_off;
	int64_t left = skb->data_end - ip;
	uint64_t hash = skb->protocol;
	int64_t header = 0, addrs = 0, addrs_bytes = 0;
	uint64_t word;

	if (ntohs(skb->protocol) == ETH_P_IP && left >= 20) {
		addrs = 12;
		addrs_bytes = 8;
		header = (ip[0] & 15) * 4;
		hash = hash_u64(hash ^ ip[9]);
	} else if (ntohs(skb->protocol) == ETH_P_IPV6 && left >= 40) {
		addrs = 8;
		addrs_bytes = 32;
		header = 40;
		hash = hash_u64(hash ^ ip[6]);
	}
	for (int64_t i = 0; i < addrs_bytes; i += 8) {
		memcpy(&word, ip + addrs + i, sizeof(word));
		hash = hash_u64(hash ^ word);
	}
	if (header && header + 4 <= left) {
		uint32_t ports;

		memcpy(&ports, ip + header, sizeof(ports));
		hash = hash_u64(hash ^ ports);
	}
	return (uint32_t)hash ? (uint32_t)hash : 1;
}

HELPER_CALL(get_hash_recalc)
{
	struct skb *skb = ptr(r1);

	if (!skb->l4_hash && !skb->sw_hash) {
		skb->hash = flow_hash(skb);
		skb->sw_hash = true;
	}
	return skb->hash;
}

HELPER_CALL(set_hash_invalid)
{
	hash_clear(ptr(r1));
	return 0;
}

HELPER_CALL(set_hash)
{
	struct skb *skb = ptr(r1);

	skb->hash = (uint32_t)r2;
	skb->l4_hash = skb->sw_hash = true;
	return 0;
}

HELPER_CALL(skb_change_type)
{
	struct skb *skb = ptr(r1);

	if (skb->pkt_type > PACKET_TYPE_MAX || (uint32_t)r2 > PACKET_TYPE_MAX)
		return ret(-EINVAL);
	skb->pkt_type = (uint32_t)r2;
	return 0;
}

/* 1 when the packet now says congestion experienced. Source: IP_ECN_set_ce. */
static uint64_t ipv4_set_ce(uint8_t *ip)
{
	uint32_t ecn = (ip[1] + 1u) & ECN_CE;
	uint16_t check, add;
	uint32_t sum;

	if (!(ecn & 2))
		return !ecn;
	memcpy(&check, ip + 10, sizeof(check));
	add = (uint16_t)(htons(0xfffb) + htons((uint16_t)ecn));
	sum = (uint32_t)check + add;
	check = (uint16_t)(sum + (sum >> 16));
	memcpy(ip + 10, &check, sizeof(check));
	ip[1] |= ECN_CE;
	return 1;
}

static uint64_t ipv6_set_ce(struct skb *skb, uint8_t *ip)
{
	if (!(ip[1] >> 4 & ECN_CE))
		return 0;
	skb_csum_out(skb, ip, 4, 0);
	ip[1] |= ECN_CE << 4;
	skb_csum_in(skb, ip, 4, 0);
	return 1;
}

/* The protocol behind VLAN tags that are still in the packet. Source: skb_protocol(skb, true). */
static uint16_t inner_protocol(const struct skb *skb)
{
	uint16_t proto = ntohs(skb->protocol);
	uint32_t at = ETH_BYTES;

	for (int i = 0; i < VLAN_DEPTH_MAX && (proto == ETH_P_8021Q || proto == ETH_P_8021AD); i++) {
		if (at + 4 > skb->len)
			return 0;
		memcpy(&proto, skb->data + at + 2, sizeof(proto));
		proto = ntohs(proto);
		at += 4;
	}
	return proto;
}

HELPER_CALL(skb_ecn_set_ce)
{
	struct skb *skb = ptr(r1);
	uint8_t *ip = skb->head + skb->network_off;

	switch (inner_protocol(skb)) {
	case ETH_P_IP:
		return skb->len < 20 || skb->data_end - ip < 20 ? 0 : ipv4_set_ce(ip);
	case ETH_P_IPV6:
		return skb->len < 40 || skb->data_end - ip < 40 ? 0 : ipv6_set_ce(skb, ip);
	default:
		return 0;
	}
}

#define NUMBER .ret_type = RET_INTEGER
#define INTERNAL(function, helper_id)                                                                  \
	const struct helper_proto helper_proto_##function = {                                      \
		.func = (function), .id = (helper_id), .name = #function, .ret_type = RET_INTEGER  \
	}

HELPER_PROTO(skb_store_bytes, NUMBER, .pkt_changes = true,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_MEM_READ, ARG_CONST_SIZE, ARG_ANYTHING));
HELPER_PROTO(skb_load_bytes, NUMBER,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_MEM_UNINIT, ARG_CONST_SIZE));
HELPER_PROTO(skb_load_bytes_relative, NUMBER,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_MEM_UNINIT, ARG_CONST_SIZE, ARG_ANYTHING));
HELPER_PROTO(skb_pull_data, NUMBER, .pkt_changes = true, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(get_hash_recalc, NUMBER, ARGS(ARG_PTR_TO_CTX));
HELPER_PROTO(set_hash_invalid, NUMBER, ARGS(ARG_PTR_TO_CTX));
HELPER_PROTO(set_hash, NUMBER, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(skb_change_type, NUMBER, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(skb_ecn_set_ce, NUMBER, ARGS(ARG_PTR_TO_CTX));
INTERNAL(internal_skb_load_8, HELPER_SKB_LOAD_8);
INTERNAL(internal_skb_load_16, HELPER_SKB_LOAD_16);
INTERNAL(internal_skb_load_32, HELPER_SKB_LOAD_32);
