/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DEVMAP and DEVMAP_HASH: a key leads to a device of the engine, by index or by any number. Entries
 * are process-private, published by one store and freed when no program can still see them; writers
 * take the map's lock. An entry whose device was taken away is as good as none.
 * Source of limits, errors and order of keys: kernel/bpf/devmap.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/check.h"
#include "base/macros.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/redirect.h"
#include "maps/types.h"
#include "object/dev.h"
#include "object/engine.h"

#define DEVMAP_CREATE_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)
#define DEVMAP_HASH_ENTRIES_MAX (1u << 31)
#define DEVMAP_REDIRECT_FLAGS (BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS)

typedef struct redirect_target *_Atomic target_slot;

struct devmap {
	struct map map;     /* first */
	target_slot *slots; /* by index, or heads of buckets */
	uint64_t n_slots;
	pthread_mutex_t lock; /* of writers */
	uint32_t items;       /* hash: how many there are */
};

static struct devmap *devmap_of(const struct map *map)
{
	return container_of(map, struct devmap, map);
}

static bool is_hash(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_DEVMAP_HASH;
}

static int devmap_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 ||
	    (attr->value_size != 4 && attr->value_size != 8) ||
	    attr->map_flags & ~(uint32_t)DEVMAP_CREATE_FLAGS)
		return -EINVAL;
	if (attr->map_type == BPF_MAP_TYPE_DEVMAP_HASH &&
	    attr->max_entries > DEVMAP_HASH_ENTRIES_MAX)
		return -EINVAL;
	return 0;
}

static int devmap_alloc(struct map *map, const union bpf_attr *attr)
{
	struct devmap *d = devmap_of(map);
	void *slots;
	int err;

	/* What a lookup gives a program is not its to change. */
	map->flags |= BPF_F_RDONLY_PROG;
	pthread_mutex_init(&d->lock, NULL);
	d->n_slots = is_hash(map) ? roundup_pow2_u64(map->max_entries) : map->max_entries;
	err = map_private_alloc(map, d->n_slots * sizeof(*d->slots), &slots);
	if (!err)
		d->slots = slots;
	return err;
}

static void devmap_clear(struct map *map)
{
	struct devmap *d = devmap_of(map);

	for (uint64_t i = 0; d->slots && i < d->n_slots; i++) {
		struct redirect_target *target = atomic_load(&d->slots[i]);

		while (target) {
			struct redirect_target *next = atomic_load(&target->next);

			redirect_target_free(target);
			target = next;
		}
		/* Reading must not make a page of a slot that never was used. */
		if (atomic_load(&d->slots[i]))
			atomic_store(&d->slots[i], NULL);
	}
}

static void devmap_free(struct map *map)
{
	struct devmap *d = devmap_of(map);

	devmap_clear(map);
	if (d->slots)
		pthread_mutex_destroy(&d->lock);
	map_private_free(map, d->slots, d->n_slots * sizeof(*d->slots));
	d->slots = NULL;
}

static target_slot *bucket_of(struct devmap *d, uint32_t key)
{
	return &d->slots[key & (d->n_slots - 1)];
}

/* The entry at @key, be its device there or not. */
static struct redirect_target *find(struct devmap *d, uint32_t key)
{
	struct redirect_target *target;

	if (!is_hash(&d->map))
		return key < d->map.max_entries ?
			       atomic_load_explicit(&d->slots[key], memory_order_acquire) :
			       NULL;
	target = atomic_load_explicit(bucket_of(d, key), memory_order_acquire);
	while (target && target->key != key)
		target = atomic_load_explicit(&target->next, memory_order_acquire);
	return target;
}

static bool is_there(const struct map *map, const struct redirect_target *target)
{
	return target &&
	       dev_by_index(map->obj.engine, target->dev_val.ifindex) == target->dev;
}

static void *devmap_lookup(struct map *map, const void *key)
{
	struct redirect_target *target = find(devmap_of(map), *(const uint32_t *)key);

	return is_there(map, target) ? &target->dev_val : NULL;
}

/* --- writing ---------------------------------------------------------------------------------------- */

/* A target for the value a client gave; *target NULL: the value means none. */
static int make_target(struct map *map, uint32_t key, const void *value, struct prog *prog,
		       struct redirect_target **target)
{
	uint32_t ifindex = *(const uint32_t *)value;
	bool has_prog = redirect_prog_fd(value, map->value_size) > 0;
	struct netdev *dev;

	*target = NULL;
	if (!ifindex)
		return has_prog ? -EINVAL : 0;
	dev = dev_by_index(map->obj.engine, ifindex);
	if (!dev || (has_prog && (!prog || !redirect_prog_fits(map, prog, BPF_XDP_DEVMAP))))
		return -EINVAL;
	*target = redirect_target_new(key, value, map->value_size, dev, prog);
	return *target ? 0 : -ENOMEM;
}

static int devmap_update(struct map *map, const void *key, const void *value, uint64_t flags,
			 struct prog *prog)
{
	uint32_t index = *(const uint32_t *)key;
	struct redirect_target *target;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	err = make_target(map, index, value, prog, &target);
	if (err)
		return err;
	redirect_target_free_deferred(map, atomic_exchange(&devmap_of(map)->slots[index], target));
	return 0;
}

