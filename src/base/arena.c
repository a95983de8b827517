/* SPDX-License-Identifier: BSD-2-Clause */
/* See arena.h. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/check.h"

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	size_t at;   /* bytes of data in use */
	alignas(ARENA_ALIGN) unsigned char data[];
};

void arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena){ .limit = limit };
}

void arena_deinit(struct arena *a)
{
	struct arena_block *b = a->first;

	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
	arena_init(a, a->limit);
}

/* Links a new block of at least n bytes after cur (first of all, without one) and makes it cur. */
static int add_block(struct arena *a, size_t n)
{
	size_t size = n > ARENA_BLOCK_BYTES ? n : ARENA_BLOCK_BYTES;
	struct arena_block **link = a->cur ? &a->cur->next : &a->first;
	struct arena_block *b;
	size_t bytes;

	if (check_add(size, sizeof(*b), &bytes))
		return -1;
	b = mem_aligned(ARENA_ALIGN, bytes);
	if (!b)
		return -1;
	b->next = *link;
	b->size = size;
	b->at = 0;
	*link = b;
	a->cur = b;
	a->reserved += size;
	return 0;
}

/* Makes cur a block with n free bytes: this one, the next spare one, or a new one. */
static int ensure(struct arena *a, size_t n)
{
	struct arena_block *spare;

	if (a->cur && a->cur->size - a->cur->at >= n)
		return 0;
	spare = a->cur ? a->cur->next : a->first;
	if (spare && spare->size >= n) {
		spare->at = 0;
		a->cur = spare;
		return 0;
	}
	return add_block(a, n);
}

void *arena_alloc(struct arena *a, size_t n)
{
	uint64_t bytes, used;
	void *p;

	if (check_round_up(n ? n : 1, ARENA_ALIGN, &bytes) || check_add(a->used, bytes, &used))
		return NULL;
	if ((a->limit && used > a->limit) || mem_must_fail() || ensure(a, bytes))
		return NULL;
	p = a->cur->data + a->cur->at;
	a->cur->at += bytes;
	a->used = used;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	return p ? memset(p, 0, n) : NULL;
}

void *arena_dup(struct arena *a, const void *src, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p && n)
		memcpy(p, src, n);
	return p;
}

void arena_reset(struct arena *a)
{
	arena_pop(a, (struct arena_mark){ 0 });
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->cur, a->cur ? a->cur->at : 0, a->used };
}

void arena_pop(struct arena *a, struct arena_mark mark)
{
	a->cur = mark.block;
	if (a->cur)
		a->cur->at = mark.at;
	a->used = mark.used;
}
