/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as the kernel's btf_show prints them (kernel/bpf/btf.c).
 *
 * Without BTF_F_ZERO what is all zero is left out. Whether a struct or array is, shows only after
 * walking it, so such a one is walked twice: first with depth_check set, which prints nothing and
 * notes in depth_to_show how deep a value was met, then again if there was one.
 *
 * The delimiter and the name depend on state that earlier siblings left behind (type, member);
 * that is the kernel's format and is kept.
 */
#include "btf/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tbl/uapi.h"

#define NAME_BYTES     80
#define NAME_STEPS_MAX 10

struct show {
	struct strbuf *sb;
	const struct btf *btf;
	const uint8_t *data;
	uint32_t size; /* bytes that may be read */
	uint64_t flags;
	uint32_t steps_left;
	uint32_t level; /* of the recursion; depth counts braces only */
	int err;

	uint32_t depth;
	uint32_t depth_to_show;
	uint32_t depth_check; /* 0: printing */
	bool array_member;
	bool array_terminated; /* a char array has come to its NUL */
	uint32_t array_encoding;
	uint32_t type_id;
	const struct btf_type *type;
	const struct btf_member *member;
	char name[NAME_BYTES];
};

/* A place in the value: type, and where its bytes are. */
struct at {
	const struct btf_type *t;
	uint32_t id;
	uint64_t off; /* bytes */
	uint32_t bit; /* 0 .. 7 */
};

static void show(struct show *s, struct at at);

static void out(struct show *s, const char *text)
{
	if (!s->depth_check)
		strbuf_adds(s->sb, text);
}

static void fail(struct show *s, int err)
{
	if (!s->err)
		s->err = err;
}

/* Copy n bytes at off; false, and the error set, when they are not all there. */
static bool fetch(struct show *s, uint64_t off, void *to, uint32_t n)
{
	if (off > s->size || s->size - off < n) {
		fail(s, -EFAULT);
		return false;
	}
	memcpy(to, s->data + off, n);
	return true;
}

/* ---- names and punctuation ---- */

struct name_parts {
	const char *name;	  /* of the first typedef, else of what is at the end */
	const struct btf_type *t; /* what is at the end */
	uint32_t ptrs;
	uint32_t arrays;
	bool is_typedef;
};

/* Through typedefs, arrays and pointers to what they are of. False: too long. */
static bool walk_name(const struct btf *btf, uint32_t id, struct name_parts *p)
{
	int i;

	p->t = btf_type_by_id(btf, id);
	for (i = 0; p->t && i < NAME_STEPS_MAX; i++) {
		if (btf_is_typedef(p->t)) {
			if (!p->name)
				p->name = btf_name_by_offset(btf, p->t->name_off);
			p->is_typedef = true;
			id = p->t->type;
		} else if (btf_is_array(p->t)) {
			p->arrays++;
			id = btf_array(p->t)->type;
		} else if (btf_is_ptr(p->t)) {
			p->ptrs++;
			id = p->t->type;
		} else {
			return true;
		}
		if (!id)
			return true;
		p->t = btf_skip_qualifiers(btf, id, NULL);
	}
	return false;
}

static const char *parens_of(const struct name_parts *p)
{
	if (p->ptrs)
		return "";
	if (p->arrays)
		return "[";
	return btf_is_struct(p->t) ? "{" : "";
}

static const char *prefix_of(const struct name_parts *p)
{
	if (p->is_typedef)
		return "";
	if (btf_is_struct(p->t))
		return btf_is_struct_only(p->t) ? "struct" : "union";
	return btf_is_any_enum(p->t) ? "enum" : "";
}

