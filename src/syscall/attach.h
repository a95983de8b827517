/* SPDX-License-Identifier: BSD-2-Clause */
/* What attaching by a link and attaching without one have in common. */
#pragma once

#include <stdint.h>

#include "syscall/call.h"

struct hook_cgroup;

/* The program type an attach type belongs to; BPF_PROG_TYPE_UNSPEC: none. */
uint32_t attach_prog_type(uint32_t attach_type);

/* Is it attached to cgroups? */
bool attach_is_cgroup(uint32_t attach_type);

/* bpf_prog_attach_check_attach_type(): 0, -EINVAL or -EPERM. */
int attach_check_type(const struct prog *prog, uint32_t attach_type);

/*
 * Looks up the cgroup behind @target_fd and what at->flags and @relative (an fd, or with BPF_F_ID
 * an id) say the place is relative to: 0 and references attach_cgroup_put() gives back, or the
 * kernel's errno for the cgroup.
 */
int attach_cgroup_get(struct bpf_call *call, uint32_t target_fd, uint32_t relative,
		      struct hook_cgroup *at);
void attach_cgroup_put(struct hook_cgroup *at);
