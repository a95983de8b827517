/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as JSON. Everything is printed, zero or not; anonymous members are spread into their
 * parent, so keys are those C code would write.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "btf/show.h"

struct json {
	struct strbuf *sb;
	const struct btf *btf;
	const uint8_t *data;
	uint32_t size;
	uint32_t steps_left;
	uint32_t depth;
};

static int value(struct json *j, uint32_t id, uint64_t off);

static bool is_in(const struct json *j, uint64_t off, uint64_t n)
{
	return off <= j->size && j->size - off >= n;
}

/* As a JSON string. What is not ASCII is taken for Latin-1. */
static void put_string(struct strbuf *sb, const char *s, size_t n)
{
	size_t i;

	strbuf_addc(sb, '"');
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			strbuf_addf(sb, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			strbuf_addf(sb, "\\u%04x", c);
		else
			strbuf_addc(sb, (char)c);
	}
	strbuf_addc(sb, '"');
}

static int put_int(struct json *j, const struct btf_type *t, uint64_t off, uint32_t bit,
		   uint32_t bits)
{
	uint32_t encoding = BTF_INT_ENCODING(btf_int_data(t)), bytes;
	unsigned __int128 v = 0;

	off += bit / 8;
	bit %= 8;
	bytes = (bit + bits + 7) / 8;
	if (!bits || bytes > sizeof(v) || !is_in(j, off, bytes))
		return bits ? -EFAULT : -EINVAL;
	memcpy(&v, j->data + off, bytes);
	v = v << (128 - bits - bit) >> (128 - bits);
	if (encoding & BTF_INT_BOOL)
		strbuf_adds(j->sb, v ? "true" : "false");
	else if (bits > 64)
		strbuf_addf(j->sb, "\"0x%llx%016llx\"", (unsigned long long)(v >> 64),
			    (unsigned long long)v);
	else if (encoding & BTF_INT_SIGNED)
		strbuf_addf(j->sb, "%lld", (long long)((uint64_t)v << (64 - bits)) >> (64 - bits));
	else
		strbuf_addf(j->sb, "%llu", (unsigned long long)v);
	return 0;
}

static void put_number(struct strbuf *sb, uint64_t v, bool is_signed)
{
	strbuf_addf(sb, is_signed ? "%lld" : "%llu", (long long)v);
}

/* bits may be fewer than the type has: a bitfield. */
static int put_enum(struct json *j, const struct btf_type *t, uint64_t off, uint32_t bit,
		    uint32_t bits)
{
	bool is_signed = btf_kflag(t);
	uint32_t bytes = (bit + bits + 7) / 8, i;
	uint64_t v = 0, known;
	uint32_t name_off;

	if (!bits || bytes > sizeof(v) || !is_in(j, off, bytes))
		return -EFAULT;
	memcpy(&v, j->data + off, bytes);
	v = v << (64 - bits - bit);
	v = is_signed ? (uint64_t)((int64_t)v >> (64 - bits)) : v >> (64 - bits);
	for (i = 0; i < btf_vlen(t); i++) {
		if (btf_kind(t) == BTF_KIND_ENUM) {
			known = is_signed ? (uint64_t)(int64_t)btf_enums(t)[i].val
					  : (uint32_t)btf_enums(t)[i].val;
			name_off = btf_enums(t)[i].name_off;
		} else {
			known = btf_enum64_value(&btf_enums64(t)[i]);
			name_off = btf_enums64(t)[i].name_off;
		}
		if (known == v) {
			const char *name = btf_name_or_anon(j->btf, name_off);

			put_string(j->sb, name, strlen(name));
			return 0;
		}
	}
	put_number(j->sb, v, is_signed);
	return 0;
}

static int put_ptr(struct json *j, uint64_t off)
{
	uint64_t v;

	if (!is_in(j, off, sizeof(v)))
		return -EFAULT;
	memcpy(&v, j->data + off, sizeof(v));
	strbuf_addf(j->sb, "\"0x%llx\"", (unsigned long long)v);
	return 0;
}

static int put_bitfield(struct json *j, const struct btf_type *s, const struct btf_member *m,
			uint64_t off)
{
	const struct btf_type *t = btf_skip_modifiers(j->btf, m->type, NULL);
	uint32_t bit_off = btf_member_bit_offset(s, m), bits = btf_member_bitfield_size(s, m);

	off += bit_off / 8;
	if (t && btf_is_int(t))
		return put_int(j, t, off, bit_off % 8, bits);
	if (t && btf_is_any_enum(t))
		return put_enum(j, t, off, bit_off % 8, bits);
	return -EINVAL;
}

/* *n: members printed so far, over all levels that share one pair of braces. */
static int members(struct json *j, const struct btf_type *s, uint64_t off, uint32_t *n)
{
	const struct btf_member *m = btf_members(s);
	const struct btf_type *t;
	int err = 0;
	uint32_t i;

	if (++j->depth > BTF_SHOW_DEPTH_MAX)
		return -E2BIG;
	for (i = 0; !err && i < btf_vlen(s); i++, m++) {
		uint32_t bit_off = btf_member_bit_offset(s, m);
		const char *name = btf_name_or_anon(j->btf, m->name_off);

		if (!j->steps_left)
			return -E2BIG;
		j->steps_left--;
		t = btf_skip_modifiers(j->btf, m->type, NULL);
		if (!m->name_off && t && btf_is_struct(t)) {
			err = members(j, t, off + bit_off / 8, n);
			continue;
		}
		if (!m->name_off && btf_member_bitfield_size(s, m))
			continue; /* padding */
		if ((*n)++)
			strbuf_addc(j->sb, ',');
		put_string(j->sb, name, strlen(name));
		strbuf_addc(j->sb, ':');
		if (btf_member_bitfield_size(s, m))
			err = put_bitfield(j, s, m, off);
		else if (t && btf_is_int(t))
			err = put_int(j, t, off, bit_off + BTF_INT_OFFSET(btf_int_data(t)),
				      BTF_INT_BITS(btf_int_data(t)));
		else
			err = value(j, m->type, off + bit_off / 8);
	}
	j->depth--;
	return err;
}

