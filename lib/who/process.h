/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc says of a process that is still there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "who/cgroup.h"

struct process {
	uint32_t pid, ppid, uid;
	char comm[16];
	char exe[4096];			/* "" when it may not be read */
	char cgroup[CGROUP_PATH_BYTES]; /* of the v2 hierarchy; "" when there is none */
};

/* Whether numbers of processes are here what the kernel's programs know them by: this is its first PID
 * namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
bool process_numbers_are_the_kernels(void);

/* Whether process_start() says what the kernel has: this is its first time namespace (PROC_TIME_INIT_INO). */
bool process_times_are_the_kernels(void);

/* When a process began, in hundredths of a second since boot: with its number that is one process. 0,
 * -ESRCH, or -errno. */
int process_start(uint32_t pid, uint64_t *ticks);

/* 0, or -ESRCH when there is no such process, or -errno; each with a sentence. */
int process_read(uint32_t pid, struct process *p, struct error *err);
