/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes shown by their BTF type: as text ("{ packets: 12, bytes: 840 }"), as JSON, or flat, one leaf
 * per scalar of nested structs, which makes the columns of a table. Bytes without a type (id 0) are a
 * number when they have the size of one, else hexadecimal. Types of network byte order (__be16,
 * __be32) read as a number and as a dotted address in text; JSON has the plain integer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "json.h"

#define VALUE_DEPTH_MAX		32  /* nesting of types */
#define VALUE_TEXT_ELEMENTS_MAX 256 /* of an array in text; JSON has all */

struct btf;

void value_text(const struct btf *btf, uint32_t type, const void *data, size_t bytes,
		struct buffer *out);
void value_json(const struct btf *btf, uint32_t type, const void *data, size_t bytes,
		struct json *j, const char *name);

/* Called per leaf with its path ("traffic.packets", "" when the whole is a leaf) and text. */
typedef void value_leaf_fn(void *arg, const char *path, const char *text, bool is_number);
void value_leaves(const struct btf *btf, uint32_t type, const void *data, size_t bytes,
		  value_leaf_fn *leaf, void *arg);

/* Type ids as the helpers below need them: without typedefs and qualifiers; 0 for a broken chain. */
uint32_t value_strip(const struct btf *btf, uint32_t type);
bool value_all_zero(const void *data, size_t bytes);
/* 16 bytes a line, with offsets and characters. */
void value_hexdump(const void *data, size_t bytes, const char *indent, struct buffer *out);
