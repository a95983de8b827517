/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The caller in this process: its memory is ours but not to be trusted, its fds are ours.
 *
 * While a long command asks whether it was interrupted, signals are blocked (but those of faults)
 * and looked for; they are delivered when the command has ended, as they would be on return from
 * the kernel.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "object/caller.h"

struct seam_caller {
	struct caller caller;
	bool masked;      /* signals are blocked */
	sigset_t old_mask;
};

/* uid is left 0: a system call that few commands need. */
void seam_caller_init(struct seam_caller *sc, struct engine *engine);
void seam_caller_deinit(struct seam_caller *sc);

/* bpf(2) by this process: >= 0 or -errno. */
int seam_bpf(struct engine *engine, int cmd, uint64_t attr, uint32_t size);
