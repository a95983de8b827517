/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF links by BPF_LINK_CREATE itself: Debian's libbpf (1.1) knows neither tcx nor uprobe_multi nor
 * netfilter. A link is a file descriptor; what it attached is detached when the last one is closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct hook;
struct hook_link_attr;
struct hook_link_info;

#define HOOK_UPROBES_MAX (1u << 20) /* of one link, as the kernel's MAX_UPROBE_MULTI_CNT */

/* The link's fd or -errno; the kernel's words, no sentence. */
int hook_link_create(const struct hook_link_attr *attr);
/* 0 or -errno. */
int hook_link_info(int link_fd, struct hook_link_info *info);

/*
 * A link of @attr as the hook that @what names. *out or -errno with a sentence; @needs says what the
 * kernel must have ("Linux 6.6", "CAP_NET_ADMIN").
 */
int hook_attach_link(const struct hook_link_attr *attr, const char *what, const char *needs,
		     struct hook **out, struct error *err);

enum hook_xdp_mode {
	HOOK_XDP_ANY, /* native where the device can, else generic */
	HOOK_XDP_NATIVE,
	HOOK_XDP_GENERIC
};

/* An XDP program on a device; the handle's words say which mode it got. */
int hook_attach_xdp(int prog_fd, uint32_t ifindex, enum hook_xdp_mode mode, struct hook **out,
		    struct error *err);
/* A program of type SCHED_CLS by tcx, behind those that are there. -EINVAL: this kernel has no tcx. */
int hook_attach_tcx(int prog_fd, uint32_t ifindex, bool egress, struct hook **out,
		    struct error *err);
/* A program at a cgroup's hook. */
int hook_attach_cgroup(int prog_fd, const char *path, uint32_t attach_type, struct hook **out,
		       struct error *err);

/* Many places of one binary, by one link. */
struct hook_uprobes {
	const char *path;
	const uint64_t *offsets;	 /* in the file */
	const uint64_t *ref_ctr_offsets; /* USDT semaphores; NULL: none */
	const uint64_t *cookies;	 /* NULL: none */
	uint32_t n;
	bool is_return;
	pid_t pid; /* 0: every process */
};

/*
 * One program, loaded for BPF_TRACE_UPROBE_MULTI, at all places. One place that cannot be probed fails
 * the whole: -EOPNOTSUPP or 524; -EINVAL: this kernel has none (Linux 6.6).
 */
int hook_attach_uprobes(int prog_fd, const struct hook_uprobes *probes, struct hook **out,
			struct error *err);
