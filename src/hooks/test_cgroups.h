/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real cgroups for tests: a folder of our own in the machine's cgroup2 file system, taken away whatever
 * happens. Programs are attached in it only, never above.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
		for (int tries = 0; rmdir(path) && errno == EBUSY && tries < 100; tries++)
			usleep(10000); /* a child that was in it is not gone yet */
	}
	cgroups_top[0] = '\0';
}

/* A child that removes them when we have ended, also when we were killed: its end of a pipe tells. */
static inline bool cgroups_watch(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		char byte;

		setsid(); /* not killed with us */
		signal(SIGTERM, SIG_IGN);
		dup2(ends[0], 0);
		syscall(SYS_close_range, 1, ~0u, 0);
		while (read(0, &byte, 1) > 0)
			;
		cgroups_remove();
		_exit(0);
	}
	close(ends[0]); /* the other stays open as long as we live */
	return pid > 0;
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
	if (!cgroups_watch())
		return false;
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
