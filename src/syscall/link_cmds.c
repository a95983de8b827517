/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LINK_CREATE, LINK_UPDATE, LINK_DETACH and RAW_TRACEPOINT_OPEN; attaching itself is done in hooks/.
 * Source: kernel/bpf/syscall.c, link_create() and bpf_prog_attach_check_attach_type().
 */
#include <errno.h>
#include <fcntl.h>

#include "hooks/link.h"
#include "object/link.h"
#include "object/prog.h"
#include "syscall/call.h"
#include "syscall/refuse.h"

#define TP_NAME_BYTES 128

/* The program type an attach type belongs to. */
static uint32_t prog_type_of_attach(uint32_t attach_type)
{
/* clang-format off */
#define ATTACH_TYPE(num, name, print, prog, status) [num] = BPF_PROG_TYPE_##prog,
	static const uint32_t types[] = {
#include "tbl/attach_types.h"
	};
	/* clang-format on */

	if (attach_type >= sizeof(types) / sizeof(types[0]))
		return BPF_PROG_TYPE_UNSPEC;
	return types[attach_type];
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

static int check_attach_type(const struct prog *prog, uint32_t attach_type)
{
	switch (prog->type) {
	case BPF_PROG_TYPE_CGROUP_SKB:
		if (!caps_have(prog->caps, CAPABLE_NET_ADMIN))
			return -EPERM;
		if (prog_type_of_attach(attach_type) != prog->type)
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
		return prog_type_of_attach(attach_type) == prog->type ? 0 : -EINVAL;
	}
}

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
	int err = call_prog(call, (int)call->attr.link_create.prog_fd, &prog);

	if (err)
		return err;
	err = check_attach_type(prog, call->attr.link_create.attach_type);
	if (!err)
		err = create(call, prog, &link);
	object_put(&prog->obj);
	return err ? err : call_publish(call, &link->obj, O_RDWR);
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
	/* Only links of devices can be forced off; the others go with their last fd. */
	if (link->type == BPF_LINK_TYPE_XDP || link->type == BPF_LINK_TYPE_TCX)
		link->ops->detach(link);
	else
		err = -EOPNOTSUPP;
	object_put(&link->obj);
	return err;
}
