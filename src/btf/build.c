/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BTF writer: one growing array of words for types, one of bytes for strings, and a hash of
 * the strings so that equal names share one offset.
 *
 * The open type (struct, enum, prototype, section) is the last one; adding to it bumps the vlen in
 * its info word. Errors stick in b->err.
 */
#include "btf/build.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"

struct btf_build {
	uint32_t *words;
	size_t n_words;
	size_t cap_words;
	char *strs;
	size_t n_strs; /* bytes */
	size_t cap_strs;
	uint32_t *slots; /* open addressing over string offsets; 0: free */
	size_t n_slots;	 /* power of two */
	size_t n_used;
	size_t open; /* word of the open type's info */
	uint32_t next_id;
	int err;
};

struct btf_build *btf_build_new(void)
{
	struct btf_build *b = mem_zalloc(sizeof(*b));

	if (!b)
		return NULL;
	b->next_id = 1;
	b->cap_strs = 256;
	b->strs = mem_zalloc(b->cap_strs);
	b->n_strs = 1; /* "" */
	b->n_slots = 64;
	b->slots = mem_calloc(b->n_slots, sizeof(*b->slots));
	return b->strs && b->slots ? b : btf_build_free(b);
}

struct btf_build *btf_build_free(struct btf_build *b)
{
	if (b) {
		free(b->words);
		free(b->strs);
		free(b->slots);
		free(b);
	}
	return NULL;
}

/* ---- strings ---- */

