/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Counts a latency into the histogram of its key, per CPU. A key there is no room for is counted as
 * lost (tool/account.bpf.h).
 */
#pragma once

#include "tool/account.bpf.h"
#include "tool/hist.bpf.h"
#include "trace/latency-api.bpf.h"

const volatile struct latency_settings settings = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, LATENCY_KEYS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct latency_key);
	__type(value, struct latency_hist);
} latencies SEC(".maps");

/* What a histogram begins as: too large for the stack. */
static const struct latency_hist latency_empty = {};

static __always_inline void latency_count(const struct latency_key *key, __u64 ns)
{
	struct latency_hist *hist;
	__u32 slot = hist_slot(ns);

	if (ns < settings.min_ns)
		return;
	hist = bpf_map_lookup_elem(&latencies, key);
	if (!hist) {
		bpf_map_update_elem(&latencies, key, &latency_empty, BPF_NOEXIST);
		hist = bpf_map_lookup_elem(&latencies, key);
	}
	if (!hist) {
		account_lost();
		return;
	}
	hist->total_ns += ns;
	if (ns > hist->max_ns)
		hist->max_ns = ns;
	if (slot < HIST_SLOTS)
		hist->slots[slot]++;
}
