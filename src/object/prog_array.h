/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct prog_array: the layout of BPF_MAP_TYPE_PROG_ARRAY that tail calls read. The map type is in
 * maps/; interp/ and jit/ only read slots. A program seen in a slot stays alive for as long as the
 * reader's run lasts: what leaves a slot is put with epoch_defer().
 *
 * All programs of one array are executed the same way (map.owner.jited): native code jumps from one
 * straight into the next.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/map.h"

struct prog;

struct prog_array {
	struct map map;                /* first */
	_Atomic(struct prog *) *slots; /* map.max_entries of them; process-private memory */
};

/* The program in slot @index, or NULL: empty, or out of range. */
static inline struct prog *prog_array_get(struct map *map, uint32_t index)
{
	struct prog_array *array = container_of(map, struct prog_array, map);

	if (index >= map->max_entries)
		return NULL;
	return atomic_load_explicit(&array->slots[index], memory_order_acquire);
}

/*
 * Could @prog be run from @map by a tail call? The first program a map meets decides what the
 * others must be (bpf_prog_map_compatible); maps/held_array.c.
 */
bool prog_array_accepts(struct map *map, const struct prog *prog);