/* "[.member = ](type)" and the bracket that opens it. Array elements have none. */
static const char *name_of(struct show *s)
{
	const char *stars = "**********", *brackets = "[][][][][][][][][][]", *member = "", *prefix;
	struct name_parts p = { 0 };
	uint32_t id = s->type_id;

	if (s->array_member)
		return "";
	if (s->member) {
		member = btf_name_by_offset(s->btf, s->member->name_off);
		id = s->member->type;
	}
	if (!walk_name(s->btf, id, &p))
		return "";
	if (s->flags & BTF_F_NONAME)
		return parens_of(&p);
	if (!p.name)
		p.name = btf_name_by_offset(s->btf, p.t->name_off);
	prefix = prefix_of(&p);
	snprintf(s->name, sizeof(s->name), "%s%s%s(%s%s%s%s%.*s%.*s)%s", *member ? "." : "", member,
		 *member ? " = " : "", prefix, *prefix && *p.name ? " " : "", p.name,
		 p.ptrs ? " " : "", (int)p.ptrs, stars, (int)p.arrays * 2, brackets, parens_of(&p));
	return s->name;
}

static void indent(struct show *s)
{
	uint32_t i;

	for (i = 0; !(s->flags & BTF_F_COMPACT) && i < s->depth && i < 32; i++)
		out(s, " ");
}

static void newline(struct show *s)
{
	if (!(s->flags & BTF_F_COMPACT))
		out(s, "\n");
}

static const char *delim(const struct show *s)
{
	if (!s->depth)
		return "";
	if (s->flags & BTF_F_COMPACT && s->type && btf_kind(s->type) == BTF_KIND_UNION)
		return "|";
	return ",";
}

static void put_always(struct show *s, const char *text)
{
	indent(s);
	out(s, name_of(s));
	out(s, text);
	out(s, delim(s));
	newline(s);
	if (s->depth > s->depth_to_show)
		s->depth_to_show = s->depth;
}

static void put(struct show *s, const char *text, bool nonzero)
{
	if (nonzero || s->flags & BTF_F_ZERO || !s->depth)
		put_always(s, text);
}

/* ---- begin and end ---- */

static bool start(struct show *s, const struct at *at)
{
	uint32_t size;

	s->type = at->t;
	s->type_id = at->id;
	if (!btf_resolve_size(s->btf, at->t, &size, NULL, NULL)) {
		fail(s, -EINVAL);
		return false;
	}
	if (at->off > s->size || (!s->depth && size > s->size)) {
		fail(s, -EFAULT);
		return false;
	}
	return true;
}

static void end(struct show *s)
{
	s->type = NULL;
	s->type_id = 0;
}

static bool start_aggr(struct show *s, const struct at *at)
{
	if (!start(s, at))
		return false;
	indent(s);
	out(s, name_of(s));
	newline(s);
	s->depth++;
	return true;
}

static void end_aggr(struct show *s, const char *suffix)
{
	s->depth--;
	indent(s);
	out(s, suffix);
	out(s, delim(s));
	newline(s);
	end(s);
}

/* ---- integers ---- */

static void put_u128(struct show *s, unsigned __int128 v)
{
	unsigned long long hi = (unsigned long long)(v >> 64), lo = (unsigned long long)v;
	char text[40];

	if (hi) {
		snprintf(text, sizeof(text), "0x%llx%016llx", hi, lo);
		put_always(s, text);
	} else {
		snprintf(text, sizeof(text), "0x%llx", lo);
		put(s, text, lo);
	}
}

static void put_bits(struct show *s, uint64_t off, uint32_t bit, uint32_t bits)
{
	unsigned __int128 v = 0;
	uint32_t bytes = (bit + bits + 7) / 8;

	if (bytes > sizeof(v) || !fetch(s, off, &v, bytes))
		return;
	v >>= bit;
	if (bits < 128)
		v &= ((unsigned __int128)1 << bits) - 1;
	put_u128(s, v);
}

static void put_number(struct show *s, int64_t v, uint32_t bits, bool is_signed)
{
	char text[24];

	if (is_signed)
		v = (int64_t)((uint64_t)v << (64 - bits)) >> (64 - bits);
	snprintf(text, sizeof(text), is_signed ? "%lld" : "%llu", (long long)v);
	put(s, text, v);
}

