/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PROG_ATTACH and PROG_DETACH: programs on cgroups without a link; and what links share with them. The
 * other things the kernel attaches so (tcx, flow dissector, sockmaps, infrared) take links, or are
 * not here. Source: kernel/bpf/syscall.c, bpf_prog_attach(), bpf_prog_detach().
 */
#include "syscall/attach.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "hooks/cgroup.h"
#include "object/prog.h"
#include "syscall/refuse.h"

#define FLAGS_BASE (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_REPLACE | BPF_F_PREORDER)
#define FLAGS_MPROG (BPF_F_REPLACE | BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_LINK)

/* clang-format off */
static const struct {
	uint32_t prog_type;
	const char *name;
} types[] = {
#define ATTACH_TYPE(num, name, print, prog, status) [num] = { BPF_PROG_TYPE_##prog, #name },
#include "tbl/attach_types.h"
};
/* clang-format on */

uint32_t attach_prog_type(uint32_t attach_type)
{
	return attach_type < ARRAY_SIZE(types) ? types[attach_type].prog_type : BPF_PROG_TYPE_UNSPEC;
}

bool attach_is_cgroup(uint32_t attach_type)
{
	return attach_type < ARRAY_SIZE(types) && (!strncmp(types[attach_type].name, "CGROUP_", 7) ||
						   attach_type == BPF_LSM_CGROUP);
}

static int check_kprobe(const struct prog *prog, uint32_t attach_type)
{
	uint32_t expected = prog->attach_type;

	if ((expected == BPF_TRACE_KPROBE_MULTI || expected == BPF_TRACE_KPROBE_SESSION ||
	     expected == BPF_TRACE_UPROBE_MULTI || expected == BPF_TRACE_UPROBE_SESSION) &&
	    attach_type != expected)
		return -EINVAL;
	return attach_type == BPF_PERF_EVENT || attach_type == BPF_TRACE_KPROBE_MULTI ||
			       attach_type == BPF_TRACE_KPROBE_SESSION ||
			       attach_type == BPF_TRACE_UPROBE_MULTI ||
			       attach_type == BPF_TRACE_UPROBE_SESSION ?
		       0 :
		       -EINVAL;
}

int attach_check_type(const struct prog *prog, uint32_t attach_type)
{
	switch (prog->type) {
	case BPF_PROG_TYPE_CGROUP_SKB:
		if (!caps_have(prog->caps, CAPABLE_NET_ADMIN))
			return -EPERM;
		if (attach_prog_type(attach_type) != prog->type)
			return -EINVAL;
		return prog->enforce_expected_attach_type && prog->attach_type != attach_type ?
			       -EINVAL :
			       0;
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACEPOINT:
		return attach_type == BPF_PERF_EVENT ? 0 : -EINVAL;
	case BPF_PROG_TYPE_KPROBE:
		return check_kprobe(prog, attach_type);
	case BPF_PROG_TYPE_SCHED_CLS:
		return attach_type == BPF_TCX_INGRESS || attach_type == BPF_TCX_EGRESS ||
				       attach_type == BPF_NETKIT_PRIMARY ||
				       attach_type == BPF_NETKIT_PEER ?
			       0 :
			       -EINVAL;
	default:
		return attach_prog_type(attach_type) == prog->type ? 0 : -EINVAL;
	}
}

/* --- cgroups ------------------------------------------------------------------------------------ */

static int relative_get(struct bpf_call *call, uint32_t flags, uint32_t relative,
			struct object **obj)
{
	enum object_kind kind = flags & BPF_F_LINK ? OBJECT_LINK : OBJECT_PROG;

	if (flags & BPF_F_ID) {
		*obj = object_by_id(call->engine, kind, relative);
		return *obj ? 0 : -ENOENT;
	}
	return relative ? call_object(call, (int)relative, kind, obj) : -EINVAL;
}

int attach_cgroup_get(struct bpf_call *call, uint32_t target_fd, uint32_t relative,
		      struct hook_cgroup *at)
{
	int err = call->caller->ops->fd_to_cgroup(call->caller, (int)target_fd, &at->cgroup);

