/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching programs, as the link commands of bpf(2) and the perf event calls need it. Each
 * hook_link_*() gives an attached, unpublished link: an OBJECT_LINK with one reference, holding its
 * own reference of @prog; object_put() of the last reference detaches and frees it. Errors are the
 * kernel's.
 */
#pragma once

#include <stdint.h>

struct bpf_link;
struct engine;
struct object;
struct prog;

/* The engine's events and attachments; deinit takes all devices and attachments down. */
int hooks_init(struct engine *engine);
void hooks_deinit(struct engine *engine);
/* The last of it, when every link has been freed: accepts an engine without hooks. */
void hooks_free(struct engine *engine);

/* -EINVAL: no such device. Source: bpf_xdp_link_attach. */
int hook_link_xdp(struct prog *prog, uint32_t ifindex, uint32_t flags, struct bpf_link **link);

struct hook_tcx {
	uint32_t ifindex;
	uint32_t attach_type; /* BPF_TCX_INGRESS, BPF_TCX_EGRESS */
	uint32_t flags;       /* BPF_F_BEFORE, BPF_F_AFTER, BPF_F_ID, BPF_F_LINK */
	uint32_t relative_id;
	struct object *relative; /* program or link behind relative_fd, or NULL */
	uint64_t expected_revision;
};

/* -ENODEV: no such device. Source: tcx_link_attach. */
int hook_link_tcx(struct prog *prog, const struct hook_tcx *at, struct bpf_link **link);

#define HOOK_TCX_MAX 64 /* programs at one hook: BPF_MPROG_MAX */

/* What is attached at one of a device's tcx hooks, in order. */
struct hook_tcx_list {
	uint64_t revision;
	uint32_t n;
	uint32_t prog_ids[HOOK_TCX_MAX];
	uint32_t link_ids[HOOK_TCX_MAX];
};

/* -ENODEV: no such device. */
int hook_tcx_query(struct engine *engine, uint32_t ifindex, uint32_t attach_type,
		   struct hook_tcx_list *list);

/* -ENOENT: no such event. fill_info leaves the name's address (ours) in raw_tracepoint.tp_name. */
int hook_link_raw_tracepoint(struct prog *prog, const char *name, uint64_t cookie,
			     struct bpf_link **link);

/* @event: OBJECT_PERF_EVENT. Source: bpf_perf_link_attach. */
int hook_link_perf_event(struct prog *prog, struct object *event, uint64_t cookie,
			 struct bpf_link **link);

/* perf_event_open(2) of an event a host registered; @attr: struct perf_event_attr of @bytes, all of
 * it our copy. An object with one reference. -ENOENT: nothing of the kind here. */
int hook_perf_event_open(struct engine *engine, const void *attr, uint32_t bytes, int pid, int cpu,
			 struct object **event);

/* ENABLE, DISABLE (@prog NULL), SET_BPF (@prog; takes its own reference): 0 or -errno. */
int hook_perf_event_ioctl(struct object *event, unsigned long cmd, struct prog *prog);

/* The eventfd written to when a record in the event's buffer is to be read, or -1. */
int hook_perf_event_fd(struct object *event);
