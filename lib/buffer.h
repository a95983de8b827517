/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing run of bytes, and text appended to it; and a growing array. Running out of memory ends
 * the tool with a sentence: there is nothing it could do better.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *data; /* NUL behind the last byte once anything was added; NULL before */
	size_t bytes;
	size_t room;
};

void *xrealloc(void *old, size_t bytes);
void *xcalloc(size_t n, size_t bytes);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t bytes);
char *xformat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Makes room for one more in an array of @n elements that grows by doubling. */
#define array_grow(array, n)                                                                       \
	do {                                                                                       \
		if (((n) & ((n)-1)) == 0)                                                          \
			(array) = xrealloc((array), ((n) ? (n)*2 : 1) * sizeof(*(array)));         \
	} while (0)

void buffer_add(struct buffer *b, const void *data, size_t bytes);
void buffer_text(struct buffer *b, const char *text);
void buffer_format(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buffer_vformat(struct buffer *b, const char *fmt, va_list args);
/* The text added so far ("" when none), the caller's to free(); @b is empty after. */
char *buffer_take(struct buffer *b);
/* The text added so far, the buffer's own; "" when none. */
static inline const char *buffer_string(const struct buffer *b)
{
	return b->data ? b->data : "";
}

void buffer_reset(struct buffer *b);
void buffer_deinit(struct buffer *b);
