/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stand-ins for perf_event_open(2): BPF_OUTPUT events with their ring, and events a host registered,
 * by id. All other events do not exist here: opening one is refused rather than never to fire.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "base/macros.h"
#include "hooks/link.h"
#include "hooks/state.h"
#include "object/fd.h"
#include "object/perf_event.h"

static int make_ring(struct perf_event *event)
{
	void *mem;
	int err = object_fd_create(&event->obj, (size_t)PERF_PAGE_BYTES * (PERF_RING_PAGES_MAX + 1),
				   &mem);

	if (!err)
		event->page = mem;
	return err;
}

static int open_output(struct engine *engine, struct perf_event **event)
{
	int err = perf_event_new(engine, PERF_KIND_OUTPUT, event);

	if (err)
		return err;
	err = make_ring(*event);
	if (err)
		object_put(&(*event)->obj);
	return err;
}

static int open_tracepoint(struct engine *engine, uint64_t id, struct perf_event **out)
{
	struct event *event;
	int err;

	hooks_lock(engine);
	event = event_by_id(engine, id);
	hooks_unlock(engine);
	if (!event)
		return -ENOENT;
	err = perf_event_new(engine, PERF_KIND_TRACEPOINT, out);
	if (!err)
		(*out)->event = event;
	return err;
}

int hook_perf_event_open(struct engine *engine, const void *attr_bytes, uint32_t bytes, int pid,
			 int cpu, struct object **out)
{
	struct perf_event_attr attr = { 0 };
	struct perf_event *event;
	int err = -ENOENT;

	memcpy(&attr, attr_bytes, MIN(bytes, sizeof(attr)));
	if (pid == -1 && cpu == -1)
		return -EINVAL;
	if (cpu >= (int)engine->n_slots)
		return -ENODEV;
	if (attr.type == PERF_TYPE_SOFTWARE && attr.config == PERF_COUNT_SW_BPF_OUTPUT)
		err = open_output(engine, &event);
	else if (attr.type == PERF_TYPE_TRACEPOINT)
		err = open_tracepoint(engine, attr.config, &event);
	if (err)
		return err;
	event->type = attr.type;
	event->config = attr.config;
	event->cpu = cpu;
	atomic_store(&event->enabled, !attr.disabled);
	*out = &event->obj;
	return 0;
}

/* PERF_EVENT_IOC_SET_BPF: one program per event, until it dies. */
static int set_bpf(struct perf_event *event, struct prog *prog)
{
	struct bpf_link *link;
	int err;

	if (event->attachment)
		return -EEXIST;
	err = perf_attach(prog, event, 0, &link);
	if (err)
		return err;
	event->attachment = &link->obj;
	return 0;
}

int hook_perf_event_ioctl(struct object *obj, unsigned long cmd, struct prog *prog)
{
	struct perf_event *event = perf_event_of(obj);
	int err;

	switch (cmd) {
	case PERF_EVENT_IOC_SET_BPF:
		return set_bpf(event, prog);
	case PERF_EVENT_IOC_ENABLE:
		err = perf_event_map_ring(event);
		if (!err)
			atomic_store(&event->enabled, true);
		return err;
	case PERF_EVENT_IOC_DISABLE:
		atomic_store(&event->enabled, false);
		return 0;
	default:
		return -ENOTTY;
	}
}

int hook_perf_event_fd(struct object *obj)
{
	return perf_event_of(obj)->event_fd;
}
