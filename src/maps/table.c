/* SPDX-License-Identifier: BSD-2-Clause */
/* Which map types there are. */
#include "base/check.h"
#include "maps/types.h"
#include "object/engine.h"

/* clang-format off */
static const struct map_ops *const ops_by_type[] = {
	[BPF_MAP_TYPE_HASH]             = &htab_map_ops,
	[BPF_MAP_TYPE_ARRAY]            = &array_map_ops,
	[BPF_MAP_TYPE_PROG_ARRAY]       = &prog_array_map_ops,
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = &perf_event_array_map_ops,
	[BPF_MAP_TYPE_PERCPU_HASH]      = &htab_percpu_map_ops,
	[BPF_MAP_TYPE_PERCPU_ARRAY]     = &percpu_array_map_ops,
	[BPF_MAP_TYPE_STACK_TRACE]      = &stack_trace_map_ops,
	[BPF_MAP_TYPE_LRU_HASH]         = &htab_lru_map_ops,
	[BPF_MAP_TYPE_LRU_PERCPU_HASH]  = &htab_lru_percpu_map_ops,
	[BPF_MAP_TYPE_LPM_TRIE]         = &lpm_trie_map_ops,
	[BPF_MAP_TYPE_ARRAY_OF_MAPS]    = &array_of_maps_map_ops,
	[BPF_MAP_TYPE_HASH_OF_MAPS]     = &hash_of_maps_map_ops,
	[BPF_MAP_TYPE_DEVMAP]           = &dev_map_ops,
	[BPF_MAP_TYPE_DEVMAP_HASH]      = &dev_map_hash_ops,
	[BPF_MAP_TYPE_CPUMAP]           = &cpu_map_ops,
	[BPF_MAP_TYPE_XSKMAP]           = &xsk_map_ops,
	[BPF_MAP_TYPE_QUEUE]            = &queue_stack_map_ops,
	[BPF_MAP_TYPE_STACK]            = &queue_stack_map_ops,
	[BPF_MAP_TYPE_RINGBUF]          = &ringbuf_map_ops,
	[BPF_MAP_TYPE_USER_RINGBUF]     = &user_ringbuf_map_ops,
	[BPF_MAP_TYPE_BLOOM_FILTER]     = &bloom_filter_map_ops,
};
/* clang-format on */

const struct map_ops *map_ops_by_type(uint32_t type)
{
	return type < ARRAY_SIZE(ops_by_type) ? ops_by_type[type] : NULL;
}

bool map_is_percpu(const struct map *map)
{
	return map->ops->lookup_percpu != NULL;
}

uint32_t map_user_value_bytes(const struct map *map)
{
	if (map->ops->holds)
		return sizeof(uint32_t);
	if (map_is_percpu(map))
		return (uint32_t)round_up_u64(map->value_size, 8) * map->obj.engine->n_slots;
	return map->value_size;
}
