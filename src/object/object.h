/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct object: what maps, programs, BTF, links and perf events have in common behind bpf(2):
 * an id, a client-visible fd identity and two reference counts, as in the kernel.
 *
 *  - refs: everybody who holds a pointer (client fds, pins, programs, maps, links). At zero the
 *    object leaves the id table and ops->free runs once no program can still be reading it.
 *  - urefs: those a user holds (client fds and pins) - always also a ref. At zero ops->release_uref
 *    runs (a program array empties itself, timers stop); the object lives on while refs remain.
 *
 * Counts are atomic; get and put may be called from any thread, put never from inside a program.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct engine;
struct object;
struct object_fd;

enum object_kind {
	OBJECT_MAP,
	OBJECT_PROG,
	OBJECT_BTF,
	OBJECT_LINK,
	OBJECT_PERF_EVENT, /* stand-in for perf_event_open's fd; has no id */
	OBJECT_STATS,      /* what BPF_ENABLE_STATS gave; has no id */
	OBJECT_KIND_MAX,
};

struct object_ops {
	/* Name of the memfd behind the client's fds: "bpf-map", "bpf-prog", "btf", "bpf_link", … */
	const char *fd_name;
	/* The last user reference is gone. May be NULL. */
	void (*release_uref)(struct object *obj);
	/* The last reference is gone and no program can still reach @obj: free it and what it holds. */
	void (*free)(struct object *obj);
};

/* Embedded in what is freed later: when no program that may see it is still running. */
struct epoch_node {
	struct epoch_node *next;
	void (*fn)(struct epoch_node *node);
	uint64_t epoch;
};

struct object {
	const struct object_ops *ops;
	struct engine *engine;
	struct object_fd *fd; /* client-visible identity (object/fd.h); NULL until there is one */
	_Atomic uint32_t refs;
	_Atomic uint32_t urefs;
	uint32_t id; /* unique within its kind, > 0; 0 before object_publish() */
	uint8_t kind; /* enum object_kind */
	struct epoch_node free_node; /* object.c: on its way to ops->free */
};

/* Sets up an unpublished object with one reference and no user reference. */
void object_init(struct object *obj, struct engine *engine, enum object_kind kind,
		 const struct object_ops *ops);

/* Is there room for it in the engine's quota: 0 or -ENOMEM. For kinds without an id; object_publish()
 * asks itself. */
int object_admit(const struct object *obj);

/* Gives @obj its id (ids grow cyclically as the kernel's do). 0, or -ENOMEM / -ENOSPC. */
int object_publish(struct object *obj);

static inline struct object *object_get(struct object *obj)
{
	atomic_fetch_add_explicit(&obj->refs, 1, memory_order_relaxed);
	return obj;
}

/* Takes a reference unless the count is already zero; false then. */
bool object_get_unless_zero(struct object *obj);

/* Gives one reference back; accepts NULL. */
void object_put(struct object *obj);

/* A user reference is also a reference: these take and give both. */
void object_get_user(struct object *obj);
void object_put_user(struct object *obj);

/* The object of that kind and id with a reference taken, or NULL. */
struct object *object_by_id(struct engine *engine, enum object_kind kind, uint32_t id);

/* The smallest id of the kind greater than @after, or 0. Source: bpf_obj_get_next_id. */
uint32_t object_next_id(struct engine *engine, enum object_kind kind, uint32_t after);
