/* SPDX-License-Identifier: BSD-2-Clause */
/* The real context of CGROUP_SYSCTL programs: one access to a sysctl. hooks/sysctl.c makes it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SYSCTL_VALUE_BYTES 4096 /* PAGE_SIZE: as much of a value as programs see */

struct sysctl_access {
	const char *name; /* beneath /proc/sys */
	const char *base; /* its last part, inside name */
	const void *current;    /* what it is; NULL: cannot be read */
	const void *new_value;  /* what is to be written, or page; NULL: a read, or nothing */
	uint32_t current_bytes; /* both at most SYSCTL_VALUE_BYTES */
	uint32_t new_bytes;
	char *page; /* SYSCTL_VALUE_BYTES for bpf_sysctl_set_new_value() */
	bool replaced; /* by which new_value is page */
	uint32_t write;
	int64_t *file_pos;
	uint64_t saved; /* a register, while file_pos is stored to */
};
