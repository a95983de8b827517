/* SPDX-License-Identifier: BSD-2-Clause */
#include "children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void note_crash(struct children *children, uint32_t i, int status)
{
	char how[64];

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(how, sizeof(how), "hung for %d s", CHILD_TEST_SECONDS_MAX);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "%s", strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	children->crashed(children, i, how);
}

/* The child's wait status, or -errno. */
static int run_child(struct children *children, uint32_t first, int *status)
{
	pid_t pid;

	*children->at = UINT32_MAX;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		*status = children->run(children, first);
		fflush(stdout);
		_exit(*status);
	}
	return waitpid(pid, status, 0) < 0 ? -errno : 0;
}

int children_run(struct children *children)
{
	int err = 0, status;

	children->at = mmap(NULL, sizeof(*children->at), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (children->at == MAP_FAILED)
		return -errno;
	for (uint32_t first = children->first; first <= children->last; first = *children->at + 1) {
		err = run_child(children, first, &status);
		if (err || (WIFEXITED(status) && !WEXITSTATUS(status)))
			break;
		if (*children->at == UINT32_MAX) {
			err = -EIO; /* before the first test: no test is to blame */
			break;
		}
		note_crash(children, *children->at, status);
	}
	munmap(children->at, sizeof(*children->at));
	return err;
}

void child_at(struct children *children, uint32_t i)
{
	*children->at = i;
	alarm(CHILD_TEST_SECONDS_MAX);
}
