/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of a program, and the arrays of programs attached to one hook. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/macros.h"

__thread struct run_ctx *run_current_ctx __attribute__((tls_model("initial-exec")));

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Kept out of the way of run_prog(): statistics are off by default, as in the kernel. */
static uint64_t __attribute__((noinline)) run_counted(const struct prog *prog, void *ctx)
{
	struct prog_stats *stats = (struct prog_stats *)&prog->stats;
	uint64_t start = now_ns();
	uint64_t ret = prog->run(ctx, prog);

	atomic_fetch_add_explicit(&stats->run_cnt, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&stats->run_time_ns, now_ns() - start, memory_order_relaxed);
	return ret;
}

uint64_t run_prog(const struct prog *prog, void *ctx, struct run_ctx *rc)
{
	uint64_t ret;

	rc->prog = prog;
	rc->ctx = ctx;
	rc->stack_top = (uintptr_t)__builtin_frame_address(0);
	run_push(rc);
	if (unlikely(atomic_load_explicit(&rc->engine->stats_enabled, memory_order_relaxed)))
		ret = run_counted(prog, ctx);
	else
		ret = prog->run(ctx, prog);
	run_pop(rc);
	return ret;
}

struct run_array *run_array_new(uint32_t n)
{
	struct run_array *array = mem_zalloc(sizeof(*array) + n * sizeof(array->items[0]));

	if (array)
		array->n = n;
	return array;
}

struct run_array *run_array_add(const struct run_array *old, struct run_array_item item,
				uint32_t pos)
{
	uint32_t n = old ? old->n : 0;
	struct run_array *array = run_array_new(n + 1);

	if (!array)
		return NULL;
	pos = MIN(pos, n);
	if (old) {
		memcpy(array->items, old->items, pos * sizeof(item));
		memcpy(array->items + pos + 1, old->items + pos, (n - pos) * sizeof(item));
	}
	array->items[pos] = item;
	return array;
}

struct run_array *run_array_del(const struct run_array *old, const struct bpf_link *link)
{
	struct run_array *array;
	uint32_t n = 0;

	for (uint32_t i = 0; i < old->n; i++)
		n += old->items[i].link != link;
	if (!n)
		return NULL;
	array = run_array_new(n);
	if (!array)
		return NULL;
	for (uint32_t i = 0, j = 0; i < old->n; i++)
		if (old->items[i].link != link)
			array->items[j++] = old->items[i];
	return array;
}

static void array_free(struct epoch_node *node)
{
	mem_free_late(container_of(node, struct run_array, node));
}

void run_array_free_deferred(struct engine *engine, struct run_array *old)
{
	if (old)
		epoch_defer(engine, &old->node, array_free);
}
