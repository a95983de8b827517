/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real contexts behind xdp_md and __sk_buff: a packet in one linear buffer with headroom and
 * tailroom. progs/ rewrites context accesses into loads and stores on these structs; helpers
 * change them; hooks make them and carry out what the verdict says.
 *
 *   head                data_meta   data                      data_end            hard_end
 *   | headroom ..........| metadata | packet .................| tailroom .........|
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/dev.h"

#define PKT_HEADROOM_BYTES 256   /* XDP_PACKET_HEADROOM */
#define PKT_TAILROOM_BYTES 320   /* what struct skb_shared_info takes in the kernel */
#define PKT_BYTES_MAX 65535
#define SKB_CB_BYTES 20          /* __sk_buff.cb */
#define SKB_BYTES_MAX (16384 - 320) /* longest packet skb helpers make: BPF_SKB_MAX_LEN */
#define SKB_NO_OFFSET 0xffff     /* mac_off, transport_off: not set */
#define ETH_BYTES 14             /* ETH_HLEN */

/* skb.ip_summed (kernel: CHECKSUM_*) */
enum { SKB_CSUM_NONE, SKB_CSUM_UNNECESSARY, SKB_CSUM_COMPLETE, SKB_CSUM_PARTIAL };

struct xdp_rxq {
	struct netdev *dev;
	uint32_t ifindex; /* of dev */
	uint32_t queue_index;
	uint32_t reg_state;
};

/* Context of BPF_PROG_TYPE_XDP. */
struct xdp_buff {
	uint8_t *data;
	uint8_t *data_end;
	uint8_t *data_meta;
	uint8_t *data_hard_start;
	struct xdp_rxq *rxq;
	struct netdev *egress; /* devmap and cpumap programs; else NULL */
	uint32_t frame_bytes;  /* from data_hard_start: tail can grow up to it */
	uint32_t flags;
	uint8_t *frags;        /* what did not fit the linear part, behind data_end; NULL: nothing */
	uint32_t frags_bytes;
	uint32_t frags_room;   /* bytes frags may grow to */
};

/* What an skb's socket shows of itself to cgroup_skb programs; ports in host order but dport. */
struct skb_sock {
	uint16_t family; /* AF_UNSPEC: no socket */
	uint16_t dport;  /* network byte order */
	uint16_t num;
	uint32_t daddr, rcv_saddr; /* network byte order */
	uint32_t v6_daddr[4], v6_rcv_saddr[4];
};

/* Context of socket filters, sched_cls, sched_act and cgroup_skb. */
struct skb {
	uint8_t *head;      /* buffer start */
	uint8_t *data;      /* current start: L2 or L3, by hook */
	uint8_t *data_end;  /* tail of the linear part: all of it, packets here are linear */
	uint8_t *data_meta; /* == data when there is none */
	uint8_t *hard_end;
	struct netdev *dev;
	uint32_t len;       /* bytes from data; what __sk_buff.len shows */
	uint32_t pkt_type;
	uint32_t mark;
	uint32_t priority;
	uint32_t queue_mapping;
	uint32_t hash;
	uint32_t ingress_ifindex;
	uint32_t tc_index;
	uint32_t tc_classid;
	uint32_t napi_id;
	uint32_t wire_len;
	uint32_t gso_segs;
	uint32_t gso_size;
	uint16_t protocol;    /* network byte order, as __sk_buff shows it */
	uint16_t vlan_proto;  /* network byte order */
	uint16_t vlan_tci;
	bool vlan_present;
	bool cloned;
	uint16_t mac_off;     /* from head */
	uint16_t network_off; /* from head */
	uint16_t transport_off;
	uint8_t ip_summed;
	uint8_t tstamp_type;
	uint64_t tstamp;
	uint64_t hwtstamp;
	uint8_t cb[SKB_CB_BYTES];
	uint8_t csum_level;
	uint32_t csum;      /* of the whole packet, when ip_summed is SKB_CSUM_COMPLETE */
	bool encapsulation; /* skb_adjust_room() put an outer header around it */
	bool l4_hash, sw_hash;
	bool at_ingress;    /* tc ingress hook */
	struct skb_sock sock;
	/* bpf_redirect_peer, encapsulation and tunnel metadata live here when helpers need them */
	struct {
		bool set;
		uint64_t id;
		uint32_t remote_ipv4, local_ipv4;
		uint8_t tos, ttl;
	} tunnel;
};

/* --- object/pkt.c: moving packet bytes about -------------------------------------------------- */

/* An skb on a new buffer: @headroom, then a copy of @bytes at @data, then tailroom. 0 or -ENOMEM. */
int skb_init(struct skb *skb, const uint8_t *data, uint32_t bytes, uint32_t headroom,
	     struct netdev *dev);
void skb_deinit(struct skb *skb);

/* At least @head free bytes before data and @tail behind data_end: 0 or -ENOMEM. May move them. */
int skb_reserve(struct skb *skb, uint32_t head, uint32_t tail);

/* Moves data back (there must be room) or forth (there must be bytes); data_meta follows. */
void skb_push(struct skb *skb, uint32_t bytes);
void skb_pull(struct skb *skb, uint32_t bytes);

/* Length becomes @len: cut, or grown by zeros. 0 or -ENOMEM. */
int skb_set_len(struct skb *skb, uint32_t len);

/* Where a header lies, counted from data; < 0 when it has been pulled. */
static inline int32_t skb_offset(const struct skb *skb, uint16_t head_off)
{
	return (int32_t)head_off - (int32_t)(skb->data - skb->head);
}

static inline uint32_t skb_headroom(const struct skb *skb)
{
	return (uint32_t)(skb->data - skb->head);
}

/*
 * What a driver does with a frame whose Ethernet header starts at data: finds protocol, packet type
 * and header offsets and pulls the header. Source: eth_type_trans.
 */
void skb_eth_type_trans(struct skb *skb, struct netdev *dev);

/*
 * Takes the outermost VLAN tag out of a packet whose data is behind the Ethernet header, into the skb
 * (source: skb_vlan_untag); puts it back into one whose data begins at it: 0 or -ENOMEM.
 */
void skb_vlan_untag(struct skb *skb);
int skb_vlan_restore(struct skb *skb);

/* One's complement sum of @bytes added to @sum, and its folding into 16 bits. */
uint32_t csum_partial(const void *data, uint32_t bytes, uint32_t sum);
uint32_t csum_add(uint32_t a, uint32_t b);
uint16_t csum_fold(uint32_t sum);
