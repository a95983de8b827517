/* SPDX-License-Identifier: BSD-2-Clause */
/* Packet buffers of struct skb: room at both ends, Ethernet header, checksums. */
#include "object/pkt.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"

/* Packet types of __sk_buff.pkt_type (kernel: uapi linux/if_packet.h). */
enum { PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST };

#define ETH_PROTO_MIN 0x0600 /* ETH_P_802_3_MIN: below it is a length */
#define ETH_PROTO_802_3 0x0001
#define ETH_PROTO_802_2 0x0004
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_ADDRS_BYTES 12
#define VLAN_TAG_BYTES 4

int skb_init(struct skb *skb, const uint8_t *data, uint32_t bytes, uint32_t headroom,
	     struct netdev *dev)
{
	size_t size = (size_t)headroom + bytes + PKT_TAILROOM_BYTES;

	memset(skb, 0, sizeof(*skb));
	skb->head = mem_zalloc(size);
	if (!skb->head)
		return -ENOMEM;
	skb->data = skb->data_meta = skb->head + headroom;
	skb->data_end = skb->data + bytes;
	skb->hard_end = skb->head + size;
	if (bytes)
		memcpy(skb->data, data, bytes);
	skb->len = bytes;
	skb->dev = dev;
	skb->mac_off = skb->network_off = (uint16_t)headroom;
	skb->transport_off = SKB_NO_OFFSET;
	return 0;
}

void skb_deinit(struct skb *skb)
{
	free(skb->head);
	skb->head = skb->data = skb->data_end = skb->data_meta = skb->hard_end = NULL;
}

static void shift_off(uint16_t *off, uint32_t by)
{
	if (*off != SKB_NO_OFFSET)
		*off = (uint16_t)(*off + by);
}

int skb_reserve(struct skb *skb, uint32_t head, uint32_t tail)
{
	uint32_t headroom = skb_headroom(skb);
	uint32_t tailroom = (uint32_t)(skb->hard_end - skb->data_end);
	uint32_t grow = head > headroom ? head - headroom : 0;
	uint32_t meta = (uint32_t)(skb->data - skb->data_meta);
	size_t size;
	uint8_t *buf;

	if (!grow && tail <= tailroom)
		return 0;
	size = (size_t)headroom + grow + skb->len + MAX(tail, tailroom);
	buf = mem_zalloc(size);
	if (!buf)
		return -ENOMEM;
	memcpy(buf + grow, skb->head, headroom + (size_t)skb->len);
	free(skb->head);
	skb->head = buf;
	skb->data = buf + grow + headroom;
	skb->data_meta = skb->data - meta;
	skb->data_end = skb->data + skb->len;
	skb->hard_end = buf + size;
	shift_off(&skb->mac_off, grow);
	shift_off(&skb->network_off, grow);
	shift_off(&skb->transport_off, grow);
	return 0;
}

void skb_push(struct skb *skb, uint32_t bytes)
{
	assert(bytes <= skb_headroom(skb));
	skb->data -= bytes;
	skb->data_meta = skb->data;
	skb->len += bytes;
}

void skb_pull(struct skb *skb, uint32_t bytes)
{
	assert(bytes <= skb->len);
	skb->data += bytes;
	skb->data_meta = skb->data;
	skb->len -= bytes;
}

int skb_set_len(struct skb *skb, uint32_t len)
{
	int err;

	if (len > skb->len) {
		err = skb_reserve(skb, 0, len - skb->len);
		if (err)
			return err;
		memset(skb->data_end, 0, len - skb->len);
	}
	skb->data_end = skb->data + len;
	skb->len = len;
	return 0;
}

/* A device without an address, such as loopback, has no broadcast address either. */
static uint32_t packet_type(const uint8_t *mac, const struct netdev *dev)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t none[6];

	if (memcmp(mac, dev->mac, sizeof(dev->mac)) == 0)
		return PACKET_HOST;
	if (!(mac[0] & 1))
		return PACKET_OTHERHOST;
	if (memcmp(dev->mac, none, sizeof(none)) == 0)
		return PACKET_MULTICAST;
	return memcmp(mac, broadcast, sizeof(broadcast)) == 0 ? PACKET_BROADCAST : PACKET_MULTICAST;
}

void skb_eth_type_trans(struct skb *skb, struct netdev *dev)
{
	const uint8_t *eth = skb->data;
	uint16_t proto;

	assert(skb->len >= ETH_BYTES);
	skb->dev = dev;
	skb->mac_off = (uint16_t)(skb->data - skb->head);
	skb->pkt_type = packet_type(eth, dev);
	skb_pull(skb, ETH_BYTES);
	memcpy(&proto, eth + 12, sizeof(proto));
	if (ntohs(proto) < ETH_PROTO_MIN) {
		bool raw = skb->len >= 2 && skb->data[0] == 0xff && skb->data[1] == 0xff;

		proto = htons(raw ? ETH_PROTO_802_3 : ETH_PROTO_802_2);
	}
	skb->protocol = proto;
	skb->network_off = (uint16_t)(skb->data - skb->head);
}

void skb_vlan_untag(struct skb *skb)
{
	uint16_t proto = ntohs(skb->protocol), tci;
	uint8_t *mac = skb->head + skb->mac_off;

	if ((proto != ETH_P_8021Q && proto != ETH_P_8021AD) || skb->len < VLAN_TAG_BYTES)
		return;
	skb->vlan_present = true;
	skb->vlan_proto = skb->protocol;
	memcpy(&tci, skb->data, sizeof(tci));
	skb->vlan_tci = ntohs(tci);
	memcpy(&skb->protocol, skb->data + 2, sizeof(skb->protocol));
	memmove(mac + VLAN_TAG_BYTES, mac, ETH_ADDRS_BYTES);
	skb->mac_off += VLAN_TAG_BYTES;
	skb_pull(skb, VLAN_TAG_BYTES);
	skb->network_off = (uint16_t)(skb->data - skb->head);
}

int skb_vlan_restore(struct skb *skb)
{
	uint16_t tci = htons(skb->vlan_tci);
	int err;

	if (!skb->vlan_present || skb->len < ETH_ADDRS_BYTES)
		return 0;
	err = skb_reserve(skb, VLAN_TAG_BYTES, 0);
	if (err)
		return err;
	skb_push(skb, VLAN_TAG_BYTES);
	memmove(skb->data, skb->data + VLAN_TAG_BYTES, ETH_ADDRS_BYTES);
	memcpy(skb->data + ETH_ADDRS_BYTES, &skb->vlan_proto, sizeof(skb->vlan_proto));
	memcpy(skb->data + ETH_ADDRS_BYTES + 2, &tci, sizeof(tci));
	skb->vlan_present = false;
	return 0;
}

uint32_t csum_add(uint32_t a, uint32_t b)
{
	uint32_t sum = a + b;

	return sum + (sum < a);
}

/* The kernel's csum_partial on x86 returns any 32-bit number that is congruent; so does this. */
uint32_t csum_partial(const void *data, uint32_t bytes, uint32_t sum)
{
	const uint8_t *p = data;
	uint64_t acc = sum;
	uint32_t word = 0;

	for (; bytes >= 4; bytes -= 4, p += 4) {
		memcpy(&word, p, 4);
		acc += word;
	}
	if (bytes) {
		word = 0;
		memcpy(&word, p, bytes);
		acc += word;
	}
	acc = (acc & UINT32_MAX) + (acc >> 32);
	acc = (acc & UINT32_MAX) + (acc >> 32);
	return (uint32_t)acc;
}

uint16_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