static int put_struct(struct json *j, const struct btf_type *t, uint64_t off)
{
	uint32_t n = 0;
	int err;

	strbuf_addc(j->sb, '{');
	err = members(j, t, off, &n);
	strbuf_addc(j->sb, '}');
	return err;
}

/* A char array that is text: printable up to its NUL, zeros behind. */
static bool is_text(const struct json *j, const struct btf_type *elem, uint64_t off, uint32_t n,
		    uint32_t *len)
{
	uint32_t i;

	if (!elem || !btf_is_int(elem) || elem->size != 1 || !is_in(j, off, n) ||
	    (!(BTF_INT_ENCODING(btf_int_data(elem)) & BTF_INT_CHAR) &&
	     strcmp(btf_name_or_anon(j->btf, elem->name_off), "char")))
		return false;
	for (i = 0; i < n && j->data[off + i]; i++)
		if (j->data[off + i] < 0x20 || j->data[off + i] >= 0x7f)
			return false;
	*len = i;
	for (; i < n; i++)
		if (j->data[off + i])
			return false;
	return true;
}

static int put_array(struct json *j, const struct btf_type *t, uint64_t off)
{
	const struct btf_array *a = btf_array(t);
	uint32_t id = a->type, size = 0, i, len;
	int err = 0;

	if (is_text(j, btf_skip_modifiers(j->btf, id, NULL), off, a->nelems, &len)) {
		put_string(j->sb, (const char *)j->data + off, len);
		return 0;
	}
	if (!btf_type_id_size(j->btf, &id, &size))
		return -EINVAL;
	strbuf_addc(j->sb, '[');
	for (i = 0; !err && i < a->nelems; i++) {
		if (i)
			strbuf_addc(j->sb, ',');
		err = value(j, a->type, off + (uint64_t)i * size);
	}
	strbuf_addc(j->sb, ']');
	return err;
}

static int put_float(struct json *j, const struct btf_type *t, uint64_t off)
{
	double d = 0;
	float f = 0;

	if ((t->size != 4 && t->size != 8) || !is_in(j, off, t->size))
		return t->size == 4 || t->size == 8 ? -EFAULT : -EINVAL;
	if (t->size == 4)
		memcpy(&f, j->data + off, 4);
	else
		memcpy(&d, j->data + off, 8);
	d = t->size == 4 ? (double)f : d;
	/* JSON has no infinities and no NaN. */
	if (d - d != 0)
		strbuf_adds(j->sb, "null");
	else
		strbuf_addf(j->sb, "%.17g", d);
	return 0;
}

static int put_datasec(struct json *j, const struct btf_type *t, uint64_t off)
{
	const struct btf_var_secinfo *vsi = btf_secinfos(t);
	int err = 0;
	uint32_t i;

	strbuf_addc(j->sb, '{');
	for (i = 0; !err && i < btf_vlen(t); i++) {
		const struct btf_type *var = btf_type_by_id(j->btf, vsi[i].type);
		const char *name = var ? btf_name_or_anon(j->btf, var->name_off) : NULL;

		if (!var || !btf_is_var(var))
			return -EINVAL;
		if (i)
			strbuf_addc(j->sb, ',');
		put_string(j->sb, name, strlen(name));
		strbuf_addc(j->sb, ':');
		err = value(j, var->type, off + vsi[i].offset);
	}
	strbuf_addc(j->sb, '}');
	return err;
}

static int value_of(struct json *j, const struct btf_type *t, uint64_t off)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return put_int(j, t, off, BTF_INT_OFFSET(btf_int_data(t)),
			       BTF_INT_BITS(btf_int_data(t)));
	case BTF_KIND_PTR:
		return put_ptr(j, off);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return put_enum(j, t, off, 0, t->size * 8);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return put_struct(j, t, off);
	case BTF_KIND_ARRAY:
		return put_array(j, t, off);
	case BTF_KIND_FLOAT:
		return put_float(j, t, off);
	case BTF_KIND_DATASEC:
		return put_datasec(j, t, off);
	default:
		return -EINVAL;
	}
}

static int value(struct json *j, uint32_t id, uint64_t off)
{
	const struct btf_type *t = btf_skip_modifiers(j->btf, id, NULL);
	int err;

	if (t && btf_is_var(t))
		t = btf_skip_modifiers(j->btf, t->type, NULL);
	if (!t)
		return -EINVAL;
	if (!j->steps_left || j->depth >= BTF_SHOW_DEPTH_MAX)
		return -E2BIG;
	j->steps_left--;
	j->depth++;
	err = value_of(j, t, off);
	j->depth--;
	return err;
}

int btf_show_json(struct strbuf *sb, const struct btf_value *v)
{
	struct json j = {
		.sb = sb,
		.btf = v->btf,
		.data = v->data,
		.size = v->size,
		.steps_left = BTF_SHOW_STEPS_MAX,
	};
	int err = value(&j, v->type_id, 0);

	return err ? err : strbuf_err(sb);
}
