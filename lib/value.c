/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One walk over a type, three ways to show it: struct shape says what happens at a group's begin and
 * end and at a scalar. The walk never reads past the bytes it was given: a member that does not fit
 * shows as "?".
 */
#include "value.h"

#include <arpa/inet.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum byte_order {
	ORDER_HOST,
	ORDER_BE16,
	ORDER_BE32
};

enum scalar_kind {
	SCALAR_UINT,
	SCALAR_INT,
	SCALAR_BOOL,
	SCALAR_CHAR,
	SCALAR_REAL,
	SCALAR_POINTER,
	SCALAR_ENUM,
	SCALAR_STRING,
	SCALAR_BYTES,
	SCALAR_BROKEN
};

struct scalar {
	enum scalar_kind kind;
	enum byte_order order;
	uint64_t bits;
	double real;
	const char *text; /* of an enumerator, or the characters of a string */
	const void *data; /* of bytes */
	size_t bytes;
};

struct walk;

struct shape {
	void (*begin)(struct walk *w, const char *name, bool is_array);
	void (*end)(struct walk *w, bool is_array);
	void (*scalar)(struct walk *w, const char *name, const struct scalar *s);
	uint32_t elements_max;
};

struct walk {
	const struct btf *btf;
	const struct shape *shape;
	uint32_t depth;
	struct buffer *text; /* text */
	bool used[VALUE_DEPTH_MAX + 4];
	struct json *json;
	struct buffer path; /* leaves */
	bool nameless;	    /* the member at hand has no name */
	value_leaf_fn *leaf;
	void *leaf_arg;
};

struct place {
	const uint8_t *data;
	size_t bytes; /* that may be read at data */
	uint32_t bit_offset;
	uint32_t bit_size; /* 0: not a bit field */
};

bool value_all_zero(const void *data, size_t bytes)
{
	const uint8_t *p = data;

	while (bytes && *p == 0)
		p++, bytes--;
	return bytes == 0;
}

static const struct btf_type *type_at(const struct btf *btf, uint32_t type)
{
	return btf ? btf__type_by_id(btf, type) : NULL;
}

static bool is_modifier(const struct btf_type *t)
{
	return btf_is_mod(t) || btf_is_typedef(t);
}

uint32_t value_strip(const struct btf *btf, uint32_t type)
{
	const struct btf_type *t = type_at(btf, type);

	for (uint32_t i = 0; t && i < VALUE_DEPTH_MAX; i++, t = type_at(btf, type)) {
		if (!is_modifier(t))
			return type;
		type = t->type;
	}
	return 0;
}

static enum byte_order order_of(const struct btf *btf, uint32_t type)
{
	const struct btf_type *t = type_at(btf, type);

	for (uint32_t i = 0; t && is_modifier(t) && i < VALUE_DEPTH_MAX; i++) {
		const char *name = btf_is_typedef(t) ? btf__name_by_offset(btf, t->name_off) : "";

		if (strcmp(name, "__be16") == 0)
			return ORDER_BE16;
		if (strcmp(name, "__be32") == 0)
			return ORDER_BE32;
		t = type_at(btf, t->type);
	}
	return ORDER_HOST;
}

static uint64_t read_bits(const struct place *at, uint32_t bytes)
{
	uint64_t value = 0;

	if (!at->bit_size) {
		memcpy(&value, at->data, bytes);
		return value;
	}
	for (uint32_t i = 0; i < at->bit_size; i++) {
		uint32_t bit = at->bit_offset + i;

		value |= (uint64_t)(at->data[bit / 8] >> bit % 8 & 1) << i;
	}
	return value;
}

static int64_t sign_extend(uint64_t value, uint32_t bits)
{
	return bits && bits < 64 ? (int64_t)(value << (64 - bits)) >> (64 - bits) : (int64_t)value;
}

