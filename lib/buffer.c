/* SPDX-License-Identifier: BSD-2-Clause */
#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_ROOM_MIN 64

static void *or_die(void *memory)
{
	if (!memory) {
		fputs("skep: out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

void *xrealloc(void *old, size_t bytes)
{
	return or_die(realloc(old, bytes ? bytes : 1));
}

void *xcalloc(size_t n, size_t bytes)
{
	return or_die(calloc(n ? n : 1, bytes ? bytes : 1));
}

char *xstrdup(const char *text)
{
	return or_die(strdup(text));
}

char *xstrndup(const char *text, size_t bytes)
{
	return or_die(strndup(text, bytes));
}

char *xformat(const char *fmt, ...)
{
	struct buffer b = { 0 };
	va_list args;

	va_start(args, fmt);
	buffer_vformat(&b, fmt, args);
	va_end(args);
	return buffer_take(&b);
}

static void make_room(struct buffer *b, size_t bytes)
{
	size_t room = b->room ? b->room : BUFFER_ROOM_MIN;

	if (b->data && b->room - b->bytes > bytes)
		return;
	while (room - b->bytes <= bytes)
		room *= 2;
	b->data = xrealloc(b->data, room);
	b->room = room;
}

void buffer_add(struct buffer *b, const void *data, size_t bytes)
{
	make_room(b, bytes);
	if (bytes)
		memcpy(b->data + b->bytes, data, bytes);
	b->bytes += bytes;
	b->data[b->bytes] = '\0';
}

void buffer_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void buffer_vformat(struct buffer *b, const char *fmt, va_list args)
{
	va_list again;
	int bytes;

	va_copy(again, args);
	bytes = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (bytes < 0)
		return;
	make_room(b, bytes);
	vsnprintf(b->data + b->bytes, bytes + 1, fmt, args);
	b->bytes += bytes;
}

void buffer_format(struct buffer *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buffer_vformat(b, fmt, args);
	va_end(args);
}

char *buffer_take(struct buffer *b)
{
	char *text = b->data ? b->data : xstrdup("");

	*b = (struct buffer){ 0 };
	return text;
}

void buffer_reset(struct buffer *b)
{
	b->bytes = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buffer_deinit(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}
