/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program as a tc filter (cls_bpf, direct action) on a device's clsact qdisc, by rtnetlink: for
 * kernels without tcx (before 6.6). Such a filter has no owner, so a forked process watches over it:
 * when this process ends, however it ends, the watcher removes the filter (known by its program's id),
 * and the qdisc if there was none before and nobody else has put a filter on it since. Only when both
 * are killed does the filter stay.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct hook;
struct hook_tc;

/* 0 or -errno with a sentence. The device is that of this process's network namespace. */
int hook_attach_tc(int prog_fd, uint32_t ifindex, bool egress, struct hook **out,
		   struct error *err);
/* For hook_detach(). NULL is fine. */
void hook_tc_remove(struct hook_tc *tc);