static uint32_t hash_str(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* The slot of s: its own, or the free one where it belongs. */
static uint32_t *slot_of(const struct btf_build *b, const char *s)
{
	size_t i = hash_str(s);

	for (;; i++) {
		uint32_t *slot = &b->slots[i & (b->n_slots - 1)];

		if (!*slot || !strcmp(b->strs + *slot, s))
			return slot;
	}
}

static int grow_slots(struct btf_build *b)
{
	uint32_t *old = b->slots;
	size_t i, n_old = b->n_slots;

	b->slots = mem_calloc(n_old * 2, sizeof(*b->slots));
	if (!b->slots) {
		b->slots = old;
		return -ENOMEM;
	}
	b->n_slots = n_old * 2;
	for (i = 0; i < n_old; i++)
		if (old[i])
			*slot_of(b, b->strs + old[i]) = old[i];
	free(old);
	return 0;
}

static int grow_strs(struct btf_build *b, size_t need)
{
	size_t cap = MAX(b->cap_strs * 2, b->n_strs + need);
	char *strs = mem_realloc(b->strs, cap, 1);

	if (!strs)
		return -ENOMEM;
	b->strs = strs;
	b->cap_strs = cap;
	return 0;
}

uint32_t btf_build_str(struct btf_build *b, const char *s)
{
	size_t len = s ? strlen(s) + 1 : 1;
	uint32_t *slot;

	if (b->err || len == 1)
		return 0;
	if (b->n_used * 2 >= b->n_slots)
		b->err = grow_slots(b);
	if (!b->err && b->n_strs + len > b->cap_strs)
		b->err = grow_strs(b, len);
	if (!b->err && b->n_strs + len > BTF_MAX_NAME_OFFSET)
		b->err = -E2BIG;
	if (b->err)
		return 0;
	slot = slot_of(b, s);
	if (!*slot) {
		*slot = (uint32_t)b->n_strs;
		memcpy(b->strs + b->n_strs, s, len);
		b->n_strs += len;
		b->n_used++;
	}
	return *slot;
}

/* ---- words ---- */

static void put(struct btf_build *b, const uint32_t *words, size_t n)
{
	size_t cap = b->cap_words;
	uint32_t *grown;

	if (!n)
		return;
	while (b->n_words + n > cap)
		cap = MAX(cap * 2, 256);
	if (cap != b->cap_words) {
		grown = mem_realloc(b->words, cap, sizeof(*grown));
		if (!grown) {
			b->err = -ENOMEM;
			return;
		}
		b->words = grown;
		b->cap_words = cap;
	}
	memcpy(b->words + b->n_words, words, n * sizeof(*words));
	b->n_words += n;
}

/* A record with its kind, kind_flag and vlen, its size or type, and n more words. */
static uint32_t add(struct btf_build *b, const char *name, uint32_t info, uint32_t size_or_type,
		    const uint32_t *more, size_t n)
{
	uint32_t head[3] = { btf_build_str(b, name), info, size_or_type };

	if (b->err)
		return 0;
	b->open = b->n_words + 1;
	put(b, head, 3);
	put(b, more, n);
	return b->err ? 0 : b->next_id++;
}

static uint32_t add_plain(struct btf_build *b, const char *name, uint32_t kind, uint32_t x)
{
	return add(b, name, BTF_INFO(kind, 0, 0), x, NULL, 0);
}

/* n more words for the open type, one more in its vlen. */
static void extend(struct btf_build *b, const uint32_t *words, size_t n)
{
	if (b->err)
		return;
	assert(b->next_id > 1);
	if (BTF_INFO_VLEN(b->words[b->open]) == BTF_MAX_VLEN) {
		b->err = -E2BIG;
		return;
	}
	put(b, words, n);
	b->words[b->open]++;
}

/* ---- types ---- */

uint32_t btf_build_int(struct btf_build *b, const char *name, uint32_t size, uint8_t encoding)
{
	uint32_t v = (uint32_t)encoding << 24 | size * 8;

	return add(b, name, BTF_INFO(BTF_KIND_INT, 0, 0), size, &v, 1);
}

uint32_t btf_build_float(struct btf_build *b, const char *name, uint32_t size)
{
	return add_plain(b, name, BTF_KIND_FLOAT, size);
}

uint32_t btf_build_array(struct btf_build *b, uint32_t elem, uint32_t index, uint32_t nelems)
{
	uint32_t a[3] = { elem, index, nelems };

	return add(b, NULL, BTF_INFO(BTF_KIND_ARRAY, 0, 0), 0, a, 3);
}

uint32_t btf_build_ref(struct btf_build *b, uint32_t kind, const char *name, uint32_t type)
{
	return add_plain(b, name, kind, type);
}

uint32_t btf_build_ptr(struct btf_build *b, uint32_t type)
{
	return add_plain(b, NULL, BTF_KIND_PTR, type);
}

uint32_t btf_build_fwd(struct btf_build *b, const char *name, bool is_union)
{
	return add(b, name, BTF_INFO(BTF_KIND_FWD, is_union, 0), 0, NULL, 0);
}

uint32_t btf_build_func(struct btf_build *b, const char *name, uint32_t linkage, uint32_t proto)
{
	return add(b, name, BTF_INFO(BTF_KIND_FUNC, 0, linkage), proto, NULL, 0);
}

uint32_t btf_build_var(struct btf_build *b, const char *name, uint32_t linkage, uint32_t type)
{
	return add(b, name, BTF_INFO(BTF_KIND_VAR, 0, 0), type, &linkage, 1);
}

uint32_t btf_build_decl_tag(struct btf_build *b, const char *value, uint32_t type, int32_t idx)
{
	uint32_t v = (uint32_t)idx;

	return add(b, value, BTF_INFO(BTF_KIND_DECL_TAG, 0, 0), type, &v, 1);
}

uint32_t btf_build_struct(struct btf_build *b, const char *name, uint32_t size)
{
	return add_plain(b, name, BTF_KIND_STRUCT, size);
}

uint32_t btf_build_union(struct btf_build *b, const char *name, uint32_t size)
{
	return add_plain(b, name, BTF_KIND_UNION, size);
}

uint32_t btf_build_enum(struct btf_build *b, const char *name, uint32_t size, bool is_signed)
{
	return add(b, name, BTF_INFO(BTF_KIND_ENUM, is_signed, 0), size, NULL, 0);
}

uint32_t btf_build_enum64(struct btf_build *b, const char *name, uint32_t size, bool is_signed)
{
	return add(b, name, BTF_INFO(BTF_KIND_ENUM64, is_signed, 0), size, NULL, 0);
}

uint32_t btf_build_proto(struct btf_build *b, uint32_t ret)
{
	return add_plain(b, NULL, BTF_KIND_FUNC_PROTO, ret);
}

uint32_t btf_build_datasec(struct btf_build *b, const char *name, uint32_t size)
{
	return add_plain(b, name, BTF_KIND_DATASEC, size);
}

/* ---- what belongs to the open type ---- */

/* The first bitfield of a struct changes the meaning of all its offsets, to no effect on others:
 * their bitfield size is 0. */
void btf_build_member(struct btf_build *b, const char *name, uint32_t type, uint32_t bit_off,
		      uint32_t bits)
{
	uint32_t m[3] = { btf_build_str(b, name), type, bit_off | bits << 24 };

	extend(b, m, 3);
	if (!b->err && bits)
		b->words[b->open] |= 1u << 31;
}

void btf_build_value(struct btf_build *b, const char *name, int64_t value)
{
	uint32_t e[3] = { btf_build_str(b, name), (uint32_t)value, (uint32_t)(value >> 32) };

	if (!b->err)
		extend(b, e, BTF_INFO_KIND(b->words[b->open]) == BTF_KIND_ENUM64 ? 3 : 2);
}

void btf_build_param(struct btf_build *b, const char *name, uint32_t type)
{
	uint32_t p[2] = { btf_build_str(b, name), type };

	extend(b, p, 2);
}

void btf_build_secinfo(struct btf_build *b, uint32_t var, uint32_t offset, uint32_t size)
{
	uint32_t s[3] = { var, offset, size };

	extend(b, s, 3);
}

int btf_build_finish(const struct btf_build *b, void **blob, uint32_t *size)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h) };
	size_t types = b->n_words * sizeof(*b->words), total = sizeof(h) + types + b->n_strs;
	char *p;

	if (b->err)
		return b->err;
	if (total > BTF_MAX_SIZE)
		return -E2BIG;
	p = mem_alloc(total);
	if (!p)
		return -ENOMEM;
	h.type_len = (uint32_t)types;
	h.str_off = (uint32_t)types;
	h.str_len = (uint32_t)b->n_strs;
	memcpy(p, &h, sizeof(h));
	if (types)
		memcpy(p + sizeof(h), b->words, types);
	memcpy(p + sizeof(h) + types, b->strs, b->n_strs);
	*blob = p;
	*size = (uint32_t)total;
	return 0;
}
