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

struct xdp_rxq {
	struct netdev *dev;
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
	uint8_t csum_valid;
	/* bpf_redirect_peer, encapsulation and tunnel metadata live here when helpers need them */
	struct {
		bool set;
		uint64_t id;
		uint32_t remote_ipv4, local_ipv4;
		uint8_t tos, ttl;
	} tunnel;
};
