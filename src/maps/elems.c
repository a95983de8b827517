/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps/elems.h"

#include <assert.h>
#include <stdbool.h>

size_t elems_state_bytes(uint32_t n_stacks)
{
	return CACHE_LINE_BYTES + (size_t)n_stacks * sizeof(struct elem_stack);
}

void elems_init(struct elems *e, void *mem, char *base, size_t elem_bytes, uint32_t n,
		uint32_t n_stacks)
{
	assert(elem_bytes % 8 == 0 && n_stacks > 0);
	*e = (struct elems){
		.base = base,
		.elem_bytes = elem_bytes,
		.n = n,
		.n_stacks = n_stacks,
		.untouched = mem,
		.stacks = (struct elem_stack *)((char *)mem + CACHE_LINE_BYTES),
	};
}

static uint32_t stack_pop(struct elems *e, struct elem_stack *stack)
{
	uint64_t head = __atomic_load_n(&stack->head, __ATOMIC_ACQUIRE);

	while ((uint32_t)head) {
		struct elem_head *top = elems_at(e, (uint32_t)head);
		uint64_t next = __atomic_load_n(&top->next, __ATOMIC_RELAXED);

		next |= ((head >> 32) + 1) << 32;
		if (__atomic_compare_exchange_n(&stack->head, &head, next, true, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return (uint32_t)head;
	}
	return 0;
}

static uint32_t take_untouched(struct elems *e)
{
	uint32_t used = __atomic_load_n(e->untouched, __ATOMIC_RELAXED);

	while (used < e->n) {
		if (__atomic_compare_exchange_n(e->untouched, &used, used + 1, true,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return used + 1;
	}
	return 0;
}

uint32_t elems_get(struct elems *e, uint32_t slot)
{
	uint32_t own = slot % e->n_stacks;
	uint32_t i = stack_pop(e, &e->stacks[own]);

	if (likely(i))
		return i;
	i = take_untouched(e);
	for (uint32_t s = 0; !i && s < e->n_stacks; s++)
		i = stack_pop(e, &e->stacks[s]);
	return i;
}

void elems_put(struct elems *e, uint32_t slot, uint32_t i)
{
	struct elem_stack *stack = &e->stacks[slot % e->n_stacks];
	struct elem_head *elem = elems_at(e, i);
	uint64_t head = __atomic_load_n(&stack->head, __ATOMIC_RELAXED);
	uint64_t next;

	assert(i && i <= e->n);
	do {
		__atomic_store_n(&elem->next, (uint32_t)head, __ATOMIC_RELAXED);
		next = ((head >> 32) + 1) << 32 | i;
	} while (!__atomic_compare_exchange_n(&stack->head, &head, next, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
}

/* The counts go on: they tell heads of then and now apart. */
uint32_t elems_take_all(struct elems *e)
{
	for (uint32_t s = 0; s < e->n_stacks; s++)
		__atomic_store_n(&e->stacks[s].head, e->stacks[s].head & ~(uint64_t)UINT32_MAX,
				 __ATOMIC_RELEASE);
	return MIN(__atomic_load_n(e->untouched, __ATOMIC_RELAXED), e->n);
}
