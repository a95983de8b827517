/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* State and number of threads as /proc shows them; false: it does not say. */
static bool read_stat(pid_t pid, char *state, long *n_threads)
{
	_cleanup_close_ int fd = -1;
	char path[32], line[512];
	const char *paren;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (n <= 0)
		return false;
	line[n] = '\0';
	/* "pid (command) state": the command may hold anything, parentheses included. */
	paren = strrchr(line, ')');
	return paren && sscanf(paren, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				      "%*d %ld", state, n_threads) == 2;
}

static bool is_gone(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

bool proc_thread_is_dead(pid_t tid)
{
	long n_threads;
	char state;

	return is_gone(tid) ||
	       (read_stat(tid, &state, &n_threads) && (state == 'Z' || state == 'X'));
}

bool proc_is_dead(pid_t pid)
{
	long n_threads;
	char state;

	return is_gone(pid) || (read_stat(pid, &state, &n_threads) && n_threads <= 1 &&
				(state == 'Z' || state == 'X'));
}
