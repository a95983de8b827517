/* SPDX-License-Identifier: BSD-2-Clause */
/* What several map types share: flag checks of MAP_CREATE, flags of update. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "btf/fields.h"
#include "object/engine.h"
#include "object/map.h"
#include "run/epoch.h"
#include "run/timer.h"

#define MAP_ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY | BPF_F_WRONLY_PROG)
#define MAP_VALUE_BYTES_MAX (INT32_MAX) /* arrays; hashes: KMALLOC_MAX_SIZE bounds key + value */
#define MAP_PERCPU_VALUE_BYTES_MAX 32768 /* PCPU_MIN_UNIT_SIZE */
#define MAP_KMALLOC_BYTES_MAX (4u << 20) /* KMALLOC_MAX_SIZE on x86-64 */
#define MAP_NUMA_NODE_NONE (-1)

/* RDONLY_PROG and WRONLY_PROG exclude one another (bpf_map_flags_access_ok). */
static inline bool map_flags_access_ok(uint32_t flags)
{
	return (flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) !=
	       (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG);
}

/* The node asked for, or MAP_NUMA_NODE_NONE (bpf_map_attr_numa_node). */
static inline int map_attr_numa_node(const union bpf_attr *attr)
{
	return attr->map_flags & BPF_F_NUMA_NODE ? (int)attr->numa_node : MAP_NUMA_NODE_NONE;
}

static inline uint32_t value_stride(const struct map *map)
{
	return (map->value_size + 7) & ~7u;
}

/* What the engine keeps for the value goes with it (bpf_obj_free_fields). */
static inline void value_release(struct map *map, void *value)
{
	if (map_has_timers(map))
		timer_drop(map, (char *)value + map->record->timer_off);
}

/* The CPU slot this program or command runs on. */
static inline uint32_t current_slot(const struct map *map)
{
	return run_slot(map->obj.engine->run);
}
