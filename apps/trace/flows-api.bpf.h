/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Flows, and what was sent and received by each. */
#pragma once

#include <linux/types.h>

#define FLOWS_MAX	 65536
#define FLOWS_SLOTS_BITS 8
#define FLOWS_SLOTS	 (1 << FLOWS_SLOTS_BITS) /* of a CPU */
#define FLOWS_COMM_BYTES 16

struct flow_key {
	__u32 pid;
	__u16 family;
	__u16 protocol;
	__u16 local_port;  /* host byte order */
	__u16 remote_port; /* network byte order */
	__u32 local[4];	   /* network byte order; IPv4: the first, the others 0 */
	__u32 remote[4];
};

struct flow_counts {
	__u64 sent_bytes;
	__u64 received_bytes;
	__u64 sends; /* messages */
	__u64 receives;
	__u64 cgroup_id;
	char comm[FLOWS_COMM_BYTES];
};

/* What a CPU counted of the flow it met last at this place, and has not added to the flow's own yet. */
struct flow_slot {
	struct flow_key key;
	__u32 unused;
	struct flow_counts counts; /* none: no cgroup */
};
