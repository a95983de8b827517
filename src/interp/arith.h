/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loop needs beside it: arithmetic C leaves undefined, and where tail calls lead. */
#pragma once

#include <stdint.h>

#include "interp/op.h"
#include "object/prog.h"
#include "object/prog_array.h"
#include "run/run.h"

/* The loop has hundreds of indirect jumps: clang takes half a minute to add coverage to them. */
#ifdef __clang__
#define INTERP_NO_COVERAGE __attribute__((no_sanitize("coverage")))
#else
#define INTERP_NO_COVERAGE
#endif

/* RFC 9669 section 4.1: x / 0 is 0, x % 0 is x; the one overflow wraps around. */
static inline int64_t interp_sdiv64(int64_t a, int64_t b)
{
	if (b == 0)
		return 0;
	return b == -1 ? (int64_t)-(uint64_t)a : a / b;
}

static inline int32_t interp_sdiv32(int32_t a, int32_t b)
{
	if (b == 0)
		return 0;
	return b == -1 ? (int32_t)-(uint32_t)a : a / b;
}

static inline int64_t interp_smod64(int64_t a, int64_t b)
{
	if (b == 0)
		return a;
	return b == -1 ? 0 : a % b;
}

static inline int32_t interp_smod32(int32_t a, int32_t b)
{
	if (b == 0)
		return a;
	return b == -1 ? 0 : a % b;
}

/* The code that bpf_tail_call(ctx, map, index) goes on with in @loop, or NULL: it fails. */
static inline const struct interp_code *interp_tail_target(uint64_t map, uint64_t index,
							   interp_loop_fn loop)
{
	struct run_ctx *rc = run_current();
	const struct interp_code *code;
	const struct prog *prog;

	if (rc->tail_calls >= PROG_TAIL_CALLS_MAX)
		return NULL;
	prog = prog_array_get((struct map *)(uintptr_t)map, (uint32_t)index);
	if (!prog || prog->jited)
		return NULL;
	code = prog->jit_info;
	if (code->loop != loop)
		return NULL;
	rc->tail_calls++;
	return code;
}
