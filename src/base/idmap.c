/* SPDX-License-Identifier: BSD-2-Clause */
/* See idmap.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/vec.h"

void idmap_init(struct idmap *m)
{
	*m = (struct idmap)IDMAP_INIT;
}

void idmap_deinit(struct idmap *m)
{
	assert(!m->n);
	free(m->entries);
	idmap_init(m);
}

/* The index of the first entry whose id is >= id. */
static size_t lower_bound(const struct idmap *m, uint32_t id)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->entries[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The least free id >= from, and in *at the index where it belongs; 0 when there is none. */
static uint32_t free_from(const struct idmap *m, uint32_t from, size_t *at)
{
	size_t i = lower_bound(m, from);

	for (; i < m->n && m->entries[i].id == from; i++)
		from++;
	*at = i;
	return from <= IDMAP_ID_MAX ? from : 0;
}

int idmap_alloc(struct idmap *m, void *ptr)
{
	size_t at;
	uint32_t id;

	assert(ptr);
	id = free_from(m, m->next ? m->next : 1, &at);
	if (!id)
		id = free_from(m, 1, &at);
	if (!id)
		return -ENOSPC;
	if (vec_reserve_raw((void **)&m->entries, &m->cap, m->n + 1, sizeof(*m->entries)))
		return -ENOMEM;
	memmove(&m->entries[at + 1], &m->entries[at], (m->n - at) * sizeof(*m->entries));
	m->entries[at] = (struct idmap_entry){ id, ptr };
	m->n++;
	m->next = id + 1;
	return (int)id;
}

void *idmap_get(const struct idmap *m, uint32_t id)
{
	size_t i = lower_bound(m, id);

	return i < m->n && m->entries[i].id == id ? m->entries[i].ptr : NULL;
}

void *idmap_del(struct idmap *m, uint32_t id)
{
	size_t i = lower_bound(m, id);
	void *ptr;

	if (i == m->n || m->entries[i].id != id)
		return NULL;
	ptr = m->entries[i].ptr;
	m->n--;
	memmove(&m->entries[i], &m->entries[i + 1], (m->n - i) * sizeof(*m->entries));
	return ptr;
}

const struct idmap_entry *idmap_next(const struct idmap *m, uint32_t after)
{
	size_t i = after == UINT32_MAX ? m->n : lower_bound(m, after + 1);

	return i < m->n ? &m->entries[i] : NULL;
}
