/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

size_t json_utf8_bytes(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80	 ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void add_escaped(struct buffer *b, unsigned char c)
{
	static const char letter[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};

	if (c == '"' || c == '\\')
		buffer_format(b, "\\%c", c);
	else if (c < sizeof(letter) && letter[c])
		buffer_format(b, "\\%c", letter[c]);
	else
		buffer_format(b, "\\u%04x", c);
}

static void add_quoted(struct buffer *b, const char *text, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	buffer_text(b, "\"");
	for (size_t i = 0; i < bytes; i += n ? n : 1) {
		n = json_utf8_bytes(text + i, bytes - i);
		if (n == 0 || s[i] < 0x20 || s[i] == 0x7f || s[i] == '"' || s[i] == '\\')
			add_escaped(b, s[i]);
		else
			buffer_add(b, s + i, n);
	}
	buffer_text(b, "\"");
}

static void line_break(struct json *j)
{
	if (j->flat)
		return;
	buffer_text(&j->out, "\n");
	for (uint32_t i = 0; i < j->depth; i++)
		buffer_text(&j->out, "  ");
}

static void begin_value(struct json *j, const char *name)
{
	if (j->used[j->depth])
		buffer_text(&j->out, j->flat ? ", " : ",");
	j->used[j->depth] = true;
	if (j->depth)
		line_break(j);
	if (name) {
		add_quoted(&j->out, name, strlen(name));
		buffer_text(&j->out, ": ");
	}
}

static void open_group(struct json *j, const char *name, const char *bracket)
{
	assert(j->depth < JSON_DEPTH_MAX);
	begin_value(j, name);
	buffer_text(&j->out, bracket);
	j->used[++j->depth] = false;
}

static void close_group(struct json *j, const char *bracket)
{
	bool used = j->used[j->depth];

	assert(j->depth > 0);
	j->depth--;
	if (used)
		line_break(j);
	buffer_text(&j->out, bracket);
}

void json_object_begin(struct json *j, const char *name)
{
	open_group(j, name, "{");
}

void json_object_end(struct json *j)
{
	close_group(j, "}");
}

void json_array_begin(struct json *j, const char *name)
{
	open_group(j, name, "[");
}

void json_array_end(struct json *j)
{
	close_group(j, "]");
}

void json_string_bytes(struct json *j, const char *name, const char *text, size_t bytes)
{
	begin_value(j, name);
	add_quoted(&j->out, text, bytes);
}

void json_string(struct json *j, const char *name, const char *text)
{
	json_string_bytes(j, name, text, strlen(text));
}

void json_uint(struct json *j, const char *name, uint64_t value)
{
	begin_value(j, name);
	buffer_format(&j->out, "%llu", (unsigned long long)value);
}

void json_int(struct json *j, const char *name, int64_t value)
{
	begin_value(j, name);
	buffer_format(&j->out, "%lld", (long long)value);
}

void json_real(struct json *j, const char *name, double value, int digits)
{
	begin_value(j, name);
	if (isfinite(value))
		buffer_format(&j->out, "%.*f", digits, value);
	else
		buffer_text(&j->out, "null");
}

void json_bool(struct json *j, const char *name, bool value)
{
	begin_value(j, name);
	buffer_text(&j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *name)
{
	begin_value(j, name);
	buffer_text(&j->out, "null");
}

void json_hex(struct json *j, const char *name, const void *data, size_t bytes)
{
	const unsigned char *s = data;

	begin_value(j, name);
	buffer_text(&j->out, "\"");
	for (size_t i = 0; i < bytes; i++)
		buffer_format(&j->out, "%02x", s[i]);
	buffer_text(&j->out, "\"");
}
