/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine and its kernel's own file systems (kernel_fs.h) say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

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
