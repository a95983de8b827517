/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct held_array: the layout of the map types whose index leads to an object: PROG_ARRAY,
 * ARRAY_OF_MAPS, PERF_EVENT_ARRAY. Slots are process-private memory; each holds a reference. An
 * object read from a slot inside an epoch stays valid until the epoch is left.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/map.h"

struct held_array {
	struct map map;                  /* first */
	_Atomic(struct object *) *slots; /* map.max_entries of them */
};

/* The object in slot @index, or NULL: empty or out of range. No reference is taken. */
static inline struct object *held_array_get(struct map *map, uint32_t index)
{
	struct held_array *array = container_of(map, struct held_array, map);

	if (index >= map->max_entries)
		return NULL;
	return atomic_load_explicit(&array->slots[index], memory_order_acquire);
}
