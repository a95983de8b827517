/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawn N [PROGRAM]: makes N processes, one after the other, as fast as it can: each starts PROGRAM
 * (itself with "-", which ends at once, when there is none). Says how many a second it were.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	char self[4096] = "", dash[] = "-", *child[] = { argc > 2 ? argv[2] : self, dash, NULL };
	struct timespec from, to;
	long n;
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "-") == 0)
		return 0;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	n = argc > 1 ? atol(argv[1]) : 1;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < n; i++) {
		if (posix_spawn(&pid, child[0], NULL, NULL, child, environ))
			return 1;
		if (waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.0f a second\n", (double)n / ((double)(to.tv_sec - from.tv_sec) +
					       (double)(to.tv_nsec - from.tv_nsec) / 1e9));
	return 0;
}
