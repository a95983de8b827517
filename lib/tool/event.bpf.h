/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Fills the head of a record with the current task. Needs no kernel BTF. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tool/event-api.bpf.h"
#include "tool/filter.bpf.h"

static __always_inline void event_head_fill(struct event_head *head)
{
	__u64 ids = filter_pid_tgid();

	head->ktime_ns = bpf_ktime_get_ns();
	head->cgroup_id = bpf_get_current_cgroup_id();
	head->pid = ids >> 32;
	head->tid = ids;
	head->uid = bpf_get_current_uid_gid();
	head->unused = 0;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
}
