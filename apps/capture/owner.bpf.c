// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * Whose sockets are, remembered with each: when it is made, when data is sent or received by it (a
 * descriptor may have been handed on), and, for those that were there before, by a walk over all
 * descriptors. Needs the kernel's BTF.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "capture/live-api.bpf.h"
#include "capture/owners.bpf.h"
#include "kernel.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct live_settings live = {};

/* From the id of a cgroup to the terms about containers it is in (who/follow.h). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} followed SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct cred {
	struct {
		__u32 val;
	} uid;
};

struct task_struct___cred {
	const struct cred *real_cred;
};

struct socket {
	struct sock *sk;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

#pragma clang attribute pop

static __always_inline __u32 followed_terms(__u64 cgroup_id)
{
	__u32 *bits = live.follows ? bpf_map_lookup_elem(&followed, &cgroup_id) : NULL;

	return bits ? *bits : 0;
}

/* Which terms' cgroups the current task is in. */
static __always_inline __u32 current_terms(void)
{
	__u32 bits = followed_terms(bpf_get_current_cgroup_id());

	for (__u32 i = 0; i < LIVE_TERMS_MAX; i++) {
		if (i >= live.n_terms)
			break;
		if (live.terms[i].has_cgroup &&
		    bpf_get_current_ancestor_cgroup_id(live.terms[i].cgroup_level) ==
			    live.terms[i].cgroup_id)
			bits |= 1u << i;
	}
	return bits;
}

static __always_inline void count_change(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&changes, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void fill_current(struct live_owner *owner)
{
	owner->cgroup_id = bpf_get_current_cgroup_id();
	owner->uid = bpf_get_current_uid_gid();
	owner->terms = current_terms();
	bpf_get_current_comm(owner->comm, sizeof(owner->comm));
	owner->pid = bpf_get_current_pid_tgid() >> 32;
	count_change();
}

SEC("cgroup/sock_create")
int made(struct bpf_sock *ctx)
{
	struct live_owner *owner =
		bpf_sk_storage_get(&owners, ctx, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (owner)
		fill_current(owner);
	return 1;
}

static __always_inline void used(struct sock *sk)
{
	struct live_owner *owner;

	if (!sk)
		return;
	owner = bpf_sk_storage_get(&owners, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (owner && owner->pid != (__u32)(bpf_get_current_pid_tgid() >> 32))
		fill_current(owner);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sent, struct sock *sk)
{
	used(sk);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(received, struct sock *sk)
{
	used(sk);
	return 0;
}

/* Which terms' cgroups this one is in. */
static __always_inline __u32 terms_of(struct cgroup *cgroup)
{
	__u32 bits = followed_terms(BPF_CORE_READ(cgroup, kn, id));

	for (__u32 i = 0; i < LIVE_TERMS_MAX; i++) {
		if (i >= live.n_terms)
			break;
		if (live.terms[i].has_cgroup &&
		    cgroup_is_in(cgroup, live.terms[i].cgroup_id, live.terms[i].cgroup_level))
			bits |= 1u << i;
	}
	return bits;
}

SEC("iter/task_file")
int walk(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct live_owner *owner;
	struct socket *sock;
	struct cgroup *cgroup;

	if (!task || !file)
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock || !sock->sk)
		return 0;
	owner = bpf_sk_storage_get(&owners, sock->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!owner || owner->pid)
		return 0;
	cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	owner->cgroup_id = BPF_CORE_READ(cgroup, kn, id);
	owner->terms = terms_of(cgroup);
	owner->uid = BPF_CORE_READ((struct task_struct___cred *)task, real_cred, uid.val);
	BPF_CORE_READ_STR_INTO(&owner->comm, task, comm);
	owner->pid = task->tgid;
	return 0;
}
