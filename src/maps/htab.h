/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct htab: the table under HASH, PERCPU_HASH and LRU_HASH. Everything it points to is shared
 * memory, so processes forked from one another use one table.
 *
 *   bucket (one cache line)                        element (elems.h)
 *   | lock | seq | 8 tags | 8 elements | over |    | next | hash | used | ref | key … | value … |
 *                                         |            ^
 *                                         +------------+--> further elements of a full bucket
 *
 * A tag is one byte of the hash, never 0 in use: most misses end in the bucket's one cache line,
 * a hit reads one more. The key is read in 4-byte words, as programs wrote it (wider loads would
 * wait for the stores to retire).
 *
 * Readers take no lock. A writer holds the bucket's lock, publishes with release stores, and bumps
 * seq before an element that left the bucket can be given out again; a reader that found nothing
 * (or found it behind `over`) looks at seq once more and tries again if it moved. A freed element
 * is reused at once: a program still holding a pointer to its value may see another key's, as in
 * the kernel's preallocated tables.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hostile.h"
#include "base/macros.h"
#include "base/shlock.h"
#include "maps/elems.h"

enum {
	HTAB_BUCKET_ELEMS = 8,
	HTAB_BUCKET_FILL = TUNE_BUCKET_FILL,        /* elements per bucket when the map is full */
	HTAB_READ_TRIES = TUNE_READ_TRIES,        /* before a reader takes the lock */
	HTAB_OVER_STEPS_MAX = 4096,  /* a chain read longer than this is being changed */
};

struct htab_bucket {
	_Alignas(CACHE_LINE_BYTES) struct shlock lock;
	uint32_t seq;
	uint64_t tags;
	uint32_t elems[HTAB_BUCKET_ELEMS];
	uint32_t over;
};

struct htab_elem {
	uint32_t next; /* free: the stack's; in use: the next behind `over` */
	uint32_t hash;
	uint8_t used;
	uint8_t ref; /* LRU: looked up since the hand last passed */
	uint16_t unused[3];
	_Alignas(8) uint8_t key[]; /* key_size, padded to 8; then the value */
};

struct htab {
	struct htab_bucket *buckets;
	uint32_t mask; /* buckets - 1 */
	uint32_t seed;
	uint32_t key_bytes;
	uint32_t value_off; /* from the element's start */
	struct elems elems;
};

/* Where an element stands: what find_locked gives and unlink and replace take. */
struct htab_pos {
	struct htab_bucket *bucket;
	uint32_t slot;  /* < HTAB_BUCKET_ELEMS, or == it: behind `over` */
	uint32_t prev;  /* behind `over`: the element before it; 0: it is the first */
	uint32_t elem;  /* 0: not found */
};

uint32_t htab_hash(const struct htab *t, const void *key);

static inline struct htab_bucket *htab_bucket(const struct htab *t, uint32_t hash)
{
	return &t->buckets[hash & t->mask];
}

static inline struct htab_elem *htab_at(const struct htab *t, uint32_t elem)
{
	return elems_at(&t->elems, elem);
}

static inline void *htab_value(const struct htab *t, struct htab_elem *e)
{
	return (char *)e + t->value_off;
}

/* The element's number, or 0. No lock; inside an epoch. */
uint32_t htab_find(const struct htab *t, const void *key);

/* Writes the key of an element that is in no bucket. */
void htab_key_set(const struct htab *t, struct htab_elem *e, const void *key);

/* Locks the bucket; after a dead owner it first drops what was left half done. */
struct htab_bucket *htab_lock(const struct htab *t, uint32_t hash);
void htab_unlock(struct htab_bucket *bucket);

/* With the bucket locked: */
struct htab_pos htab_find_locked(const struct htab *t, const void *key, uint32_t hash);
struct htab_pos htab_find_elem_locked(const struct htab *t, uint32_t elem, uint32_t hash);
void htab_link(const struct htab *t, struct htab_bucket *bucket, uint32_t elem, uint32_t hash);
void htab_replace(const struct htab *t, const struct htab_pos *pos, uint32_t elem);
/* After it the element may be given back. */
void htab_unlink(const struct htab *t, const struct htab_pos *pos);

/*
 * Iteration: the first used element at or after position *pos (0 starts) of bucket *bucket, both
 * moved past it; 0 at the end. Elements that stay are seen exactly once.
 */
uint32_t htab_next(const struct htab *t, uint32_t *bucket, uint32_t *pos);

/* With the bucket locked: its element at position *pos or the next one, and *pos moved past it. */
uint32_t htab_bucket_next(const struct htab *t, const struct htab_bucket *b, uint32_t *pos);

/* The cursor just past the element of @key; false when the key is not there. */
bool htab_seek(const struct htab *t, const void *key, uint32_t *bucket, uint32_t *pos);
