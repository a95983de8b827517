/* SPDX-License-Identifier: BSD-2-Clause */
#include "btf_image.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/btf.h>

#define TYPES_MAX (1u << 20)  /* ten times those of a kernel of 2025 */
#define NAMES_MAX (16u << 20) /* bytes of names in a smaller one */
#define UNKNOWN	  UINT32_MAX

/* --- in place ------------------------------------------------------------------------------------------ */

/* Bytes behind a struct btf_type; UNKNOWN: no such kind. */
static uint32_t tail_bytes(const struct btf_type *type)
{
	uint32_t n = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	}
	return UNKNOWN;
}

static int index_types(struct btf_image *image, uint32_t types_bytes)
{
	image->n = 1;
	for (uint32_t at = 0; at < types_bytes;) {
		const struct btf_type *type = (const void *)(image->types + at);
		uint32_t left = types_bytes - at, tail;

		tail = left < sizeof(*type) ? UNKNOWN : tail_bytes(type);
		if (tail == UNKNOWN || tail > left - sizeof(*type) || image->n == TYPES_MAX)
			return -EINVAL;
		array_grow(image->offsets, image->n);
		image->offsets[image->n++] = at;
		at += (uint32_t)sizeof(*type) + tail;
	}
	return 0;
}

/* Whether a part of the bytes, counted from behind the header, lies within them. */
static bool is_within(const struct btf_header *header, uint32_t offset, uint32_t bytes,
		      size_t n_bytes)
{
	size_t room = n_bytes - header->hdr_len;

	return offset <= room && bytes <= room - offset;
}

int btf_image_open(struct btf_image *image, const void *bytes, size_t n_bytes)
{
	const struct btf_header *header = bytes;
	const char *behind;
	int rc;

	assert((uintptr_t)bytes % sizeof(uint32_t) == 0);
	memset(image, 0, sizeof(*image));
	if (n_bytes < sizeof(*header) || header->magic != BTF_MAGIC ||
	    header->hdr_len < sizeof(*header) || header->hdr_len > n_bytes ||
	    header->hdr_len % sizeof(uint32_t) || header->type_off % sizeof(uint32_t) ||
	    !is_within(header, header->type_off, header->type_len, n_bytes) ||
	    !is_within(header, header->str_off, header->str_len, n_bytes))
		return -EINVAL;
	behind = (const char *)bytes + header->hdr_len;
	image->types = behind + header->type_off;
	image->strings = behind + header->str_off;
	image->strings_bytes = header->str_len;
	if (!header->str_len || image->strings[0] || image->strings[header->str_len - 1])
		return -EINVAL;
	array_grow(image->offsets, 0u);
	rc = index_types(image, header->type_len);
	if (rc)
		btf_image_close(image);
	return rc;
}

void btf_image_close(struct btf_image *image)
{
	free(image->offsets);
	memset(image, 0, sizeof(*image));
}

const struct btf_type *btf_image_type(const struct btf_image *image, uint32_t id)
{
	assert(id && id < image->n);
	return (const void *)(image->types + image->offsets[id]);
}

const char *btf_image_name(const struct btf_image *image, uint32_t offset)
{
	return offset < image->strings_bytes ? image->strings + offset : "";
}

int btf_image_id(const struct btf_image *image, const char *name, uint32_t kinds)
{
	for (uint32_t id = 1; id < image->n; id++) {
		const struct btf_type *type = btf_image_type(image, id);

		if (kinds & 1u << BTF_INFO_KIND(type->info) &&
		    strcmp(btf_image_name(image, type->name_off), name) == 0)
			return (int)id;
	}
	return -ENOENT;
}

uint32_t btf_image_find(const struct btf_image *image, const struct btf_wanted *wanted,
			uint32_t n_wanted, struct btf_match **matches)
{
	uint32_t n = 0, kinds = 0;

	*matches = NULL;
	for (uint32_t i = 0; i < n_wanted; i++)
		kinds |= wanted[i].kinds;
	for (uint32_t id = 1; id < image->n; id++) {
		const struct btf_type *type = btf_image_type(image, id);
		uint32_t kind = 1u << BTF_INFO_KIND(type->info);
		const char *name = image->strings + type->name_off;

		if (!(kinds & kind) || !type->name_off || type->name_off >= image->strings_bytes)
			continue;
		for (uint32_t i = 0; i < n_wanted; i++) {
			if (!(wanted[i].kinds & kind) || name[0] != wanted[i].name[0] ||
			    strcmp(name, wanted[i].name))
				continue;
			array_grow(*matches, n);
			(*matches)[n++] = (struct btf_match){ .which = i, .id = id };
		}
	}
	return n;
}

/* --- a smaller one ------------------------------------------------------------------------------------- */

