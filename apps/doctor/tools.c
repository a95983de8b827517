/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools.h"

#include <stddef.h>

#include "attach/kinds.h"
#include "capture/capture.h"
#include "guard/guard.h"
#include "trace/trace.h"

static const struct ability_tool run_tool = {
	.name = "run",
	.does = "run a program on every packet of a capture",
	.hooks = {
		{ "--engine kernel",
		  { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN, ABILITY_TEST_RUN } },
		{ "--engine user", { ABILITY_NONE }, "what only the kernel has" },
	},
};

static const struct ability_tool check_tool = {
	.name = "check",
	.does = "verify every program of an object",
	.hooks = {
		{ "--engine kernel", { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN } },
		{ "--engine user", { ABILITY_NONE }, "types of programs only the kernel has" },
	},
};

static const struct ability_tool dump_tool = {
	.name = "dump",
	.does = "show a program's instructions",
	.hooks = {
		{ "--engine kernel", { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN } },
		{ "--engine user", { ABILITY_NONE }, "the kernel's own machine code" },
	},
};

const struct ability_tool *const tools[] = {
	&run_tool,
	&attach_ability,
#define ROW(kind) &attach_kinds[ATTACH_##kind],
	ATTACH_KINDS(ROW)
#undef ROW
	&check_tool,
	&dump_tool,
	&capture_ability,
	&trace_kernel_ability,
	&trace_syscalls_ability,
	&trace_exec_ability,
	&trace_open_ability,
	&trace_tcp_ability,
	&trace_flows_ability,
	&trace_runq_ability,
	&trace_disk_ability,
	&trace_func_ability,
	&trace_stacks_ability,
	&guard_ability,
	&guard_watch_ability,
	&guard_lsm_ability,
	NULL,
};
