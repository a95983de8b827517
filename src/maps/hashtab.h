/* SPDX-License-Identifier: BSD-2-Clause */
/* struct hashtab: a map over struct htab, shared by the hash types and HASH_OF_MAPS. */
#pragma once

#include "maps/htab.h"
#include "object/map.h"

struct htab_spare {
	_Alignas(CACHE_LINE_BYTES) uint32_t elem;
};

struct hashtab {
	struct map map;
	struct htab t;
	char *mem;         /* one area: buckets, spares, hand, element state, elements, values */
	size_t mem_bytes;
	struct htab_spare *spares; /* one per slot */
	uint32_t *hand;    /* LRU: where the clock hand stands */
	char *planes;      /* per-CPU values; NULL: values are in the elements */
	size_t plane_bytes;
};

static inline struct hashtab *hashtab_of(struct map *map)
{
	return container_of(map, struct hashtab, map);
}


/* As in map_ops (hashtab.c). */
int hashtab_alloc_check(const union bpf_attr *attr);
int hashtab_alloc(struct map *map, const union bpf_attr *attr);
void hashtab_free(struct map *map);
int hashtab_next_key(struct map *map, const void *key, void *next);
uint64_t hashtab_mem_usage(const struct map *map);

/*
 * map_ops.batch_bucket of every hash type; @out NULL only asks whether there is such a bucket. The
 * type says how an element's value reaches the client, and what goes with an element deleted.
 */
int hashtab_batch_bucket(struct hashtab *h, uint32_t bucket, struct map_bucket *out,
			 void (*give)(struct hashtab *h, uint32_t elem, void *value, uint64_t flags),
			 void (*drop)(struct hashtab *h, uint32_t elem));

/* This slot's spare element for a replacement, or 0; and an unlinked element on its way back. */
uint32_t hashtab_spare_take(struct hashtab *h);
void hashtab_give_back(struct hashtab *h, uint32_t elem);
