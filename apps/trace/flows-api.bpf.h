/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Flows, and what was sent and received by each. */
#pragma once

#include <linux/types.h>

#define FLOWS_MAX	 65536
#define FLOWS_COMM_BYTES 16

struct flow_key {
	__u8 local[16]; /* IPv4: the first 4 bytes */
	__u8 remote[16];
	__u16 local_port; /* host byte order */
	__u16 remote_port;
	__u16 family;
	__u8 protocol;
	__u8 unused;
	__u32 pid;
	__u32 unused2;
};

struct flow_counts {
	__u64 sent_bytes;
	__u64 received_bytes;
	__u64 sends; /* messages */
	__u64 receives;
	__u64 cgroup_id;
	char comm[FLOWS_COMM_BYTES];
};
