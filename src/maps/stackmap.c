/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STACK_TRACE: call chains, each under the number its hash gives it: bpf_get_stackid() stores one and
 * returns the number, bpf(2) reads and deletes. One lock for the map: chains are stored and read
 * whole. Source of limits and errors: kernel/bpf/stackmap.c.
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/errno.h"
#include "base/hash.h"
#include "base/macros.h"
#include "base/shlock.h"
#include "maps/common.h"
#include "maps/elems.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/engine.h"

#define STACK_CREATE_FLAGS                                                                         \
	(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID)

struct stack_elem {
	uint32_t next; /* while it is free */
	uint32_t hash;
	uint32_t n; /* frames */
	uint32_t unused;
	uint64_t data[]; /* value_size bytes */
};

struct stackmap {
	struct map map; /* first */
	char *mem;
	size_t mem_bytes;
	struct shlock *lock;
	uint32_t *slots; /* by id: element, or 0; written under the lock */
	uint32_t n_slots;
	struct elems elems;
};

static struct stackmap *stackmap_of(const struct map *map)
{
	return container_of(map, struct stackmap, map);
}

static uint32_t frame_bytes(const struct map *map)
{
	return map->flags & BPF_F_STACK_BUILD_ID ? sizeof(struct bpf_stack_build_id) :
						   sizeof(uint64_t);
}

static int check(const union bpf_attr *attr)
{
	uint32_t frame = attr->map_flags & BPF_F_STACK_BUILD_ID ? sizeof(struct bpf_stack_build_id) :
								  sizeof(uint64_t);

	if (attr->map_flags & ~(uint32_t)STACK_CREATE_FLAGS)
		return -EINVAL;
	if (!attr->max_entries || attr->key_size != 4 || attr->value_size < 8 ||
	    attr->value_size % 8)
		return -EINVAL;
	if (attr->value_size % frame || attr->value_size / frame > MAP_STACK_FRAMES_MAX)
		return -EINVAL;
	return attr->max_entries > 1u << 31 ? -E2BIG : 0;
}

/* One area: lock, slots, state of the elements, elements. All checks are here, behind the one for
 * capabilities, as in the kernel. */
static int stackmap_alloc(struct map *map, const union bpf_attr *attr)
{
	struct stackmap *s = stackmap_of(map);
	uint32_t stacks = map->obj.engine->n_slots;
	uint64_t slots, state, elems, elem_bytes = sizeof(struct stack_elem) + attr->value_size;
	int err = check(attr);

	if (err)
		return err;
	s->n_slots = (uint32_t)roundup_pow2_u64(map->max_entries);
	slots = CACHE_LINE_BYTES;
	state = round_up_u64(slots + (uint64_t)s->n_slots * sizeof(uint32_t), CACHE_LINE_BYTES);
	elems = state + elems_state_bytes(stacks);
	s->mem_bytes = elems + elem_bytes * map->max_entries;
	err = map_mem_alloc(map, s->mem_bytes, MAP_MEM_ENGINE, (void **)&s->mem);
	if (err)
		return err;
	s->lock = (struct shlock *)s->mem;
	s->slots = (uint32_t *)(s->mem + slots);
	elems_init(&s->elems, s->mem + state, s->mem + elems, elem_bytes, map->max_entries, stacks);
	return 0;
}

static void stackmap_free(struct map *map)
{
	struct stackmap *s = stackmap_of(map);

	if (s->mem)
		map_mem_free(map, s->mem, s->mem_bytes);
	s->mem = NULL;
}

static struct stack_elem *elem_at(const struct stackmap *s, uint32_t elem)
{
	return elems_at(&s->elems, elem);
}

/* --- storing ---------------------------------------------------------------------------------------- */

/* Frames as the map keeps them: addresses, or records that say there is but the address. */
static void frames_write(const struct map *map, struct stack_elem *e, const uint64_t *ips, uint32_t n)
{
	struct bpf_stack_build_id *ids = (struct bpf_stack_build_id *)e->data;

	memset(e->data, 0, map->value_size);
	for (uint32_t i = 0; i < n; i++) {
		if (map->flags & BPF_F_STACK_BUILD_ID) {
			ids[i].status = BPF_STACK_BUILD_ID_IP;
			ids[i].ip = ips[i];
		} else {
			e->data[i] = ips[i];
		}
	}
	e->n = n;
}

