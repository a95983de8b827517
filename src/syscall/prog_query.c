/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_QUERY: what is attached to a device's tcx hooks. XDP programs are asked for by netlink, in
 * the kernel too; attach types of cgroups, namespaces and sockets lead nowhere here.
 * Source: kernel/bpf/syscall.c, bpf_prog_query(); kernel/bpf/mprog.c, bpf_mprog_query().
 */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "hooks/link.h"
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

/* Attach types whose target is a cgroup's directory, which no descriptor here stands for. */
static bool is_cgroup(uint32_t attach_type)
{
/* clang-format off */
#define ATTACH_TYPE(num, name, print, prog, status) [num] = #name,
	static const char *const names[] = {
#include "tbl/attach_types.h"
	};
	/* clang-format on */

	return attach_type < ARRAY_SIZE(names) && (!strncmp(names[attach_type], "CGROUP_", 7) ||
						   attach_type == BPF_LSM_CGROUP);
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
		return is_cgroup(q->attach_type) ? -EBADF : -EINVAL;
	}
}
