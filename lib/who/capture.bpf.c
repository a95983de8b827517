/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Reports the id and path of every cgroup as it is made, renamed or removed: one that lives shorter
 * than it takes to look it up has its name all the same. Runs only then.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "who/capture-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The record of the events cgroup/cgroup_*; capture.c checks it against the kernel's description. */
struct cgroup_event {
	__u64 common;
	int root; /* of the hierarchy; 0: v2 */
	int level;
	__u64 id;
	__u32 path; /* low half: where it is in the record */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CAPTURE_RING_BYTES);
} cgroups SEC(".maps");

/* Where a record is put together. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_record);
} scratch SEC(".maps");

SEC("tracepoint")
int report_cgroup(struct cgroup_event *event)
{
	__u32 zero = 0;
	struct capture_record *record = bpf_map_lookup_elem(&scratch, &zero);
	long bytes;

	if (!record || event->root)
		return 0;
	record->id = event->id;
	bytes = bpf_probe_read_kernel_str(record->path, sizeof(record->path),
					  (char *)event + (event->path & 0xffff));
	if (bytes <= 0 || bytes >= CAPTURE_PATH_BYTES)
		return 0;
	bpf_ringbuf_output(&cgroups, record, sizeof(record->id) + bytes, 0);
	return 0;
}
