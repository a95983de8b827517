/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real cgroups for tests: a folder of our own in the machine's cgroup2 file system, taken away whatever
 * happens. Programs are attached in it only, never above.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"

static char cgroups_top[256];

/* Folders beneath ours, parents first. */
static const char *const cgroups_made[] = { "", "/a", "/a/b", "/c" };

static inline void cgroups_remove(void)
{
	char path[300];

	for (size_t i = ARRAY_SIZE(cgroups_made); i-- && cgroups_top[0];) {
		snprintf(path, sizeof(path), "%s%s", cgroups_top, cgroups_made[i]);
		for (int tries = 0; rmdir(path) && tries < 100; tries++)
			usleep(10000); /* a child that was in it is not gone yet */
	}
	cgroups_top[0] = '\0';
}

/* Where cgroup2 is mounted; false: nowhere. */
static inline bool cgroups_find(char *path, size_t bytes)
{
	char line[1024], point[200], type[64];
	FILE *mounts = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %199s %63s", point, type) == 2 && !strcmp(type, "cgroup2");
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(path, bytes, "%s", point);
	return found;
}

/* false: cgroups cannot be made here. */
static inline bool cgroups_make(void)
{
	char mount[200] = "", path[300];

	if (!cgroups_find(mount, sizeof(mount)))
		return false;
	snprintf(cgroups_top, sizeof(cgroups_top), "%s/skep-test-%d", mount, (int)getpid());
	atexit(cgroups_remove);
	for (size_t i = 0; i < ARRAY_SIZE(cgroups_made); i++) {
		snprintf(path, sizeof(path), "%s%s", cgroups_top, cgroups_made[i]);
		if (mkdir(path, 0755)) {
			cgroups_remove();
			return false;
		}
	}
	return true;
}

static inline int cgroups_open(size_t i)
{
	char path[300];

	snprintf(path, sizeof(path), "%s%s", cgroups_top, cgroups_made[i]);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
