/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What code a process had mapped at one moment: its executable mappings, from /proc/PID/maps. A
 * snapshot stays right for addresses taken before it, whatever becomes of the process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MAPS_MAX 16384 /* executable mappings of one process */

struct mapping {
	uint64_t begin;
	uint64_t end;
	uint64_t offset; /* in the file */
	uint64_t device; /* as makedev() has it */
	uint64_t inode;	 /* 0: no file */
	uint32_t path;	 /* in maps.paths; "" for memory without a name */
};

struct maps {
	struct mapping *mappings; /* by address */
	uint32_t n;
	char *paths; /* NUL after each */
	uint32_t paths_bytes;
};

/* Of the process, or of the text of such a file (for tests). False: it is gone, or not ours to see. */
bool maps_read(pid_t pid, struct maps *maps);
void maps_parse(const char *text, struct maps *maps);
void maps_deinit(struct maps *maps);

const struct mapping *maps_find(const struct maps *maps, uint64_t address);

static inline const char *maps_path(const struct maps *maps, const struct mapping *m)
{
	return maps->paths + m->path;
}
