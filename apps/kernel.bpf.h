/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * The few kernel structs the tools read, each with the few members they read: libbpf finds the true
 * offsets in the running kernel's BTF (CO-RE). A program that includes this needs that BTF, and two
 * milliseconds to search it (tool_open_options(): twenty without).
 */
#pragma once

#include <linux/types.h>

#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
	__u64 net_cookie;
};

struct uts_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct net *net_ns;
};

struct thread_info {
	__u32 status; /* of x86 */
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
};

struct kernfs_node {
	__u64 id; /* of a cgroup's: the cgroup's id */
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[]; /* by level, itself the last (Linux 6.1) */
};

struct css_set {
	struct cgroup *dfl_cgrp; /* of the v2 hierarchy */
};

struct signal_struct {
	atomic_t live; /* threads that have not ended */
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	int exit_code;
	__u64 start_time; /* CLOCK_MONOTONIC */
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	char comm[16];
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};

/* Some are members of unnamed unions in the kernel: they are found by their names. */
struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport; /* network byte order */
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	unsigned long skc_flags;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct inet_sock {
	__u16 inet_sport; /* network byte order; kept when the port is given back */
};

struct tcp_sock {
	__u64 bytes_received;
	__u64 bytes_acked;
	__u32 snd_una;
	__u32 write_seq;
	__u32 srtt_us; /* eight times the smoothed round-trip time */
};

#pragma clang attribute pop

/* The id of the cgroup at this level at or above this one; 0: it is not so deep. */
static __always_inline __u64 cgroup_id_at(const struct cgroup *cgroup, __u32 level)
{
	struct cgroup *above = NULL;

	if (level > (__u32)BPF_CORE_READ(cgroup, level))
		return 0;
	bpf_core_read(&above, sizeof(above), &cgroup->ancestors[level]);
	return above ? BPF_CORE_READ(above, kn, id) : 0;
}

/* Whether the cgroup is the one of this id and level, or below it. */
static __always_inline bool cgroup_is_in(const struct cgroup *cgroup, __u64 id, __u32 level)
{
	return id && cgroup_id_at(cgroup, level) == id;
}