	if (err)
		return err;
	at->is_relative = relative || (at->flags & (BPF_F_LINK | BPF_F_ID));
	if (at->is_relative)
		at->relative_err = relative_get(call, at->flags, relative, &at->relative);
	return 0;
}

void attach_cgroup_put(struct hook_cgroup *at)
{
	object_put(at->relative);
	if (at->replace)
		object_put(&at->replace->obj);
}

/* A program of that type: 0, or -EBADF or -EINVAL and *prog is not touched. */
static int prog_get_type(struct bpf_call *call, uint32_t fd, uint32_t type, struct prog **prog)
{
	struct prog *found;
	int err = call_prog(call, (int)fd, &found);

	if (err)
		return err;
	if (found->type != type) {
		object_put(&found->obj);
		return -EINVAL;
	}
	*prog = found;
	return 0;
}

static int attach_cgroup(struct bpf_call *call, struct prog *prog)
{
	const union bpf_attr *attr = &call->attr;
	const uint32_t replace = BPF_F_ALLOW_MULTI | BPF_F_REPLACE;
	struct hook_cgroup at = {
		.attach_type = attr->attach_type,
		.flags = attr->attach_flags,
		.expected_revision = attr->expected_revision,
	};
	int err = attach_cgroup_get(call, attr->target_fd, attr->relative_fd, &at);

	if (err)
		return err;
	if ((at.flags & replace) == replace)
		err = prog_get_type(call, attr->replace_bpf_fd, prog->type, &at.replace);
	if (!err)
		err = hook_cgroup_attach(prog, &at);
	attach_cgroup_put(&at);
	return err;
}

static int check_flags(const union bpf_attr *attr)
{
	uint32_t allowed = FLAGS_BASE;

	if (attach_prog_type(attr->attach_type) == BPF_PROG_TYPE_SCHED_CLS)
		allowed = FLAGS_MPROG;
	else if (attach_is_cgroup(attr->attach_type) || attr->attach_type == BPF_LSM_MAC)
		allowed |= FLAGS_MPROG;
	else if (attr->relative_fd || attr->expected_revision)
		return -EINVAL;
	return attr->attach_flags & ~allowed ? -EINVAL : 0;
}

int cmd_prog_attach(struct bpf_call *call)
{
	uint32_t type = attach_prog_type(call->attr.attach_type);
	struct prog *prog;
	int err;

	if (type == BPF_PROG_TYPE_UNSPEC || check_flags(&call->attr))
		return -EINVAL;
	err = prog_get_type(call, call->attr.attach_bpf_fd, type, &prog);
	if (err)
		return err;
	if (attach_check_type(prog, call->attr.attach_type))
		err = -EINVAL;
	else if (hook_cgroup_of(call->attr.attach_type) != CGROUP_HOOK_MAX)
		err = attach_cgroup(call, prog);
	else
		err = refuse(call->engine, -EINVAL, "BPF_PROG_ATTACH to %s is not implemented",
			     types[call->attr.attach_type].name);
	object_put(&prog->obj);
	return err;
}

static int detach_cgroup(struct bpf_call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct prog *prog = NULL;
	struct cgroup *cgroup;
	int err = call->caller->ops->fd_to_cgroup(call->caller, (int)attr->target_fd, &cgroup);

	if (err)
		return err;
	(void)prog_get_type(call, attr->attach_bpf_fd, attach_prog_type(attr->attach_type), &prog);
	err = hook_cgroup_detach(cgroup, attr->attach_type, prog, attr->expected_revision);
	if (prog)
		object_put(&prog->obj);
	return err;
}

int cmd_prog_detach(struct bpf_call *call)
{
	const union bpf_attr *attr = &call->attr;

	if (attach_is_cgroup(attr->attach_type))
		return attr->attach_flags || attr->relative_fd ? -EINVAL : detach_cgroup(call);
	if (attach_prog_type(attr->attach_type) == BPF_PROG_TYPE_SCHED_CLS)
		return refuse(call->engine, -EINVAL, "BPF_PROG_DETACH from %s is not implemented",
			      types[attr->attach_type].name);
	return -EINVAL;
}
