/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of Linux 6.18's bpf(2) the system's headers (6.1) lack, and BPF_LINK_CREATE's argument whole.
 * Source: include/uapi/linux/bpf.h.
 */
#pragma once

#include <linux/bpf.h>
#include <stdint.h>

enum hook_attach_type {
	HOOK_NETFILTER = 45,
	HOOK_TCX_INGRESS,
	HOOK_TCX_EGRESS,
	HOOK_UPROBE_MULTI,
	HOOK_CGROUP_UNIX_CONNECT,
	HOOK_CGROUP_UNIX_SENDMSG,
	HOOK_CGROUP_UNIX_RECVMSG,
	HOOK_CGROUP_UNIX_GETPEERNAME,
	HOOK_CGROUP_UNIX_GETSOCKNAME,
	HOOK_NETKIT_PRIMARY,
	HOOK_NETKIT_PEER,
	HOOK_KPROBE_SESSION,
	HOOK_UPROBE_SESSION,
};

enum hook_prog_type {
	HOOK_PROG_TYPE_NETFILTER = 32,
};

enum hook_link_type {
	HOOK_LINK_CGROUP = 3,
	HOOK_LINK_XDP = 6,
	HOOK_LINK_NETFILTER = 10,
	HOOK_LINK_TCX = 11,
	HOOK_LINK_UPROBE_MULTI = 12,
	HOOK_LINK_NETKIT = 13,
};

#define HOOK_UPROBE_MULTI_RETURN (1u << 0)

/* Of union bpf_attr, for BPF_LINK_CREATE. */
struct hook_link_attr {
	uint32_t prog_fd;
	uint32_t target_fd; /* or ifindex */
	uint32_t attach_type;
	uint32_t flags;
	union {
		uint32_t target_btf_id;
		struct {
			uint64_t iter_info;
			uint32_t iter_info_len;
		};
		struct {
			uint64_t bpf_cookie;
		} perf_event;
		struct {
			uint32_t target_btf_id;
			uint64_t cookie;
		} tracing;
		struct {
			uint32_t flags;
			uint32_t cnt;
			uint64_t syms;
			uint64_t addrs;
			uint64_t cookies;
		} kprobe_multi;
		struct {
			uint64_t path;
			uint64_t offsets;
			uint64_t ref_ctr_offsets;
			uint64_t cookies;
			uint32_t cnt;
			uint32_t flags;
			uint32_t pid;
		} uprobe_multi;
		struct {
			uint32_t pf;
			uint32_t hooknum;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			uint32_t relative_fd;
			uint64_t expected_revision;
		} device; /* tcx, netkit */
	};
};

/* Of struct bpf_link_info, as far as it is read here. */
struct hook_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	uint32_t reserved;
	union {
		uint32_t ifindex; /* xdp, tcx, netkit */
		uint64_t cgroup_id;
		uint8_t bytes[64];
	};
};
