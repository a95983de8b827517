// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * How long threads that could run waited for a CPU: from being woken, or taken off the CPU while still
 * able to run, to being put on one.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel.bpf.h"
#include "tool/filter.bpf.h"
#include "trace/latency.bpf.h"

#define TASK_RUNNING 0

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Before Linux 5.14 it was `state`. */
struct task_struct___state {
	unsigned int __state;
};

#pragma clang attribute pop

/* Since when a thread waits; 0: it does not. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} waits SEC(".maps");

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp);
}

static __always_inline bool is_in_cgroup(struct task_struct *task)
{
	const struct cgroup *cgroup = cgroup_of(task);

	if (filter.follows)
		return filter_is_followed(BPF_CORE_READ(cgroup, kn, id));
	return filter_is_cgroup(cgroup_id_at(cgroup, filter.cgroup_level));
}

/* The filter, of another task than the current: -u and --netns are refused by runq.c. */
static __always_inline bool is_wanted(struct task_struct *task)
{
	char comm[FILTER_COMM_BYTES];

	if (!task->pid || !filter_allows_ids(task->tgid, task->pid))
		return false;
	if (filter.comm[0]) {
		bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
		if (!filter_allows_comm(comm))
			return false;
	}
	return !filter_has_cgroup() || is_in_cgroup(task);
}

static __always_inline void begin(struct task_struct *task)
{
	__u64 *since;

	if (!is_wanted(task))
		return;
	since = bpf_task_storage_get(&waits, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (since)
		*since = bpf_ktime_get_ns();
	else
		account_lost();
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(woken, struct task_struct *task)
{
	begin(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(woken_new, struct task_struct *task)
{
	begin(task);
	return 0;
}

static __always_inline void end(struct task_struct *task)
{
	__u64 *since = bpf_task_storage_get(&waits, task, NULL, 0);
	struct latency_key key = {};
	__u64 ns;

	if (!since || !*since)
		return;
	ns = bpf_ktime_get_ns() - *since;
	*since = 0;
	if (settings.by_process) {
		key.pid = task->tgid;
		BPF_CORE_READ_STR_INTO(&key.name, task, group_leader, comm);
	}
	if (settings.by_cgroup)
		key.cgroup_id = BPF_CORE_READ(cgroup_of(task), kn, id);
	latency_count(&key, ns);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *from, struct task_struct *to)
{
	if (BPF_CORE_READ((struct task_struct___state *)from, __state) == TASK_RUNNING)
		begin(from);
	end(to);
	return 0;
}
