/* SPDX-License-Identifier: BSD-2-Clause */
#include "random_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

uint32_t random_text_pick(struct random_text *t, uint32_t n)
{
	t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(t->seed >> 33) % n;
}

void random_text_put(struct random_text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->text + t->used, RANDOM_TEXT_BYTES - t->used, fmt, args);
	va_end(args);
	t->used += (size_t)n;
	assert(t->used < RANDOM_TEXT_BYTES);
}
