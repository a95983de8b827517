/* SPDX-License-Identifier: BSD-2-Clause */
/* See interp.h: the loop and what it needs beside it. */
#include <stdbool.h>
#include <string.h>

#include "interp/interp.h"
#include "interp/op.h"
#include "interp/probe.h"
#include "object/prog.h"
#include "object/prog_array.h"
#include "run/run.h"

/* RFC 9669 section 4.1: x / 0 is 0, x % 0 is x; the one overflow wraps around. */
static int64_t interp_sdiv64(int64_t a, int64_t b)
{
	if (b == 0)
		return 0;
	return b == -1 ? (int64_t)-(uint64_t)a : a / b;
}

static int32_t interp_sdiv32(int32_t a, int32_t b)
{
	if (b == 0)
		return 0;
	return b == -1 ? (int32_t)-(uint32_t)a : a / b;
}

static int64_t interp_smod64(int64_t a, int64_t b)
{
	if (b == 0)
		return a;
	return b == -1 ? 0 : a % b;
}

static int32_t interp_smod32(int32_t a, int32_t b)
{
	if (b == 0)
		return a;
	return b == -1 ? 0 : a % b;
}

/* The code that bpf_tail_call(ctx, map, index) goes on with, or NULL: it fails. */
static const struct interp_code *interp_tail_target(uint64_t map, uint64_t index)
{
	struct run_ctx *rc = run_current();
	const struct prog *prog;

	if (rc->tail_calls >= PROG_TAIL_CALLS_MAX)
		return NULL;
	prog = prog_array_get((struct map *)(uintptr_t)map, (uint32_t)index);
	if (!prog || prog->jited)
		return NULL;
	rc->tail_calls++;
	return prog->jit_info;
}

#define LOOP_NAME interp_loop
#define LOOP_LOAD(type, addr) __atomic_load_n((const type *)(uintptr_t)(addr), __ATOMIC_RELAXED)
#define LOOP_STORE(type, addr, value)                                                              \
	__atomic_store_n((type *)(uintptr_t)(addr), value, __ATOMIC_RELAXED)
#define LOOP_ATOMIC(type, addr) ((type *)(uintptr_t)(addr))
#define LOOP_PROBE(type, addr) interp_probe(addr, sizeof(type))
#include "interp/loop.inc"
