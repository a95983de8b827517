/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Histograms of latencies by key, as the programs of runq and disk count them. */
#pragma once

#include <linux/types.h>

#include "tool/hist-api.bpf.h"

#define LATENCY_KEYS_MAX   10240
#define LATENCY_NAME_BYTES 32

/* What is told apart; what is not asked for is 0. */
struct latency_key {
	__u64 cgroup_id;
	__u32 pid;
	__u32 flags;		       /* disk: enum req_op and its flags */
	char name[LATENCY_NAME_BYTES]; /* of the process or the disk */
};

struct latency_hist {
	__u64 total_ns;
	__u64 max_ns;
	__u64 slots[HIST_SLOTS]; /* in ns */
};

struct latency_settings {
	__u32 by_process;
	__u32 by_cgroup;
	__u32 by_disk;
	__u32 by_flags;
	__u64 min_ns; /* shorter ones are not counted */
	__u32 queued; /* disk: from when it is queued, not when it is issued */
	__u32 unused;
};
