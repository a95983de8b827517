/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookup in a validated struct btf: by id, by name and kind, through modifiers, sizes, members,
 * declaration tags.
 *
 * Modifier chains are free of loops in program and base BTF alike (btf_check_type_tags()). Other
 * references of a base BTF may loop, so walks over arrays and members are bounded.
 *
 * Names: below BTF_INDEX_MIN types a lookup is a walk; above, the first one builds a hash of all
 * names (some 5 ms and 8 bytes per type for a kernel), published with one compare-and-swap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "btf/env.h"

#define BTF_INDEX_MIN 256
/* Members btf_find_member_deep() looks at, at most: nesting can name one struct many times. */
#define BTF_FIND_MEMBERS_MAX (1u << 20)

struct btf_names {
	uint32_t mask;
	uint32_t *head; /* by hash: lowest id, 0: none */
	uint32_t *next; /* by id: the next higher one of this bucket */
};

const struct btf_type *btf_type_by_id(const struct btf *btf, uint32_t id)
{
	return id < btf->nr_types ? btf->types[id] : NULL;
}

/* ---- by name ---- */

static uint32_t hash_name(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h ^ h >> 15;
}

struct btf_names *btf_names_free(struct btf_names *names)
{
	if (names) {
		free(names->head);
		free(names->next);
		free(names);
	}
	return NULL;
}

static struct btf_names *names_new(const struct btf *btf)
{
	struct btf_names *names = mem_zalloc(sizeof(*names));
	uint32_t id, n = 1;

	if (!names)
		return NULL;
	while (n < btf->nr_types)
		n <<= 1;
	names->mask = n - 1;
	names->head = mem_calloc(n, sizeof(*names->head));
	names->next = mem_calloc(btf->nr_types, sizeof(*names->next));
	if (!names->head || !names->next)
		return btf_names_free(names);
	/* From the end, so that every bucket begins with its lowest id. */
	for (id = btf->nr_types - 1; id > 0; id--) {
		uint32_t *head = &names->head[hash_name(btf->strings + btf->types[id]->name_off) &
					      names->mask];

		names->next[id] = *head;
		*head = id;
	}
	return names;
}

/* The index, built on first use; NULL: not worth it or no memory, walk instead. */
static const struct btf_names *names_get(const struct btf *btf)
{
	struct btf_names **slot = (struct btf_names **)&btf->names;
	struct btf_names *names = __atomic_load_n(slot, __ATOMIC_ACQUIRE), *seen = NULL;

	if (names || btf->nr_types < BTF_INDEX_MIN)
		return names;
	names = names_new(btf);
	if (!names || __atomic_compare_exchange_n(slot, &seen, names, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_ACQUIRE))
		return names;
	btf_names_free(names);
	return seen;
}

static bool has_name(const struct btf *btf, uint32_t id, const char *name, uint32_t kind)
{
	const struct btf_type *t = btf->types[id];

	return btf_kind(t) == kind && !strcmp(btf->strings + t->name_off, name);
}

int32_t btf_find_by_name_kind(const struct btf *btf, const char *name, uint32_t kind)
{
	const struct btf_names *names = names_get(btf);
	uint32_t id;

	if (names) {
		for (id = names->head[hash_name(name) & names->mask]; id; id = names->next[id])
			if (has_name(btf, id, name, kind))
				return (int32_t)id;
		return -ENOENT;
	}
	for (id = 1; id < btf->nr_types; id++)
		if (has_name(btf, id, name, kind))
			return (int32_t)id;
	return -ENOENT;
}

/* ---- through references ---- */

const struct btf_type *btf_skip_modifiers(const struct btf *btf, uint32_t id, uint32_t *res_id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	while (t && btf_is_modifier(t)) {
		id = t->type;
		t = btf_type_by_id(btf, id);
	}
	if (t && res_id)
		*res_id = id;
	return t;
}

const struct btf_type *btf_skip_qualifiers(const struct btf *btf, uint32_t id, uint32_t *res_id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	while (t && btf_is_modifier(t) && !btf_is_typedef(t)) {
		id = t->type;
		t = btf_type_by_id(btf, id);
	}
	if (t && res_id)
		*res_id = id;
	return t;
}

