/* SPDX-License-Identifier: BSD-2-Clause */
/* Every program type there is: the rows of tbl/prog_types.h that are done. */
#include "base/macros.h"
#include "progs/types.h"

static const struct prog_type_ops *const ops[] = {
	[BPF_PROG_TYPE_SOCKET_FILTER] = &socket_filter_prog_ops,
	[BPF_PROG_TYPE_KPROBE] = &kprobe_prog_ops,
	[BPF_PROG_TYPE_SCHED_CLS] = &sched_cls_prog_ops,
	[BPF_PROG_TYPE_SCHED_ACT] = &sched_act_prog_ops,
	[BPF_PROG_TYPE_TRACEPOINT] = &tracepoint_prog_ops,
	[BPF_PROG_TYPE_XDP] = &xdp_prog_ops,
	[BPF_PROG_TYPE_PERF_EVENT] = &perf_event_prog_ops,
	[BPF_PROG_TYPE_CGROUP_SKB] = &cgroup_skb_prog_ops,
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = &raw_tracepoint_prog_ops,
	[BPF_PROG_TYPE_CGROUP_SYSCTL] = &cgroup_sysctl_prog_ops,
	[BPF_PROG_TYPE_SYSCALL] = &syscall_prog_ops,
};

const struct prog_type_ops *prog_ops_by_type(uint32_t type)
{
	return type < ARRAY_SIZE(ops) ? ops[type] : NULL;
}
