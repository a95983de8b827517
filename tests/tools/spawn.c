/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawn N [PROGRAM]: makes N processes, one after the other, as fast as it can: each starts PROGRAM
 * (itself with "-", which ends at once, when there is none; with "none", no program: it ends at once
 * itself). Says how many a second it were.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The shortest life there is. 0, or 1. */
static int make_none(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return waitpid(pid, NULL, 0) != pid;
}

static int make_one(char *const child[])
{
	pid_t pid;

	if (strcmp(child[0], "none") == 0)
		return make_none();
	if (posix_spawn(&pid, child[0], NULL, NULL, child, environ))
		return 1;
	return waitpid(pid, NULL, 0) != pid;
}

int main(int argc, char **argv)
{
	char self[4096] = "", dash[] = "-", *child[] = { argc > 2 ? argv[2] : self, dash, NULL };
	struct timespec from, to;
	long n;

	if (argc > 1 && strcmp(argv[1], "-") == 0)
		return 0;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	n = argc > 1 ? atol(argv[1]) : 1;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < n; i++)
		if (make_one(child))
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.0f a second\n", (double)n / ((double)(to.tv_sec - from.tv_sec) +
					       (double)(to.tv_nsec - from.tv_nsec) / 1e9));
	return 0;
}
