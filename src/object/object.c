/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference counts and ids of objects.
 *
 * Invariant: an object is in its id table exactly while refs > 0 (after object_publish()); looking
 * it up takes a reference unless the count is zero already, so a dying object is never revived.
 * Cost: get and put are one atomic addition; publish and the last put take engine->lock.
 */
#include <assert.h>
#include <errno.h>

#include "base/macros.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/object.h"

static void free_now(struct epoch_node *node)
{
	struct object *obj = container_of(node, struct object, free_node);
	struct engine *engine = obj->engine;

	object_fd_destroy(obj);
	obj->ops->free(obj);
	atomic_fetch_sub_explicit(&engine->objects_used, 1, memory_order_relaxed);
}

/* The last reference: no new reader can find it; those that have it are waited for. */
static void object_die(struct object *obj)
{
	struct engine *engine = obj->engine;

	if (obj->id) {
		pthread_mutex_lock(&engine->lock);
		idmap_del(&engine->ids[obj->kind], obj->id);
		pthread_mutex_unlock(&engine->lock);
	}
	if (engine->defer)
		engine->defer(engine, &obj->free_node, free_now);
	else
		free_now(&obj->free_node);
}

void object_init(struct object *obj, struct engine *engine, enum object_kind kind,
		 const struct object_ops *ops)
{
	assert(kind < OBJECT_KIND_MAX);
	obj->ops = ops;
	obj->engine = engine;
	obj->fd = NULL;
	obj->id = 0;
	obj->kind = (uint8_t)kind;
	atomic_init(&obj->refs, 1);
	atomic_init(&obj->urefs, 0);
	atomic_fetch_add_explicit(&engine->objects_used, 1, memory_order_relaxed);
}

int object_admit(const struct object *obj)
{
	const struct engine *engine = obj->engine;

	if (atomic_load_explicit(&engine->objects_used, memory_order_relaxed) <=
	    engine->quota.objects_max)
		return 0;
	engine_note_limit(ENGINE_LIMIT_OBJECTS);
	return -ENOMEM;
}

int object_publish(struct object *obj)
{
	struct engine *engine = obj->engine;
	int id = object_admit(obj);

	assert(!obj->id);
	if (id)
		return id;
	pthread_mutex_lock(&engine->lock);
	id = idmap_alloc(&engine->ids[obj->kind], obj);
	if (id > 0)
		obj->id = (uint32_t)id;
	pthread_mutex_unlock(&engine->lock);
	return id > 0 ? 0 : id;
}

bool object_get_unless_zero(struct object *obj)
{
	uint32_t refs = atomic_load_explicit(&obj->refs, memory_order_relaxed);

	while (refs)
		if (atomic_compare_exchange_weak_explicit(&obj->refs, &refs, refs + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

void object_put(struct object *obj)
{
	uint32_t before;

	if (!obj)
		return;
	before = atomic_fetch_sub_explicit(&obj->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before == 1)
		object_die(obj);
}

void object_get_user(struct object *obj)
{
	object_get(obj);
	atomic_fetch_add_explicit(&obj->urefs, 1, memory_order_relaxed);
}

void object_put_user(struct object *obj)
{
	uint32_t before = atomic_fetch_sub_explicit(&obj->urefs, 1, memory_order_acq_rel);

	assert(before > 0);
	if (before == 1 && obj->ops->release_uref)
		obj->ops->release_uref(obj);
	object_put(obj);
}

struct object *object_by_id(struct engine *engine, enum object_kind kind, uint32_t id)
{
	struct object *obj;

	assert(kind < OBJECT_KIND_MAX);
	pthread_mutex_lock(&engine->lock);
	obj = idmap_get(&engine->ids[kind], id);
	if (obj && !object_get_unless_zero(obj))
		obj = NULL;
	pthread_mutex_unlock(&engine->lock);
	return obj;
}

uint32_t object_next_id(struct engine *engine, enum object_kind kind, uint32_t after)
{
	const struct idmap_entry *entry;
	uint32_t id;

	assert(kind < OBJECT_KIND_MAX);
	pthread_mutex_lock(&engine->lock);
	entry = idmap_next(&engine->ids[kind], after);
	id = entry ? entry->id : 0;
	pthread_mutex_unlock(&engine->lock);
	return id;
}
