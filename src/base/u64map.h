/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table from uint64_t to a non-NULL pointer, which it does not own. Open addressing, linear
 * probing, load <= 3/4, deletion by shifting back: no tombstones. O(1) expected. No locking; any
 * insertion or deletion may move every entry.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct u64map_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

struct u64map {
	struct u64map_slot *slots;
	size_t n;
	size_t cap; /* 0 or a power of two */
};

#define U64MAP_INIT { NULL, 0, 0 }

void u64map_init(struct u64map *m);
void u64map_deinit(struct u64map *m); /* frees the table, not the values */

void *u64map_get(const struct u64map *m, uint64_t key);

/* Sets key to value (not NULL), replacing what was there. 0 or -ENOMEM. */
int u64map_put(struct u64map *m, uint64_t key, void *value);

/* Removes key: the value it had, or NULL. */
void *u64map_del(struct u64map *m, uint64_t key);

/* Steps through entries in no order: *pos from 0, NULL at the end. Nothing may change meanwhile. */
struct u64map_slot *u64map_next(const struct u64map *m, size_t *pos);
