/* SPDX-License-Identifier: BSD-2-Clause */
/* See signals.h. */
#include "capture/signals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void take_signals(void *arg)
{
	struct signals *s = arg;
	struct signalfd_siginfo info;

	while (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			loop_stop(s->loop);
		else if (info.ssi_signo == SIGUSR1)
			s->tell(s->arg);
		else
			s->write_out(s->arg);
	}
}

int signals_open(struct signals *s, struct loop *loop, struct error *err)
{
	struct sigaction hangup = { 0 };
	sigset_t watched;

	sigemptyset(&watched);
	sigaddset(&watched, SIGUSR1);
	sigaddset(&watched, SIGUSR2);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset(&watched, SIGHUP);
	s->loop = loop;
	sigprocmask(SIG_BLOCK, &watched, &s->before);
	s->fd = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->fd < 0) {
		int rc = error_set(err, -errno, "cannot watch signals: %s", strerror(errno));

		sigprocmask(SIG_SETMASK, &s->before, NULL);
		return rc;
	}
	return loop_add_fd(loop, s->fd, take_signals, s, err);
}

void signals_close(struct signals *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	sigprocmask(SIG_SETMASK, &s->before, NULL);
}

void signals_tell(uint64_t captured, uint64_t passed, uint64_t dropped)
{
	fprintf(stderr,
		"skep capture: %llu packet%s captured, %llu packet%s passed the filter, %llu packet%s "
		"dropped (ring full)\n",
		(unsigned long long)captured, captured == 1 ? "" : "s", (unsigned long long)passed,
		passed == 1 ? "" : "s", (unsigned long long)dropped, dropped == 1 ? "" : "s");
}

void signals_restore(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
