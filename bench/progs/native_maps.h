/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map types for one thread, as small and fast as they come: open addressing with the key beside the
 * value, a clock instead of an LRU list, a 16-8-8 table for prefixes of IPv4 addresses, a ring
 * without a reader. Every function is specialised by a constant struct native_traits.
 *
 * Memory is made by the first update, so a map must have been filled before it is looked up.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE_INLINE static inline __attribute__((always_inline))

struct native_traits {
	uint32_t type;
	uint32_t key_bytes;
	uint32_t value_bytes;
	uint32_t entries;
};

struct native_map {
	char *slots;
	uint32_t n;    /* hash: in use */
	uint32_t hand; /* LRU */
	uint32_t *wide;   /* LPM: by the first 16 bits: value number, or NATIVE_DEEPER | block */
	uint32_t *blocks; /* LPM: of 256, as `wide` */
	uint8_t *lengths; /* LPM: of the prefix that set wide or blocks; blocks follow wide */
	uint32_t n_blocks;
	uint64_t produced; /* ring */
};

#define NATIVE_DEEPER 0x80000000u

/* --- hash ------------------------------------------------------------------------------------------ */

struct native_slot {
	uint32_t used; /* 1; LRU: 2 when looked up since the hand passed */
	uint32_t hash;
	char key[]; /* then the value */
};

NATIVE_INLINE uint32_t native_slots(struct native_traits t)
{
	return 2u << (31 - __builtin_clz(t.entries | 1));
}

NATIVE_INLINE uint32_t native_slot_bytes(struct native_traits t)
{
	return (uint32_t)(sizeof(struct native_slot) + (t.key_bytes + 7) / 8 * 8 +
			  (t.value_bytes + 7) / 8 * 8);
}

NATIVE_INLINE struct native_slot *native_slot_at(struct native_traits t, struct native_map *map,
						 uint32_t i)
{
	return (struct native_slot *)(map->slots + (size_t)i * native_slot_bytes(t));
}

NATIVE_INLINE void *native_value(struct native_traits t, struct native_slot *slot)
{
	return slot->key + (t.key_bytes + 7) / 8 * 8;
}