static const char *enumerator_name(const struct btf *btf, const struct btf_type *t, uint64_t value)
{
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint64_t is = btf_is_enum64(t) ? btf_enum64_value(&btf_enum64(t)[i])
					       : (uint64_t)(int64_t)btf_enum(t)[i].val;
		uint32_t off =
			btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;

		if (is == value || (t->size == 4 && (uint32_t)is == (uint32_t)value))
			return btf__name_by_offset(btf, off);
	}
	return NULL;
}

static void put_scalar(struct walk *w, const char *name, const struct scalar *s)
{
	w->shape->scalar(w, name, s);
}

static void walk_int(struct walk *w, const char *name, const struct btf_type *t,
		     const struct place *at, enum byte_order order)
{
	uint32_t bits = at->bit_size ? at->bit_size : btf_int_bits(t);
	uint8_t encoding = btf_int_encoding(t);
	struct scalar s = { .order = at->bit_size ? ORDER_HOST : order };

	if (t->size > 8) {
		s.kind = SCALAR_BYTES;
		s.data = at->data;
		s.bytes = t->size;
		put_scalar(w, name, &s);
		return;
	}
	s.bits = read_bits(at, t->size);
	s.kind = SCALAR_UINT;
	if (encoding & BTF_INT_BOOL)
		s.kind = SCALAR_BOOL;
	else if (t->size == 1 && (encoding & BTF_INT_CHAR ||
				  strcmp(btf__name_by_offset(w->btf, t->name_off), "char") == 0))
		s.kind = SCALAR_CHAR;
	else if (encoding & BTF_INT_SIGNED)
		s.kind = SCALAR_INT;
	if (s.kind == SCALAR_INT)
		s.bits = sign_extend(s.bits, bits);
	put_scalar(w, name, &s);
}

static void walk_enum(struct walk *w, const char *name, const struct btf_type *t,
		      const struct place *at)
{
	struct scalar s = { .kind = SCALAR_ENUM };

	s.bits = read_bits(at, t->size > 8 ? 8 : t->size);
	if (btf_kflag(t))
		s.bits = sign_extend(s.bits, at->bit_size ? at->bit_size : t->size * 8);
	s.text = enumerator_name(w->btf, t, s.bits);
	if (!s.text)
		s.kind = btf_kflag(t) ? SCALAR_INT : SCALAR_UINT;
	put_scalar(w, name, &s);
}

static void walk_float(struct walk *w, const char *name, const struct btf_type *t,
		       const struct place *at)
{
	struct scalar s = { .kind = SCALAR_REAL };
	float single;

	if (t->size == sizeof(single)) {
		memcpy(&single, at->data, sizeof(single));
		s.real = single;
	} else if (t->size == sizeof(s.real)) {
		memcpy(&s.real, at->data, sizeof(s.real));
	} else {
		s = (struct scalar){ .kind = SCALAR_BYTES, .data = at->data, .bytes = t->size };
	}
	put_scalar(w, name, &s);
}

static void walk_type(struct walk *w, const char *name, uint32_t type, const struct place *at);

static void walk_members(struct walk *w, const char *name, const struct btf_type *t,
			 const struct place *at)
{
	w->shape->begin(w, name, false);
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		uint32_t offset = btf_member_bit_offset(t, i);
		struct place inner = { .bit_size = btf_member_bitfield_size(t, i) };
		const char *member = btf__name_by_offset(w->btf, m->name_off);

		if (offset / 8 > at->bytes)
			continue;
		inner.data = at->data + offset / 8;
		inner.bytes = at->bytes - offset / 8;
		inner.bit_offset = offset % 8;
		/* Nameless bit fields are padding. */
		if (inner.bit_size && !*member)
			continue;
		walk_type(w, *member ? member : "(anonymous)", m->type, &inner);
	}
	w->shape->end(w, false);
}

/* Characters up to the first NUL, when only NULs follow and all can be printed. */
static bool is_text(const uint8_t *data, size_t bytes)
{
	size_t length = strnlen((const char *)data, bytes);

	if (!value_all_zero(data + length, bytes - length))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isprint(data[i]) && !isspace(data[i]) && data[i] < 0x80)
			return false;
	return true;
}

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	return t && btf_is_int(t) && t->size == 1 &&
	       strcmp(btf__name_by_offset(btf, t->name_off), "char") == 0;
}

