/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of a live capture beside Ctrl-C: SIGHUP ends it as that does, unless nohup(1) had it ignored;
 * SIGUSR1 asks how far it is, SIGUSR2 that its files be written out. All are blocked between
 * signals_open() and signals_close(): children call signals_restore().
 */
#pragma once

#include <signal.h>

#include "tool/loop.h"

struct signals {
	struct loop *loop;
	int fd;
	sigset_t before;
	loop_ready_fn *tell, *write_out;
	void *arg;
};

int signals_open(struct signals *s, struct loop *loop, struct error *err);
void signals_close(struct signals *s);
/* What SIGUSR1 asks for, on standard error. */
void signals_tell(uint64_t captured, uint64_t passed, uint64_t dropped);
/* In a child, before it becomes another program: nothing is blocked. */
void signals_restore(void);
