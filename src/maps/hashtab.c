/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HASH, PERCPU_HASH, LRU_HASH and LRU_PERCPU_HASH over one table (htab.h).
 *
 * An update of a key that exists puts a new element in the old one's place with one store, so a
 * reader sees the old value or the new one whole; each CPU slot keeps one spare element for that,
 * so it works when the map is full. Per-CPU values live outside the elements, a plane per slot.
 * An LRU map that is full lets a clock hand pass over the elements: who was not looked up since it
 * last came by goes. (The kernel keeps lists; which element goes first differs, see
 * docs/differences.md.) Source of limits and errors: kernel/bpf/hashtab.c.
 */
#include <string.h>

#include "base/check.h"
#include "base/errno.h"
#include "btf/fields.h"
#include "maps/common.h"
#include "maps/hashtab.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/engine.h"
#include "object/value.h"
#include "run/run.h"

#define HTAB_CREATE_FLAGS                                                                          \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS |           \
	 BPF_F_ZERO_SEED)
#define HTAB_KERNEL_ELEM_BYTES 48 /* sizeof(struct htab_elem) there: part of a limit */
#define HTAB_KERNEL_BUCKET_BYTES 16 /* sizeof(struct bucket) there: likewise */

/* Where the parts of the area begin, in bytes. */
struct layout {
	uint64_t spares, hand, state, elems, planes, total;
	uint64_t elem_bytes, plane_bytes;
	uint32_t buckets, n_elems;
};

