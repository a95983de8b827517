/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Counts events and losses, per CPU: exact, without atomics, because a program does not run twice at
 * once on a CPU; runs the kernel refused for that reason are its recursion_misses (tool/account.h).
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tool/account-api.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct account);
} account SEC(".maps");

/* Set by account_shut() when the tool ends: nothing is counted or handed over from then on. */
volatile __u32 account_is_shut SEC(".data.account");

static __always_inline struct account *account_counts(void)
{
	__u32 zero = 0;

	return account_is_shut ? NULL : bpf_map_lookup_elem(&account, &zero);
}

/* Reserves room for a record of an event that occurred just now, or counts it as dropped: NULL. */
static __always_inline void *account_reserve(void *ring, __u64 bytes)
{
	struct account *counts = account_counts();
	void *record;

	if (!counts)
		return NULL;
	counts->occurred++;
	record = bpf_ringbuf_reserve(ring, bytes, 0);
	if (!record)
		counts->dropped++;
	return record;
}

/* The same for a record made elsewhere: bpf_ringbuf_output. Whether it was handed over. */
static __always_inline bool account_output(void *ring, void *record, __u64 bytes)
{
	struct account *counts = account_counts();

	if (!counts)
		return false;
	counts->occurred++;
	if (!bpf_ringbuf_output(ring, record, bytes, 0))
		return true;
	counts->dropped++;
	return false;
}

/* Events that are lost for another reason than the ring's: a table was full. */
static __always_inline void account_lose(__u64 n)
{
	struct account *counts = account_counts();

	if (counts) {
		counts->occurred += n;
		counts->dropped += n;
	}
}

static __always_inline void account_lost(void)
{
	account_lose(1);
}
