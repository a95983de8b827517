/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define POOL_MIN_SHIFT 5

struct pool_chunk {
	struct pool_chunk *next;
	size_t bytes;
	_Alignas(32) char data[];
};

static unsigned size_class(size_t bytes)
{
	if (bytes <= (1u << POOL_MIN_SHIFT))
		return 0;
	return 64 - POOL_MIN_SHIFT - __builtin_clzl(bytes - 1);
}

void pool_init(struct pool *p, size_t bytes_max)
{
	memset(p, 0, sizeof(*p));
	p->bytes_max = bytes_max;
}

void pool_deinit(struct pool *p)
{
	struct pool_chunk *c = p->chunks, *next;

	for (; c; c = next) {
		next = c->next;
		free(c);
	}
	memset(p, 0, sizeof(*p));
}

size_t pool_round(size_t bytes)
{
	return (size_t)1 << (size_class(bytes) + POOL_MIN_SHIFT);
}

static struct pool_chunk *chunk_new(struct pool *p, size_t bytes)
{
	struct pool_chunk *c;

	if (p->bytes_max && p->bytes + bytes > p->bytes_max) {
		p->full = true;
		return NULL;
	}
	c = mem_aligned(32, (sizeof(*c) + bytes + 31) & ~(size_t)31);
	if (!c) {
		p->failed = true;
		return NULL;
	}
	c->next = p->chunks;
	c->bytes = bytes;
	p->chunks = c;
	p->bytes += bytes;
	return c;
}

void *pool_alloc(struct pool *p, size_t bytes)
{
	unsigned class = size_class(bytes);
	size_t size = (size_t)1 << (class + POOL_MIN_SHIFT);
	struct pool_block *b;
	struct pool_chunk *c;
	void *ret;

	if (class >= POOL_CLASSES)
		return NULL;
	b = p->free[class];
	if (b) {
		p->free[class] = b->next;
		return b;
	}
	if (size > POOL_CHUNK_BYTES / 4) {
		c = chunk_new(p, size);
		return c ? c->data : NULL;
	}
	if ((size_t)(p->bump_end - p->bump) < size) {
		c = chunk_new(p, POOL_CHUNK_BYTES);
		if (!c)
			return NULL;
		p->bump = c->data;
		p->bump_end = c->data + POOL_CHUNK_BYTES;
	}
	ret = p->bump;
	p->bump += size;
	return ret;
}

void pool_free(struct pool *p, void *block, size_t bytes)
{
	struct pool_block *b = block;
	unsigned class = size_class(bytes);

	if (!b)
		return;
	assert(class < POOL_CLASSES);
	b->next = p->free[class];
	p->free[class] = b;
}
