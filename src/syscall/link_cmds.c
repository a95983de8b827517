/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LINK_CREATE, LINK_UPDATE, LINK_DETACH and RAW_TRACEPOINT_OPEN; attaching itself is done in hooks/.
 * Source: kernel/bpf/syscall.c, link_create().
 */
#include <errno.h>
#include <fcntl.h>

#include "hooks/cgroup.h"
#include "hooks/link.h"
#include "object/link.h"
#include "object/prog.h"
#include "syscall/attach.h"
#include "syscall/call.h"
#include "syscall/refuse.h"

#define TP_NAME_BYTES 128

static int create_perf(struct bpf_call *call, struct prog *prog, struct bpf_link **link)
{
	struct object *event;
	int err;

	if (call->attr.link_create.flags)
		return -EINVAL;
	err = call_object(call, (int)call->attr.link_create.target_fd, OBJECT_PERF_EVENT, &event);
	if (err)
		return -EBADF; /* perf_event_get() knows no other error */
	err = hook_link_perf_event(prog, event, call->attr.link_create.perf_event.bpf_cookie, link);
	object_put(event);
	return err;
}

static int create_tcx(struct bpf_call *call, struct prog *prog, struct bpf_link **link)
{
	const __typeof__(call->attr.link_create) *lc = &call->attr.link_create;
	struct hook_tcx at = {
		.ifindex = lc->target_ifindex,
		.attach_type = lc->attach_type,
		.flags = lc->flags,
		.expected_revision = lc->tcx.expected_revision,
	};
	enum object_kind kind = lc->flags & BPF_F_LINK ? OBJECT_LINK : OBJECT_PROG;
	int err = 0;

	if (lc->flags & BPF_F_ID)
		at.relative_id = lc->tcx.relative_id;
	else if ((lc->flags & (BPF_F_BEFORE | BPF_F_AFTER)) && lc->tcx.relative_fd)
		err = call_object(call, (int)lc->tcx.relative_fd, kind, &at.relative);
	if (!err)
		err = hook_link_tcx(prog, &at, link);
	object_put(at.relative);
	return err;
}

static int create_cgroup(struct bpf_call *call, struct prog *prog, struct bpf_link **link)
{
	const __typeof__(call->attr.link_create) *lc = &call->attr.link_create;
	struct hook_cgroup at = {
		.attach_type = lc->attach_type,
		.flags = lc->flags,
		.expected_revision = lc->cgroup.expected_revision,
	};
	int err;

	if (lc->flags & ~(BPF_F_ID | BPF_F_BEFORE | BPF_F_AFTER | BPF_F_PREORDER | BPF_F_LINK))
		return -EINVAL;
	err = attach_cgroup_get(call, lc->target_fd, lc->cgroup.relative_fd, &at);
	if (err)
		return err;
	err = hook_link_cgroup(prog, &at, link);
	attach_cgroup_put(&at);
	return err;
}

/* Attach types without a link here are refused as by a kernel built without them. */
static int create(struct bpf_call *call, struct prog *prog, struct bpf_link **link)
{
	const __typeof__(call->attr.link_create) *lc = &call->attr.link_create;

	switch (prog->type) {
	case BPF_PROG_TYPE_XDP:
		return hook_link_xdp(prog, lc->target_ifindex, lc->flags, link);
	case BPF_PROG_TYPE_SCHED_CLS:
		if (lc->attach_type == BPF_TCX_INGRESS || lc->attach_type == BPF_TCX_EGRESS)
			return create_tcx(call, prog, link);
		return -EINVAL;
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
		return create_cgroup(call, prog, link);
	case BPF_PROG_TYPE_CGROUP_SKB:
		return refuse(call->engine, -EINVAL,
			      "attaching cgroup_skb programs is not implemented");
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACEPOINT:
		return create_perf(call, prog, link);
	case BPF_PROG_TYPE_KPROBE:
		if (lc->attach_type == BPF_PERF_EVENT)
			return create_perf(call, prog, link);
		/* as from a kernel without CONFIG_FPROBE */
		return refuse(call->engine, -EOPNOTSUPP, "multi-probe links are not implemented");
	default:
		return -EINVAL;
	}
}

int cmd_link_create(struct bpf_call *call)
{
	struct bpf_link *link;
	struct prog *prog;
	int err = call_prog(call, (int)call->attr.link_create.prog_fd, &prog), ret;

	if (err)
		return err;
	err = attach_check_type(prog, call->attr.link_create.attach_type);
	if (!err)
		err = create(call, prog, &link);
	object_put(&prog->obj);
	if (err)
		return err;
	object_get(&link->obj);
	ret = call_publish(call, &link->obj, O_RDWR);
	if (ret < 0)
		hook_link_cgroup_forget(link);
	object_put(&link->obj);
	return ret;
}

int cmd_raw_tracepoint_open(struct bpf_call *call)
{
	char name[TP_NAME_BYTES] = "";
	struct bpf_link *link;
	struct prog *prog;
	ssize_t n;
	int err = call_prog(call, (int)call->attr.raw_tracepoint.prog_fd, &prog);

	if (err)
		return err;
	if (prog->type == BPF_PROG_TYPE_RAW_TRACEPOINT) {
		n = call->caller->ops->copy_str(call->caller, name, call->attr.raw_tracepoint.name,
						sizeof(name));
		name[sizeof(name) - 1] = '\0';
		err = n < 0 && n != -ENAMETOOLONG ? -EFAULT : 0;
	} else {
		err = -EINVAL;
	}
	if (!err)
		err = hook_link_raw_tracepoint(prog, name, call->attr.raw_tracepoint.cookie, &link);
	object_put(&prog->obj);
	return err ? err : call_publish(call, &link->obj, O_RDWR);
}

/* --- links that exist ------------------------------------------------------------------------- */

static int update(struct bpf_call *call, struct bpf_link *link)
{
	const __typeof__(call->attr.link_update) *lu = &call->attr.link_update;
	struct prog *prog, *old = NULL;
	int err = call_prog(call, (int)lu->new_prog_fd, &prog);

	if (err)
		return err;
	if (lu->flags & BPF_F_REPLACE)
		err = call_prog(call, (int)lu->old_prog_fd, &old);
	else if (lu->old_prog_fd)
		err = -EINVAL;
	if (!err)
		err = link->ops->update ? link->ops->update(link, prog, old) : -EINVAL;
	if (old)
		object_put(&old->obj);
	object_put(&prog->obj);
	return err;
}

int cmd_link_update(struct bpf_call *call)
{
	struct bpf_link *link;
	int err;

	if (call->attr.link_update.flags & ~(uint32_t)BPF_F_REPLACE)
		return -EINVAL;
	err = call_link(call, (int)call->attr.link_update.link_fd, &link);
	if (err)
		return err;
	err = update(call, link);
	object_put(&link->obj);
	return err;
}

int cmd_link_detach(struct bpf_call *call)
{
	struct bpf_link *link;
	int err = call_link(call, (int)call->attr.link_detach.link_fd, &link);

	if (err)
		return err;
	/* Only links of devices and cgroups can be forced off; the others go with their last fd. */
	if (link->type == BPF_LINK_TYPE_XDP || link->type == BPF_LINK_TYPE_TCX ||
	    link->type == BPF_LINK_TYPE_CGROUP)
		link->ops->detach(link);
	else
		err = -EOPNOTSUPP;
	object_put(&link->obj);
	return err;
}
