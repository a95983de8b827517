/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The maps by which owner.bpf.c, which learns whose sockets are, tells whose.bpf.h, which asks. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "capture/live-api.bpf.h"

/* A socket accepted from another begins with what stood there. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct live_owner);
} owners SEC(".maps");

/* How often owners changed: what is remembered of whose packets are ends with each change. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} changes SEC(".maps");
