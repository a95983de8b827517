/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Flows, and what was sent and received by each. */
#pragma once

#include <linux/types.h>

#define FLOWS_MAX	 65536
#define FLOWS_SLOTS_BITS 8
#define FLOWS_SLOTS	 (1 << FLOWS_SLOTS_BITS) /* of a CPU, one CPU's behind another's */
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

/*
 * What a CPU counted of the flow it met last at this place, and has not added to the flow's own yet. User
 * space looks at it while that goes on: what it read is whole if @given was even and is still the same.
 */
struct flow_slot {
	__u32 given; /* counted up before and after the slot is given to another flow */
	struct flow_key key;
	struct flow_counts counts; /* no cgroup: it is nobody's yet */
};
