/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access CGROUP KEY read|write N: ns of one pread(2) or pwrite(2) of a key below /proc/sys, in a network
 * namespace of its own, from the cgroup of this folder: the least of CHUNKS parts of N accesses. Writes take
 * turns with two values, so that each is one that was not there before; whether they are denied is the same
 * to it.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNKS 50

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int join(const char *cgroup)
{
	char path[4096];
	FILE *procs;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	procs = fopen(path, "w");
	if (!procs || fprintf(procs, "0\n") < 0)
		return -1;
	return fclose(procs);
}

/* ns of one of @n accesses. */
static double chunk(int fd, int writes, long n)
{
	static const char *const values[] = { "4096\n", "4095\n" };
	double start = now_ns();
	volatile ssize_t done;
	char room[64];

	for (long i = 0; i < n; i++)
		done = writes ? pwrite(fd, values[i & 1], 5, 0) : pread(fd, room, sizeof(room), 0);
	(void)done;
	return (now_ns() - start) / (double)n;
}

int main(int argc, char **argv)
{
	char path[4096];
	double least = 1e18;
	int fd, writes;
	long n;

	if (argc != 5)
		return 2;
	writes = strcmp(argv[3], "write") == 0;
	n = strtol(argv[4], NULL, 10) / CHUNKS;
	if (n < 1 || join(argv[1]) || unshare(CLONE_NEWNET)) {
		perror("access");
		return 1;
	}
	snprintf(path, sizeof(path), "/proc/sys/%s", argv[2]);
	fd = open(path, writes ? O_WRONLY : O_RDONLY);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	for (int i = 0; i < CHUNKS; i++) {
		double ns = chunk(fd, writes, n);

		least = ns < least ? ns : least;
	}
	printf("%.1f\n", least);
	return 0;
}
