/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools.h"

#include <stddef.h>

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

static const struct ability_tool attach_tool = {
	.name = "run --attach",
	.does = "run any program at its real hook",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_CAP_NET_ADMIN },
	.hooks = {
		{ "bpf_printk by ring", { ABILITY_RINGBUF, ABILITY_PROBE_READ } },
		{ "bpf_printk by trace pipe", { ABILITY_TRACEFS }, "lines that are lost are not all counted" },
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

/* What of it can be attached. */
/* clang-format off */
#define ATTACH(kind, what, capability, ...)                                                        \
	{ .name = "run --attach " kind, .does = what, .optional = true,                            \
	  .needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_##capability },                 \
	  .hooks = { __VA_ARGS__ } }

static const struct ability_tool attach_kinds[] = {
	ATTACH("xdp", "a program at a device's driver", CAP_NET_ADMIN, { "xdp", { ABILITY_XDP } }),
	ATTACH("tc", "a program at a device's ingress or egress", CAP_NET_ADMIN, { "tcx", { ABILITY_TCX } }, { "tc filter", { ABILITY_TC } }),
	ATTACH("cgroup", "a program at a cgroup's hook", CAP_NET_ADMIN, { "cgroup", { ABILITY_CGROUP2, ABILITY_CGROUP_SKB } }),
	ATTACH("raw_tp", "a program at a raw tracepoint", CAP_PERFMON, { "raw_tp", { ABILITY_RAW_TP } }),
	ATTACH("tp_btf", "a program at a typed tracepoint", CAP_PERFMON, { "tp_btf", { ABILITY_TP_BTF } }),
	ATTACH("tracepoint", "a program at a tracepoint", CAP_PERFMON, { "tracepoint", { ABILITY_TRACEPOINT } }),
	ATTACH("uprobe", "a program at a user function", CAP_PERFMON, { "uprobe", { ABILITY_UPROBE } }),
	ATTACH("perf_event", "a program at a timer", CAP_PERFMON, { "perf_event", { ABILITY_PERF_CLOCK } }),
	ATTACH("iter", "a program over kernel objects", CAP_PERFMON, { "iter", { ABILITY_ITER } }),
	ATTACH("kprobe", "a program at a kernel function", CAP_PERFMON, { "kprobe", { ABILITY_KPROBE } }),
	ATTACH("fentry", "a program at a kernel function, with types", CAP_PERFMON, { "fentry", { ABILITY_FENTRY } }),
	ATTACH("lsm", "a program that denies", CAP_PERFMON, { "lsm", { ABILITY_LSM } }),
};
/* clang-format on */

const struct ability_tool *const tools[] = {
	&run_tool,
	&attach_tool,
	&attach_kinds[0],
	&attach_kinds[1],
	&attach_kinds[2],
	&attach_kinds[3],
	&attach_kinds[4],
	&attach_kinds[5],
	&attach_kinds[6],
	&attach_kinds[7],
	&attach_kinds[8],
	&attach_kinds[9],
	&attach_kinds[10],
	&attach_kinds[11],
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
	NULL,
};
