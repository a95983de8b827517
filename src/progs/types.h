/* SPDX-License-Identifier: BSD-2-Clause */
/* The program types of this room, and what several of them share. */
#pragma once

#include "object/prog.h"

extern const struct prog_type_ops socket_filter_prog_ops;
extern const struct prog_type_ops sched_cls_prog_ops;
extern const struct prog_type_ops sched_act_prog_ops;
extern const struct prog_type_ops xdp_prog_ops;
extern const struct prog_type_ops cgroup_skb_prog_ops;
extern const struct prog_type_ops cgroup_sysctl_prog_ops;
extern const struct prog_type_ops kprobe_prog_ops;
extern const struct prog_type_ops tracepoint_prog_ops;
extern const struct prog_type_ops raw_tracepoint_prog_ops;
extern const struct prog_type_ops perf_event_prog_ops;
extern const struct prog_type_ops syscall_prog_ops;

/* Any verdict; any attach type. */
struct ret_range prog_ret_any(const struct prog *prog);
int prog_attach_any(const struct prog *prog);
/* expected_attach_type must be 0. */
int prog_attach_none(const struct prog *prog);
