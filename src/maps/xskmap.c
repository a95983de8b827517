/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XSKMAP: an index leads to an AF_XDP socket. The engine's devices have no such sockets, so every
 * slot is empty for good: lookups find nothing, redirects fall back to the verdict in their flags,
 * and an update is refused. Programs that use one load and run. Source: net/xdp/xskmap.c.
 */
#include <errno.h>

#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/redirect.h"
#include "maps/types.h"

static int xskmap_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 || attr->value_size != 4 ||
	    attr->map_flags & ~(uint32_t)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	return 0;
}

static int xskmap_alloc(struct map *map, const union bpf_attr *attr)
{
	return 0;
}

static void xskmap_free(struct map *map)
{
}

static void *xskmap_lookup(struct map *map, const void *key)
{
	return NULL;
}

static int xskmap_user_lookup(struct map *map, const void *key, void *value, uint64_t flags)
{
	return -EOPNOTSUPP;
}

static int xskmap_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (*(const uint32_t *)key >= map->max_entries)
		return -E2BIG;
	return -EOPNOTSUPP;
}

static int xskmap_delete(struct map *map, const void *key)
{
	return *(const uint32_t *)key >= map->max_entries ? -EINVAL : 0;
}

static int xskmap_redirect(struct map *map, uint64_t index, uint64_t flags)
{
	return redirect_to(map, NULL, index, flags, 0);
}

static bool xskmap_meta_equal(const struct map *meta, const struct map *inner)
{
	return meta->max_entries == inner->max_entries && map_meta_equal(meta, inner);
}

static uint64_t xskmap_mem_usage(const struct map *map)
{
	return sizeof(*map);
}

const struct map_ops xsk_map_ops = {
	.alloc_check = xskmap_alloc_check,
	.alloc = xskmap_alloc,
	.free = xskmap_free,
	.lookup = xskmap_lookup,
	.user_lookup = xskmap_user_lookup,
	.update = xskmap_update,
	.delete = xskmap_delete,
	.next_key = array_next_key,
	.redirect = xskmap_redirect,
	.check_btf = map_refuse_btf,
	.meta_equal = xskmap_meta_equal,
	.mem_usage = xskmap_mem_usage,
};
