/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_QUERY: what is attached to a device's tcx hooks or to a cgroup. XDP programs are asked for by
 * netlink, in the kernel too; attach types of namespaces and sockets lead nowhere here. Source:
 * kernel/bpf/syscall.c, bpf_prog_query(); mprog.c, bpf_mprog_query(); cgroup.c, __cgroup_bpf_query().
 */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "hooks/cgroup.h"
#include "hooks/link.h"
#include "syscall/attach.h"
#include "syscall/call.h"

/* An array the client may have left out. */
static int put_ids(struct bpf_call *call, uint64_t to, const uint32_t *ids, uint32_t n)
{
	return to ? copy_out(call->caller, to, ids, n * sizeof(*ids)) : 0;
}

static int put_list(struct bpf_call *call, const struct hook_tcx_list *list)
{
	static const uint32_t no_flags[HOOK_TCX_MAX];
	const __typeof__(call->attr.query) *q = &call->attr.query;
	uint32_t n = MIN(list->n, q->count);

	if (q->query_flags || q->attach_flags)
		return -EINVAL;
	if (call_write_back(call, query.attach_flags, 0) ||
	    call_write_back(call, query.revision, list->revision) ||
	    call_write_back(call, query.count, list->n))
		return -EFAULT;
	if (!q->count || !q->prog_ids || !list->n)
		return 0;
	if (put_ids(call, q->prog_ids, list->prog_ids, n) ||
	    put_ids(call, q->prog_attach_flags, no_flags, n) ||
	    put_ids(call, q->link_ids, list->link_ids, n) ||
	    put_ids(call, q->link_attach_flags, no_flags, n))
		return -EFAULT;
	return n < list->n ? -ENOSPC : 0;
}

static int put_cgroup(struct bpf_call *call, const struct hook_cgroup_list *list, bool effective)
{
	const __typeof__(call->attr.query) *q = &call->attr.query;
	const uint64_t revision = effective || q->attach_type == BPF_LSM_CGROUP ? 0 : list->revision;
	uint32_t n = MIN(list->n, q->count);

	if (call_write_back(call, query.attach_flags, effective ? 0 : list->flags) ||
	    call_write_back(call, query.count, list->n))
		return -EFAULT;
	if (call->size >= offsetof(union bpf_attr, query.revision) + sizeof(q->revision) &&
	    call_write_back(call, query.revision, revision))
		return -EFAULT;
	if (!q->count || !q->prog_ids || !list->n)
		return 0;
	if (put_ids(call, q->prog_ids, list->prog_ids, n))
		return -EFAULT;
	for (uint32_t i = 0; q->prog_attach_flags && i < n; i++)
		if (put_ids(call, q->prog_attach_flags + i * sizeof(uint32_t), &list->flags, 1))
			return -EFAULT;
	return n < list->n ? -ENOSPC : 0;
}

static int query_cgroup(struct bpf_call *call)
{
	const __typeof__(call->attr.query) *q = &call->attr.query;
	bool effective = q->query_flags & BPF_F_QUERY_EFFECTIVE;
	struct hook_cgroup_list *list;
	struct cgroup *cgroup;
	int err = call->caller->ops->fd_to_cgroup(call->caller, (int)q->target_fd, &cgroup);

	if (err)
		return err;
	if (effective && q->prog_attach_flags)
		return -EINVAL;
	list = mem_alloc(sizeof(*list));
	if (!list)
		return -ENOMEM;
	hook_cgroup_query(cgroup, q->attach_type, effective, list);
	err = put_cgroup(call, list, effective);
	free(list);
	return err;
}

int cmd_prog_query(struct bpf_call *call)
{
	const __typeof__(call->attr.query) *q = &call->attr.query;
	struct hook_tcx_list list;
	int err;

	if (!call_capable(call, CAPABLE_NET_ADMIN))
		return -EPERM;
	if (q->query_flags & ~(uint32_t)BPF_F_QUERY_EFFECTIVE)
		return -EINVAL;
	switch (q->attach_type) {
	case BPF_TCX_INGRESS:
	case BPF_TCX_EGRESS:
		err = hook_tcx_query(call->engine, q->target_ifindex, q->attach_type, &list);
		return err ? err : put_list(call, &list);
	case BPF_NETKIT_PRIMARY:
	case BPF_NETKIT_PEER:
		/* No device here is one. */
		err = hook_tcx_query(call->engine, q->target_ifindex, BPF_TCX_INGRESS, &list);
		return err ? err : -ENXIO;
	default:
		return attach_is_cgroup(q->attach_type) ? query_cgroup(call) : -EINVAL;
	}
}
