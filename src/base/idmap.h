/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids for objects: id -> non-NULL pointer, ids given out cyclically as idr_alloc_cyclic() does in
 * the kernel: a freed id is not given again before the counter has gone round. Lookup by id and
 * "next id after" are O(log n) in a sorted array; allocation appends and is O(1) until the
 * counter wraps, O(n) then; release is O(n) moves. Ids are 1 .. IDMAP_ID_MAX. No locking.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { IDMAP_ID_MAX = INT32_MAX - 1 };

struct idmap_entry {
	uint32_t id;
	void *ptr;
};

struct idmap {
	struct idmap_entry *entries; /* sorted by id */
	size_t n;
	size_t cap;
	uint32_t next; /* where the next search starts; 0 stands for 1 */
};

#define IDMAP_INIT { NULL, 0, 0, 0 }

void idmap_init(struct idmap *m);
void idmap_deinit(struct idmap *m); /* asserts that it is empty */

/* The new id of ptr (> 0), -ENOMEM, or -ENOSPC when every id is taken. */
int idmap_alloc(struct idmap *m, void *ptr);

/* The pointer, or NULL. */
void *idmap_get(const struct idmap *m, uint32_t id);

/* Frees the id: the pointer it had, or NULL. */
void *idmap_del(struct idmap *m, uint32_t id);

/* The entry with the least id > after (any uint32_t), or NULL. Valid until the next change. */
const struct idmap_entry *idmap_next(const struct idmap *m, uint32_t after);
