/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc says of a process that is still there. */
#pragma once

#include <stdint.h>

#include "error.h"
#include "who/cgroup.h"

struct process {
	uint32_t pid, ppid, uid;
	char comm[16];
	char exe[4096];		       /* "" when it may not be read */
	char cgroup[CGROUP_PATH_BYTES]; /* of the v2 hierarchy; "" when there is none */
};

/* 0, or -ESRCH when there is no such process, or -errno; each with a sentence. */
int process_read(uint32_t pid, struct process *p, struct error *err);