static void walk_array(struct walk *w, const char *name, const struct btf_type *t,
		       const struct place *at)
{
	const struct btf_array *array = btf_array(t);
	const struct btf_type *elem = type_at(w->btf, value_strip(w->btf, array->type));
	int64_t step = btf__resolve_size(w->btf, array->type);
	struct scalar s = { .kind = SCALAR_STRING, .text = (const char *)at->data };

	if (step <= 0) {
		s.kind = SCALAR_BROKEN;
		put_scalar(w, name, &s);
		return;
	}
	if (is_char(w->btf, elem) && is_text(at->data, array->nelems)) {
		s.bytes = strnlen(s.text, array->nelems);
		put_scalar(w, name, &s);
		return;
	}
	w->shape->begin(w, name, true);
	for (uint32_t i = 0; i < array->nelems && i <= w->shape->elements_max; i++) {
		struct place inner = { .data = at->data + (size_t)i * step, .bytes = step };

		if (i == w->shape->elements_max) {
			s = (struct scalar){ .kind = SCALAR_ENUM, .text = "..." };
			put_scalar(w, NULL, &s);
			break;
		}
		walk_type(w, NULL, array->type, &inner);
	}
	w->shape->end(w, true);
}

static void walk_known(struct walk *w, const char *name, uint32_t type, const struct btf_type *t,
		       const struct place *at)
{
	struct scalar pointer = { .kind = SCALAR_POINTER };

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		walk_int(w, name, t, at, order_of(w->btf, type));
		return;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		walk_enum(w, name, t, at);
		return;
	case BTF_KIND_FLOAT:
		walk_float(w, name, t, at);
		return;
	case BTF_KIND_PTR:
		pointer.bits = read_bits(at, 8);
		put_scalar(w, name, &pointer);
		return;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		walk_members(w, name, t, at);
		return;
	case BTF_KIND_ARRAY:
		walk_array(w, name, t, at);
		return;
	}
}

static void walk_type(struct walk *w, const char *name, uint32_t type, const struct place *at)
{
	const struct btf_type *t = type_at(w->btf, value_strip(w->btf, type));
	const struct scalar broken = { .kind = SCALAR_BROKEN };
	int64_t bytes = t ? btf__resolve_size(w->btf, type) : -1;

	if (at->bit_size)
		bytes = (at->bit_offset + at->bit_size + 7) / 8;
	if (bytes < 0 || (size_t)bytes > at->bytes || at->bit_size > 64 ||
	    w->depth > VALUE_DEPTH_MAX || btf_is_datasec(t)) {
		put_scalar(w, name, &broken);
		return;
	}
	w->depth++;
	walk_known(w, name, type, t, at);
	w->depth--;
}

/* --- as text ---------------------------------------------------------------------------------- */

static void put_string(struct buffer *out, const char *text, size_t bytes)
{
	buffer_text(out, "\"");
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '"' || text[i] == '\\')
			buffer_format(out, "\\%c", text[i]);
		else if (text[i] == '\n')
			buffer_text(out, "\\n");
		else if ((unsigned char)text[i] < 0x20)
			buffer_format(out, "\\x%02x", (unsigned char)text[i]);
		else
			buffer_add(out, text + i, 1);
	}
	buffer_text(out, "\"");
}

static void put_number(struct buffer *out, const struct scalar *s)
{
	char address[INET_ADDRSTRLEN];
	uint32_t word = s->bits;

	if (s->order == ORDER_BE16)
		buffer_format(out, "%u", ntohs(s->bits));
	else if (s->order == ORDER_BE32)
		buffer_text(out, inet_ntop(AF_INET, &word, address, sizeof(address)));
	else
		buffer_format(out, "%llu", (unsigned long long)s->bits);
}

