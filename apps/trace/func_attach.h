/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes of skep trace func: one link for all places of a file (uprobe_multi, Linux 6.6), or one perf
 * event each (before). One place the kernel refuses fails the whole link; it is then found by halving,
 * and left out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "trace/func_target.h"

enum func_hook {
	FUNC_HOOK_MULTI,
	FUNC_HOOK_PERF, /* one perf event for each place: closing each takes up to 0.1 s */
};

struct func_links {
	int *fds; /* closed in order: nothing stays attached when all are */
	uint32_t n;
};

/*
 * Attaches @prog_fd at those places of @t for which @chosen is true (NULL: all), the cookie of each
 * being its index. A place that is refused gets its errno in ->refused. 0, or -errno with a sentence
 * when nothing could be attached for a reason that is not the place's.
 */
int func_attach(struct func_links *links, enum func_hook hook, int prog_fd, struct func_targets *t,
		const bool *chosen, bool is_return, pid_t pid, struct error *err);
void func_detach(struct func_links *links);