/* A byte of a char array: true when that is all there is to say. */
static bool put_char(struct show *s, uint8_t c)
{
	char text[4] = { '\'', (char)c, '\'', '\0' };

	if (s->array_encoding != BTF_INT_CHAR)
		return false;
	if (s->array_terminated)
		return true;
	if (!c) {
		s->array_terminated = true;
		return true;
	}
	if ((c < 0x20 || c >= 0x7f) && c < 0xa0)
		return false;
	put_always(s, text);
	return true;
}

static void show_int(struct show *s, const struct at *at)
{
	uint32_t v = btf_int_data(at->t), bits = BTF_INT_BITS(v);
	uint32_t bit = at->bit + BTF_INT_OFFSET(v);
	uint64_t x = 0;

	if (!start(s, at))
		return;
	if (bit || (bits != 8 && bits != 16 && bits != 32 && bits != 64))
		put_bits(s, at->off + bit / 8, bit % 8, bits);
	else if (fetch(s, at->off, &x, bits / 8) && !(bits == 8 && put_char(s, (uint8_t)x)))
		put_number(s, (int64_t)x, bits, BTF_INT_ENCODING(v) & BTF_INT_SIGNED);
	end(s);
}

static const char *enumerator(const struct btf *btf, const struct btf_type *t, uint64_t v)
{
	uint32_t i;

	for (i = 0; i < btf_vlen(t); i++) {
		if (btf_kind(t) == BTF_KIND_ENUM) {
			if (btf_enums(t)[i].val == (int32_t)v)
				return btf_name_or_anon(btf, btf_enums(t)[i].name_off);
		} else if (btf_enum64_value(&btf_enums64(t)[i]) == v) {
			return btf_name_or_anon(btf, btf_enums64(t)[i].name_off);
		}
	}
	return NULL;
}

