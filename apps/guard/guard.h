/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep guard: sysctls that cannot be tampered with. A program at the cgroup's hook for accesses to
 * /proc/sys decides by rules (rule.h); side doors are closed or watched (doors.h, watch.h).
 *
 *	run      guards until Ctrl-C; shows what happens; rule files are read again when they change
 *	install  guards from now on, without a process; again: replaces the rules
 *	remove   takes the installed guard away
 *	status   the rules in force, what they did, how each door is held
 *	log      what happened, -f: goes on
 *	learn    looks on and writes rules that allow just what happened
 *	check    what rules would do to sysctl.d, or to one access: on our own engine, no privilege
 *	doors    the other ways to a key's value; found by experiment with --try
 */
#pragma once

#include "ability/ability.h"

struct tool_spec;

extern const char guard_usage[];
extern const struct ability_tool guard_ability;
/* Side doors: being told who goes through (watch_hooks.c), and closing them (lsm.c). */
extern const struct ability_tool guard_watch_ability, guard_lsm_ability;

int guard_main(int argc, char **argv);

/* In the order `skep guard` lists them. */
#define GUARD_SUBCOMMANDS(ROW)                                                                     \
	ROW(run)                                                                                   \
	ROW(install)                                                                               \
	ROW(remove)                                                                                \
	ROW(status)                                                                                \
	ROW(log)                                                                                   \
	ROW(learn)                                                                                 \
	ROW(check)                                                                                 \
	ROW(doors)

/* guard_NAME_spec, whose command is "guard NAME"; guard_NAME_main(). */
#define GUARD_DECLARE(name)                                                                        \
	extern const struct tool_spec guard_##name##_spec;                                         \
	int guard_##name##_main(int argc, char **argv);

GUARD_SUBCOMMANDS(GUARD_DECLARE)
#undef GUARD_DECLARE
