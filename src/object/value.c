/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/value.h"

#include <stdint.h>
#include <string.h>

#include "base/shlock.h"
#include "btf/fields.h"
#include "object/map.h"

/* Waits of 50 µs before a lock whose holder does not come back is taken over: 1 s and more. */
enum { LOCK_SLEEPS_MAX = 20000 };

_Static_assert(sizeof(struct shlock) == sizeof(struct bpf_spin_lock), "a lock fits into the value");

#define COPY_WORDS(type)                                                                           \
	for (; bytes >= sizeof(type); bytes -= sizeof(type)) {                                     \
		__atomic_store_n((type *)d, __atomic_load_n((const type *)s, __ATOMIC_RELAXED),    \
				 __ATOMIC_RELAXED);                                                \
		d += sizeof(type);                                                                 \
		s += sizeof(type);                                                                 \
	}

void value_copy(void *dst, const void *src, uint32_t bytes)
{
	uintptr_t both = (uintptr_t)dst | (uintptr_t)src;
	const uint8_t *s = src;
	uint8_t *d = dst;

	if (!(both & 7))
		COPY_WORDS(uint64_t);
	if (!(both & 3))
		COPY_WORDS(uint32_t);
	if (!(both & 1))
		COPY_WORDS(uint16_t);
	COPY_WORDS(uint8_t);
}

void map_value_copy(const struct map *map, void *dst, const void *src)
{
	uint32_t from = 0;

	for (uint32_t i = 0; map->record && i < map->record->cnt; i++) {
		const struct btf_field *field = &map->record->fields[i];

		value_copy((char *)dst + from, (const char *)src + from, field->offset - from);
		from = field->offset + field->size;
	}
	value_copy((char *)dst + from, (const char *)src + from, map->value_size - from);
}

void map_value_copy_padded(const struct map *map, void *dst, const void *src)
{
	uint32_t bytes = map->value_size, padded = (bytes + 7) & ~7u;

	map_value_copy(map, dst, src);
	value_copy((char *)dst + bytes, (const char *)src + bytes, padded - bytes);
}

void map_value_copy_locked(const struct map *map, void *dst, const void *src, void *locked)
{
	uint32_t *lock = (uint32_t *)((char *)locked + map->record->spin_lock_off);

	value_lock(lock);
	map_value_copy(map, dst, src);
	value_unlock(lock);
}

void map_value_clear_special(const struct map *map, void *value)
{
	for (uint32_t i = 0; map->record && i < map->record->cnt; i++)
		memset((char *)value + map->record->fields[i].offset, 0, map->record->fields[i].size);
}

/* The word may hold anything a client wrote there: then nobody unlocks it. */
void value_lock(uint32_t *lock)
{
	if (shlock_lock_within((struct shlock *)lock, LOCK_SLEEPS_MAX) == SHLOCK_TIMEOUT)
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

void value_unlock(uint32_t *lock)
{
	shlock_unlock((struct shlock *)lock);
}
