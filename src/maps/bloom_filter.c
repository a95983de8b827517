/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BLOOM_FILTER: a set of values that can say "surely not" and "probably". push sets k bits chosen by
 * the value, peek looks at them; nothing is ever taken out. Bits are set atomically, so no lock.
 * Source of sizes and errors: kernel/bpf/bloom_filter.c; which values collide differs (own hash).
 */
#include <errno.h>

#include "base/check.h"
#include "base/hash.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/engine.h"
#include "run/run.h"

enum { BLOOM_HASHES_DEFAULT = 5, BLOOM_HASHES_MAX = 15, WORD_BITS = 64 };

#define BLOOM_CREATE_FLAGS (BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | MAP_ACCESS_FLAGS)

struct bloom {
	struct map map;
	uint64_t *bits;
	uint32_t mask;     /* number of bits - 1 */
	uint32_t n_hashes; /* bits per value */
	uint32_t seed;
	uint64_t bytes;
};

static struct bloom *bloom_of(const struct map *map)
{
	return container_of(map, struct bloom, map);
}

static int bloom_alloc_check(const union bpf_attr *attr)
{
	if (attr->value_size > MAP_KMALLOC_BYTES_MAX)
		return -E2BIG;
	if (attr->key_size || !attr->value_size || !attr->max_entries ||
	    attr->map_flags & ~(uint32_t)BLOOM_CREATE_FLAGS ||
	    !map_flags_access_ok(attr->map_flags) || attr->map_extra > BLOOM_HASHES_MAX)
		return -EINVAL;
	return 0;
}

/* n * k / ln 2 bits, rounded up to a power of two; 7 / 5 stands for 1 / ln 2. */
static uint32_t bits_mask(uint32_t entries, uint32_t n_hashes)
{
	uint32_t n;

	if (check_mul(entries, n_hashes, &n) || check_mul(n / 5, 7u, &n) || n > 1u << 31)
		return UINT32_MAX;
	return (uint32_t)roundup_pow2_u64(MAX(n, (uint32_t)WORD_BITS)) - 1;
}

static int bloom_alloc(struct map *map, const union bpf_attr *attr)
{
	struct bloom *b = bloom_of(map);

	b->n_hashes = attr->map_extra ? (uint32_t)attr->map_extra : BLOOM_HASHES_DEFAULT;
	b->mask = bits_mask(map->max_entries, b->n_hashes);
	b->seed = map->flags & BPF_F_ZERO_SEED ? 0 : run_random(map->obj.engine);
	b->bytes = ((uint64_t)b->mask + 1) / 8;
	return map_mem_alloc(map, b->bytes, MAP_MEM_ENGINE, (void **)&b->bits);
}

static void bloom_free(struct map *map)
{
	struct bloom *b = bloom_of(map);

	if (b->bits)
		map_mem_free(map, b->bits, b->bytes);
	b->bits = NULL;
}

static uint32_t bit_of(const struct bloom *b, const void *value, uint32_t i)
{
	return hash_bytes(value, b->map.value_size, b->seed + i) & b->mask;
}

static int bloom_push(struct map *map, const void *value, uint64_t flags)
{
	struct bloom *b = bloom_of(map);

	if (flags != BPF_ANY)
		return -EINVAL;
	for (uint32_t i = 0; i < b->n_hashes; i++) {
		uint32_t bit = bit_of(b, value, i);

		__atomic_fetch_or(&b->bits[bit / WORD_BITS], UINT64_C(1) << bit % WORD_BITS,
				  __ATOMIC_RELAXED);
	}
	return 0;
}

static int bloom_peek(struct map *map, void *value)
{
	struct bloom *b = bloom_of(map);

	for (uint32_t i = 0; i < b->n_hashes; i++) {
		uint32_t bit = bit_of(b, value, i);

		if (!(__atomic_load_n(&b->bits[bit / WORD_BITS], __ATOMIC_RELAXED) >>
			      bit % WORD_BITS & 1))
			return -ENOENT;
	}
	return 0;
}

static int bloom_pop(struct map *map, void *value)
{
	return -EOPNOTSUPP;
}

static int bloom_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	return -EINVAL;
}

static int bloom_delete(struct map *map, const void *key)
{
	return -EOPNOTSUPP;
}

static int bloom_next_key(struct map *map, const void *key, void *next)
{
	return -EOPNOTSUPP;
}

static int bloom_check_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id)
{
	return key_type_id ? -EINVAL : 0;
}

static uint64_t bloom_mem_usage(const struct map *map)
{
	return sizeof(struct bloom) + bloom_of(map)->bytes;
}

const struct map_ops bloom_filter_map_ops = {
	.alloc_bytes = sizeof(struct bloom),
	.alloc_check = bloom_alloc_check,
	.alloc = bloom_alloc,
	.free = bloom_free,
	.push = bloom_push,
	.peek = bloom_peek,
	.pop = bloom_pop,
	.update = bloom_update,
	.delete = bloom_delete,
	.next_key = bloom_next_key,
	.check_btf = bloom_check_btf,
	.meta_equal = map_meta_equal,
	.mem_usage = bloom_mem_usage,
};
