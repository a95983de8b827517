/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What the programs of live capture hand over and are told. */
#pragma once

#include <linux/types.h>

#define LIVE_COMM_BYTES	 16
#define LIVE_TERMS_MAX	 16
#define LIVE_SNAP_MAX	 262144

/* Who made a socket, or used it last. */
struct live_owner {
	__u64 cgroup_id;
	__u32 pid; /* 0: not known */
	__u32 uid;
	__u32 terms; /* bit i: the cgroup term i names is this one or above it */
	__u32 unused;
	char comm[LIVE_COMM_BYTES];
};

/*
 * Fates. A packet that is captured gets a serial number, of its CPU's own count, and stands in skbs by its
 * sk_buff's address until that is freed; when it is dropped, the entry of fates that its number leads to
 * says so. A number is 40 bits wide, and the 24 below it in an entry are the reason: the kernel's
 * (skb_drop_reason; its subsystem in the upper 8), or 0: what became of the packet cannot be told.
 */
#define LIVE_SKBS	 65536 /* a power of two */
#define LIVE_FATES_MIN	 4096  /* of one CPU, likewise */
#define LIVE_REASON_BITS 24
#define LIVE_REASON_MASK ((1u << LIVE_REASON_BITS) - 1)
#define LIVE_REASON_NONE 0u
#define LIVE_SERIAL_MASK ((1ull << 40) - 1)

struct live_skb {
	__u64 address; /* 0: nobody's */
	__u64 serial;
	__u32 fate; /* its entry of fates */
	__u32 mark; /* TCP's sequence number, as in the packet: an address may be another's by now */
};

/* A record of the ring: this, then @bytes of the packet, from its first header. */
struct live_packet {
	__u64 ktime_ns;
	__u32 ifindex;
	__u32 bytes;
	__u32 wire_bytes;
	__u32 fate;	  /* its entry of fates */
	__u64 serial;	  /* 0: its fate is not watched */
	__u16 vlan_tci;	  /* of the tag that stands beside the packet */
	__u16 vlan_proto; /* as in the frame: network byte order; 0: there is none */
	__u8 is_egress;
	__u8 unused[3];
	struct live_owner owner;
};

enum live_term_kind {
	LIVE_TERM_PID,
	LIVE_TERM_COMM,
	LIVE_TERM_CGROUP
};

/* One term about the owner; all must hold. */
struct live_term {
	__u32 kind;
	__u32 negated;
	__u32 pid;
	__u32 has_cgroup; /* of LIVE_TERM_CGROUP: this one, or below it; else one that is followed */
	char comm[LIVE_COMM_BYTES];
	__u64 cgroup_id;
	__u32 cgroup_level;
	__u32 unused;
};

struct live_settings {
	__u32 snap;
	__u32 owners; /* whether to look for them */
	__u32 n_terms;
	__u32 fates; /* of one CPU, a power of two; 0: not watched */
	__u32 follows; /* there are terms about containers: the map followed has their bits */
	__u32 unused;
	struct live_term terms[LIVE_TERMS_MAX];
};

/* Where a packet stands in skbs: sk_buffs are 256 bytes or more apart. */
static inline __u32 live_skb_place(__u64 address)
{
	return (address >> 8) & (LIVE_SKBS - 1);
}
