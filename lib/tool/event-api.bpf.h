/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The head of every record about a task: what the common fields (tool/fields.h) are made of. */
#pragma once

#include <linux/types.h>

#define EVENT_COMM_BYTES 16

struct event_head {
	__u64 ktime_ns;	 /* bpf_ktime_get_ns(): CLOCK_MONOTONIC */
	__u64 cgroup_id; /* of the cgroup v2 hierarchy */
	__u32 pid;	 /* the process (tgid), as the tool's pid namespace has it */
	__u32 tid;
	__u32 uid;
	__u32 unused;
	char comm[EVENT_COMM_BYTES];
};
