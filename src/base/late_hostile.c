/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem_free_late() of the hostile build: the last TUNE_LATE_BLOCKS blocks lie in a ring, full of poison. A
 * block that is pushed out must still be full of it. One ring for the process, of which a fork's
 * child has a copy; nothing but tests runs this build.
 */
#include <assert.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hostile.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *ring[TUNE_LATE_BLOCKS];
static uint32_t next;

static void let_go(uint8_t *p)
{
	size_t bytes = malloc_usable_size(p);

	for (size_t i = 0; i < bytes; i++)
		assert(p[i] == MEM_POISON);
	free(p);
}

void mem_free_late(void *p)
{
	uint8_t *oldest;

	if (!p)
		return;
	memset(p, MEM_POISON, malloc_usable_size(p));
	pthread_mutex_lock(&lock);
	oldest = ring[next];
	ring[next] = p;
	next = (next + 1) % TUNE_LATE_BLOCKS;
	pthread_mutex_unlock(&lock);
	if (oldest)
		let_go(oldest);
}