static bool is_percpu(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_PERCPU_HASH || map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_lru(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_LRU_HASH || map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* --- making and freeing --------------------------------------------------------------------------- */

int hashtab_alloc_check(const union bpf_attr *attr)
{
	bool percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_HASH ||
		      attr->map_type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	bool lru = attr->map_type == BPF_MAP_TYPE_LRU_HASH ||
		   attr->map_type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	bool percpu_lru = attr->map_flags & BPF_F_NO_COMMON_LRU;
	bool prealloc = !(attr->map_flags & BPF_F_NO_PREALLOC);

	if (attr->map_flags & ~(uint32_t)HTAB_CREATE_FLAGS ||
	    !map_flags_access_ok(attr->map_flags))
		return -EINVAL;
	if (!lru && percpu_lru)
		return -EINVAL;
	if (lru && !prealloc)
		return -ENOTSUPP;
	if (map_attr_numa_node(attr) != MAP_NUMA_NODE_NONE && (percpu || percpu_lru))
		return -EINVAL;
	if (!attr->max_entries || !attr->key_size || !attr->value_size)
		return -EINVAL;
	if ((uint64_t)attr->key_size + attr->value_size >=
	    MAP_KMALLOC_BYTES_MAX - HTAB_KERNEL_ELEM_BYTES)
		return -E2BIG;
	if (percpu && round_up_u64(attr->value_size, 8) > MAP_PERCPU_VALUE_BYTES_MAX)
		return -E2BIG;
	return 0;
}

/* 128-bit sums cannot overflow; anything past 2^47 cannot be mapped anyway. */
static bool layout_of(const struct map *map, bool percpu, struct layout *l)
{
	uint32_t slots = map->obj.engine->n_slots;
	uint64_t fill = HTAB_BUCKET_FILL;
	__uint128_t end;

	l->n_elems = map->max_entries + slots;
	l->buckets = (uint32_t)roundup_pow2_u64((map->max_entries + fill - 1) / fill);
	l->elem_bytes = sizeof(struct htab_elem) + round_up_u64(map->key_size, 8) +
			(percpu ? 0 : value_stride(map));
	l->plane_bytes = 0;
	l->spares = (uint64_t)l->buckets * sizeof(struct htab_bucket);
	l->hand = l->spares + slots * sizeof(struct htab_spare);
	l->state = l->hand + CACHE_LINE_BYTES;
	l->elems = l->state + elems_state_bytes(slots);
	end = l->elems + (__uint128_t)l->n_elems * l->elem_bytes;
	l->planes = round_up_u64((uint64_t)end, CACHE_LINE_BYTES);
	if (percpu) {
		l->plane_bytes = round_up_u64((uint64_t)l->n_elems * value_stride(map),
					      CACHE_LINE_BYTES);
		end = l->planes + (__uint128_t)l->plane_bytes * slots;
	}
	l->total = (uint64_t)end;
	return end <= UINT64_C(1) << 47;
}

static void spares_fill(struct hashtab *h)
{
	for (uint32_t slot = 0; slot < h->map.obj.engine->n_slots; slot++)
		h->spares[slot].elem = elems_get(&h->t.elems, slot);
}

int hashtab_alloc(struct map *map, const union bpf_attr *attr)
{
	struct hashtab *h = hashtab_of(map);
	bool percpu = is_percpu(map);
	struct layout l;
	int err;

	/* There lists of one length, one per CPU, make up such a map. */
	if (map->flags & BPF_F_NO_COMMON_LRU)
		map->max_entries = (map->max_entries + map->obj.engine->n_slots - 1) /
				   map->obj.engine->n_slots * map->obj.engine->n_slots;
	/* As many buckets there, at least one. */
	if (roundup_pow2_u64(map->max_entries) > UINT32_MAX / HTAB_KERNEL_BUCKET_BYTES)
		return -E2BIG;
	if (!layout_of(map, percpu, &l))
		return -ENOMEM;
	err = map_mem_alloc(map, l.total, MAP_MEM_ENGINE, (void **)&h->mem);
	if (err)
		return err;
	h->mem_bytes = l.total;
	h->spares = (struct htab_spare *)(h->mem + l.spares);
	h->hand = (uint32_t *)(h->mem + l.hand);
	h->planes = percpu ? h->mem + l.planes : NULL;
	h->plane_bytes = l.plane_bytes;
	h->t = (struct htab){
		.buckets = (struct htab_bucket *)h->mem,
		.mask = l.buckets - 1,
		.seed = map->flags & BPF_F_ZERO_SEED ? 0 : run_random(map->obj.engine),
		.key_bytes = map->key_size,
		.value_off = (uint32_t)(sizeof(struct htab_elem) + round_up_u64(map->key_size, 8)),
	};
	elems_init(&h->t.elems, h->mem + l.state, h->mem + l.elems, l.elem_bytes, l.n_elems,
		   map->obj.engine->n_slots);
	spares_fill(h);
	return 0;
}

void hashtab_free(struct map *map)
{
	struct hashtab *h = hashtab_of(map);

	if (h->mem)
		map_mem_free(map, h->mem, h->mem_bytes);
	h->mem = NULL;
}

/* --- values ----------------------------------------------------------------------------------------- */

static void *value_of(struct hashtab *h, uint32_t elem, uint32_t slot)
{
	if (h->planes)
		return h->planes + slot * h->plane_bytes +
		       (size_t)(elem - 1) * value_stride(&h->map);
	return htab_value(&h->t, htab_at(&h->t, elem));
}

/* What an update writes: one value for this slot, or (from bpf(2), per-CPU maps) one per slot. */
struct source {
	const void *value;
	bool every_slot;
};

static void values_write(struct hashtab *h, uint32_t elem, struct source from, bool fresh)
{
	uint32_t slots = h->planes ? h->map.obj.engine->n_slots : 1;
	uint32_t own = h->planes ? current_slot(&h->map) : 0;

	for (uint32_t slot = 0; slot < slots; slot++) {
		char *to = value_of(h, elem, slot);

		value_release(&h->map, to);
		if (fresh)
			map_value_clear_special(&h->map, to);
		if (from.every_slot)
			map_value_copy_padded(&h->map, to,
					      (const char *)from.value +
						      (size_t)slot * value_stride(&h->map));
		else if (slot == own)
			map_value_copy(&h->map, to, from.value);
		else if (fresh)
			memset(to, 0, value_stride(&h->map));
	}
}

static void elem_init(struct hashtab *h, uint32_t elem, const void *key, struct source from)
{
	struct htab_elem *e = htab_at(&h->t, elem);

	e->ref = 0;
	htab_key_set(&h->t, e, key);
	values_write(h, elem, from, true);
}

/* --- elements to be had -------------------------------------------------------------------------------- */

uint32_t hashtab_spare_take(struct hashtab *h)
{
	return __atomic_exchange_n(&h->spares[current_slot(&h->map)].elem, 0, __ATOMIC_ACQUIRE);
}

void hashtab_give_back(struct hashtab *h, uint32_t elem)
{
	uint32_t slot = current_slot(&h->map);
	uint32_t none = 0;

	value_release(&h->map, value_of(h, elem, 0));
	if (!__atomic_compare_exchange_n(&h->spares[slot].elem, &none, elem, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		elems_put(&h->t.elems, slot, elem);
}

/* Unlinks @elem if it is still what the hand saw; true: it is the caller's now. */
static bool evict(struct hashtab *h, uint32_t elem)
{
	uint32_t hash = __atomic_load_n(&htab_at(&h->t, elem)->hash, __ATOMIC_RELAXED);
	struct htab_bucket *b = htab_lock(&h->t, hash);
	struct htab_pos pos = htab_find_elem_locked(&h->t, elem, hash);

	if (pos.elem)
		htab_unlink(&h->t, &pos);
	htab_unlock(b);
	return pos.elem != 0;
}

/* Two turns of the hand clear every mark; a third leaves room for races. */
static uint32_t lru_evict(struct hashtab *h)
{
	uint64_t turns_max = 3 * (uint64_t)h->t.elems.n;

	for (uint64_t turn = 0; turn < turns_max; turn++) {
		uint32_t elem = __atomic_fetch_add(h->hand, 1, __ATOMIC_RELAXED) % h->t.elems.n + 1;
		struct htab_elem *e = htab_at(&h->t, elem);

		if (!__atomic_load_n(&e->used, __ATOMIC_RELAXED))
			continue;
		if (__atomic_load_n(&e->ref, __ATOMIC_RELAXED))
			__atomic_store_n(&e->ref, 0, __ATOMIC_RELAXED);
		else if (evict(h, elem))
			return elem;
	}
	return 0;
}

/* --- programs' side -------------------------------------------------------------------------------------- */

static void *hashtab_lookup(struct map *map, const void *key)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t elem = htab_find(&h->t, key);

	return elem ? htab_value(&h->t, htab_at(&h->t, elem)) : NULL;
}

/* The key is the element's, padded to 8, and the value stands behind it. */
static const void *hashtab_key_of(const struct map *map, const void *value, uint32_t *index)
{
	return (const char *)value - round_up_u64(map->key_size, 8);
}

/* Finds the element and notes that it was looked up. */
static uint32_t lru_find(struct hashtab *h, const void *key)
{
	uint32_t elem = htab_find(&h->t, key);
	struct htab_elem *e;

	if (!elem)
		return 0;
	e = htab_at(&h->t, elem);
	if (!__atomic_load_n(&e->ref, __ATOMIC_RELAXED))
		__atomic_store_n(&e->ref, 1, __ATOMIC_RELAXED);
	return elem;
}

static void *lru_lookup(struct map *map, const void *key)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t elem = lru_find(h, key);

	return elem ? htab_value(&h->t, htab_at(&h->t, elem)) : NULL;
}

static void *lru_percpu_lookup(struct map *map, const void *key)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t elem = lru_find(h, key);

	return elem ? value_of(h, elem, current_slot(map)) : NULL;
}

static void *percpu_value(struct map *map, const void *key, uint32_t slot)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t elem;

	if (slot >= map->obj.engine->n_slots)
		return NULL;
	elem = htab_find(&h->t, key);
	return elem ? value_of(h, elem, slot) : NULL;
}

