/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What the programs of live capture hand over and are told. */
#pragma once

#include <linux/types.h>

#define LIVE_COMM_BYTES	 16
#define LIVE_CGROUPS_MAX 8
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

/* A record of the ring: this, then @bytes of the packet, from its first header. */
struct live_packet {
	__u64 ktime_ns;
	__u32 ifindex;
	__u32 bytes;
	__u32 wire_bytes;
	__u16 vlan_tci;	  /* of the tag that stands beside the packet */
	__u16 vlan_proto; /* as in the frame: network byte order; 0: there is none */
	struct live_owner owner;
	__u8 is_egress;
	__u8 unused[7];
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
	__u32 n_cgroups; /* any of them */
	char comm[LIVE_COMM_BYTES];
	__u64 cgroup_ids[LIVE_CGROUPS_MAX];
	__u32 cgroup_levels[LIVE_CGROUPS_MAX];
};

struct live_settings {
	__u32 snap;
	__u32 owners; /* whether to look for them */
	__u32 n_terms;
	__u32 unused;
	struct live_term terms[LIVE_TERMS_MAX];
};
