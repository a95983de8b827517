/* SPDX-License-Identifier: BSD-2-Clause */
/* See u64map.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/u64map.h"

enum { U64MAP_CAP_MIN = 16 };

void u64map_init(struct u64map *m)
{
	*m = (struct u64map)U64MAP_INIT;
}

void u64map_deinit(struct u64map *m)
{
	free(m->slots);
	u64map_init(m);
}

/* The slot of key, or the free one where it would go; cap > 0 and one slot is free. */
static size_t find(const struct u64map *m, uint64_t key)
{
	size_t i = hash_u64(key) & (m->cap - 1);

	while (m->slots[i].value && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

void *u64map_get(const struct u64map *m, uint64_t key)
{
	return m->cap ? m->slots[find(m, key)].value : NULL;
}

static int grow(struct u64map *m)
{
	struct u64map bigger = { NULL, m->n, m->cap ? m->cap * 2 : U64MAP_CAP_MIN };

	bigger.slots = mem_calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].value)
			bigger.slots[find(&bigger, m->slots[i].key)] = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
	return 0;
}

int u64map_put(struct u64map *m, uint64_t key, void *value)
{
	size_t i;

	assert(value);
	if ((m->n + 1) * 4 > m->cap * 3) {
		int err = grow(m);

		if (err)
			return err;
	}
	i = find(m, key);
	if (!m->slots[i].value)
		m->n++;
	m->slots[i] = (struct u64map_slot){ key, value };
	return 0;
}

/* Closes the hole at i by moving back each later entry of the run whose home is not after the
 * hole. */
static void close_hole(struct u64map *m, size_t i)
{
	size_t mask = m->cap - 1;

	for (size_t j = (i + 1) & mask; m->slots[j].value; j = (j + 1) & mask) {
		size_t home = hash_u64(m->slots[j].key) & mask;

		if (((j - home) & mask) >= ((j - i) & mask)) {
			m->slots[i] = m->slots[j];
			i = j;
		}
	}
	m->slots[i].value = NULL;
}

void *u64map_del(struct u64map *m, uint64_t key)
{
	void *old;
	size_t i;

	if (!m->cap)
		return NULL;
	i = find(m, key);
	old = m->slots[i].value;
	if (!old)
		return NULL;
	close_hole(m, i);
	m->n--;
	return old;
}

struct u64map_slot *u64map_next(const struct u64map *m, size_t *pos)
{
	while (*pos < m->cap) {
		struct u64map_slot *s = &m->slots[(*pos)++];

		if (s->value)
			return s;
	}
	return NULL;
}
