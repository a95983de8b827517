/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes one JSON document (RFC 8259), indented by two, into a buffer. Commas and line breaks are
 * the writer's business; a name is given with every value inside an object and is NULL in an array.
 * Bytes that are not UTF-8 are written as U+00XX, so that the document always parses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

#define JSON_DEPTH_MAX 64

struct json {
	struct buffer out;
	uint32_t depth;
	bool used[JSON_DEPTH_MAX + 1]; /* something was written at this depth */
	bool flat;		       /* no line breaks: one line */
};

/* Bytes of the UTF-8 sequence @text begins with (RFC 3629: no overlong forms, no surrogates), 0 when it is
 * none; at least one byte is left. */
size_t json_utf8_bytes(const char *text, size_t left);

void json_object_begin(struct json *j, const char *name);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *name);
void json_array_end(struct json *j);
void json_string(struct json *j, const char *name, const char *text);
void json_string_bytes(struct json *j, const char *name, const char *text, size_t bytes);
void json_uint(struct json *j, const char *name, uint64_t value);
void json_int(struct json *j, const char *name, int64_t value);
/* A number with @digits after the point; null when it is not finite. */
void json_real(struct json *j, const char *name, double value, int digits);
void json_bool(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);
/* A string of hexadecimal digits. */
void json_hex(struct json *j, const char *name, const void *data, size_t bytes);
