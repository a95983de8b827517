/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep trace: a table of subcommands. Each is one file apps/trace/NAME.c with a tool_spec and
 * a main, made as tool/tool.h says; its program is NAME.bpf.c, what they share NAME-api.bpf.h.
 */
#pragma once

#include "ability/ability.h"
#include "tool/options.h"

int trace_main(int argc, char **argv);
extern const char trace_usage[];

/* In the order `skep trace` lists them. */
#define TRACE_SUBCOMMANDS(ROW)                                                                     \
	ROW(func)                                                                                  \
	ROW(stacks)                                                                                \
	ROW(kernel)                                                                                \
	ROW(syscalls)                                                                              \
	ROW(exec)                                                                                  \
	ROW(open)                                                                                  \
	ROW(tcp)                                                                                   \
	ROW(flows)                                                                                 \
	ROW(runq)                                                                                  \
	ROW(disk)

/* trace_NAME_spec, whose command is "trace NAME"; trace_NAME_ability, for doctor; trace_NAME_main(). */
#define TRACE_DECLARE(name)                                                                        \
	extern const struct ability_tool trace_##name##_ability;                                   \
	extern const struct tool_spec trace_##name##_spec;                                         \
	int trace_##name##_main(int argc, char **argv);

TRACE_SUBCOMMANDS(TRACE_DECLARE)