struct extract {
	const struct btf_image *image;
	uint32_t *ids;	 /* in the smaller one, by id in the image; 0: not taken */
	uint32_t *taken; /* ids in the image, in the order of the smaller one */
	uint32_t n;
	struct buffer types, strings;
	bool damaged;
};

static void take(struct extract *x, uint32_t id)
{
	if (id >= x->image->n) {
		x->damaged = true;
		return;
	}
	if (!id || x->ids[id])
		return;
	array_grow(x->taken, x->n);
	x->taken[x->n++] = id;
	x->ids[id] = x->n;
}

/* Takes what a type is made of. */
static void take_parts(struct extract *x, const struct btf_type *type)
{
	const struct btf_member *members = (const void *)(type + 1);
	const struct btf_array *array = (const void *)(type + 1);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		take(x, type->type);
		break;
	case BTF_KIND_ARRAY:
		take(x, array->type);
		take(x, array->index_type);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++)
			take(x, members[i].type);
		break;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		break;
	default: /* no part of any variable */
		x->damaged = true;
	}
}

static uint32_t copy_name(struct extract *x, uint32_t offset)
{
	uint32_t at = (uint32_t)x->strings.bytes;
	const char *name = x->image->strings + offset;

	if (!offset)
		return 0;
	if (offset >= x->image->strings_bytes || at > NAMES_MAX) {
		x->damaged = true;
		return 0;
	}
	buffer_add(&x->strings, name, strlen(name) + 1);
	return at;
}

static void copy_members(struct extract *x, const struct btf_type *type)
{
	const struct btf_member *members = (const void *)(type + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		struct btf_member member = members[i];

		member.name_off = copy_name(x, member.name_off);
		member.type = x->ids[member.type];
		buffer_add(&x->types, &member, sizeof(member));
	}
}

/* Of an enum: its values begin with their names' offsets. */
static void copy_values(struct extract *x, const struct btf_type *type, uint32_t value_bytes)
{
	const char *values = (const void *)(type + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		uint32_t name;

		memcpy(&name, values + (size_t)i * value_bytes, sizeof(name));
		name = copy_name(x, name);
		buffer_add(&x->types, &name, sizeof(name));
		buffer_add(&x->types, values + (size_t)i * value_bytes + sizeof(name),
			   value_bytes - sizeof(name));
	}
}

static void copy_array(struct extract *x, const struct btf_type *type)
{
	struct btf_array array = *(const struct btf_array *)(type + 1);

	array.type = x->ids[array.type];
	array.index_type = x->ids[array.index_type];
	buffer_add(&x->types, &array, sizeof(array));
}

/* What it is made of has been taken, and checked by that. */
static void copy_type(struct extract *x, const struct btf_type *type)
{
	struct btf_type head = *type;

	head.name_off = copy_name(x, type->name_off);
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
		head.type = 0;
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		head.type = x->ids[type->type];
		break;
	default: /* a size, or nothing */
		break;
	}
	buffer_add(&x->types, &head, sizeof(head));
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		copy_members(x, type);
		break;
	case BTF_KIND_ENUM:
		copy_values(x, type, sizeof(struct btf_enum));
		break;
	case BTF_KIND_ENUM64:
		copy_values(x, type, sizeof(struct btf_enum64));
		break;
	case BTF_KIND_ARRAY:
		copy_array(x, type);
		break;
	default:
		buffer_add(&x->types, type + 1, tail_bytes(type));
	}
}

static void join(const struct extract *x, struct buffer *out)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = (uint32_t)x->types.bytes,
		.str_off = (uint32_t)x->types.bytes,
		.str_len = (uint32_t)x->strings.bytes,
	};

	buffer_add(out, &header, sizeof(header));
	buffer_add(out, x->types.data, x->types.bytes);
	buffer_add(out, x->strings.data, x->strings.bytes);
}

int btf_image_extract(const struct btf_image *image, const struct btf_match *roots,
		      uint32_t n_roots, struct buffer *out)
{
	struct extract x = { .image = image, .ids = xcalloc(image->n, sizeof(*x.ids)) };

	buffer_add(&x.strings, "", 1);
	for (uint32_t i = 0; i < n_roots; i++)
		take(&x, roots[i].id);
	for (uint32_t i = 0; i < x.n && !x.damaged; i++)
		take_parts(&x, btf_image_type(image, x.taken[i]));
	for (uint32_t i = 0; i < x.n && !x.damaged; i++)
		copy_type(&x, btf_image_type(image, x.taken[i]));
	if (!x.damaged)
		join(&x, out);
	free(x.ids);
	free(x.taken);
	buffer_deinit(&x.types);
	buffer_deinit(&x.strings);
	return x.damaged ? -EINVAL : 0;
}
