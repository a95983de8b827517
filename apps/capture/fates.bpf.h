/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The maps by which live.bpf.c, which captures packets, and fate.bpf.c, which sees them end, meet. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "capture/live-api.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIVE_SKBS);
	__type(key, __u32);
	__type(value, struct live_skb);
} skbs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* settled by the tool */
	__type(key, __u32);
	__type(value, __u64);
} fates SEC(".maps");
