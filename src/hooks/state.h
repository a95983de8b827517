/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share: the engine's attachments, and links in general. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "object/link.h"
#include "object/prog.h"
#include "run/run.h"

struct event;
struct perf_event;

/* engine->events. The lock is held while anything is attached or detached, never during a run. */
struct event_table {
	pthread_mutex_t lock;
	struct event *events;
	uint32_t next_id;
};

static inline void hooks_lock(struct engine *engine)
{
	pthread_mutex_lock(&engine->events->lock);
}

static inline void hooks_unlock(struct engine *engine)
{
	pthread_mutex_unlock(&engine->events->lock);
}

/*
 * A link of @bytes (struct bpf_link first) to @prog, of which it takes a reference; not attached.
 * link_drop() its last reference: ops->detach runs if it has not yet, then ops->free, which need not
 * free the struct.
 */
struct bpf_link *link_new(struct prog *prog, uint32_t type, uint32_t attach_type,
			  const struct bpf_link_ops *ops, size_t bytes);

/* Puts @prog where link->prog was, for update(): takes a reference, drops the old one. */
void link_set_prog(struct bpf_link *link, struct prog *prog);

/* What update() of every kind checks first: 0, -EPERM (not @old) or -EINVAL (another type). */
int link_check_update(const struct bpf_link *link, const struct prog *prog,
		      const struct prog *old);

/* Detaching must not fail: without memory for a shorter array, runs skip the item from now on. */
void run_array_disable(struct run_array *array, const struct bpf_link *link);

/* The program of an item, or NULL: disabled. */
static inline const struct prog *run_array_prog(const struct run_array *array, uint32_t i)
{
	return __atomic_load_n(&array->items[i].prog, __ATOMIC_RELAXED);
}

/* event.c: the event of that name or id, or NULL. hooks lock held. */
struct event *event_by_name(struct engine *engine, const char *name);
struct event *event_by_id(struct engine *engine, uint64_t id);
/* May @prog be attached to @event: 0, -EINVAL (type), -EACCES (looks beyond the record). */
int event_check_prog(const struct event *event, const struct prog *prog);
/* hooks lock held: puts @link's program into / takes it out of what the event runs. */
int event_attach(struct event *event, struct bpf_link *link);
void event_detach(struct event *event, const struct bpf_link *link);
/* event_link.c: a perf link that holds no reference of @perf. */
int perf_attach(struct prog *prog, struct perf_event *perf, uint64_t cookie,
		struct bpf_link **out);
const char *event_name(const struct event *event);
uint32_t event_id(const struct event *event);