/* Keys are read in the 4-byte words programs write them in: wider loads would wait for the stores. */
NATIVE_INLINE uint32_t native_hash(struct native_traits t, const void *key)
{
	uint64_t h = 0;

	for (uint32_t off = 0; off < t.key_bytes; off += 4) {
		uint32_t word;

		memcpy(&word, (const char *)key + off, 4);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

NATIVE_INLINE bool native_key_equal(struct native_traits t, const struct native_slot *slot,
				    const void *key)
{
	uint32_t differ = 0;

	for (uint32_t off = 0; off < t.key_bytes; off += 4) {
		uint32_t a, b;

		memcpy(&a, slot->key + off, 4);
		memcpy(&b, (const char *)key + off, 4);
		differ |= a ^ b;
	}
	return !differ;
}

NATIVE_INLINE struct native_slot *native_find(struct native_traits t, struct native_map *map,
					      const void *key, uint32_t hash)
{
	uint32_t mask = native_slots(t) - 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		struct native_slot *slot = native_slot_at(t, map, i);

		if (!slot->used || (slot->hash == hash && native_key_equal(t, slot, key)))
			return slot;
	}
}

/* Takes the slot at @hole out and moves those behind it up, so that no probe ends too early. */
NATIVE_INLINE void native_remove(struct native_traits t, struct native_map *map, uint32_t hole)
{
	uint32_t mask = native_slots(t) - 1;

	for (uint32_t i = (hole + 1) & mask;; i = (i + 1) & mask) {
		struct native_slot *slot = native_slot_at(t, map, i);

		if (!slot->used)
			break;
		if (((i - slot->hash) & mask) < ((i - hole) & mask))
			continue;
		memcpy(native_slot_at(t, map, hole), slot, native_slot_bytes(t));
		hole = i;
	}
	native_slot_at(t, map, hole)->used = 0;
	map->n--;
}

NATIVE_INLINE void native_evict(struct native_traits t, struct native_map *map)
{
	uint32_t mask = native_slots(t) - 1;

	for (;; map->hand++) {
		struct native_slot *slot = native_slot_at(t, map, map->hand & mask);

		if (slot->used == 1)
			break;
		slot->used = slot->used ? 1 : 0;
	}
	native_remove(t, map, map->hand & mask);
}

NATIVE_INLINE int native_hash_update(struct native_traits t, struct native_map *map,
				     const void *key, const void *value)
{
	uint32_t hash = native_hash(t, key);
	struct native_slot *slot;

	if (__builtin_expect(!map->slots, 0))
		map->slots = calloc(native_slots(t), native_slot_bytes(t));
	slot = native_find(t, map, key, hash);
	if (!slot->used) {
		if (map->n == t.entries) {
			if (t.type != BPF_MAP_TYPE_LRU_HASH)
				return -7;
			native_evict(t, map);
			slot = native_find(t, map, key, hash);
		}
		map->n++;
		slot->used = 1;
		slot->hash = hash;
		memcpy(slot->key, key, t.key_bytes);
	}
	memcpy(native_value(t, slot), value, t.value_bytes);
	return 0;
}

NATIVE_INLINE void *native_hash_lookup(struct native_traits t, struct native_map *map,
				       const void *key)
{
	struct native_slot *slot = native_find(t, map, key, native_hash(t, key));

	if (!slot->used)
		return NULL;
	if (t.type == BPF_MAP_TYPE_LRU_HASH && slot->used != 2)
		slot->used = 2;
	return native_value(t, slot);
}

NATIVE_INLINE int native_delete(struct native_traits t, struct native_map *map, const void *key)
{
	struct native_slot *slot = native_find(t, map, key, native_hash(t, key));

	if (!slot->used)
		return -2;
	native_remove(t, map, (uint32_t)(((char *)slot - map->slots) / native_slot_bytes(t)));
	return 0;
}

/* --- longest prefix: of 32 bits, 16 in one step, then 8 and 8 ---------------------------------------- */

enum { NATIVE_WIDE = 1 << 16, NATIVE_BLOCKS_MAX = 1 << 14 };

/* Gives entries [first, first + n) of a level to a value unless a longer prefix has them. */
static void native_lpm_set(struct native_map *map, uint32_t *level, uint32_t first, uint32_t n,
			   uint8_t length, uint32_t number)
{
	uint32_t base = level == map->wide ? 0 : NATIVE_WIDE;

	for (uint32_t i = first; i < first + n; i++) {
		if (level[i] & NATIVE_DEEPER) {
			native_lpm_set(map, map->blocks, (level[i] & ~NATIVE_DEEPER) * 256, 256,
				       length, number);
		} else if (map->lengths[base + i] <= length) {
			level[i] = number;
			map->lengths[base + i] = length;
		}
	}
}

static uint32_t native_lpm_block(struct native_map *map, uint32_t *level, uint32_t i)
{
	uint32_t base = level == map->wide ? 0 : NATIVE_WIDE;
	uint32_t block = map->n_blocks;

	if (level[i] & NATIVE_DEEPER)
		return (level[i] & ~NATIVE_DEEPER) * 256;
	if (block == NATIVE_BLOCKS_MAX)
		abort();
	map->n_blocks++;
	for (uint32_t j = 0; j < 256; j++) {
		map->blocks[block * 256 + j] = level[i];
		map->lengths[NATIVE_WIDE + block * 256 + j] = map->lengths[base + i];
	}
	level[i] = NATIVE_DEEPER | block;
	return block * 256;
}

static int native_lpm_update(struct native_traits t, struct native_map *map, const void *key,
			     const void *value)
{
	uint32_t length, address, block, number;

	memcpy(&length, key, 4);
	memcpy(&address, (const char *)key + 4, 4);
	address = __builtin_bswap32(address);
	if (!map->slots) {
		map->slots = calloc(t.entries + 1, t.value_bytes);
		map->wide = calloc(NATIVE_WIDE, 4);
		map->blocks = calloc(NATIVE_BLOCKS_MAX * 256, 4);
		map->lengths = calloc(NATIVE_WIDE + NATIVE_BLOCKS_MAX * 256, 1);
	}
	number = ++map->n;
	memcpy(map->slots + (size_t)number * t.value_bytes, value, t.value_bytes);
	if (length <= 16) {
		native_lpm_set(map, map->wide, address >> 16, 1u << (16 - length), (uint8_t)length,
			       number);
		return 0;
	}
	block = native_lpm_block(map, map->wide, address >> 16);
	if (length <= 24) {
		native_lpm_set(map, map->blocks, block + (address >> 8 & 255), 1u << (24 - length),
			       (uint8_t)length, number);
		return 0;
	}
	block = native_lpm_block(map, map->blocks, block + (address >> 8 & 255));
	native_lpm_set(map, map->blocks, block + (address & 255), 1u << (32 - length),
		       (uint8_t)length, number);
	return 0;
}

NATIVE_INLINE void *native_lpm_lookup(struct native_traits t, struct native_map *map,
				      const void *key)
{
	uint32_t address, n;

	memcpy(&address, (const char *)key + 4, 4);
	address = __builtin_bswap32(address);
	n = map->wide[address >> 16];
	if (n & NATIVE_DEEPER)
		n = map->blocks[(n & ~NATIVE_DEEPER) * 256 + (address >> 8 & 255)];
	if (n & NATIVE_DEEPER)
		n = map->blocks[(n & ~NATIVE_DEEPER) * 256 + (address & 255)];
	return n ? map->slots + (size_t)n * t.value_bytes : NULL;
}

/* --- arrays, and the choice between all ---------------------------------------------------------------- */

NATIVE_INLINE void *native_array_lookup(struct native_traits t, struct native_map *map,
					const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i < t.entries ? map->slots + (size_t)i * t.value_bytes : NULL;
}

NATIVE_INLINE void *native_lookup(struct native_traits t, struct native_map *map, const void *key)
{
	switch (t.type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return native_array_lookup(t, map, key);
	case BPF_MAP_TYPE_LPM_TRIE:
		return native_lpm_lookup(t, map, key);
	default:
		return native_hash_lookup(t, map, key);
	}
}

NATIVE_INLINE int native_update(struct native_traits t, struct native_map *map, const void *key,
				const void *value)
{
	switch (t.type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		if (!map->slots)
			map->slots = calloc(t.entries, t.value_bytes);
		memcpy(native_array_lookup(t, map, key), value, t.value_bytes);
		return 0;
	case BPF_MAP_TYPE_LPM_TRIE:
		return native_lpm_update(t, map, key, value);
	default:
		return native_hash_update(t, map, key, value);
	}
}

/* --- ring: nobody reads, so the oldest records are written over --------------------------------------- */

NATIVE_INLINE void *native_ring_reserve(struct native_map *map, uint32_t ring_bytes,
					uint32_t bytes)
{
	uint32_t span = 8 + (bytes + 7) / 8 * 8;
	uint64_t at = map->produced & (ring_bytes - 1);
	uint32_t *header;

	if (__builtin_expect(!map->slots, 0))
		map->slots = calloc(1, ring_bytes + 4096);
	header = (uint32_t *)(map->slots + at);
	*header = bytes | 1u << 31;
	map->produced += span;
	return header + 2;
}

NATIVE_INLINE void native_ring_submit(void *record)
{
	uint32_t *header = (uint32_t *)record - 2;

	__atomic_store_n(header, *header & ~(1u << 31), __ATOMIC_RELEASE);
}
