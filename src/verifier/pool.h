/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool: memory for verifier states, handed out in power-of-two sizes and taken back by free lists.
 *
 * A verification makes and drops hundreds of thousands of states; none of them is worth a malloc.
 * Blocks live until pool_deinit, which frees everything at once. Contents are undefined on
 * allocation. Not for threads. O(1) but for a new chunk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hostile.h"

#define POOL_CLASSES 26		 /* 32 bytes << 25 = 1 GiB */
#define POOL_CHUNK_BYTES ((size_t)TUNE_POOL_CHUNK_BYTES)

struct pool_chunk;
struct pool_block {
	struct pool_block *next;
};

struct pool {
	struct pool_chunk *chunks;
	char *bump, *bump_end;
	struct pool_block *free[POOL_CLASSES];
	size_t bytes, bytes_max; /* bytes_max 0: no limit */
	bool full;   /* an allocation went over bytes_max */
	bool failed; /* the system had no memory */
};

void pool_init(struct pool *p, size_t bytes_max);
void pool_deinit(struct pool *p);

/* NULL: out of memory, or past bytes_max. */
void *pool_alloc(struct pool *p, size_t bytes);
/* `bytes` as given to pool_alloc. NULL is fine. */
void pool_free(struct pool *p, void *block, size_t bytes);
/* What pool_alloc(bytes) really reserves: arrays grow to this for nothing. */
size_t pool_round(size_t bytes);