static bool frames_equal(const struct map *map, const struct stack_elem *e, const uint64_t *ips,
			 uint32_t n)
{
	const struct bpf_stack_build_id *ids = (const struct bpf_stack_build_id *)e->data;

	if (e->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if ((map->flags & BPF_F_STACK_BUILD_ID ? ids[i].ip : e->data[i]) != ips[i])
			return false;
	return true;
}

static void slot_set(struct stackmap *s, uint32_t id, uint32_t elem)
{
	__atomic_store_n(&s->slots[id], elem, __ATOMIC_RELAXED);
}

/* Lock held. */
static int store_locked(struct stackmap *s, const uint64_t *ips, uint32_t n, uint64_t flags)
{
	uint32_t hash = hash_bytes(ips, n * sizeof(*ips), 0);
	uint32_t id = hash & (s->n_slots - 1), old = s->slots[id], elem;

	if (old && elem_at(s, old)->hash == hash &&
	    (flags & BPF_F_FAST_STACK_CMP || frames_equal(&s->map, elem_at(s, old), ips, n)))
		return (int)id;
	if (old && !(flags & BPF_F_REUSE_STACKID))
		return -EEXIST;
	elem = elems_get(&s->elems, current_slot(&s->map));
	if (!elem)
		return -ENOMEM;
	frames_write(&s->map, elem_at(s, elem), ips, n);
	elem_at(s, elem)->hash = hash;
	slot_set(s, id, elem);
	if (old)
		elems_put(&s->elems, current_slot(&s->map), old);
	return (int)id;
}

static int stackmap_stack_id(struct map *map, const uint64_t *ips, uint32_t n, uint64_t flags)
{
	struct stackmap *s = stackmap_of(map);
	int id;

	n = MIN(n, map->value_size / frame_bytes(map));
	shlock_lock(s->lock);
	id = store_locked(s, ips, n, flags);
	shlock_unlock(s->lock);
	return id;
}

/* --- bpf(2)'s side -------------------------------------------------------------------------------------- */

static int read_chain(struct map *map, uint32_t id, void *value, bool delete)
{
	struct stackmap *s = stackmap_of(map);
	uint32_t elem;

	if (id >= s->n_slots)
		return -ENOENT;
	shlock_lock(s->lock);
	elem = s->slots[id];
	if (elem)
		memcpy(value, elem_at(s, elem)->data, map->value_size);
	if (delete)
		slot_set(s, id, 0);
	shlock_unlock(s->lock);
	if (delete && elem)
		elems_put(&s->elems, current_slot(map), elem);
	return elem ? 0 : -ENOENT;
}

static int stackmap_user_lookup(struct map *map, const void *key, void *value, uint64_t flags)
{
	return read_chain(map, *(const uint32_t *)key, value, false);
}

static int stackmap_lookup_and_delete(struct map *map, const void *key, void *value, uint64_t flags)
{
	return read_chain(map, *(const uint32_t *)key, value, true);
}

static int stackmap_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	return -EINVAL;
}

static int stackmap_delete(struct map *map, const void *key)
{
	struct stackmap *s = stackmap_of(map);
	uint32_t id = *(const uint32_t *)key, elem;

	if (id >= s->n_slots)
		return -E2BIG;
	shlock_lock(s->lock);
	elem = s->slots[id];
	slot_set(s, id, 0);
	shlock_unlock(s->lock);
	if (!elem)
		return -ENOENT;
	elems_put(&s->elems, current_slot(map), elem);
	return 0;
}

static bool has(const struct stackmap *s, uint32_t id)
{
	return __atomic_load_n(&s->slots[id], __ATOMIC_RELAXED) != 0;
}

static int stackmap_next_key(struct map *map, const void *key, void *next)
{
	struct stackmap *s = stackmap_of(map);
	uint32_t id = 0;

	if (key) {
		id = *(const uint32_t *)key;
		id = id < s->n_slots && has(s, id) ? id + 1 : 0;
	}
	while (id < s->n_slots && !has(s, id))
		id++;
	if (id >= s->n_slots)
		return -ENOENT;
	*(uint32_t *)next = id;
	return 0;
}

static uint64_t stackmap_mem_usage(const struct map *map)
{
	return sizeof(struct stackmap) + stackmap_of(map)->mem_bytes;
}

const struct map_ops stack_trace_map_ops = {
	.alloc_bytes = sizeof(struct stackmap),
	.alloc = stackmap_alloc,
	.free = stackmap_free,
	.user_lookup = stackmap_user_lookup,
	.user_lookup_and_delete = stackmap_lookup_and_delete,
	.update = stackmap_update,
	.delete = stackmap_delete,
	.next_key = stackmap_next_key,
	.stack_id = stackmap_stack_id,
	.check_btf = map_refuse_btf,
	.meta_equal = map_meta_equal,
	.mem_usage = stackmap_mem_usage,
};
