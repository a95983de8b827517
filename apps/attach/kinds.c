/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/kinds.h"

#include <bpf/libbpf.h>
#include <string.h>

const struct ability_tool attach_ability = {
	.name = "run --attach",
	.does = "run any program at its real hook",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_CAP_NET_ADMIN },
	.hooks = {
		{ "bpf_printk by ring", { ABILITY_RINGBUF, ABILITY_PROBE_READ } },
		{ "bpf_printk by trace pipe", { ABILITY_TRACEFS }, "lines that are lost are not all counted" },
	},
};

/* clang-format off */
#define KIND(kind, what, capability, ...)                                                          \
	{ .name = "run --attach " kind, .does = what, .optional = true,                            \
	  .needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_##capability },                 \
	  .hooks = { __VA_ARGS__ } }

const struct ability_tool attach_kinds[ATTACH_KINDS_MAX] = {
	[ATTACH_XDP] = KIND("xdp", "a program at a device's driver", CAP_NET_ADMIN, { "xdp", { ABILITY_XDP } }),
	[ATTACH_TC] = KIND("tc", "a program at a device's ingress or egress", CAP_NET_ADMIN, { "tcx", { ABILITY_TCX } }, { "tc filter", { ABILITY_TC } }),
	[ATTACH_CGROUP] = KIND("cgroup", "a program at a cgroup's hook", CAP_NET_ADMIN, { "cgroup", { ABILITY_CGROUP2, ABILITY_CGROUP_SKB } }),
	[ATTACH_RAW_TP] = KIND("raw_tp", "a program at a raw tracepoint", CAP_PERFMON, { "raw_tp", { ABILITY_RAW_TP } }),
	[ATTACH_TP_BTF] = KIND("tp_btf", "a program at a typed tracepoint", CAP_PERFMON, { "tp_btf", { ABILITY_BTF, ABILITY_TP_BTF } }),
	[ATTACH_TRACEPOINT] = KIND("tracepoint", "a program at a tracepoint", CAP_PERFMON, { "tracepoint", { ABILITY_TRACEPOINT } }),
	[ATTACH_UPROBE] = KIND("uprobe", "a program at a user function", CAP_PERFMON, { "uprobe", { ABILITY_UPROBE } }),
	[ATTACH_PERF_EVENT] = KIND("perf_event", "a program at a timer", CAP_PERFMON, { "perf_event", { ABILITY_PERF_CLOCK } }),
	[ATTACH_ITER] = KIND("iter", "a program over kernel objects", CAP_PERFMON, { "iter", { ABILITY_BTF, ABILITY_ITER } }),
	[ATTACH_KPROBE] = KIND("kprobe", "a program at a kernel function", CAP_PERFMON, { "kprobe", { ABILITY_KPROBE } }),
	[ATTACH_FENTRY] = KIND("fentry", "a program at a kernel function, with types", CAP_PERFMON, { "fentry", { ABILITY_BTF, ABILITY_FENTRY } }),
	[ATTACH_LSM] = KIND("lsm", "a program that denies", CAP_PERFMON, { "lsm", { ABILITY_BTF, ABILITY_LSM } }),
};
/* clang-format on */

static enum attach_kind kind_of_tracing(const struct bpf_program *prog)
{
	switch (bpf_program__expected_attach_type(prog)) {
	case BPF_TRACE_RAW_TP:
		return ATTACH_TP_BTF;
	case BPF_TRACE_ITER:
		return ATTACH_ITER;
	default:
		return ATTACH_FENTRY;
	}
}

enum attach_kind attach_kind_of(const struct bpf_program *prog)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_XDP:
		return ATTACH_XDP;
	case BPF_PROG_TYPE_SCHED_CLS:
		return ATTACH_TC;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return ATTACH_RAW_TP;
	case BPF_PROG_TYPE_TRACEPOINT:
		return ATTACH_TRACEPOINT;
	case BPF_PROG_TYPE_PERF_EVENT:
		return ATTACH_PERF_EVENT;
	case BPF_PROG_TYPE_LSM:
		return ATTACH_LSM;
	case BPF_PROG_TYPE_TRACING:
		return kind_of_tracing(prog);
	case BPF_PROG_TYPE_KPROBE: /* also that of uprobe, uretprobe, usdt */
		return bpf_program__section_name(prog)[0] == 'u' ? ATTACH_UPROBE : ATTACH_KPROBE;
	default:
		return ATTACH_KINDS_MAX;
	}
}