static void scalar_text(struct buffer *out, const struct scalar *s)
{
	switch (s->kind) {
	case SCALAR_UINT:
		put_number(out, s);
		break;
	case SCALAR_INT:
		buffer_format(out, "%lld", (long long)s->bits);
		break;
	case SCALAR_BOOL:
		buffer_text(out, s->bits ? "true" : "false");
		break;
	case SCALAR_CHAR:
		if (isprint((int)s->bits))
			buffer_format(out, "'%c'", (int)s->bits);
		else
			buffer_format(out, "%d", (int)(int8_t)s->bits);
		break;
	case SCALAR_REAL:
		buffer_format(out, "%g", s->real);
		break;
	case SCALAR_POINTER:
		if (s->bits)
			buffer_format(out, "0x%llx", (unsigned long long)s->bits);
		else
			buffer_text(out, "NULL");
		break;
	case SCALAR_ENUM:
		buffer_text(out, s->text);
		break;
	case SCALAR_STRING:
		put_string(out, s->text, s->bytes);
		break;
	case SCALAR_BYTES:
		for (size_t i = 0; i < s->bytes; i++)
			buffer_format(out, "%s%02x", i ? " " : "", ((const uint8_t *)s->data)[i]);
		break;
	case SCALAR_BROKEN:
		buffer_text(out, "?");
		break;
	}
}

static void text_name(struct walk *w, const char *name)
{
	if (w->used[w->depth])
		buffer_text(w->text, ", ");
	w->used[w->depth] = true;
	if (name)
		buffer_format(w->text, "%s: ", name);
}

static void text_begin(struct walk *w, const char *name, bool is_array)
{
	w->depth--;
	text_name(w, name);
	w->depth++;
	buffer_text(w->text, is_array ? "[" : "{ ");
	w->used[w->depth] = false;
	w->used[w->depth + 1] = false;
}

static void text_end(struct walk *w, bool is_array)
{
	buffer_text(w->text, is_array ? "]" : " }");
}

static void text_scalar(struct walk *w, const char *name, const struct scalar *s)
{
	w->depth--;
	text_name(w, name);
	w->depth++;
	scalar_text(w->text, s);
}

static const struct shape shape_text = {
	.begin = text_begin,
	.end = text_end,
	.scalar = text_scalar,
	.elements_max = VALUE_TEXT_ELEMENTS_MAX,
};

/* --- as JSON ---------------------------------------------------------------------------------- */

static void json_begin(struct walk *w, const char *name, bool is_array)
{
	(is_array ? json_array_begin : json_object_begin)(w->json, name);
}

static void json_end(struct walk *w, bool is_array)
{
	(is_array ? json_array_end : json_object_end)(w->json);
}

static void json_scalar(struct walk *w, const char *name, const struct scalar *s)
{
	switch (s->kind) {
	case SCALAR_UINT:
	case SCALAR_POINTER:
		json_uint(w->json, name, s->bits);
		break;
	case SCALAR_INT:
		json_int(w->json, name, s->bits);
		break;
	case SCALAR_CHAR:
		json_int(w->json, name, (int8_t)s->bits);
		break;
	case SCALAR_BOOL:
		json_bool(w->json, name, s->bits);
		break;
	case SCALAR_REAL:
		json_real(w->json, name, s->real, 9);
		break;
	case SCALAR_ENUM:
		json_string(w->json, name, s->text);
		break;
	case SCALAR_STRING:
		json_string_bytes(w->json, name, s->text, s->bytes);
		break;
	case SCALAR_BYTES:
		json_hex(w->json, name, s->data, s->bytes);
		break;
	case SCALAR_BROKEN:
		json_null(w->json, name);
		break;
	}
}

static const struct shape shape_json = {
	.begin = json_begin,
	.end = json_end,
	.scalar = json_scalar,
	.elements_max = UINT32_MAX - 1,
};

/* --- bytes without a type ----------------------------------------------------------------------- */