const struct btf_type *btf_resolve_ptr(const struct btf *btf, uint32_t id, uint32_t *res_id)
{
	const struct btf_type *t = btf_skip_modifiers(btf, id, NULL);

	return t && btf_is_ptr(t) ? btf_skip_modifiers(btf, t->type, res_id) : NULL;
}

const struct btf_type *btf_resolve_func_ptr(const struct btf *btf, uint32_t id, uint32_t *res_id)
{
	uint32_t to = 0;
	const struct btf_type *t = btf_resolve_ptr(btf, id, &to);

	if (!t || !btf_is_func_proto(t))
		return NULL;
	if (res_id)
		*res_id = to;
	return t;
}

/* ---- sizes ---- */

const struct btf_type *btf_resolve_size(const struct btf *btf, const struct btf_type *t,
					uint32_t *size, const struct btf_type **elem,
					uint32_t *nelems)
{
	const struct btf_type *array = NULL;
	uint32_t n = 1, each, total;
	int i;

	for (i = 0; t && i < BTF_MAX_RESOLVE_DEPTH; i++) {
		if (btf_is_modifier(t)) {
			t = btf_type_by_id(btf, t->type);
		} else if (btf_is_array(t)) {
			if (!array)
				array = t;
			if (__builtin_mul_overflow(n, btf_array(t)->nelems, &n))
				return NULL;
			t = btf_type_by_id(btf, btf_array(t)->type);
		} else {
			break;
		}
	}
	if (!t || i == BTF_MAX_RESOLVE_DEPTH)
		return NULL;
	if (btf_is_ptr(t))
		each = 8;
	else if (btf_has_size(t) && !btf_is_datasec(t))
		each = t->size;
	else
		return NULL;
	if (__builtin_mul_overflow(n, each, &total))
		return NULL;
	*size = total;
	if (elem)
		*elem = t;
	if (nelems)
		*nelems = n;
	return array ? array : t;
}

/* Size of a type that is neither modifier nor VAR; false when it has none. */
static bool size_of(const struct btf *btf, const struct btf_type *t, uint32_t id, uint32_t *size)
{
	if (btf_has_size(t)) {
		*size = t->size;
		return true;
	}
	if (btf_is_ptr(t)) {
		*size = 8;
		return true;
	}
	if (!btf_is_array(t))
		return false;
	if (!btf->resolved_sizes)
		return btf_resolve_size(btf, t, size, NULL, NULL);
	*size = btf->resolved_sizes[id];
	return true;
}

const struct btf_type *btf_type_id_size(const struct btf *btf, uint32_t *id, uint32_t *size)
{
	const struct btf_type *t = btf_type_by_id(btf, *id);
	uint32_t to = *id, bytes;

	if (!t)
		return NULL;
	if (btf_is_modifier(t) || btf_is_var(t)) {
		if (btf->resolved_ids) {
			to = btf->resolved_ids[to];
			t = btf_type_by_id(btf, to);
		} else {
			t = btf_skip_modifiers(btf, btf_is_var(t) ? t->type : to, &to);
		}
	}
	if (!t || !size_of(btf, t, to, &bytes))
		return NULL;
	*id = to;
	if (size)
		*size = bytes;
	return t;
}

/* ---- members, integers, functions ---- */

const struct btf_member *btf_find_member(const struct btf *btf, const struct btf_type *s,
					 const char *name)
{
	const struct btf_member *m = btf_members(s);
	uint32_t i;

	if (!btf_is_struct(s))
		return NULL;
	for (i = 0; i < btf_vlen(s); i++)
		if (!strcmp(btf->strings + m[i].name_off, name))
			return &m[i];
	return NULL;
}

struct deep {
	const struct btf *btf;
	const char *name;
	uint32_t left;	  /* members that may still be looked at */
	uint32_t bit_off; /* out */
	uint32_t type_id; /* out */
};

static bool find_deep(struct deep *d, const struct btf_type *s, uint32_t base_off, int depth)
{
	const struct btf_member *m = btf_members(s);
	const struct btf_type *t;
	uint32_t i, off;

	for (i = 0; i < btf_vlen(s) && d->left; i++, m++) {
		d->left--;
		off = base_off + btf_member_bit_offset(s, m);
		if (m->name_off) {
			if (strcmp(d->btf->strings + m->name_off, d->name))
				continue;
			d->bit_off = off;
			d->type_id = m->type;
			return true;
		}
		t = btf_skip_modifiers(d->btf, m->type, NULL);
		if (t && btf_is_struct(t) && depth < BTF_MAX_RESOLVE_DEPTH &&
		    find_deep(d, t, off, depth + 1))
			return true;
	}
	return false;
}

