/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct elems: a fixed number of equal elements in shared memory, given out and taken back
 * without locks. Elements are numbered from 1; 0 is none. Memory is touched on first use: numbers
 * never given out yet come last. A freed element may be given out again at once, while a reader
 * still looks at it, as the kernel's preallocated hash elements are.
 *
 * Free elements wait on one stack per CPU slot, so threads do not meet; who finds his own empty
 * looks through the others'. Every stack head carries a counter against ABA. All state is shared
 * memory: processes forked from one another give and take together.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct elem_stack {
	_Alignas(CACHE_LINE_BYTES) uint64_t head; /* count << 32 | element */
};

struct elems {
	char *base;               /* element 1 */
	size_t elem_bytes;        /* a multiple of 8 */
	uint32_t n;
	uint32_t n_stacks;
	uint32_t *untouched;      /* how many were ever given out */
	struct elem_stack *stacks;
};

/* First word of every element while it is free: the next free one. In use it is the owner's. */
struct elem_head {
	uint32_t next;
};

static inline void *elems_at(const struct elems *e, uint32_t i)
{
	return e->base + (size_t)(i - 1) * e->elem_bytes;
}

/* Bytes of bookkeeping for @n_stacks; elems_init() lays it out at @mem (zeroed, line aligned). */
size_t elems_state_bytes(uint32_t n_stacks);
void elems_init(struct elems *e, void *mem, char *base, size_t elem_bytes, uint32_t n,
		uint32_t n_stacks);

/* An element nobody has, preferring @slot's stack; 0: all are in use. */
uint32_t elems_get(struct elems *e, uint32_t slot);
void elems_put(struct elems *e, uint32_t slot, uint32_t i);

/* Takes all that are free, so that the caller can give back whatever it knows to be unused. No other
 * thread gives or takes meanwhile. Returns how many were ever given out: numbers 1 to that are used. */
uint32_t elems_take_all(struct elems *e);