static void *percpu_lookup(struct map *map, const void *key)
{
	return percpu_value(map, key, current_slot(map));
}

static int check_flags(bool exists, uint64_t flags)
{
	if (exists && (flags & ~(uint64_t)BPF_F_LOCK) == BPF_NOEXIST)
		return -EEXIST;
	if (!exists && (flags & ~(uint64_t)BPF_F_LOCK) == BPF_EXIST)
		return -ENOENT;
	return 0;
}

/* The key is there: a new element in its place, or its values overwritten. */
static void replace_locked(struct hashtab *h, const struct htab_pos *pos, const void *key,
			   struct source from, uint64_t flags)
{
	uint32_t elem = 0;

	if (!h->planes && !(flags & BPF_F_LOCK)) {
		elem = hashtab_spare_take(h);
		/* Who died may have had it. */
		if (unlikely(!elem))
			elem = elems_get(&h->t.elems, current_slot(&h->map));
	}
	if (elem) {
		elem_init(h, elem, key, from);
		htab_replace(&h->t, pos, elem);
		hashtab_give_back(h, pos->elem);
	} else if (flags & BPF_F_LOCK) {
		void *value = value_of(h, pos->elem, 0);

		map_value_copy_locked(&h->map, value, from.value, value);
	} else {
		values_write(h, pos->elem, from, false);
	}
}

