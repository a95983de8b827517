/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing string. Errors stick: after the first failed allocation the buffer stays as it was, all
 * further additions do nothing, and strbuf_err() tells; so a writer checks once, at the end.
 * Invariant: data is NULL or holds len bytes and a NUL. Amortised O(1) per byte.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/macros.h"

struct strbuf {
	char *data; /* owned; NULL while empty */
	size_t len; /* bytes without the NUL */
	size_t cap; /* bytes allocated */
	int err;    /* 0 or -ENOMEM, sticky */
};

#define STRBUF_INIT { NULL, 0, 0, 0 }

void strbuf_init(struct strbuf *sb);
void strbuf_deinit(struct strbuf *sb);

/* Empties it, keeps the memory, forgets the error. */
void strbuf_reset(struct strbuf *sb);

/* Cuts it to len bytes; len <= sb->len. */
void strbuf_truncate(struct strbuf *sb, size_t len);

void strbuf_addc(struct strbuf *sb, char c);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addn(struct strbuf *sb, const void *bytes, size_t n);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __printf_like(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) __printf_like(2, 0);

/* c, repeated until the string is col bytes long since its last newline. */
void strbuf_pad(struct strbuf *sb, char c, size_t col);

/* Never NULL: "" while empty. Valid until the next change. */
const char *strbuf_str(const struct strbuf *sb);

/* 0 or -ENOMEM. */
int strbuf_err(const struct strbuf *sb);

/* The string, owned by the caller (free), and an empty buffer; NULL when an error had stuck. */
char *strbuf_take(struct strbuf *sb) __must_check;
