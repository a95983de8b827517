/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocation: malloc and friends with checked sizes, and a way for tests to make the Nth one fail.
 * All engine code allocates through these. The cost beside malloc is one predicted branch on a
 * thread-local counter. Not here: quotas and accounting (object/), arenas (base/arena.h).
 * Memory is released with plain free().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Fault injection for tests, per thread. 0: off. N: the Nth allocation from now fails, once, and
 * the counter is off again. A loop "N = 1, 2, ... until the call succeeds" visits every failure
 * path.
 */
extern _Thread_local uint32_t mem_fail_at;

/* True when this allocation is the one that must fail. */
static inline int mem_must_fail(void)
{
	return __builtin_expect(mem_fail_at != 0, 0) && --mem_fail_at == 0;
}

/* Each returns NULL when out of memory or when n * size overflows. A size of 0 yields a unique
 * pointer. The contents of mem_alloc and of the grown part of mem_realloc are undefined. */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result));
void *mem_zalloc(size_t size) __attribute__((malloc, warn_unused_result));
void *mem_calloc(size_t n, size_t size) __attribute__((malloc, warn_unused_result));
void *mem_realloc(void *p, size_t n, size_t size) __attribute__((warn_unused_result));
void *mem_aligned(size_t align, size_t size) __attribute__((malloc, warn_unused_result));
void *mem_dup(const void *p, size_t size) __attribute__((malloc, warn_unused_result));
char *mem_strdup(const char *s) __attribute__((malloc, warn_unused_result));

/*
 * free(), for what readers may have seen until a moment ago (run/epoch.h). The hostile build fills it
 * with MEM_POISON and keeps it from being used again for a while: a reader that was not waited for
 * meets poison, and a writer is found when the memory is let go (late_hostile.c).
 */
#define MEM_POISON 0xd7
void mem_free_late(void *p);
