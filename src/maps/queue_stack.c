/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QUEUE and STACK: values without keys in a ring of max_entries + 1 places, head where the next is
 * pushed, tail the oldest. One lock for all, held for one copy; it survives its owner's death (the
 * positions are single stores). Source: kernel/bpf/queue_stack_maps.c.
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/shlock.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/value.h"

#define QUEUE_CREATE_FLAGS (BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)

/* In shared memory. */
struct queue_state {
	_Alignas(CACHE_LINE_BYTES) struct shlock lock;
	uint32_t head, tail; /* places, < n_places */
};

struct queue {
	struct map map;
	struct queue_state *state;
	char *values;
	uint32_t n_places;
	uint64_t bytes;
};

static struct queue *queue_of(const struct map *map)
{
	return container_of(map, struct queue, map);
}

static int queue_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size || !attr->value_size ||
	    attr->map_flags & ~(uint32_t)QUEUE_CREATE_FLAGS ||
	    !map_flags_access_ok(attr->map_flags))
		return -EINVAL;
	if (attr->value_size > MAP_KMALLOC_BYTES_MAX ||
	    attr->max_entries >= UINT32_MAX / attr->value_size)
		return -E2BIG;
	return 0;
}

static int queue_alloc(struct map *map, const union bpf_attr *attr)
{
	struct queue *q = queue_of(map);
	int err;

	q->n_places = map->max_entries + 1;
	q->bytes = sizeof(struct queue_state) + (uint64_t)q->n_places * value_stride(map);
	err = map_mem_alloc(map, q->bytes, MAP_MEM_ENGINE, (void **)&q->state);
	if (err)
		return err;
	q->values = (char *)(q->state + 1);
	return 0;
}

static void queue_free(struct map *map)
{
	struct queue *q = queue_of(map);

	if (q->state)
		map_mem_free(map, q->state, q->bytes);
	q->state = NULL;
}

static void *place(const struct queue *q, uint32_t i)
{
	return q->values + (size_t)i * value_stride(&q->map);
}

static uint32_t after(const struct queue *q, uint32_t i)
{
	return i + 1 == q->n_places ? 0 : i + 1;
}

static uint32_t before(const struct queue *q, uint32_t i)
{
	return i ? i - 1 : q->n_places - 1;
}

static int queue_push(struct map *map, const void *value, uint64_t flags)
{
	struct queue *q = queue_of(map);
	bool replace = flags & BPF_EXIST;
	int err = 0;

	if (flags & BPF_NOEXIST || flags > BPF_EXIST)
		return -EINVAL;
	shlock_lock(&q->state->lock);
	if (after(q, q->state->head) == q->state->tail) {
		if (replace)
			q->state->tail = after(q, q->state->tail);
		else
			err = -E2BIG;
	}
	if (!err) {
		value_copy(place(q, q->state->head), value, map->value_size);
		q->state->head = after(q, q->state->head);
	}
	shlock_unlock(&q->state->lock);
	return err;
}

/* The oldest (queue) or the newest (stack), taken out or not. An empty one zeroes @value. */
static int take(struct map *map, void *value, bool remove)
{
	struct queue *q = queue_of(map);
	struct queue_state *s = q->state;
	bool stack = map->type == BPF_MAP_TYPE_STACK;
	int err = 0;

	shlock_lock(&s->lock);
	if (s->head == s->tail) {
		memset(value, 0, map->value_size);
		err = -ENOENT;
	} else {
		value_copy(value, place(q, stack ? before(q, s->head) : s->tail), map->value_size);
		if (remove && stack)
			s->head = before(q, s->head);
		else if (remove)
			s->tail = after(q, s->tail);
	}
	shlock_unlock(&s->lock);
	return err;
}

static int queue_pop(struct map *map, void *value)
{
	return take(map, value, true);
}

static int queue_peek(struct map *map, void *value)
{
	return take(map, value, false);
}

static int queue_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	return -EINVAL;
}

static int queue_delete(struct map *map, const void *key)
{
	return -EINVAL;
}

static int queue_next_key(struct map *map, const void *key, void *next)
{
	return -EINVAL;
}

static uint64_t queue_mem_usage(const struct map *map)
{
	return sizeof(struct queue) + queue_of(map)->bytes;
}

const struct map_ops queue_stack_map_ops = {
	.alloc_bytes = sizeof(struct queue),
	.alloc_check = queue_alloc_check,
	.alloc = queue_alloc,
	.free = queue_free,
	.update = queue_update,
	.delete = queue_delete,
	.next_key = queue_next_key,
	.push = queue_push,
	.pop = queue_pop,
	.peek = queue_peek,
	.meta_equal = map_meta_equal,
	.mem_usage = queue_mem_usage,
};
