/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bump allocator: many small things, freed together or back to a mark. Blocks are kept for
 * reuse after a reset or a pop, so a warm arena does not call malloc. Allocation is O(1); there
 * is no free of a single piece. An optional limit in bytes makes it answer NULL: the caller's
 * quota.
 */
#pragma once

#include <stddef.h>

#include "base/hostile.h"

struct arena_block;

struct arena {
	struct arena_block *first;
	struct arena_block *cur;  /* allocating here; later blocks are spare */
	size_t used;              /* bytes handed out since reset, with padding */
	size_t limit;             /* of used; 0: none */
	size_t reserved;          /* bytes of all blocks, spare ones too */
};

struct arena_mark {
	struct arena_block *block;
	size_t at;
	size_t used;
};

enum {
	ARENA_BLOCK_BYTES = TUNE_ARENA_BLOCK_BYTES, /* the least a block holds */
	ARENA_ALIGN = 16,              /* of everything handed out */
};

void arena_init(struct arena *a, size_t limit);
void arena_deinit(struct arena *a);

/* n bytes (0 gives a valid pointer), undefined contents; NULL when out of memory or over the
 * limit. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((warn_unused_result));
void *arena_zalloc(struct arena *a, size_t n) __attribute__((warn_unused_result));
void *arena_dup(struct arena *a, const void *p, size_t n) __attribute__((warn_unused_result));

/* Frees everything, keeps the blocks. */
void arena_reset(struct arena *a);

/* arena_pop() frees all that was allocated after the mark was taken. Marks nest. */
struct arena_mark arena_mark(const struct arena *a);
void arena_pop(struct arena *a, struct arena_mark mark);
