/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools.h"

#include <stddef.h>

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

/* Its programs carry no types; with BTF 32-bit calls are told apart. */
static const struct ability_tool trace_syscalls_tool = {
	.name = "trace syscalls",
	.does = "count system calls by call, process and container",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_RAW_TP },
	.hooks = {
		{ "raw_tp", { ABILITY_BTF } },
		{ "raw_tp without BTF", { ABILITY_NONE }, "telling 32-bit calls apart" },
	},
};

const struct ability_tool *const tools[] = {
	&run_tool,
	&check_tool,
	&dump_tool,
	&trace_syscalls_tool,
	NULL,
};
