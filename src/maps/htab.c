/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps/htab.h"

#include <string.h>

#define TAG_LOW UINT64_C(0x0101010101010101)
#define TAG_HIGH UINT64_C(0x8080808080808080)

/* --- hashing and comparing keys, four bytes at a time ------------------------------------------- */

/* Programs write keys in words like this one. A compiler that joined two of these loads would make
 * every lookup wait for the stores to retire, and no two lookups would overlap: 3 times slower. */
static inline uint32_t word_at(const void *key, uint32_t off)
{
	uint32_t word;

	memcpy(&word, (const char *)key + off, sizeof(word));
	__asm__("" : "+r"(word));
	return word;
}

static inline uint32_t tail_at(const void *key, uint32_t off, uint32_t bytes)
{
	uint32_t word = 0;

	for (uint32_t i = 0; i < bytes; i++)
		word |= (uint32_t)((const uint8_t *)key)[off + i] << (8 * i);
	return word;
}

static inline uint64_t mix(uint64_t h, uint64_t x)
{
	__uint128_t p = (__uint128_t)(h ^ x) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/*
 * Functions named *_sized are compiled for the usual key sizes (a compile-time @bytes) and once for all
 * others: a third of a lookup's time is loops over the key.
 */
#define SIZED inline __attribute__((always_inline))

static SIZED uint32_t hash_sized(const struct htab *t, const void *key, uint32_t bytes)
{
	uint64_t h = t->seed ^ (uint64_t)bytes << 32;
	uint32_t off = 0;

	for (; off + 8 <= bytes; off += 8)
		h = mix(h, word_at(key, off) | (uint64_t)word_at(key, off + 4) << 32);
	if (off + 4 <= bytes) {
		h = mix(h, word_at(key, off));
		off += 4;
	}
	if (off < bytes)
		h = mix(h, tail_at(key, off, bytes - off) | UINT64_C(1) << 40);
	h = mix(h, UINT64_C(0xd6e8feb86659fd93));
	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

uint32_t htab_hash(const struct htab *t, const void *key)
{
	switch (t->key_bytes) {
	case 4:
		return hash_sized(t, key, 4);
	case 8:
		return hash_sized(t, key, 8);
	case 16:
		return hash_sized(t, key, 16);
	default:
		return hash_sized(t, key, t->key_bytes);
	}
}

/* @stored may change under us: read as relaxed atomics. */
static SIZED bool key_equal(const uint8_t *stored, const void *key, uint32_t bytes)
{
	uint32_t off = 0;

	for (; off + 4 <= bytes; off += 4) {
		if (__atomic_load_n((const uint32_t *)(stored + off), __ATOMIC_RELAXED) !=
		    word_at(key, off))
			return false;
	}
	for (; off < bytes; off++) {
		if (__atomic_load_n(stored + off, __ATOMIC_RELAXED) != ((const uint8_t *)key)[off])
			return false;
	}
	return true;
}

void htab_key_set(const struct htab *t, struct htab_elem *e, const void *key)
{
	uint32_t off = 0;

	for (; off + 4 <= t->key_bytes; off += 4)
		__atomic_store_n((uint32_t *)(e->key + off), word_at(key, off), __ATOMIC_RELAXED);
	for (; off < t->key_bytes; off++)
		__atomic_store_n(e->key + off, ((const uint8_t *)key)[off], __ATOMIC_RELAXED);
}

static inline uint8_t tag_of(uint32_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 24);

	return tag ? tag : 1;
}

/* High bit of each byte of @tags that may equal @tag; a false one costs a key comparison. */
static inline uint64_t tags_match(uint64_t tags, uint8_t tag)
{
	uint64_t x = tags ^ TAG_LOW * tag;

	return (x - TAG_LOW) & ~x & TAG_HIGH;
}

/* --- readers -------------------------------------------------------------------------------------- */

static SIZED uint32_t find_in_line(const struct htab *t, const struct htab_bucket *b,
				   const void *key, uint32_t bytes, uint32_t hash, uint32_t *slot)
{
	uint64_t match = tags_match(__atomic_load_n(&b->tags, __ATOMIC_ACQUIRE), tag_of(hash));

	for (; match; match &= match - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(match) / 8;
		uint32_t elem = __atomic_load_n(&b->elems[i], __ATOMIC_ACQUIRE);

		if (elem && key_equal(htab_at(t, elem)->key, key, bytes)) {
			*slot = i;
			return elem;
		}
	}
	return 0;
}

static uint32_t find_over(const struct htab *t, const struct htab_bucket *b, const void *key,
			  uint32_t *prev)
{
	uint32_t elem = __atomic_load_n(&b->over, __ATOMIC_ACQUIRE);

	*prev = 0;
	for (int steps = 0; elem && steps < HTAB_OVER_STEPS_MAX; steps++) {
		struct htab_elem *e = htab_at(t, elem);

		if (key_equal(e->key, key, t->key_bytes))
			return elem;
		*prev = elem;
		elem = __atomic_load_n(&e->next, __ATOMIC_ACQUIRE);
	}
	return 0;
}

static uint32_t find_patiently(const struct htab *t, const void *key, uint32_t hash)
{
	struct htab_bucket *b = htab_lock(t, hash);
	uint32_t elem = htab_find_locked(t, key, hash).elem;

	htab_unlock(b);
	return elem;
}

static SIZED uint32_t find_sized(const struct htab *t, const void *key, uint32_t bytes)
{
	uint32_t hash = hash_sized(t, key, bytes);
	const struct htab_bucket *b = htab_bucket(t, hash);
	uint32_t unused;

	for (int tries = 0; tries < HTAB_READ_TRIES; tries++) {
		uint32_t seq = __atomic_load_n(&b->seq, __ATOMIC_ACQUIRE);
		uint32_t elem = find_in_line(t, b, key, bytes, hash, &unused);

		if (likely(elem))
			return elem;
		if (unlikely(__atomic_load_n(&b->over, __ATOMIC_RELAXED)))
			elem = find_over(t, b, key, &unused);
		/* Order the reads above before the second look at seq. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (likely(__atomic_load_n(&b->seq, __ATOMIC_RELAXED) == seq))
			return elem;
	}
	return find_patiently(t, key, hash);
}

uint32_t htab_find(const struct htab *t, const void *key)
{
	switch (t->key_bytes) {
	case 4:
		return find_sized(t, key, 4);
	case 8:
		return find_sized(t, key, 8);
	case 16:
		return find_sized(t, key, 16);
	default:
		return find_sized(t, key, t->key_bytes);
	}
}

/* --- writers -------------------------------------------------------------------------------------- */

static void set_tag(struct htab_bucket *b, uint32_t slot, uint8_t tag)
{
	uint64_t tags = b->tags & ~(UINT64_C(0xff) << (8 * slot));

	__atomic_store_n(&b->tags, tags | (uint64_t)tag << (8 * slot), __ATOMIC_RELEASE);
}

/* Readers that were underway when the bucket changed will look again. */
static void bump_seq(struct htab_bucket *b)
{
	__atomic_store_n(&b->seq, b->seq + 1, __ATOMIC_RELEASE);
}

/* A writer died inside: tags and elements may disagree in one slot. The element it was about to
 * link or give back stays lost. */
static void bucket_repair(const struct htab *t, struct htab_bucket *b)
{
	for (uint32_t i = 0; i < HTAB_BUCKET_ELEMS; i++) {
		uint32_t elem = b->elems[i];

		if (elem)
			set_tag(b, i, tag_of(htab_at(t, elem)->hash));
		else
			set_tag(b, i, 0);
	}
	bump_seq(b);
}

struct htab_bucket *htab_lock(const struct htab *t, uint32_t hash)
{
	struct htab_bucket *b = htab_bucket(t, hash);

	if (unlikely(shlock_lock(&b->lock) == SHLOCK_RECOVERED))
		bucket_repair(t, b);
	return b;
}

void htab_unlock(struct htab_bucket *bucket)
{
	shlock_unlock(&bucket->lock);
}

struct htab_pos htab_find_locked(const struct htab *t, const void *key, uint32_t hash)
{
	struct htab_pos pos = { .bucket = htab_bucket(t, hash), .slot = HTAB_BUCKET_ELEMS };

	pos.elem = find_in_line(t, pos.bucket, key, t->key_bytes, hash, &pos.slot);
	if (!pos.elem && pos.bucket->over)
		pos.elem = find_over(t, pos.bucket, key, &pos.prev);
	return pos;
}

struct htab_pos htab_find_elem_locked(const struct htab *t, uint32_t elem, uint32_t hash)
{
	struct htab_pos pos = { .bucket = htab_bucket(t, hash) };

	for (; pos.slot < HTAB_BUCKET_ELEMS; pos.slot++) {
		if (pos.bucket->elems[pos.slot] == elem) {
			pos.elem = elem;
			return pos;
		}
	}
	for (uint32_t at = pos.bucket->over; at; at = htab_at(t, at)->next) {
		if (at == elem) {
			pos.elem = elem;
			return pos;
		}
		pos.prev = at;
	}
	return pos;
}

void htab_link(const struct htab *t, struct htab_bucket *b, uint32_t elem, uint32_t hash)
{
	struct htab_elem *e = htab_at(t, elem);

	e->hash = hash;
	__atomic_store_n(&e->used, 1, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < HTAB_BUCKET_ELEMS; i++) {
		if (b->elems[i])
			continue;
		__atomic_store_n(&b->elems[i], elem, __ATOMIC_RELEASE);
		set_tag(b, i, tag_of(hash));
		return;
	}
	__atomic_store_n(&e->next, b->over, __ATOMIC_RELAXED);
	__atomic_store_n(&b->over, elem, __ATOMIC_RELEASE);
}

static void set_over(const struct htab *t, const struct htab_pos *pos, uint32_t elem)
{
	uint32_t *link = pos->prev ? &htab_at(t, pos->prev)->next : &pos->bucket->over;

	__atomic_store_n(link, elem, __ATOMIC_RELEASE);
}

void htab_replace(const struct htab *t, const struct htab_pos *pos, uint32_t elem)
{
	struct htab_elem *old = htab_at(t, pos->elem);
	struct htab_elem *e = htab_at(t, elem);

	e->hash = old->hash;
	e->ref = old->ref;
	__atomic_store_n(&e->used, 1, __ATOMIC_RELAXED);
	if (pos->slot < HTAB_BUCKET_ELEMS) {
		__atomic_store_n(&pos->bucket->elems[pos->slot], elem, __ATOMIC_RELEASE);
	} else {
		__atomic_store_n(&e->next, old->next, __ATOMIC_RELAXED);
		set_over(t, pos, elem);
	}
	__atomic_store_n(&old->used, 0, __ATOMIC_RELAXED);
	bump_seq(pos->bucket);
}

void htab_unlink(const struct htab *t, const struct htab_pos *pos)
{
	struct htab_elem *e = htab_at(t, pos->elem);

	if (pos->slot < HTAB_BUCKET_ELEMS) {
		/* In this order: after a death in between, repair goes on with it. */
		__atomic_store_n(&pos->bucket->elems[pos->slot], 0, __ATOMIC_RELEASE);
		set_tag(pos->bucket, pos->slot, 0);
	} else {
		set_over(t, pos, e->next);
	}
	__atomic_store_n(&e->used, 0, __ATOMIC_RELAXED);
	bump_seq(pos->bucket);
}

/* --- iteration ------------------------------------------------------------------------------------ */

/* Positions 8 and up are behind `over`. */
uint32_t htab_bucket_next(const struct htab *t, const struct htab_bucket *b, uint32_t *pos)
{
	uint32_t n = HTAB_BUCKET_ELEMS;

	for (; *pos < HTAB_BUCKET_ELEMS; ++*pos) {
		if (b->elems[*pos])
			return b->elems[(*pos)++];
	}
	for (uint32_t elem = b->over; elem; elem = htab_at(t, elem)->next) {
		if (n++ == *pos) {
			++*pos;
			return elem;
		}
	}
	return 0;
}

uint32_t htab_next(const struct htab *t, uint32_t *bucket, uint32_t *pos)
{
	for (; *bucket <= t->mask; ++*bucket, *pos = 0) {
		struct htab_bucket *b = &t->buckets[*bucket];
		uint32_t elem;

		if (!__atomic_load_n(&b->tags, __ATOMIC_RELAXED) &&
		    !__atomic_load_n(&b->over, __ATOMIC_RELAXED))
			continue;
		htab_lock(t, *bucket);
		elem = htab_bucket_next(t, b, pos);
		htab_unlock(b);
		if (elem)
			return elem;
	}
	return 0;
}

bool htab_seek(const struct htab *t, const void *key, uint32_t *bucket, uint32_t *pos)
{
	uint32_t hash = htab_hash(t, key);
	struct htab_bucket *b = htab_lock(t, hash);
	struct htab_pos at = htab_find_locked(t, key, hash);
	uint32_t n = HTAB_BUCKET_ELEMS;

	*bucket = hash & t->mask;
	*pos = at.slot + 1;
	if (at.elem && at.slot == HTAB_BUCKET_ELEMS) {
		for (uint32_t e = b->over; e != at.elem; e = htab_at(t, e)->next)
			n++;
		*pos = n + 1;
	}
	htab_unlock(b);
	return at.elem != 0;
}
