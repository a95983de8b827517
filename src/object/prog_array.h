/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_PROG_ARRAY, a struct held_array of programs, as tail calls read it. The map type is in
 * maps/; interp/ and jit/ only read slots. A program seen in a slot stays alive for as long as the
 * reader's run lasts: what leaves a slot is put with epoch_defer().
 *
 * All programs of one array are executed the same way (map.owner.jited): native code jumps from one
 * straight into the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/held_array.h"
#include "object/prog.h"

/* The program in slot @index, or NULL: empty, or out of range. */
static inline struct prog *prog_array_get(struct map *map, uint32_t index)
{
	struct object *obj = held_array_get(map, index);

	return obj ? prog_of(obj) : NULL;
}

/*
 * Could @prog be run from @map by a tail call? The first program a map meets decides what the
 * others must be (bpf_prog_map_compatible); maps/held_array.c.
 */
bool prog_array_accepts(struct map *map, const struct prog *prog);
