/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PROG_ARRAY, PERF_EVENT_ARRAY and ARRAY_OF_MAPS: an index leads to an object. Each slot is one
 * pointer, exchanged as a whole; whoever takes an object out gives its reference back, and the
 * object lives on until running programs have left their epoch (object_put).
 *
 * A program array empties itself when its last user reference goes, so that programs that hold
 * each other through arrays can die; so does a perf event array without BPF_F_PRESERVE_ELEMS.
 * Source of limits and errors: kernel/bpf/arraymap.c, map_in_map.c.
 */
#include <string.h>

#include "base/errno.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/engine.h"
#include "object/held_array.h"
#include "object/prog.h"
#include "object/prog_array.h"

static struct held_array *held_of(struct map *map)
{
	return container_of(map, struct held_array, map);
}

static size_t slots_bytes(const struct map *map)
{
	return (size_t)map->max_entries * sizeof(_Atomic(struct object *));
}

static int held_alloc_check(const union bpf_attr *attr)
{
	if (attr->value_size != sizeof(uint32_t) ||
	    attr->map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EINVAL;
	return array_alloc_check(attr);
}

/* Private and touched on first use: a client may ask for 2^32 slots. */
static int held_alloc(struct map *map, const union bpf_attr *attr)
{
	void *slots;
	int err = map_private_alloc(map, slots_bytes(map), &slots);

	if (!err)
		held_of(map)->slots = slots;
	return err;
}

static bool slot_set(struct map *map, uint32_t index, struct object *obj)
{
	struct object *old = atomic_exchange(&held_of(map)->slots[index], obj);

	object_put(old);
	return old != NULL;
}

static void held_clear(struct map *map)
{
	for (uint32_t i = 0; held_of(map)->slots && i < map->max_entries; i++) {
		if (atomic_load_explicit(&held_of(map)->slots[i], memory_order_relaxed))
			slot_set(map, i, NULL);
	}
}

static void held_free(struct map *map)
{
	if (!held_of(map)->slots)
		return;
	held_clear(map);
	map_private_free(map, held_of(map)->slots, slots_bytes(map));
	held_of(map)->slots = NULL;
}

static void perf_event_release_uref(struct map *map)
{
	if (!(map->flags & BPF_F_PRESERVE_ELEMS))
		held_clear(map);
}

static int held_assign(struct map *map, const void *key, struct object *obj, uint64_t flags)
{
	uint32_t index = *(const uint32_t *)key;

	if (obj && flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (!obj)
		return slot_set(map, index, NULL) ? 0 : -ENOENT;
	slot_set(map, index, object_get(obj));
	return 0;
}

static int prog_array_assign(struct map *map, const void *key, struct object *obj, uint64_t flags)
{
	if (obj && !prog_array_accepts(map, prog_of(obj)))
		return -EINVAL;
	return held_assign(map, key, obj, flags);
}

static int map_array_assign(struct map *map, const void *key, struct object *obj, uint64_t flags)
{
	if (obj && !map_inner_fits(map, map_of(obj)))
		return -EINVAL;
	return held_assign(map, key, obj, flags);
}

static struct object *held_held(struct map *map, const void *key)
{
	struct object *obj = held_array_get(map, *(const uint32_t *)key);

	return obj && object_get_unless_zero(obj) ? obj : NULL;
}

/* A program's lookup in an array of maps gives the inner map itself. */
static void *map_array_lookup(struct map *map, const void *key)
{
	return held_array_get(map, *(const uint32_t *)key);
}

static uint64_t held_mem_usage(const struct map *map)
{
	return sizeof(struct held_array) + slots_bytes(map);
}

bool prog_array_accepts(struct map *map, const struct prog *prog)
{
	bool frags = prog->load_flags & BPF_F_XDP_HAS_FRAGS;
	bool ok;

	pthread_mutex_lock(&map->owner.lock);
	if (!map->owner.prog_type) {
		map->owner.prog_type = prog->type;
		map->owner.attach_type = prog->attach_type;
		map->owner.jited = prog->jited;
		map->owner.xdp_has_frags = frags;
		ok = true;
	} else {
		ok = map->owner.prog_type == prog->type && map->owner.jited == prog->jited &&
		     map->owner.xdp_has_frags == frags &&
		     (map->type != BPF_MAP_TYPE_PROG_ARRAY ||
		      map->owner.attach_type == prog->attach_type);
	}
	pthread_mutex_unlock(&map->owner.lock);
	return ok;
}

#define HELD_OPS                                                                                   \
	.alloc_bytes = sizeof(struct held_array), .alloc = held_alloc, .free = held_free,          \
	.alloc_check = held_alloc_check, .held = held_held, .check_btf = map_refuse_btf,           \
	.next_key = array_next_key, .mem_usage = held_mem_usage

const struct map_ops prog_array_map_ops = {
	HELD_OPS,
	.release_uref = held_clear,
	.holds = OBJECT_PROG + 1,
	.assign = prog_array_assign,
};

const struct map_ops perf_event_array_map_ops = {
	HELD_OPS,
	.release_uref = perf_event_release_uref,
	.holds = OBJECT_PERF_EVENT + 1,
	.assign = held_assign,
	.meta_equal = map_meta_equal,
};

const struct map_ops array_of_maps_map_ops = {
	HELD_OPS,
	.holds = OBJECT_MAP + 1,
	.assign = map_array_assign,
	.lookup = map_array_lookup,
	.batch = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE,
};
