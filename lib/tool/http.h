/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers GET / and /metrics with one page of text, by libmicrohttpd, which is loaded when it is
 * needed. No thread: the tool's loop waits for its fd.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct http;

typedef void http_page_fn(void *arg, struct buffer *out);

/*
 * Listens at "ADDR:PORT", "[ADDR6]:PORT" or ":PORT" (127.0.0.1). Port 0: any; http_port() says which.
 * 0, or -errno with a sentence.
 */
int http_new(const char *where, http_page_fn *page, void *arg, struct http **out,
	     struct error *err);
int http_fd(const struct http *http);
uint16_t http_port(const struct http *http);
/* Answers what has come in; never waits. */
void http_serve(struct http *http);
/* NULL is fine. */
void http_free(struct http *http);
