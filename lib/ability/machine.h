/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the kernel's own file systems are (kernel_fs.h), and what they say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

/*
 * A directory's fd, for openat(), kept open for the life of the process; or -errno. *@where (may be
 * NULL) is its path, "" when it is mounted nowhere.
 */
int machine_tracefs(const char **where);
int machine_securityfs(const char **where);

/* The first mount point of a file system of this type in this process's view; false: there is none. */
bool machine_mount_point(const char *type, char *path, size_t bytes);

/* The security modules in use ("lockdown,capability,landlock,bpf"): 0 or -errno. */
int machine_lsm_list(struct buffer *names);
/* "none", "integrity" or "confidentiality": 0 or -errno. */
int machine_lockdown(char *mode, size_t bytes);

/* The number in a sysctl's file: 0 or -errno. */
int machine_sysctl(const char *path, int64_t *value);

/* Whether the effective set has it (CAP_BPF as <linux/capability.h> numbers it). */
bool machine_capability(uint32_t capability);