/* @elem: made ready beforehand for a new key (LRU), or 0: take one. */
static int update_locked(struct hashtab *h, const void *key, uint32_t hash, struct source from,
			 uint64_t flags)
{
	struct htab_pos pos = htab_find_locked(&h->t, key, hash);
	int err = check_flags(pos.elem, flags);
	uint32_t elem;

	if (err)
		return err;
	if (pos.elem) {
		replace_locked(h, &pos, key, from, flags);
		return 0;
	}
	elem = elems_get(&h->t.elems, current_slot(&h->map));
	if (!elem)
		return -E2BIG;
	elem_init(h, elem, key, from);
	htab_link(&h->t, pos.bucket, elem, hash);
	return 0;
}

static int update(struct hashtab *h, const void *key, struct source from, uint64_t flags)
{
	uint32_t hash = htab_hash(&h->t, key);
	int err;

	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if (flags & BPF_F_LOCK && (!h->map.record || h->map.record->spin_lock_off < 0))
		return -EINVAL;
	for (int tries = 0;; tries++) {
		struct htab_bucket *b = htab_lock(&h->t, hash);
		uint32_t evicted;

		err = update_locked(h, key, hash, from, flags);
		htab_unlock(b);
		if (err != -E2BIG || !is_lru(&h->map) || tries == 8)
			break;
		/* Full: make room with no bucket locked, then look again. */
		evicted = lru_evict(h);
		if (!evicted)
			break;
		value_release(&h->map, value_of(h, evicted, 0));
		elems_put(&h->t.elems, current_slot(&h->map), evicted);
	}
	return err == -E2BIG && is_lru(&h->map) ? -ENOMEM : err;
}

static int hashtab_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	return update(hashtab_of(map), key, (struct source){ value, false }, flags);
}

static int hashtab_delete(struct map *map, const void *key)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t hash = htab_hash(&h->t, key);
	struct htab_bucket *b = htab_lock(&h->t, hash);
	struct htab_pos pos = htab_find_locked(&h->t, key, hash);

	if (pos.elem)
		htab_unlink(&h->t, &pos);
	htab_unlock(b);
	if (!pos.elem)
		return -ENOENT;
	hashtab_give_back(h, pos.elem);
	return 0;
}

static int hashtab_for_each(struct map *map, const struct map_each *each, uint64_t flags)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t bucket = 0, pos = 0, elem;
	int visited = 0;

	if (flags)
		return -EINVAL;
	while ((elem = htab_next(&h->t, &bucket, &pos))) {
		const uint64_t args[5] = {
			(uintptr_t)map, (uintptr_t)htab_at(&h->t, elem)->key,
			(uintptr_t)value_of(h, elem, current_slot(&h->map)), each->arg,
		};

		visited++;
		if (run_callback(each->prog, each->callback, args))
			break;
	}
	return visited;
}

/* --- bpf(2)'s side ---------------------------------------------------------------------------------------- */

int hashtab_next_key(struct map *map, const void *key, void *next)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t bucket = 0, pos = 0, elem;

	if (key && !htab_seek(&h->t, key, &bucket, &pos))
		bucket = pos = 0;
	elem = htab_next(&h->t, &bucket, &pos);
	if (!elem)
		return -ENOENT;
	value_copy(next, htab_at(&h->t, elem)->key, map->key_size);
	return 0;
}

