/* SPDX-License-Identifier: BSD-2-Clause */
/* See strbuf.h. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/hostile.h"
#include "base/strbuf.h"

enum { STRBUF_CAP_MIN = TUNE_CAP_MIN };

void strbuf_init(struct strbuf *sb)
{
	*sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_deinit(struct strbuf *sb)
{
	free(sb->data);
	strbuf_init(sb);
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->err = 0;
	if (sb->data)
		sb->data[0] = '\0';
}

void strbuf_truncate(struct strbuf *sb, size_t len)
{
	assert(len <= sb->len);
	sb->len = len;
	if (sb->data)
		sb->data[len] = '\0';
}

/* Room for n more bytes and the NUL. */
static int reserve(struct strbuf *sb, size_t n)
{
	size_t need;
	size_t want = sb->cap ? sb->cap : STRBUF_CAP_MIN;
	char *grown;

	if (sb->err)
		return sb->err;
	if (check_add(sb->len, n, &need) || check_add(need, 1, &need))
		return sb->err = -ENOMEM;
	if (need <= sb->cap)
		return 0;
	while (want < need && !check_mul(want, 2, &want))
		;
	if (want < need)
		want = need;
	grown = mem_realloc(sb->data, want, 1);
	if (!grown)
		return sb->err = -ENOMEM;
	sb->data = grown;
	sb->cap = want;
	return 0;
}

void strbuf_addn(struct strbuf *sb, const void *bytes, size_t n)
{
	if (reserve(sb, n))
		return;
	if (n)
		memcpy(sb->data + sb->len, bytes, n);
	sb->len += n;
	sb->data[sb->len] = '\0';
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_addn(sb, &c, 1);
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
	strbuf_addn(sb, s, strlen(s));
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int n;

	if (reserve(sb, STRBUF_CAP_MIN - 1))
		return;
	room = sb->cap - sb->len;
	va_copy(again, ap);
	n = vsnprintf(sb->data + sb->len, room, fmt, ap);
	if (n >= 0 && (size_t)n >= room) {
		sb->data[sb->len] = '\0';
		if (!reserve(sb, (size_t)n))
			vsnprintf(sb->data + sb->len, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	if (n < 0)
		sb->err = -ENOMEM;
	if (!sb->err)
		sb->len += (size_t)n;
	sb->data[sb->len] = '\0';
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_pad(struct strbuf *sb, char c, size_t col)
{
	size_t at = sb->len;

	while (at && sb->data[at - 1] != '\n')
		at--;
	for (size_t n = sb->len - at; n < col; n++)
		strbuf_addc(sb, c);
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->data ? sb->data : "";
}

int strbuf_err(const struct strbuf *sb)
{
	return sb->err;
}

char *strbuf_take(struct strbuf *sb)
{
	char *s;

	strbuf_addn(sb, "", 0);
	if (sb->err) {
		strbuf_deinit(sb);
		return NULL;
	}
	s = sb->data;
	strbuf_init(sb);
	return s;
}
