/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * The common filter, in the kernel: included once by a program that wants -p -t -c -u --cgroup
 * --container --netns. Costs nothing for what is not asked for. Needs no kernel BTF.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tool/filter-api.bpf.h"

const volatile struct filter_settings filter = {};

/* Process (high half) and thread id as the tool's pid namespace has them; 0: not in it. */
static __always_inline __u64 filter_pid_tgid(void)
{
	struct bpf_pidns_info ids = {};

	if (!filter.pidns_inode)
		return bpf_get_current_pid_tgid();
	if (bpf_get_ns_current_pid_tgid(filter.pidns_device, filter.pidns_inode, &ids, sizeof(ids)))
		return 0;
	return (__u64)ids.tgid << 32 | ids.pid;
}

/* Whether a task with these ids is looked at: for events about another task than the current. */
static __always_inline bool filter_allows_ids(__u32 tgid, __u32 tid)
{
	return (!filter.tgid || filter.tgid == tgid) && (!filter.tid || filter.tid == tid) &&
	       (!filter.own_tgid || filter.own_tgid != tgid);
}

static __always_inline bool filter_allows_comm(const char comm[FILTER_COMM_BYTES])
{
	for (int i = 0; i < FILTER_COMM_BYTES; i++) {
		if (comm[i] != filter.comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* Cgroups of the container asked for: that of struct follow (who/follow.h), where there is one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} filter_containers SEC(".maps");

/* Of the cgroup asked for, the id of the one made again in its place; 0: none was. struct follow's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} filter_cgroup SEC(".maps");

static __always_inline bool filter_has_cgroup(void)
{
	return filter.has_cgroup || filter.follows;
}

static __always_inline bool filter_is_followed(__u64 cgroup_id)
{
	return bpf_map_lookup_elem(&filter_containers, &cgroup_id) != NULL;
}

/* Whether it is the cgroup asked for: @id is that of a cgroup at filter.cgroup_level, or 0. */
static __always_inline bool filter_is_cgroup(__u64 id)
{
	__u32 zero = 0;
	const __u64 *again;

	if (id == filter.cgroup_id || !id)
		return id;
	again = bpf_map_lookup_elem(&filter_cgroup, &zero);
	return again && *again == id;
}

static __always_inline bool filter_allows_cgroup(void)
{
	if (filter.follows)
		return filter_is_followed(bpf_get_current_cgroup_id());
	return filter_is_cgroup(bpf_get_current_ancestor_cgroup_id(filter.cgroup_level));
}

static __always_inline bool filter_allows_netns(void)
{
	const char *task = (const char *)bpf_get_current_task();
	const char *nsproxy = NULL, *net = NULL;
	__u32 inode = 0;

	/* A task that is ending has no nsproxy. */
	bpf_probe_read_kernel(&nsproxy, sizeof(nsproxy), task + filter.task_nsproxy);
	if (!nsproxy)
		return false;
	bpf_probe_read_kernel(&net, sizeof(net), nsproxy + filter.nsproxy_net);
	bpf_probe_read_kernel(&inode, sizeof(inode), net + filter.net_inode);
	return inode == filter.netns_inode;
}

/* Whether the current task is looked at, by all but its ids. */
static __always_inline bool filter_allows_rest(void)
{
	char comm[FILTER_COMM_BYTES] = {};

	if (filter.has_uid && (__u32)bpf_get_current_uid_gid() != filter.uid)
		return false;
	if (filter.comm[0]) {
		bpf_get_current_comm(comm, sizeof(comm));
		if (!filter_allows_comm(comm))
			return false;
	}
	if (filter_has_cgroup() && !filter_allows_cgroup())
		return false;
	return !filter.netns_inode || filter_allows_netns();
}

/* Whether the current task is looked at. */
static __always_inline bool filter_allows(void)
{
	if (!filter.any)
		return true;
	if (filter.tgid || filter.tid || filter.own_tgid) {
		__u64 ids = filter_pid_tgid();

		if (!filter_allows_ids(ids >> 32, ids))
			return false;
	}
	return filter_allows_rest();
}

/* The same for a program that needs the task's ids anyway, filter_pid_tgid(): asking costs. */
static __always_inline bool filter_allows_known(__u64 ids)
{
	return !filter.any || (filter_allows_ids(ids >> 32, ids) && filter_allows_rest());
}
