/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * What a tool looks at, as its programs read it: constants of .rodata, so that the verifier removes
 * every test that is not asked for. Filled by filter_settings_make() (tool/filter.h).
 */
#pragma once

#include <linux/types.h>

#define FILTER_COMM_BYTES 16

struct filter_settings {
	__u32 any;	 /* something is asked for: else the rest is not even read */
	__u32 tgid;	 /* 0: any */
	__u32 tid;	 /* 0: any */
	__u32 own_tgid;	 /* the tool itself, never looked at; 0: looked at, too */
	__u32 has_uid;	 /* else any */
	__u32 uid;	 /* the real user id */
	__u32 has_cgroup; /* only in one cgroup, or below it */
	__u32 follows;	  /* only in cgroups that are in the map filter_containers */
	char comm[FILTER_COMM_BYTES]; /* the whole name, padded with NULs; empty: any */
	__u32 cgroup_level; /* depth below the root of the cgroup v2 hierarchy, whose level is 0 */
	__u64 cgroup_id;
	/* Pids are those of the tool's pid namespace; 0: that is the initial one. */
	__u64 pidns_device;
	__u64 pidns_inode;
	__u32 netns_inode; /* 0: any */
	/* Offsets in bytes, from the kernel's BTF; only with netns_inode. */
	__u32 task_nsproxy;
	__u32 nsproxy_net;
	__u32 net_inode;
};
