/* SPDX-License-Identifier: BSD-2-Clause */
/* Links of programs to events: raw tracepoints by name, perf events by their stand-in. */
#include <errno.h>
#include <stdint.h>

#include "base/macros.h"
#include "hooks/link.h"
#include "hooks/state.h"
#include "object/perf_event.h"

struct event_link {
	struct bpf_link link;   /* first */
	struct event *event;    /* NULL: detached */
	const char *name;       /* of the event */
	struct object *perf;    /* perf links: holds a reference */
};

static struct event_link *event_link_of(const struct bpf_link *link)
{
	return container_of(link, struct event_link, link);
}

/* Called through the last reference only: neither kind can be detached by LINK_DETACH. */
static void detach(struct bpf_link *link)
{
	struct event_link *self = event_link_of(link);

	hooks_lock(link->obj.engine);
	if (self->event)
		event_detach(self->event, link);
	self->event = NULL;
	hooks_unlock(link->obj.engine);
}

static void drop_perf(struct bpf_link *link)
{
	object_put(event_link_of(link)->perf); /* NULL: made by an ioctl */
}

static void fill_raw_info(const struct bpf_link *link, struct bpf_link_info *info)
{
	info->raw_tracepoint.tp_name = (uintptr_t)event_link_of(link)->name;
	info->raw_tracepoint.cookie = link->cookie;
}

static void fill_perf_info(const struct bpf_link *link, struct bpf_link_info *info)
{
	info->perf_event.type = BPF_PERF_EVENT_TRACEPOINT;
	info->perf_event.tracepoint.tp_name = (uintptr_t)event_link_of(link)->name;
	info->perf_event.tracepoint.cookie = link->cookie;
}

static const struct bpf_link_ops raw_link_ops = { .detach = detach, .fill_info = fill_raw_info };
static const struct bpf_link_ops perf_link_ops = {
	.detach = detach,
	.fill_info = fill_perf_info,
	.free = drop_perf,
};

/* hooks lock held. */
static int attach(struct bpf_link *link, struct event *event)
{
	int err = event_check_prog(event, atomic_load(&link->prog));

	if (!err)
		err = event_attach(event, link);
	if (err)
		return err;
	event_link_of(link)->event = event;
	event_link_of(link)->name = event_name(event);
	return 0;
}

int hook_link_raw_tracepoint(struct prog *prog, const char *name, uint64_t cookie,
			     struct bpf_link **out)
{
	struct engine *engine = prog->obj.engine;
	struct bpf_link *link;
	struct event *event;
	int err;

	link = link_new(prog, BPF_LINK_TYPE_RAW_TRACEPOINT, BPF_TRACE_RAW_TP, &raw_link_ops,
			sizeof(struct event_link));
	if (!link)
		return -ENOMEM;
	link->cookie = cookie;
	hooks_lock(engine);
	event = event_by_name(engine, name);
	err = event ? attach(link, event) : -ENOENT;
	hooks_unlock(engine);
	if (err)
		object_put(&link->obj);
	else
		*out = link;
	return err;
}

int perf_attach(struct prog *prog, struct perf_event *perf, uint64_t cookie, struct bpf_link **out)
{
	struct engine *engine = prog->obj.engine;
	struct bpf_link *link;
	int err;

	if (!perf->event) /* a software event that never overflows: there is nothing to run on */
		return prog->type == BPF_PROG_TYPE_PERF_EVENT ? -EOPNOTSUPP : -EINVAL;
	link = link_new(prog, BPF_LINK_TYPE_PERF_EVENT, BPF_PERF_EVENT, &perf_link_ops,
			sizeof(struct event_link));
	if (!link)
		return -ENOMEM;
	link->cookie = cookie;
	hooks_lock(engine);
	err = perf->attachment ? -EEXIST : attach(link, perf->event);
	hooks_unlock(engine);
	if (err)
		object_put(&link->obj);
	else
		*out = link;
	return err;
}

int hook_link_perf_event(struct prog *prog, struct object *event, uint64_t cookie,
			 struct bpf_link **out)
{
	int err = perf_attach(prog, perf_event_of(event), cookie, out);

	if (!err)
		event_link_of(*out)->perf = object_get(event);
	return err;
}