static void show_enum(struct show *s, const struct at *at)
{
	bool narrow = btf_kind(at->t) == BTF_KIND_ENUM;
	uint32_t bits = at->t->size * 8;
	const char *name;
	uint64_t v = 0;

	if (!start(s, at))
		return;
	if (fetch(s, at->off, &v, at->t->size)) {
		if (btf_kflag(at->t))
			v = (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
		name = enumerator(s->btf, at->t, v);
		if (name)
			put_always(s, name);
		else
			put_number(s, (int64_t)v, narrow ? 32 : 64, btf_kflag(at->t));
	}
	end(s);
}

static void show_ptr(struct show *s, const struct at *at)
{
	char text[24];
	uint64_t v;

	if (!start(s, at))
		return;
	if (fetch(s, at->off, &v, sizeof(v))) {
		snprintf(text, sizeof(text), "0x%016llx", (unsigned long long)v);
		put(s, text, v);
	}
	end(s);
}

/* ---- structs and arrays ---- */

static void show_struct_once(struct show *s, const struct at *at)
{
	const struct btf_member *m = btf_members(at->t);
	uint32_t i;

	if (!start_aggr(s, at))
		return;
	for (i = 0; !s->err && i < btf_vlen(at->t); i++, m++) {
		uint32_t bit_off = btf_member_bit_offset(at->t, m);
		uint32_t bits = btf_member_bitfield_size(at->t, m);
		struct at field = {
			.t = btf_type_by_id(s->btf, m->type),
			.id = m->type,
			.off = at->off + bit_off / 8,
			.bit = bit_off % 8,
		};

		s->member = m;
		if (!bits) {
			show(s, field);
		} else {
			if (field.t && start(s, &field))
				put_bits(s, field.off, field.bit, bits);
			end(s);
		}
		s->member = NULL;
	}
	end_aggr(s, "}");
}

static void show_array_once(struct show *s, const struct at *at)
{
	const struct btf_array *a = btf_array(at->t);
	const struct btf_type *elem = btf_skip_modifiers(s->btf, a->type, NULL);
	uint32_t size = elem && btf_has_size(elem) ? elem->size : 0, encoding = 0, i;
	struct at e = { .t = elem, .id = a->type, .off = at->off, .bit = at->bit };

	if (elem && btf_is_int(elem))
		encoding = size == 1 ? BTF_INT_CHAR : BTF_INT_ENCODING(btf_int_data(elem));
	s->array_encoding = encoding;
	s->array_terminated = false;
	if (!start_aggr(s, at))
		return;
	for (i = 0; elem && !s->err && i < a->nelems; i++) {
		s->array_member = true;
		s->member = NULL;
		show(s, e);
		e.off += size;
		s->array_member = false;
		s->member = NULL;
		if (s->array_terminated)
			break;
	}
	s->array_encoding = 0;
	s->array_terminated = false;
	end_aggr(s, "]");
}

/* Once to see whether there is anything, once to print it. */
static void show_aggr(struct show *s, const struct at *at,
		      void (*once)(struct show *, const struct at *))
{
	const struct btf_member *m = s->member;

	if (s->depth && !(s->flags & BTF_F_ZERO)) {
		if (!s->depth_check) {
			s->depth_check = s->depth + 1;
			s->depth_to_show = 0;
		}
		once(s, at);
		s->member = m;
		if (s->depth_check != s->depth + 1)
			return;
		s->depth_check = 0;
		if (s->depth_to_show <= s->depth)
			return;
	}
	once(s, at);
}

/* The bracket is never closed, as in the kernel. */
static void show_datasec(struct show *s, const struct at *at)
{
	const struct btf_var_secinfo *vsi = btf_secinfos(at->t);
	char text[BTF_NAME_MAX + 32];
	uint32_t i;

	s->type = at->t;
	s->type_id = at->id;
	snprintf(text, sizeof(text), "section (\"%s\") = {",
		 btf_name_or_anon(s->btf, at->t->name_off));
	put_always(s, text);
	for (i = 0; !s->err && i < btf_vlen(at->t); i++) {
		if (i)
			out(s, ",");
		show(s, (struct at){ btf_type_by_id(s->btf, vsi[i].type), vsi[i].type,
				     at->off + vsi[i].offset, 0 });
	}
	end(s);
}

/* What a modifier or variable stands for; where ids are resolved the name is lost, as in the
 * kernel. */
static struct at strip(const struct btf *btf, struct at at)
{
	uint32_t id = at.id;

	if (btf_is_var(at.t)) {
		at.t = btf_skip_modifiers(btf, at.t->type, &id);
		at.id = id;
	} else {
		at.t = btf_skip_modifiers(btf, at.id, &id);
		if (!btf->is_base)
			at.id = id;
	}
	return at;
}

static void show_kind(struct show *s, const struct at *at)
{
	char text[40];

	switch (btf_kind(at->t)) {
	case BTF_KIND_INT:
		show_int(s, at);
		break;
	case BTF_KIND_PTR:
		show_ptr(s, at);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		show_enum(s, at);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		show_aggr(s, at, show_struct_once);
		break;
	case BTF_KIND_ARRAY:
		show_aggr(s, at, show_array_once);
		break;
	case BTF_KIND_DATASEC:
		show_datasec(s, at);
		break;
	default:
		snprintf(text, sizeof(text), "<unsupported kind:%u>", btf_kind(at->t));
		out(s, text);
		break;
	}
}

static void show(struct show *s, struct at at)
{
	if (s->err)
		return;
	if (!s->steps_left || s->level == BTF_SHOW_DEPTH_MAX) {
		fail(s, -E2BIG);
		return;
	}
	if (at.t && (btf_is_modifier(at.t) || btf_is_var(at.t)))
		at = strip(s->btf, at);
	if (!at.t) {
		fail(s, -EINVAL);
		return;
	}
	s->steps_left--;
	s->level++;
	show_kind(s, &at);
	s->level--;
}

int btf_show_text(struct strbuf *sb, const struct btf_value *v, uint64_t flags)
{
	struct show s = {
		.sb = sb,
		.btf = v->btf,
		.data = v->data,
		.size = v->size,
		.flags = flags,
		.steps_left = BTF_SHOW_STEPS_MAX,
	};

	show(&s, (struct at){ btf_type_by_id(v->btf, v->type_id), v->type_id, 0, 0 });
	return s.err ? s.err : strbuf_err(sb);
}