static void walk_untyped(struct walk *w, const char *name, const void *data, size_t bytes)
{
	struct scalar s = { .kind = SCALAR_BYTES, .data = data, .bytes = bytes };

	if (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) {
		s.kind = SCALAR_UINT;
		memcpy(&s.bits, data, bytes);
	}
	put_scalar(w, name, &s);
}

static void walk_whole(struct walk *w, const char *name, uint32_t type, const void *data,
		       size_t bytes)
{
	struct place at = { .data = data, .bytes = bytes };

	if (type && w->btf) {
		walk_type(w, name, type, &at);
		return;
	}
	w->depth++;
	walk_untyped(w, name, data, bytes);
	w->depth--;
}

void value_text(const struct btf *btf, uint32_t type, const void *data, size_t bytes,
		struct buffer *out)
{
	struct walk w = { .btf = btf, .shape = &shape_text, .text = out, .depth = 1 };

	walk_whole(&w, NULL, type, data, bytes);
}

void value_json(const struct btf *btf, uint32_t type, const void *data, size_t bytes,
		struct json *j, const char *name)
{
	struct walk w = { .btf = btf, .shape = &shape_json, .json = j };

	walk_whole(&w, name, type, data, bytes);
}

/* --- as leaves ------------------------------------------------------------------------------------ */

static void leaf_of(struct walk *w, uint32_t type, const void *data, size_t bytes)
{
	const struct btf_type *t = type_at(w->btf, value_strip(w->btf, type));
	struct buffer text = { 0 };
	bool number = !t || (btf_is_int(t) && !is_char(w->btf, t));

	value_text(w->btf, type, data, bytes, &text);
	w->leaf(w->leaf_arg, w->path.data ? w->path.data : "", text.data ? text.data : "", number);
	buffer_deinit(&text);
}

static bool has_bit_fields(const struct btf_type *t)
{
	for (uint32_t i = 0; i < btf_vlen(t); i++)
		if (btf_member_bitfield_size(t, i))
			return true;
	return false;
}

static void leaves_at(struct walk *w, uint32_t type, const uint8_t *data, size_t bytes)
{
	const struct btf_type *t = type_at(w->btf, value_strip(w->btf, type));
	size_t path = w->path.bytes;

	/* Members of a nameless union are columns, too: they have no other name. */
	bool nested = t && (btf_is_struct(t) || (btf_is_union(t) && !t->name_off && w->nameless));

	w->nameless = false;
	if (!nested || has_bit_fields(t) || w->depth >= VALUE_DEPTH_MAX) {
		leaf_of(w, type, data, bytes);
		return;
	}
	w->depth++;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		size_t offset = btf_member_bit_offset(t, i) / 8;

		if (offset > bytes)
			continue;
		if (m->name_off)
			buffer_format(&w->path, "%s%s", path ? "." : "",
				      btf__name_by_offset(w->btf, m->name_off));
		w->nameless = !m->name_off;
		leaves_at(w, m->type, data + offset, bytes - offset);
		w->path.bytes = path;
		if (w->path.data)
			w->path.data[path] = '\0';
	}
	w->depth--;
}

void value_leaves(const struct btf *btf, uint32_t type, const void *data, size_t bytes,
		  value_leaf_fn *leaf, void *arg)
{
	struct walk w = { .btf = btf, .leaf = leaf, .leaf_arg = arg };

	leaves_at(&w, type, data, bytes);
	buffer_deinit(&w.path);
}

void value_hexdump(const void *data, size_t bytes, const char *indent, struct buffer *out)
{
	const uint8_t *p = data;

	for (size_t row = 0; row < bytes; row += 16) {
		buffer_format(out, "%s%04zx ", indent, row);
		for (size_t i = row; i < row + 16; i++)
			if (i < bytes)
				buffer_format(out, " %02x", p[i]);
			else
				buffer_text(out, "   ");
		buffer_text(out, "  ");
		for (size_t i = row; i < row + 16 && i < bytes; i++)
			buffer_format(out, "%c", isprint(p[i]) ? p[i] : '.');
		buffer_text(out, "\n");
	}
}