static int devmap_delete(struct map *map, const void *key)
{
	uint32_t index = *(const uint32_t *)key;

	if (index >= map->max_entries)
		return -EINVAL;
	redirect_target_free_deferred(map, atomic_exchange(&devmap_of(map)->slots[index], NULL));
	return 0;
}

/* Lock held: takes @old out of its bucket; readers on it still find the way on. */
static void unlink_locked(struct devmap *d, struct redirect_target *old)
{
	target_slot *link = bucket_of(d, old->key);

	while (atomic_load(link) != old)
		link = &atomic_load(link)->next;
	atomic_store_explicit(link, atomic_load(&old->next), memory_order_release);
	d->items--;
}

static void link_locked(struct devmap *d, struct redirect_target *target)
{
	target_slot *bucket = bucket_of(d, target->key);

	atomic_store(&target->next, atomic_load(bucket));
	atomic_store_explicit(bucket, target, memory_order_release);
	d->items++;
}

static int hash_put_locked(struct devmap *d, uint32_t key, const void *value, uint64_t flags,
			   struct prog *prog)
{
	struct redirect_target *old = find(d, key), *target;
	bool there = is_there(&d->map, old);
	int err;

	if (there && flags & BPF_NOEXIST)
		return -EEXIST;
	err = make_target(&d->map, key, value, prog, &target);
	if (err)
		return err;
	if (!old && d->items >= d->map.max_entries) {
		redirect_target_free(target);
		return -E2BIG;
	}
	if (old)
		unlink_locked(d, old);
	link_locked(d, target);
	redirect_target_free_deferred(&d->map, old);
	return 0;
}

static int devmap_hash_update(struct map *map, const void *key, const void *value, uint64_t flags,
			      struct prog *prog)
{
	struct devmap *d = devmap_of(map);
	int err;

	if (flags > BPF_EXIST || !*(const uint32_t *)value)
		return -EINVAL;
	pthread_mutex_lock(&d->lock);
	err = hash_put_locked(d, *(const uint32_t *)key, value, flags, prog);
	pthread_mutex_unlock(&d->lock);
	return err;
}

static int devmap_hash_delete(struct map *map, const void *key)
{
	struct devmap *d = devmap_of(map);
	struct redirect_target *old;
	bool there;

	pthread_mutex_lock(&d->lock);
	old = find(d, *(const uint32_t *)key);
	there = is_there(map, old);
	if (old)
		unlink_locked(d, old);
	pthread_mutex_unlock(&d->lock);
	redirect_target_free_deferred(map, old);
	return there ? 0 : -ENOENT;
}

/* --- walking ---------------------------------------------------------------------------------------- */

/* The first entry in bucket @bucket or a later one whose device is there. */
static struct redirect_target *first_from(struct devmap *d, uint64_t bucket)
{
	for (; bucket < d->n_slots; bucket++) {
		struct redirect_target *target = atomic_load(&d->slots[bucket]);

		for (; target; target = atomic_load(&target->next))
			if (is_there(&d->map, target))
				return target;
	}
	return NULL;
}

static struct redirect_target *after(struct devmap *d, const struct redirect_target *target)
{
	struct redirect_target *next = atomic_load(&target->next);

	for (; next; next = atomic_load(&next->next))
		if (is_there(&d->map, next))
			return next;
	return first_from(d, (is_hash(&d->map) ? target->key & (d->n_slots - 1) : target->key) + 1);
}

static int devmap_hash_next_key(struct map *map, const void *key, void *next)
{
	struct devmap *d = devmap_of(map);
	struct redirect_target *target = key ? find(d, *(const uint32_t *)key) : NULL;

	target = is_there(map, target) ? after(d, target) : first_from(d, 0);
	if (!target)
		return -ENOENT;
	*(uint32_t *)next = target->key;
	return 0;
}

static struct redirect_target *devmap_target_next(struct map *map, struct redirect_target *target)
{
	return target ? after(devmap_of(map), target) : first_from(devmap_of(map), 0);
}

static int devmap_redirect(struct map *map, uint64_t key, uint64_t flags)
{
	struct redirect_target *target = find(devmap_of(map), (uint32_t)key);

	return redirect_to(map, is_there(map, target) ? target : NULL, key, flags,
			   DEVMAP_REDIRECT_FLAGS);
}

static uint64_t devmap_mem_usage(const struct map *map)
{
	const struct devmap *d = devmap_of(map);

	return sizeof(*d) + d->n_slots * sizeof(void *) + d->items * sizeof(struct redirect_target);
}

#define DEVMAP_OPS                                                                                 \
	.alloc_bytes = sizeof(struct devmap), .alloc_check = devmap_alloc_check,                   \
	.alloc = devmap_alloc, .free = devmap_free, .lookup = devmap_lookup,                       \
	.drop_progs = devmap_clear, .redirect = devmap_redirect,                                   \
	.target_next = devmap_target_next,                                                         \
	.check_btf = map_refuse_btf, .meta_equal = map_meta_equal, .mem_usage = devmap_mem_usage

const struct map_ops dev_map_ops = {
	DEVMAP_OPS,
	.update_prog = devmap_update,
	.delete = devmap_delete,
	.next_key = array_next_key,
};

const struct map_ops dev_map_hash_ops = {
	DEVMAP_OPS,
	.update_prog = devmap_hash_update,
	.delete = devmap_hash_delete,
	.next_key = devmap_hash_next_key,
};