int btf_find_member_deep(const struct btf *btf, const struct btf_type *s, const char *name,
			 uint32_t *bit_off, uint32_t *type_id)
{
	struct deep d = { .btf = btf, .name = name, .left = BTF_FIND_MEMBERS_MAX };

	if (!btf_is_struct(s) || !find_deep(&d, s, 0, 0))
		return -ENOENT;
	*bit_off = d.bit_off;
	*type_id = d.type_id;
	return 0;
}

bool btf_int_is_regular(const struct btf_type *t)
{
	uint32_t v = btf_int_data(t), bits = BTF_INT_BITS(v);

	return !BTF_INT_OFFSET(v) &&
	       (bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128);
}

bool btf_member_is_reg_int(const struct btf *btf, const struct btf_type *s,
			   const struct btf_member *m, uint32_t expected_off,
			   uint32_t expected_size)
{
	uint32_t id = m->type, v, off = btf_member_bit_offset(s, m);
	const struct btf_type *t = btf_type_id_size(btf, &id, NULL);

	if (!t || !btf_is_int(t))
		return false;
	v = btf_int_data(t);
	if (bits_up_bytes(off) != expected_off || bits_up_bytes(BTF_INT_BITS(v)) != expected_size)
		return false;
	if (btf_kflag(s))
		return !btf_member_bitfield_size(s, m);
	return !BTF_INT_OFFSET(v) && !(off & 7) && !(BTF_INT_BITS(v) & 7);
}

const struct btf_type *btf_func_proto(const struct btf *btf, uint32_t func_id)
{
	const struct btf_type *t = btf_type_by_id(btf, func_id);

	if (!t || !btf_is_func(t))
		return NULL;
	t = btf_type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

/* ---- declaration tags ---- */

int32_t btf_find_next_decl_tag(const struct btf *btf, uint32_t target_id, int comp_idx,
			       const char *key, uint32_t last_id)
{
	size_t len = strlen(key);
	uint32_t id;

	for (id = last_id + 1; id < btf->nr_types; id++) {
		const struct btf_type *t = btf->types[id];

		if (btf_is_decl_tag(t) && t->type == target_id &&
		    btf_component_idx(t) == comp_idx &&
		    !strncmp(btf->strings + t->name_off, key, len))
			return (int32_t)id;
	}
	return -ENOENT;
}

int btf_find_decl_tag_value(const struct btf *btf, uint32_t target_id, int comp_idx,
			    const char *key, const char **value)
{
	int32_t id = btf_find_next_decl_tag(btf, target_id, comp_idx, key, 0);

	if (id < 0)
		return id;
	if (btf_find_next_decl_tag(btf, target_id, comp_idx, key, (uint32_t)id) >= 0)
		return -EEXIST;
	*value = btf->strings + btf->types[id]->name_off + strlen(key);
	return 0;
}

/* ---- maps ---- */

int btf_map_resolve(const struct btf *btf, struct btf_map_types *m, const struct btf_type **key,
		    const struct btf_type **value)
{
	const struct btf_type *kt = btf->types[0], *vt;
	uint32_t key_id = m->key_id, value_id = m->value_id, key_size, value_size;

	if (key_id) {
		kt = btf_type_id_size(btf, &key_id, &key_size);
		if (!kt || key_size != m->key_size)
			return -EINVAL;
	}
	vt = btf_type_id_size(btf, &value_id, &value_size);
	if (!vt || value_size != m->value_size)
		return -EINVAL;
	m->value_id = value_id;
	*key = kt;
	*value = vt;
	return 0;
}

int btf_array_map_check(bool is_plain_array, uint32_t max_entries, const struct btf_type *key,
			const struct btf_type *value)
{
	uint32_t v;

	if (btf_is_void(key))
		return is_plain_array && max_entries == 1 && btf_is_datasec(value) ? 0 : -EINVAL;
	if (!btf_is_int(key))
		return -EINVAL;
	v = btf_int_data(key);
	return BTF_INT_BITS(v) == 32 && !BTF_INT_OFFSET(v) ? 0 : -EINVAL;
}
