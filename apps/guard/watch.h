/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What needs a process that looks on: side doors that no program can close are seen when they are
 * used, and the value set back; the guard's own program is put back when it is taken off. Values
 * are those of this process's namespaces. The doors in use are chosen by the rules: a guard without
 * a rule for kernel.hostname pays nothing for sethostname(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "doors.h"
#include "enforce.h"
#include "error.h"
#include "tool/loop.h"

struct watch;

struct watch_setup {
	struct enforce *enforce;
	struct loop *loop;	     /* its fds are added to it, and its chore set */
	const struct ruleset *rules; /* in force; copied */
	bool no_lsm;		     /* even where it could be had: for tests */
	void (*say)(void *arg, const char *sentence); /* alerts and, with verbose, choices */
	void *arg;
	bool verbose;
};

/* Remembers the values of keys with a deny or pin rule, sets pinned ones, and looks on from now.
 * -EBUSY with a sentence: another process does so for this guard; -EXDEV: not from a PID namespace of
 * its own. */
int watch_begin(const struct watch_setup *setup, struct watch **out, struct error *err);
/* The rules were replaced. */
int watch_set_rules(struct watch *w, const struct ruleset *rules, struct error *err);
void watch_end(struct watch *w);
/* Pins what closes side doors into the installed guard's folder, if there is any. 0, or -errno with a sentence. */
int watch_pin_lsm(struct watch *w, const char *pins, struct error *err);
/* "lsm: syslog, netlink, bpf", "raw_tp: ...": how each kind of door is held, for status and -v. */
const char *watch_level(const struct watch *w, enum door_kind kind);
/* Its programs, for the cost (tool/cost.h): how many. */
uint32_t watch_programs(const struct watch *w, int *fds, uint32_t max);
