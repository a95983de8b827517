// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * How long block requests took: from being issued to the device (or queued for it) to their end. A
 * request has no process: what issues it is often a worker.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "trace/latency.bpf.h"

#define REQUESTS_MAX 65536

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct gendisk {
	char disk_name[LATENCY_NAME_BYTES];
};

struct request_queue {
	struct gendisk *disk;
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
};

#pragma clang attribute pop

/* When requests under way began, by their address. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REQUESTS_MAX);
	__type(key, __u64);
	__type(value, __u64);
} requests SEC(".maps");

static __always_inline void begin(struct request *request, __u64 flags)
{
	__u64 key = (__u64)request, now = bpf_ktime_get_ns();

	if (bpf_map_update_elem(&requests, &key, &now, flags) == -7 /* E2BIG */)
		account_lost();
}

SEC("tp_btf/block_rq_insert")
int BPF_PROG(queued, struct request *request)
{
	if (settings.queued)
		begin(request, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(issued, struct request *request)
{
	/* One that was queued keeps its time; one that goes past the queue has none yet. */
	begin(request, settings.queued ? BPF_NOEXIST : BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(completed, struct request *request)
{
	__u64 address = (__u64)request, *since = bpf_map_lookup_elem(&requests, &address);
	struct latency_key key = {};
	__u64 ns;

	if (!since)
		return 0;
	ns = bpf_ktime_get_ns() - *since;
	bpf_map_delete_elem(&requests, &address);
	if (settings.by_disk)
		BPF_CORE_READ_STR_INTO(&key.name, request, q, disk, disk_name);
	if (settings.by_flags)
		key.flags = BPF_CORE_READ(request, cmd_flags) & 0xff; /* REQ_OP_MASK */
	latency_count(&key, ns);
	return 0;
}
