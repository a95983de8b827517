/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HASH_OF_MAPS: a key leads to a map. The table is a hash map's; which map an element stands for is
 * kept beside it in process-private memory, by number of element, because a pointer means nothing
 * to another process: after fork, an element the other process added later reads as absent.
 * Written by bpf(2) only; programs look up. Source: kernel/bpf/hashtab.c, map_in_map.c.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/errno.h"
#include "maps/common.h"
#include "maps/hashtab.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/engine.h"
#include "object/value.h"

struct hash_of_maps {
	struct hashtab h; /* first */
	_Atomic(struct object *) *held; /* [element - 1] */
};

static struct hash_of_maps *hom_of(struct map *map)
{
	return container_of(map, struct hash_of_maps, h.map);
}

static size_t held_bytes(const struct hash_of_maps *m)
{
	return (size_t)m->h.t.elems.n * sizeof(*m->held);
}

static int hom_alloc_check(const union bpf_attr *attr)
{
	return attr->value_size != sizeof(uint32_t) ? -EINVAL : hashtab_alloc_check(attr);
}

static int hom_alloc(struct map *map, const union bpf_attr *attr)
{
	struct hash_of_maps *m = hom_of(map);
	int err = hashtab_alloc(map, attr);
	void *held;

	if (err)
		return err;
	err = map_private_alloc(map, held_bytes(m), &held);
	if (!err)
		m->held = held;
	return err;
}

static void held_drop(struct hash_of_maps *m, uint32_t elem)
{
	object_put(atomic_exchange(&m->held[elem - 1], NULL));
}

static void hom_free(struct map *map)
{
	struct hash_of_maps *m = hom_of(map);

	if (m->held) {
		for (uint32_t elem = 1; elem <= *m->h.t.elems.untouched; elem++)
			held_drop(m, elem);
		map_private_free(map, m->held, held_bytes(m));
		m->held = NULL;
	}
	hashtab_free(map);
}

static void *hom_lookup(struct map *map, const void *key)
{
	struct hash_of_maps *m = hom_of(map);
	uint32_t elem = htab_find(&m->h.t, key);

	return elem ? atomic_load_explicit(&m->held[elem - 1], memory_order_acquire) : NULL;
}

static struct object *hom_held(struct map *map, const void *key)
{
	struct object *obj = hom_lookup(map, key);

	return obj && object_get_unless_zero(obj) ? obj : NULL;
}

/* Readies an element that stands for @obj; 0: full. */
static uint32_t elem_new(struct hash_of_maps *m, const void *key, struct object *obj, bool replace)
{
	uint32_t elem = replace ? hashtab_spare_take(&m->h) : 0;

	if (!elem)
		elem = elems_get(&m->h.t.elems, current_slot(&m->h.map));
	if (!elem)
		return 0;
	value_copy(htab_at(&m->h.t, elem)->key, key, m->h.t.key_bytes);
	atomic_store_explicit(&m->held[elem - 1], object_get(obj), memory_order_release);
	return elem;
}

static int put_locked(struct hash_of_maps *m, const void *key, uint32_t hash, struct object *obj,
		      uint64_t flags, uint32_t *old)
{
	struct htab_pos pos = htab_find_locked(&m->h.t, key, hash);
	uint32_t elem;

	if (pos.elem && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!pos.elem && flags == BPF_EXIST)
		return -ENOENT;
	elem = elem_new(m, key, obj, pos.elem);
	if (!elem)
		return -E2BIG;
	if (pos.elem)
		htab_replace(&m->h.t, &pos, elem);
	else
		htab_link(&m->h.t, pos.bucket, elem, hash);
	*old = pos.elem;
	return 0;
}

static int take_locked(struct hash_of_maps *m, const void *key, uint32_t hash, uint32_t *old)
{
	struct htab_pos pos = htab_find_locked(&m->h.t, key, hash);

	if (!pos.elem)
		return -ENOENT;
	htab_unlink(&m->h.t, &pos);
	*old = pos.elem;
	return 0;
}

static int hom_assign(struct map *map, const void *key, struct object *obj, uint64_t flags)
{
	struct hash_of_maps *m = hom_of(map);
	uint32_t hash = htab_hash(&m->h.t, key);
	struct htab_bucket *b;
	uint32_t old = 0;
	int err;

	if (obj && flags > BPF_EXIST)
		return -EINVAL;
	if (obj && !map_inner_fits(map, map_of(obj)))
		return -EINVAL;
	b = htab_lock(&m->h.t, hash);
	err = obj ? put_locked(m, key, hash, obj, flags, &old) : take_locked(m, key, hash, &old);
	htab_unlock(b);
	if (old) {
		held_drop(m, old);
		hashtab_give_back(&m->h, old);
	}
	return err;
}

static void give_id(struct hashtab *h, uint32_t elem, void *value, uint64_t flags)
{
	struct object *obj = atomic_load(&hom_of(&h->map)->held[elem - 1]);
	uint32_t id = obj ? obj->id : 0;

	memcpy(value, &id, sizeof(id));
}

static void drop(struct hashtab *h, uint32_t elem)
{
	held_drop(hom_of(&h->map), elem);
}

static int hom_batch_bucket(struct map *map, uint32_t bucket, struct map_bucket *out)
{
	return hashtab_batch_bucket(hashtab_of(map), bucket, out, give_id, drop);
}

const struct map_ops hash_of_maps_map_ops = {
	.alloc_bytes = sizeof(struct hash_of_maps),
	.alloc_check = hom_alloc_check,
	.alloc = hom_alloc,
	.free = hom_free,
	.lookup = hom_lookup,
	.next_key = hashtab_next_key,
	.holds = OBJECT_MAP + 1,
	.assign = hom_assign,
	.held = hom_held,
	.check_btf = map_refuse_btf,
	.mem_usage = hashtab_mem_usage,
	.batch = MAP_BATCH_UPDATE | MAP_BATCH_DELETE,
	.batch_bucket = hom_batch_bucket,
};
