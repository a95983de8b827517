/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a blob to a struct btf: header, sections, names, and the two passes over the types.
 *
 * The blob is copied so that the type section is 4-byte aligned whatever hdr_len says; every later
 * read is of checked records in that copy. Cost: linear in the blob but for resolve.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "btf/env.h"

static const struct btf_type void_type;

/* ---- names ---- */

/* The kernel's ctype is Latin-1, not ASCII and not the locale's. */
static bool is_alpha(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static bool is_name_char(unsigned char c, bool first)
{
	return is_alpha(c) || c == '_' || c == '.' || (!first && c >= '0' && c <= '9');
}

static bool is_print(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c >= 0xa0;
}

bool btf_name_offset_valid(const struct btf *btf, uint32_t off)
{
	return off <= BTF_MAX_NAME_OFFSET && off < btf->str_len;
}

bool btf_name_is_identifier(const struct btf *btf, uint32_t off)
{
	const char *s = btf->strings + off;
	uint32_t i;

	if (!is_name_char((unsigned char)s[0], true))
		return false;
	for (i = 1; i < BTF_NAME_MAX && s[i]; i++)
		if (!is_name_char((unsigned char)s[i], false))
			return false;
	return !s[i];
}

bool btf_name_is_section(const struct btf *btf, uint32_t off)
{
	const char *s = btf->strings + off;
	uint32_t i;

	if (!s[0])
		return false;
	for (i = 0; i < BTF_NAME_MAX && s[i]; i++)
		if (!is_print((unsigned char)s[i]))
			return false;
	return !s[i];
}

const char *btf_name_by_offset(const struct btf *btf, uint32_t off)
{
	return off < btf->str_len ? btf->strings + off : NULL;
}

const char *btf_name_or_anon(const struct btf *btf, uint32_t off)
{
	if (!off)
		return "(anon)";
	return off < btf->str_len ? btf->strings + off : "(invalid-name-offset)";
}

/* ---- header and sections ---- */

static void say_header(struct btf_env *env)
{
	const struct btf_header *h = &env->hdr;

	btf_say(env, "magic: 0x%x\n", h->magic);
	btf_say(env, "version: %u\n", h->version);
	btf_say(env, "flags: 0x%x\n", h->flags);
	btf_say(env, "hdr_len: %u\n", h->hdr_len);
	btf_say(env, "type_off: %u\n", h->type_off);
	btf_say(env, "type_len: %u\n", h->type_len);
	btf_say(env, "str_off: %u\n", h->str_off);
	btf_say(env, "str_len: %u\n", h->str_len);
	btf_say(env, "btf_total_size: %u\n", env->btf->data_size);
}

/* Two sections, no gap, no overlap, nothing else. */
static int check_sections(struct btf_env *env)
{
	const struct btf_header *h = &env->hdr;
	uint32_t off[2] = { h->type_off, h->str_off }, len[2] = { h->type_len, h->str_len };
	uint32_t expected = env->btf->data_size - h->hdr_len, total = 0;
	int32_t order = (int32_t)(off[0] - off[1]);
	int i, first;

	if (!order)
		order = (int32_t)(len[0] - len[1]);
	first = order > 0;
	for (i = 0; i < 2; i++) {
		int k = i ^ first;

		if (expected < off[k])
			return btf_reject(env, -EINVAL, "Invalid section offset");
		if (total < off[k])
			return btf_reject(env, -EINVAL, "Unsupported section found");
		if (total > off[k])
			return btf_reject(env, -EINVAL, "Section overlap found");
		if (expected - total < len[k])
			return btf_reject(env, -EINVAL, "Total section length too long");
		total += len[k];
	}
	if (expected != total)
		return btf_reject(env, -EINVAL, "Unsupported section found");
	return 0;
}

static int parse_header(struct btf_env *env)
{
	const struct btf *btf = env->btf;
	const struct btf_header *h = &env->hdr;
	uint32_t hdr_len, i;

	if (btf->data_size < offsetof(struct btf_header, hdr_len) + sizeof(hdr_len))
		return btf_reject(env, -EINVAL, "hdr_len not found");
	memcpy(&hdr_len, btf->data + offsetof(struct btf_header, hdr_len), sizeof(hdr_len));
	if (btf->data_size < hdr_len)
		return btf_reject(env, -EINVAL, "btf_header not found");
	for (i = sizeof(*h); i < hdr_len; i++)
		if (btf->data[i])
			return btf_reject(env, -E2BIG, "Unsupported btf_header");
	memcpy(&env->hdr, btf->data, MIN(hdr_len, (uint32_t)sizeof(*h)));
	say_header(env);
	if (h->magic != BTF_MAGIC)
		return btf_reject(env, -EINVAL, "Invalid magic");
	if (h->version != BTF_VERSION)
		return btf_reject(env, -ENOTSUPP, "Unsupported version");
	if (h->flags)
		return btf_reject(env, -ENOTSUPP, "Unsupported flags");
	if (btf->data_size == h->hdr_len)
		return btf_reject(env, -EINVAL, "No data");
	return check_sections(env);
}

static int parse_strings(struct btf_env *env)
{
	const struct btf_header *h = &env->hdr;
	struct btf *btf = env->btf;
	const char *start = (const char *)env->nohdr + h->str_off;

	if (start + h->str_len != (const char *)btf->data + btf->data_size)
		return btf_reject(env, -EINVAL, "String section is not at the end");
	if (!h->str_len || h->str_len - 1 > BTF_MAX_NAME_OFFSET || start[h->str_len - 1] ||
	    start[0])
		return btf_reject(env, -EINVAL, "Invalid string section");
	btf->strings = start;
	btf->str_len = h->str_len;
	return 0;
}

/* ---- types ---- */

/* Types past BTF_MAX_TYPE are said and dropped, not refused: so does the kernel. */
static int add_type(struct btf_env *env, const struct btf_type *t)
{
	struct btf *btf = env->btf;
	const struct btf_type **types;
	uint32_t cap;

	if (btf->nr_types == env->types_cap) {
		if (env->types_cap == BTF_MAX_TYPE) {
			btf_say(env, "Exceeded max num of types");
			return 0;
		}
		cap = MIN(env->types_cap + MAX(env->types_cap / 2, 16u), (uint32_t)BTF_MAX_TYPE);
		types = mem_realloc(btf->types, cap, sizeof(*types));
		if (!types)
			return -ENOMEM;
		btf->types = types;
		env->types_cap = cap;
		if (!btf->nr_types)
			btf->types[btf->nr_types++] = &void_type;
	}
	btf->types[btf->nr_types++] = t;
	return 0;
}

static int check_all_metas(struct btf_env *env)
{
	const uint8_t *cur = env->nohdr + env->hdr.type_off;
	const uint8_t *end = cur + env->hdr.type_len;
	int64_t size;
	int err;

	for (env->log_type_id = 1; cur < end; env->log_type_id++) {
		const struct btf_type *t = (const void *)cur;

		size = btf_check_meta(env, t, (uint32_t)(end - cur));
		if (size < 0)
			return (int)size;
		err = add_type(env, t);
		if (err)
			return err;
		cur += size;
	}
	return 0;
}

static int parse_types(struct btf_env *env)
{
	int err;

	if (env->hdr.type_off & 3)
		return btf_reject(env, -EINVAL, "Unaligned type_off");
	if (!env->hdr.type_len)
		return btf_reject(env, -EINVAL, "No type found");
	err = check_all_metas(env);
	if (err)
		return err;
	return env->btf->is_base ? 0 : btf_check_all_types(env);
}

static int parse(struct btf_env *env)
{
	int err;

	err = parse_header(env);
	if (err)
		return err;
	env->nohdr = env->btf->data + env->hdr.hdr_len;
	err = parse_strings(env);
	if (err)
		return err;
	err = parse_types(env);
	if (err)
		return err;
	err = btf_check_type_tags(env);
	if (err || env->btf->is_base)
		return err;
	return btf_parse_struct_metas(env->btf, env->base);
}

/* A copy placed so that what follows the header is 4-byte aligned. */
static int copy_blob(struct btf *btf, const void *data, uint32_t size)
{
	uint32_t hdr_len = 0;
	uint8_t *buf;

	if (size >= offsetof(struct btf_header, hdr_len) + sizeof(hdr_len))
		memcpy(&hdr_len, (const uint8_t *)data + offsetof(struct btf_header, hdr_len),
		       sizeof(hdr_len));
	buf = mem_alloc((size_t)size + 4);
	if (!buf)
		return -ENOMEM;
	btf->alloc = buf;
	buf += -hdr_len & 3;
	if (size)
		memcpy(buf, data, size);
	btf->data = buf;
	btf->data_size = size;
	return 0;
}

static int parse_new(struct btf_env *env, const void *data, uint32_t size, struct btf **out)
{
	int err = size > BTF_MAX_SIZE ? -E2BIG : copy_blob(env->btf, data, size);

	if (!err)
		err = parse(env);
	free(env->visit);
	if (err) {
		btf_free(env->btf);
		return err;
	}
	*out = env->btf;
	return 0;
}

int btf_parse(const void *data, uint32_t size, const struct btf *base, const struct btf_log *log,
	      struct btf **out)
{
	struct btf_env env = { .base = base, .log = log };

	env.btf = mem_zalloc(sizeof(*env.btf));
	if (!env.btf)
		return -ENOMEM;
	return parse_new(&env, data, size, out);
}

int btf_parse_base(const void *data, uint32_t size, const struct btf_log *log, struct btf **out)
{
	struct btf_env env = { .log = log };

	env.btf = mem_zalloc(sizeof(*env.btf));
	if (!env.btf)
		return -ENOMEM;
	env.btf->is_base = true;
	return parse_new(&env, data, size, out);
}

struct btf *btf_free(struct btf *btf)
{
	if (!btf)
		return NULL;
	btf_struct_metas_free(btf->metas);
	btf_names_free(btf->names);
	free(btf->resolved_ids);
	free(btf->resolved_sizes);
	free(btf->types);
	free(btf->alloc);
	free(btf);
	return NULL;
}