static int percpu_user_lookup(struct map *map, const void *key, void *value, uint64_t flags)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t stride = value_stride(map);
	uint32_t elem = htab_find(&h->t, key);

	if (!elem)
		return -ENOENT;
	for (uint32_t slot = 0; slot < map->obj.engine->n_slots; slot++) {
		char *to = (char *)value + (size_t)slot * stride;

		memset(to, 0, stride);
		map_value_copy_padded(map, to, value_of(h, elem, slot));
	}
	return 0;
}

static int percpu_user_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	return update(hashtab_of(map), key, (struct source){ value, true }, flags);
}

static void user_copy(struct hashtab *h, uint32_t elem, void *value, uint64_t flags)
{
	uint32_t slots = h->planes ? h->map.obj.engine->n_slots : 1;

	for (uint32_t slot = 0; slot < slots; slot++) {
		void *to = (char *)value + (size_t)slot * value_stride(&h->map);
		void *at = value_of(h, elem, slot);

		memset(to, 0, h->planes ? value_stride(&h->map) : h->map.value_size);
		if (flags & BPF_F_LOCK)
			map_value_copy_locked(&h->map, to, at, at);
		else if (h->planes)
			map_value_copy_padded(&h->map, to, at);
		else
			map_value_copy(&h->map, to, at);
		map_value_clear_special(&h->map, to);
	}
}

static int hashtab_lookup_and_delete(struct map *map, const void *key, void *value, uint64_t flags)
{
	struct hashtab *h = hashtab_of(map);
	uint32_t hash = htab_hash(&h->t, key);
	struct htab_bucket *b = htab_lock(&h->t, hash);
	struct htab_pos pos = htab_find_locked(&h->t, key, hash);

	if (pos.elem) {
		user_copy(h, pos.elem, value, flags);
		htab_unlink(&h->t, &pos);
	}
	htab_unlock(b);
	if (!pos.elem)
		return -ENOENT;
	hashtab_give_back(h, pos.elem);
	return 0;
}

static int batch_bucket(struct map *map, uint32_t bucket, struct map_bucket *out)
{
	return hashtab_batch_bucket(hashtab_of(map), bucket, out, user_copy, NULL);
}

uint64_t hashtab_mem_usage(const struct map *map)
{
	return sizeof(struct hashtab) + hashtab_of((struct map *)map)->mem_bytes;
}

#define HASHTAB_OPS                                                                                \
	.alloc_bytes = sizeof(struct hashtab), .alloc_check = hashtab_alloc_check,                 \
	.alloc = hashtab_alloc, .free = hashtab_free, .update = hashtab_update,                    \
	.delete = hashtab_delete, .for_each = hashtab_for_each, .next_key = hashtab_next_key,      \
	.user_lookup_and_delete = hashtab_lookup_and_delete, .meta_equal = map_meta_equal,         \
	.check_btf = map_key_has_btf, .mem_usage = hashtab_mem_usage,                              \
	.batch = MAP_BATCH_UPDATE | MAP_BATCH_DELETE, .batch_bucket = batch_bucket

const struct map_ops htab_map_ops = {
	HASHTAB_OPS,
	.lookup = hashtab_lookup,
	.key_of = hashtab_key_of,
};

const struct map_ops htab_lru_map_ops = {
	HASHTAB_OPS,
	.lookup = lru_lookup,
	.key_of = hashtab_key_of,
};

const struct map_ops htab_lru_percpu_map_ops = {
	HASHTAB_OPS,
	.lookup = lru_percpu_lookup,
	.lookup_percpu = percpu_value,
	.user_lookup = percpu_user_lookup,
	.user_update = percpu_user_update,
};

const struct map_ops htab_percpu_map_ops = {
	HASHTAB_OPS,
	.lookup = percpu_lookup,
	.lookup_percpu = percpu_value,
	.user_lookup = percpu_user_lookup,
	.user_update = percpu_user_update,
};
