/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace stacks and its program share. */
#pragma once

#include <linux/types.h>

#include "tool/event-api.bpf.h"

#define STACKS_FRAMES 127 /* of each stack: the kernel's default limit (perf_event_max_stack) */

/* The addresses of the kernel's stack, then at once those of the user's; innermost first. */
struct stacks_sample {
	struct event_head head;
	__u32 n_kernel;
	__u32 n_user;
	__u64 addresses[2 * STACKS_FRAMES];
};

struct stacks_totals {
	__u64 idle;	/* samples of a CPU that had nothing to do */
	__u64 filtered; /* samples of others than asked for */
};
