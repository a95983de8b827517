/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep trace: a table of subcommands in trace.c. Each is one file apps/trace/NAME.c with a tool_spec and
 * a main, made as tool/tool.h says; its program is NAME.bpf.c, what they share NAME-api.bpf.h.
 */
#pragma once

#include "ability/ability.h"
#include "tool/options.h"

int trace_main(int argc, char **argv);
extern const char trace_usage[];

extern const struct ability_tool trace_func_ability;
extern const struct tool_spec trace_func_spec;
int trace_func_main(int argc, char **argv);

extern const struct ability_tool trace_stacks_ability;
extern const struct tool_spec trace_stacks_spec;
int trace_stacks_main(int argc, char **argv);
extern const struct tool_spec trace_kernel_spec;
extern const struct ability_tool trace_kernel_ability;
int trace_kernel_main(int argc, char **argv);

extern const struct tool_spec trace_syscalls_spec;
extern const struct ability_tool trace_syscalls_ability;
int trace_syscalls_main(int argc, char **argv);
extern const struct tool_spec trace_exec_spec;
extern const struct ability_tool trace_exec_ability;
int trace_exec_main(int argc, char **argv);
extern const struct tool_spec trace_open_spec;
extern const struct ability_tool trace_open_ability;
int trace_open_main(int argc, char **argv);
extern const struct tool_spec trace_tcp_spec;
extern const struct ability_tool trace_tcp_ability;
int trace_tcp_main(int argc, char **argv);
extern const struct ability_tool trace_flows_ability;
extern const struct tool_spec trace_flows_spec;
int trace_flows_main(int argc, char **argv);
extern const struct ability_tool trace_runq_ability;
extern const struct tool_spec trace_runq_spec;
int trace_runq_main(int argc, char **argv);
extern const struct ability_tool trace_disk_ability;
extern const struct tool_spec trace_disk_spec;
int trace_disk_main(int argc, char **argv);
