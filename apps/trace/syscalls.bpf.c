/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Counts system calls, per CPU and number, as they are entered. No kernel BTF is needed in user space:
 * raw tracepoints, and one field of the current task at an offset that is part of the entry code.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/filter.bpf.h"
#include "trace/syscalls-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SYSCALLS_ROWS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("raw_tp/sys_enter")
int count_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 row = ctx->args[1];
	__u64 *count;

	if (!filter_allows())
		return 0;
	if (row >= SYSCALLS_NUMBERS)
		row = SYSCALLS_OTHER;
	count = bpf_map_lookup_elem(&counts, &row);
	if (count)
		++*count;
	return 0;
}
