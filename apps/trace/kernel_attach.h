/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs of skep trace kernel at their functions: loaded and attached one by one, all held by
 * descriptors of this process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trace/kernel_target.h"

struct bpf_program;
struct kernel_bpf;

/* In the order of trace_kernel_tool's hooks: the best first. */
enum kernel_hook {
	KERNEL_HOOK_FENTRY,
	KERNEL_HOOK_KPROBE_MULTI,
	KERNEL_HOOK_KPROBE,
	KERNEL_HOOK_TRACEPOINT,
	_KERNEL_HOOK_MAX
};

struct kernel_links {
	struct bpf_link **links; /* made by libbpf */
	uint32_t n_links;
	int *progs; /* copies */
	uint32_t n_progs;
	int *fds; /* their links */
	uint32_t n_fds;
};

/*
 * Attaches @prog, the loaded program for entries (@is_return false) or returns, to every function that
 * is wanted: all that are no tracepoints by the first three hooks, tracepoints by the last. One that is
 * refused has its errno in ->refused, and is passed over from then on.
 */
void kernel_attach(struct kernel_links *l, enum kernel_hook hook, const struct bpf_program *prog,
		   struct kernel_targets *t, bool is_return);
void kernel_detach(struct kernel_links *l);
/*
 * Runs the kernel refused because a copy was running on that CPU already (what it traces had been
 * called from within it): before kernel_detach().
 */
uint64_t kernel_missed(const struct kernel_links *l);
