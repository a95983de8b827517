/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUMAP: an index leads to a CPU slot that takes redirected frames on. Here the thread that ran the
 * XDP program does it itself, at once: the entry's own program, then tc and the stack (hooks/). So
 * qsize is kept and shown but never full. Source of limits and errors: kernel/bpf/cpumap.c.
 */
#include <errno.h>
#include <stdatomic.h>

#include "base/macros.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/redirect.h"
#include "maps/types.h"
#include "object/engine.h"

#define CPUMAP_ENTRIES_MAX 8192 /* NR_CPUS of distribution kernels */
#define CPUMAP_QSIZE_MAX 16384

struct cpumap {
	struct map map; /* first */
	struct redirect_target *_Atomic *slots;
};

static struct cpumap *cpumap_of(const struct map *map)
{
	return container_of(map, struct cpumap, map);
}

static uint64_t slots_bytes(const struct map *map)
{
	return (uint64_t)map->max_entries * sizeof(cpumap_of(map)->slots[0]);
}

/* All checks are here, behind the one for capabilities, as in the kernel. */
static int cpumap_alloc(struct map *map, const union bpf_attr *attr)
{
	void *slots;
	int err;

	if (!attr->max_entries || attr->key_size != 4 ||
	    (attr->value_size != 4 && attr->value_size != 8) ||
	    attr->map_flags & ~(uint32_t)BPF_F_NUMA_NODE)
		return -EINVAL;
	if (attr->max_entries > CPUMAP_ENTRIES_MAX)
		return -E2BIG;
	err = map_private_alloc(map, slots_bytes(map), &slots);
	if (!err)
		cpumap_of(map)->slots = slots;
	return err;
}

static void cpumap_clear(struct map *map)
{
	struct cpumap *c = cpumap_of(map);

	for (uint32_t i = 0; c->slots && i < map->max_entries; i++)
		redirect_target_free(atomic_exchange(&c->slots[i], NULL));
}

static void cpumap_free(struct map *map)
{
	struct cpumap *c = cpumap_of(map);

	cpumap_clear(map);
	map_private_free(map, c->slots, slots_bytes(map));
	c->slots = NULL;
}

static struct redirect_target *find(const struct map *map, uint32_t index)
{
	if (index >= map->max_entries)
		return NULL;
	return atomic_load_explicit(&cpumap_of(map)->slots[index], memory_order_acquire);
}

static void *cpumap_lookup(struct map *map, const void *key)
{
	struct redirect_target *target = find(map, *(const uint32_t *)key);

	return target ? &target->cpu_val : NULL;
}

static int cpumap_update(struct map *map, const void *key, const void *value, uint64_t flags,
			 struct prog *prog)
{
	uint32_t index = *(const uint32_t *)key, qsize = *(const uint32_t *)value;
	bool has_prog = redirect_prog_fd(value, map->value_size) > 0;
	struct redirect_target *target = NULL;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	if (qsize > CPUMAP_QSIZE_MAX)
		return -EOVERFLOW;
	if (index >= map->obj.engine->n_slots)
		return -ENODEV;
	if (qsize) {
		/* ENOMEM for a bad program as well, as in the kernel */
		if (has_prog && (!prog || !redirect_prog_fits(map, prog, BPF_XDP_CPUMAP)))
			return -ENOMEM;
		target = redirect_target_new(index, value, map->value_size, NULL, prog);
		if (!target)
			return -ENOMEM;
	}
	redirect_target_free_deferred(map, atomic_exchange(&cpumap_of(map)->slots[index], target));
	return 0;
}

static int cpumap_delete(struct map *map, const void *key)
{
	uint32_t index = *(const uint32_t *)key;

	if (index >= map->max_entries)
		return -EINVAL;
	redirect_target_free_deferred(map, atomic_exchange(&cpumap_of(map)->slots[index], NULL));
	return 0;
}

static int cpumap_redirect(struct map *map, uint64_t index, uint64_t flags)
{
	return redirect_to(map, find(map, (uint32_t)index), index, flags, 0);
}

static uint64_t cpumap_mem_usage(const struct map *map)
{
	return sizeof(struct cpumap) + slots_bytes(map);
}

const struct map_ops cpu_map_ops = {
	.alloc_bytes = sizeof(struct cpumap),
	.alloc = cpumap_alloc,
	.free = cpumap_free,
	.drop_progs = cpumap_clear,
	.lookup = cpumap_lookup,
	.update_prog = cpumap_update,
	.delete = cpumap_delete,
	.next_key = array_next_key,
	.redirect = cpumap_redirect,
	.check_btf = map_refuse_btf,
	.meta_equal = map_meta_equal,
	.mem_usage = cpumap_mem_usage,
};
