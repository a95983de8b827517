/* SPDX-License-Identifier: BSD-2-Clause */
/* Events: a list of names, each with the programs it runs. Source: kernel/trace/bpf_trace.c. */
#include "hooks/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "hooks/cgroup.h"
#include "hooks/dev.h"
#include "hooks/link.h"
#include "hooks/state.h"

#define EVENT_PROGS_MAX 64 /* BPF_TRACE_MAX_PROGS */

struct event {
	struct event *next;
	char name[EVENT_NAME_BYTES];
	enum event_kind kind;
	uint32_t id;
	uint32_t bytes;
	struct run_array *_Atomic programs;
};

int hooks_init(struct engine *engine)
{
	struct event_table *table = mem_zalloc(sizeof(*table));

	if (!table)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	table->next_id = 1;
	engine->events = table;
	return 0;
}

static void detach_all(struct event *event)
{
	struct run_array *now;

	while ((now = atomic_load(&event->programs)))
		now->items[0].link->ops->detach(now->items[0].link);
}

void hooks_deinit(struct engine *engine)
{
	struct netdev *dev;

	if (!engine->events)
		return;
	while ((dev = dev_next(engine, 0)))
		hook_dev_remove(dev);
	for (struct event *event = engine->events->events; event; event = event->next)
		detach_all(event);
	hook_cgroup_deinit(engine);
}

void hooks_free(struct engine *engine)
{
	struct event_table *table = engine->events;
	struct event *event;

	if (!table)
		return;
	hook_cgroup_free(engine);
	while ((event = table->events)) {
		table->events = event->next;
		free(event);
	}
	pthread_mutex_destroy(&table->lock);
	free(table);
	engine->events = NULL;
}

struct event *event_by_name(struct engine *engine, const char *name)
{
	struct event *event = engine->events->events;

	while (event && strcmp(event->name, name) != 0)
		event = event->next;
	return event;
}

struct event *event_by_id(struct engine *engine, uint64_t id)
{
	struct event *event = engine->events->events;

	while (event && event->id != id)
		event = event->next;
	return event;
}

const char *event_name(const struct event *event)
{
	return event->name;
}

uint32_t event_id(const struct event *event)
{
	return event->id;
}

/* Records whose shape the kind fixes. */
static uint32_t fixed_bytes(enum event_kind kind)
{
	switch (kind) {
	case EVENT_KPROBE:
		return sizeof(bpf_user_pt_regs_t);
	case EVENT_PERF:
		return sizeof(struct bpf_perf_event_data);
	case EVENT_TRACEPOINT:
		break;
	}
	return 0;
}

int event_register(struct engine *engine, const char *name, enum event_kind kind, uint32_t bytes,
		   struct event **out)
{
	uint32_t fixed = fixed_bytes(kind);
	struct event *event;

	if (!*name || strlen(name) >= EVENT_NAME_BYTES || bytes > EVENT_RECORD_BYTES_MAX ||
	    (fixed && bytes != fixed))
		return -EINVAL;
	event = mem_zalloc(sizeof(*event));
	if (!event)
		return -ENOMEM;
	strcpy(event->name, name);
	event->kind = kind;
	event->bytes = bytes;
	hooks_lock(engine);
	if (event_by_name(engine, name)) {
		hooks_unlock(engine);
		free(event);
		return -EEXIST;
	}
	event->id = engine->events->next_id++;
	event->next = engine->events->events;
	engine->events->events = event;
	hooks_unlock(engine);
	*out = event;
	return 0;
}

struct event *event_find(struct engine *engine, const char *name)
{
	struct event *event;

	hooks_lock(engine);
	event = event_by_name(engine, name);
	hooks_unlock(engine);
	return event;
}

static bool takes(enum event_kind kind, uint32_t prog_type)
{
	switch (kind) {
	case EVENT_TRACEPOINT:
		return prog_type == BPF_PROG_TYPE_TRACEPOINT ||
		       prog_type == BPF_PROG_TYPE_RAW_TRACEPOINT;
	case EVENT_KPROBE:
		return prog_type == BPF_PROG_TYPE_KPROBE;
	case EVENT_PERF:
		return prog_type == BPF_PROG_TYPE_PERF_EVENT;
	}
	return false;
}

int event_check_prog(const struct event *event, const struct prog *prog)
{
	if (!takes(event->kind, prog->type))
		return -EINVAL;
	if (prog->max_ctx_offset > event->bytes)
		return prog->type == BPF_PROG_TYPE_RAW_TRACEPOINT ? -EINVAL : -EACCES;
	return 0;
}

int event_attach(struct event *event, struct bpf_link *link)
{
	struct run_array *old = atomic_load(&event->programs), *new;
	struct run_array_item item = {
		.prog = atomic_load(&link->prog),
		.cookie = link->cookie,
		.link = link,
	};

	if (old && old->n == EVENT_PROGS_MAX)
		return -E2BIG;
	new = run_array_add(old, item, UINT32_MAX);
	if (!new)
		return -ENOMEM;
	atomic_store(&event->programs, new);
	run_array_free_deferred(link->obj.engine, old);
	return 0;
}

void event_detach(struct event *event, const struct bpf_link *link)
{
	struct run_array *old = atomic_load(&event->programs), *new;

	if (!old)
		return;
	new = run_array_del(old, link);
	if (!new && old->n > 1) {
		run_array_disable(old, link);
		return;
	}
	atomic_store(&event->programs, new);
	run_array_free_deferred(link->obj.engine, old);
}

static void fire(struct engine *engine, uint32_t slot, const struct run_array *array,
		 const void *record, struct event_result *result)
{
	struct run_ctx rc = { .engine = engine, .slot = slot };

	for (uint32_t i = 0; i < array->n; i++) {
		const struct prog *prog = run_array_prog(array, i);

		if (!prog)
			continue;
		rc.bpf_cookie = array->items[i].cookie;
		rc.tail_calls = 0;
		result->verdict &= run_prog(prog, (void *)(uintptr_t)record, &rc);
		result->n_programs++;
	}
}

/* Programs do not trace themselves. */
static void miss(const struct run_array *array)
{
	for (uint32_t i = 0; i < array->n; i++) {
		struct prog *prog = (struct prog *)(uintptr_t)run_array_prog(array, i);

		if (prog)
			atomic_fetch_add_explicit(&prog->stats.misses, 1, memory_order_relaxed);
	}
}

int event_fire(struct engine *engine, struct event *event, const void *record, uint32_t bytes,
	       struct event_result *result)
{
	struct event_result unused;
	const struct run_array *array;
	uint32_t slot;

	if (!result)
		result = &unused;
	*result = (struct event_result){ .verdict = UINT64_MAX };
	if (bytes < event->bytes)
		return -EINVAL;
	if (!atomic_load_explicit(&event->programs, memory_order_relaxed))
		return 0;
	if (run_inside(engine)) {
		array = atomic_load_explicit(&event->programs, memory_order_acquire);
		if (array)
			miss(array);
		return 0;
	}
	slot = run_enter(engine);
	array = atomic_load_explicit(&event->programs, memory_order_acquire);
	if (array)
		fire(engine, slot, array, record, result);
	run_exit(engine);
	return 0;
}
