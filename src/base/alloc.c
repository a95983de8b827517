/* SPDX-License-Identifier: BSD-2-Clause */
/* See alloc.h. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"

_Thread_local uint32_t mem_fail_at;

void *mem_alloc(size_t size)
{
	return mem_must_fail() ? NULL : malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
	return mem_calloc(1, size);
}

void *mem_calloc(size_t n, size_t size)
{
	size_t bytes;

	if (mem_must_fail() || check_mul(n, size, &bytes))
		return NULL;
	return calloc(1, bytes ? bytes : 1);
}

void *mem_realloc(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (mem_must_fail() || check_mul(n, size, &bytes))
		return NULL;
	return realloc(p, bytes ? bytes : 1);
}

/* align: a power of two; the result is not zeroed. */
void *mem_aligned(size_t align, size_t size)
{
	void *p = NULL;

	if (align < sizeof(void *))
		align = sizeof(void *);
	if (mem_must_fail() || posix_memalign(&p, align, size ? size : 1))
		return NULL;
	return p;
}

void *mem_dup(const void *p, size_t size)
{
	void *d = mem_alloc(size);

	if (d && size)
		memcpy(d, p, size);
	return d;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}
