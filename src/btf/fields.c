/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields of structs and data sections, and the table of all structs of a BTF that have
 * some (what programs may allocate).
 *
 * A field is known by the name of its type (bpf_spin_lock, …) or, for kptrs, by the tag on the
 * pointer. The walk goes through nested structs and arrays to BTF_MAX_RESOLVE_DEPTH levels and
 * ends at BTF_FIELDS_MAX fields; where the kernel skips a field without a word (wrong size or
 * alignment), so does this.
 */
#include "btf/fields.h"
#include "tbl/uapi.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "btf/env.h"

#define PAGE_BYTES 4096

struct btf_struct_meta {
	uint32_t btf_id;
	struct btf_record *record; /* owned */
};

struct btf_struct_metas {
	uint32_t cnt;
	uint32_t cap;
	struct btf_struct_meta *types; /* by rising btf_id */
};

/* clang-format off */
static const struct field_kind {
	enum btf_field_type type;
	const char *name;
	uint8_t size;
	uint8_t align;
	bool unique; /* one per value */
} kinds[] = {
	{ BPF_SPIN_LOCK,     "bpf_spin_lock",      4, 4, true },
	{ BPF_RES_SPIN_LOCK, "bpf_res_spin_lock",  4, 4, true },
	{ BPF_TIMER,         "bpf_timer",         16, 8, true },
	{ BPF_WORKQUEUE,     "bpf_wq",            16, 8, true },
	{ BPF_TASK_WORK,     "bpf_task_work",      8, 8, true },
	{ BPF_LIST_HEAD,     "bpf_list_head",     16, 8, false },
	{ BPF_LIST_NODE,     "bpf_list_node",     24, 8, false },
	{ BPF_RB_ROOT,       "bpf_rb_root",       16, 8, false },
	{ BPF_RB_NODE,       "bpf_rb_node",       32, 8, false },
	{ BPF_REFCOUNT,      "bpf_refcount",       4, 4, false },
};
/* clang-format on */

static const struct field_kind kptr_kind = { BPF_KPTR_REF, "kptr", 8, 8, false };

struct found {
	enum btf_field_type type;
	uint32_t off;
	uint32_t type_id;      /* kptr: pointee; graph root: element */
	const char *node_name; /* graph root */
};

/* One search. seen: unique kinds met so far in this struct; a nested one counts by itself (6.18). */
struct search {
	const struct btf *btf;
	uint32_t mask;
	uint32_t seen;
};

/* A member or variable: owner and idx say where its declaration tags are. */
struct spot {
	uint32_t type_id;
	uint32_t owner_id;
	int idx;
	uint32_t off;		/* bytes */
	uint32_t expected_size; /* bytes; 0: any */
};

static int find_in_struct(const struct search *outer, uint32_t id, struct found *out, uint32_t room,
			  uint32_t level);

const char *btf_field_type_name(enum btf_field_type type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == type)
			return kinds[i].name;
	if (type == BPF_UPTR)
		return "uptr";
	if (type == BPF_KPTR_PERCPU)
		return "percpu_kptr";
	return type & BPF_KPTR ? "kptr" : "unknown";
}

static uint32_t field_size(enum btf_field_type type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == type)
			return kinds[i].size;
	return kptr_kind.size;
}

/* ---- what one type is ---- */

/* *kind: what t may be, or NULL. -E2BIG: a second one of a kind allowed once. */
static int kind_of(struct search *s, const struct btf_type *t, const struct field_kind **kind)
{
	const char *name = btf_name_or_anon(s->btf, t->name_off);
	size_t i;

	*kind = NULL;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!(s->mask & kinds[i].type) || strcmp(name, kinds[i].name))
			continue;
		if (kinds[i].unique && s->seen & kinds[i].type)
			return -E2BIG;
		s->seen |= kinds[i].type;
		*kind = &kinds[i];
		return 0;
	}
	if (s->mask & (BPF_KPTR | BPF_UPTR) && !btf_is_struct_only(t))
		*kind = &kptr_kind;
	return 0;
}

static int kptr_type(const char *tag, enum btf_field_type *type)
{
	if (!strcmp(tag, "kptr_untrusted"))
		*type = BPF_KPTR_UNREF;
	else if (!strcmp(tag, "kptr"))
		*type = BPF_KPTR_REF;
	else if (!strcmp(tag, "percpu_kptr"))
		*type = BPF_KPTR_PERCPU;
	else if (!strcmp(tag, "uptr"))
		*type = BPF_UPTR;
	else
		return -EINVAL;
	return 0;
}

/* 1: t is a tagged pointer to a struct, in *out. 0: it is no kptr. -EINVAL: a wrong one. */
static int find_kptr(const struct btf *btf, const struct btf_type *t, uint32_t off, uint32_t mask,
		     struct found *out)
{
	enum btf_field_type type;
	const struct btf_type *to;
	uint32_t id;
	int err;

	if (btf_kind(t) == BTF_KIND_VOLATILE)
		t = btf_type_by_id(btf, t->type);
	if (!btf_is_ptr(t))
		return 0;
	t = btf_type_by_id(btf, t->type);
	if (!btf_is_type_tag(t) || btf_kflag(t))
		return 0;
	to = btf_type_by_id(btf, t->type);
	if (btf_is_type_tag(to))
		return -EINVAL;
	err = kptr_type(btf_name_or_anon(btf, t->name_off), &type);
	if (err)
		return err;
	if (!(type & mask))
		return 0;
	to = btf_skip_modifiers(btf, t->type, &id);
	if (!btf_is_struct_only(to))
		return -EINVAL;
	*out = (struct found){ .type = type, .off = off, .type_id = id };
	return 1;
}

/* The element struct and node named by the owner's "contains:struct:node" tag. */
static int find_root(const struct btf *btf, const struct spot *at, enum btf_field_type type,
		     struct found *out)
{
	const char *value, *colon;
	char *name;
	int32_t id;

	if (btf_find_decl_tag_value(btf, at->owner_id, at->idx, "contains:", &value))
		return -EINVAL;
	colon = strchr(value, ':');
	if (!colon)
		return -EINVAL;
	name = strndup(value, (size_t)(colon - value));
	if (!name)
		return -ENOMEM;
	id = btf_find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	free(name);
	if (id < 0)
		return id;
	if (!colon[1])
		return -EINVAL;
	*out = (struct found){
		.type = type,
		.off = at->off,
		.type_id = (uint32_t)id,
		.node_name = colon + 1,
	};
	return 1;
}

/* ---- walking values ---- */

/* out[0 .. n) once more for each further element of an array. */
static int repeat(struct found *out, uint32_t room, uint32_t n, uint32_t times, uint32_t elem_size)
{
	const uint32_t repeatable = BPF_KPTR | BPF_UPTR | BPF_LIST_HEAD | BPF_RB_ROOT;
	uint32_t i, j, total;

	for (i = 0; i < n; i++)
		if (!(out[i].type & repeatable))
			return -EINVAL;
	if (__builtin_mul_overflow(n, times, &total) || total > room)
		return -E2BIG;
	for (i = 1; i < times; i++) {
		for (j = 0; j < n; j++) {
			out[i * n + j] = out[j];
			out[i * n + j].off += i * elem_size;
		}
	}
	return (int)total;
}

static int find_nested(struct search *s, const struct spot *at, uint32_t nelems, struct found *out,
		       uint32_t room, uint32_t level)
{
	uint32_t size = btf_type_by_id(s->btf, at->type_id)->size;
	int i, n;

	if (at->expected_size && at->expected_size != size * nelems)
		return 0;
	if (level + 1 >= BTF_MAX_RESOLVE_DEPTH)
		return -E2BIG;
	n = find_in_struct(s, at->type_id, out, room, level + 1);
	if (n <= 0)
		return n;
	for (i = 0; i < n; i++)
		out[i].off += at->off;
	return nelems > 1 ? repeat(out, room, (uint32_t)n, nelems, size) : n;
}

/* 1, 0 or -errno: the field itself, not yet repeated. */
static int find_kind(struct search *s, const struct spot *at, const struct field_kind *kind,
		     struct found *out)
{
	const struct btf_type *t = btf_type_by_id(s->btf, at->type_id);

	if (kind == &kptr_kind)
		return find_kptr(s->btf, t, at->off, s->mask, out);
	if (!btf_is_struct_only(t) || t->size != kind->size)
		return 0;
	if (kind->type & BPF_GRAPH_ROOT)
		return find_root(s->btf, at, kind->type, out);
	*out = (struct found){ .type = kind->type, .off = at->off };
	return 1;
}

/* Arrays down to their element: at->type_id. -E2BIG when too deep. */
static int flatten(const struct btf *btf, struct spot *at, uint32_t *nelems)
{
	const struct btf_type *t = btf_type_by_id(btf, at->type_id);
	int i;

	*nelems = 1;
	for (i = 0; i < BTF_MAX_RESOLVE_DEPTH && btf_is_array(t); i++) {
		*nelems *= btf_array(t)->nelems; /* wraps, as the kernel's */
		at->type_id = btf_array(t)->type;
		t = btf_type_by_id(btf, at->type_id);
	}
	return i == BTF_MAX_RESOLVE_DEPTH ? -E2BIG : 0;
}

/* The fields in one member or variable: how many went to out, or -errno. */
static int find_one(struct search *s, struct spot at, struct found *out, uint32_t room,
		    uint32_t level)
{
	const struct field_kind *kind;
	struct found one;
	uint32_t nelems;
	int ret;

	ret = flatten(s->btf, &at, &nelems);
	if (ret || !nelems)
		return ret;
	ret = kind_of(s, btf_type_by_id(s->btf, at.type_id), &kind);
	if (ret)
		return ret;
	if (!kind && btf_is_struct_only(btf_type_by_id(s->btf, at.type_id)))
		return find_nested(s, &at, nelems, out, room, level);
	if (!kind)
		return 0;
	if (at.expected_size && at.expected_size != kind->size * nelems)
		return 0;
	if (at.off % kind->align)
		return 0;
	ret = find_kind(s, &at, kind, &one);
	if (ret <= 0)
		return ret;
	if (!room)
		return -E2BIG;
	out[0] = one;
	return nelems > 1 ? repeat(out, room, 1, nelems, kind->size) : 1;
}

static int find_in_struct(const struct search *outer, uint32_t id, struct found *out, uint32_t room,
			  uint32_t level)
{
	struct search s = { .btf = outer->btf, .mask = outer->mask };
	const struct btf_type *t = btf_type_by_id(s.btf, id);
	const struct btf_member *m = btf_members(t);
	uint32_t i, n = 0;
	int ret;

	for (i = 0; i < btf_vlen(t); i++) {
		struct spot at = { .type_id = m[i].type, .owner_id = id, .idx = (int)i };
		uint32_t bits = btf_member_bit_offset(t, &m[i]);

		if (bits % 8)
			return -EINVAL;
		at.off = bits / 8;
		ret = find_one(&s, at, out + n, room - n, level);
		if (ret < 0)
			return ret;
		n += (uint32_t)ret;
	}
	return (int)n;
}

static int find_in_datasec(struct search *s, const struct btf_type *t, struct found *out,
			   uint32_t room)
{
	const struct btf_var_secinfo *vsi = btf_secinfos(t);
	uint32_t i, n = 0;
	int ret;

	for (i = 0; i < btf_vlen(t); i++) {
		struct spot at = {
			.type_id = btf_type_by_id(s->btf, vsi[i].type)->type,
			.owner_id = vsi[i].type,
			.idx = -1,
			.off = vsi[i].offset,
			.expected_size = vsi[i].size,
		};

		ret = find_one(s, at, out + n, room - n, 0);
		if (ret < 0)
			return ret;
		n += (uint32_t)ret;
	}
	return (int)n;
}

/* ---- from what was found to a record ---- */

/* Structs the kernel can release for a map that goes away. */
static bool has_dtor(const char *name)
{
	static const char *const names[] = {
		"task_struct",	       "cgroup",	   "bpf_cpumask", "bpf_crypto_ctx",
		"prog_test_ref_kfunc", "prog_test_member",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int set_kptr(const struct btf *btf, const struct btf *base, struct btf_field *field,
		    uint32_t id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	const char *name = btf_name_or_anon(btf, t->name_off);
	int32_t base_id = base ? btf_find_by_name_kind(base, name, btf_kind(t)) : -EINVAL;

	field->btf = btf;
	field->type_id = id;
	if (base_id == -ENOENT) /* the program's own type, to be allocated by it */
		return 0;
	if (base_id < 0)
		return base_id;
	if (field->type == BPF_KPTR_REF && !has_dtor(name))
		return -ENOENT;
	field->btf = base;
	field->type_id = (uint32_t)base_id;
	return 0;
}

static int set_root(const struct btf *btf, struct btf_field *field, const struct found *f)
{
	const char *node_type = f->type == BPF_LIST_HEAD ? "bpf_list_node" : "bpf_rb_node";
	const struct btf_type *t = btf_type_by_id(btf, f->type_id), *n = NULL;
	const struct btf_member *m = btf_members(t);
	uint32_t i, off;

	for (i = 0; i < btf_vlen(t); i++) {
		if (strcmp(f->node_name, btf_name_or_anon(btf, m[i].name_off)))
			continue;
		if (n)
			return -EINVAL;
		n = btf_type_by_id(btf, m[i].type);
		if (!btf_is_struct_only(n) || strcmp(node_type, btf_name_or_anon(btf, n->name_off)))
			return -EINVAL;
		off = btf_member_bit_offset(n, &m[i]);
		if (off % 64)
			return -EINVAL;
		field->btf = btf;
		field->type_id = f->type_id;
		field->node_offset = off / 8;
	}
	return n ? 0 : -ENOENT;
}

static void set_off(struct btf_record *rec, enum btf_field_type type, uint32_t off)
{
	if (type == BPF_SPIN_LOCK)
		rec->spin_lock_off = (int32_t)off;
	else if (type == BPF_RES_SPIN_LOCK)
		rec->res_spin_lock_off = (int32_t)off;
	else if (type == BPF_TIMER)
		rec->timer_off = (int32_t)off;
	else if (type == BPF_WORKQUEUE)
		rec->wq_off = (int32_t)off;
	else if (type == BPF_TASK_WORK)
		rec->task_work_off = (int32_t)off;
	else if (type == BPF_REFCOUNT)
		rec->refcount_off = (int32_t)off;
}

static int add_field(struct btf_record *rec, const struct btf *btf, const struct btf *base,
		     const struct found *f)
{
	struct btf_field *field = &rec->fields[rec->cnt];
	int err = 0;

	*field = (struct btf_field){ .offset = f->off,
				     .size = field_size(f->type),
				     .type = f->type };
	rec->field_mask |= f->type;
	set_off(rec, f->type, f->off);
	if (f->type & (BPF_KPTR | BPF_UPTR))
		err = set_kptr(btf, base, field, f->type_id);
	else if (f->type & BPF_GRAPH_ROOT)
		err = set_root(btf, field, f);
	if (!err)
		rec->cnt++;
	return err;
}

/* Rules between fields. */
static int check_record(const struct btf_record *rec)
{
	bool locked = rec->spin_lock_off >= 0 || rec->res_spin_lock_off >= 0;

	if (rec->spin_lock_off >= 0 && rec->res_spin_lock_off >= 0)
		return -EINVAL;
	if (rec->field_mask & BPF_GRAPH_ROOT && !locked)
		return -EINVAL;
	if (rec->refcount_off < 0 && rec->field_mask & BPF_LIST_NODE &&
	    rec->field_mask & BPF_RB_NODE)
		return -EINVAL;
	return 0;
}

static int fill_record(struct btf_record *rec, const struct btf *btf, const struct btf *base,
		       const struct found *f, uint32_t n, uint32_t value_size)
{
	uint32_t i, next_off = 0, end;
	int err;

	for (i = 0; i < n; i++) {
		if (__builtin_add_overflow(f[i].off, field_size(f[i].type), &end) ||
		    end > value_size)
			return -EFAULT;
		if (f[i].off < next_off)
			return -EEXIST;
		next_off = end;
		err = add_field(rec, btf, base, &f[i]);
		if (err)
			return err;
	}
	return check_record(rec);
}

int btf_parse_fields(const struct btf *btf, const struct btf *base, uint32_t type_id,
		     uint32_t field_mask, uint32_t value_size, struct btf_record **out)
{
	const struct btf_type *t = btf_type_by_id(btf, type_id);
	struct search s = { .btf = btf, .mask = field_mask };
	struct found found[BTF_FIELDS_MAX];
	struct btf_record *rec;
	int n = -EINVAL, err;

	if (t && btf_is_struct_only(t))
		n = find_in_struct(&s, type_id, found, BTF_FIELDS_MAX, 0);
	else if (t && btf_is_datasec(t))
		n = find_in_datasec(&s, t, found, BTF_FIELDS_MAX);
	if (n < 0)
		return n;
	*out = NULL;
	if (!n)
		return 0;
	rec = mem_zalloc(offsetof(struct btf_record, fields) + (size_t)n * sizeof(rec->fields[0]));
	if (!rec)
		return -ENOMEM;
	rec->spin_lock_off = rec->res_spin_lock_off = rec->timer_off = -EINVAL;
	rec->wq_off = rec->refcount_off = rec->task_work_off = -EINVAL;
	err = fill_record(rec, btf, base, found, (uint32_t)n, value_size);
	if (err) {
		btf_record_free(rec);
		return err;
	}
	*out = rec; /* offsets rose all along, so fields are sorted */
	return 0;
}

struct btf_record *btf_record_free(struct btf_record *rec)
{
	free(rec);
	return NULL;
}

int btf_fixup_fields(const struct btf *btf, struct btf_record *rec)
{
	uint32_t i, size;

	for (i = 0; rec && i < rec->cnt; i++) {
		struct btf_field *f = &rec->fields[i];

		if (f->type == BPF_UPTR) {
			if (f->btf->is_base)
				return -EINVAL;
			size = btf_type_by_id(f->btf, f->type_id)->size;
			if (!size || size > PAGE_BYTES)
				return size ? -E2BIG : -EINVAL;
		} else if (f->type & BPF_GRAPH_ROOT) {
			f->value_rec = btf_struct_record(btf, f->type_id);
			if (!f->value_rec)
				return -EFAULT;
			/* What is owned may own, but not twice in a row: no ownership loops. */
			if (rec->field_mask & BPF_GRAPH_NODE &&
			    f->value_rec->field_mask & BPF_GRAPH_ROOT)
				return -ELOOP;
		}
	}
	return 0;
}

/* ---- which maps may hold which fields (kernel: map_check_btf) ---- */

#define MAP(type) (1ull << BPF_MAP_TYPE_##type)
#define STORAGES (MAP(SK_STORAGE) | MAP(INODE_STORAGE) | MAP(TASK_STORAGE) | MAP(CGRP_STORAGE))

static const struct {
	uint32_t fields;
	uint64_t maps;
} map_rules[] = {
	{ BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK,
	  MAP(HASH) | MAP(ARRAY) | MAP(CGROUP_STORAGE) | STORAGES },
	{ BPF_TIMER | BPF_WORKQUEUE | BPF_TASK_WORK, MAP(HASH) | MAP(LRU_HASH) | MAP(ARRAY) },
	{ BPF_KPTR | BPF_REFCOUNT,
	  MAP(HASH) | MAP(PERCPU_HASH) | MAP(LRU_HASH) | MAP(LRU_PERCPU_HASH) | MAP(ARRAY) |
		  MAP(PERCPU_ARRAY) | STORAGES },
	{ BPF_UPTR, MAP(TASK_STORAGE) },
	{ BPF_LIST_HEAD | BPF_RB_ROOT, MAP(HASH) | MAP(LRU_HASH) | MAP(ARRAY) },
};

int btf_record_check_map(const struct btf_record *rec, uint32_t map_type)
{
	uint32_t left = rec ? rec->field_mask : 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(map_rules); i++) {
		if (left & map_rules[i].fields &&
		    (map_type >= 64 || !(map_rules[i].maps >> map_type & 1)))
			return -EOPNOTSUPP;
		left &= ~map_rules[i].fields;
	}
	return left ? -EOPNOTSUPP : 0;
}

/* ---- all structs of a BTF ---- */

static const struct btf_struct_meta *find_meta(const struct btf *btf, uint32_t id)
{
	const struct btf_struct_metas *tab = btf->metas;
	uint32_t lo = 0, hi = tab ? tab->cnt : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (tab->types[mid].btf_id == id)
			return &tab->types[mid];
		if (tab->types[mid].btf_id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct btf_record *btf_struct_record(const struct btf *btf, uint32_t id)
{
	const struct btf_struct_meta *meta = find_meta(btf, id);

	return meta ? meta->record : NULL;
}

struct btf_struct_metas *btf_struct_metas_free(struct btf_struct_metas *tab)
{
	uint32_t i;

	if (!tab)
		return NULL;
	for (i = 0; i < tab->cnt; i++)
		btf_record_free(tab->types[i].record);
	free(tab->types);
	free(tab);
	return NULL;
}

/* A bit per type that makes a struct holding it directly worth parsing; NULL: there is none, or
 * no memory (*err). */
static uint8_t *mark_special(const struct btf *btf, int *err)
{
	static const char *const names[] = {
		"bpf_spin_lock", "bpf_list_head", "bpf_list_node",
		"bpf_rb_root",	 "bpf_rb_node",	  "bpf_refcount",
	};
	uint8_t *marks = mem_calloc(btf->nr_types, 1);
	struct found ignored;
	bool any = false;
	uint32_t id;
	size_t i;

	*err = marks ? 0 : -ENOMEM;
	for (i = 0; marks && i < ARRAY_SIZE(names); i++) {
		int32_t found = btf_find_by_name_kind(btf, names[i], BTF_KIND_STRUCT);

		if (found > 0) {
			marks[found] = 1;
			any = true;
		}
	}
	for (id = 1; marks && id < btf->nr_types; id++) {
		if (find_kptr(btf, btf->types[id], 0, BPF_KPTR, &ignored) == 1) {
			marks[id] = 1;
			any = true;
		}
	}
	if (any)
		return marks;
	free(marks);
	return NULL;
}

static bool has_marked_member(const struct btf *btf, const struct btf_type *t, const uint8_t *marks)
{
	uint32_t i;

	for (i = 0; i < btf_vlen(t); i++)
		if (marks[btf_members(t)[i].type])
			return true;
	return false;
}

static int add_meta(struct btf *btf, const struct btf *base, uint32_t id)
{
	const uint32_t mask = BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK | BPF_LIST_HEAD | BPF_LIST_NODE |
			      BPF_RB_ROOT | BPF_RB_NODE | BPF_REFCOUNT | BPF_KPTR;
	struct btf_struct_metas *tab = btf->metas;
	struct btf_record *rec;
	int err;

	if (tab->cnt == tab->cap) {
		uint32_t cap = tab->cap ? tab->cap * 2 : 8;
		struct btf_struct_meta *types = mem_realloc(tab->types, cap, sizeof(*types));

		if (!types)
			return -ENOMEM;
		tab->types = types;
		tab->cap = cap;
	}
	err = btf_parse_fields(btf, base, id, mask, btf->types[id]->size, &rec);
	if (err)
		return err;
	if (!rec)
		return -EFAULT;
	tab->types[tab->cnt++] = (struct btf_struct_meta){ .btf_id = id, .record = rec };
	return 0;
}

int btf_parse_struct_metas(struct btf *btf, const struct btf *base)
{
	uint8_t *marks;
	uint32_t id, i;
	int err;

	marks = mark_special(btf, &err);
	if (!marks)
		return err;
	btf->metas = mem_zalloc(sizeof(*btf->metas));
	if (!btf->metas)
		err = -ENOMEM;
	for (id = 1; !err && id < btf->nr_types; id++)
		if (btf_is_struct_only(btf->types[id]) &&
		    has_marked_member(btf, btf->types[id], marks))
			err = add_meta(btf, base, id);
	free(marks);
	for (i = 0; !err && i < btf->metas->cnt; i++)
		err = btf_fixup_fields(btf, btf->metas->types[i].record);
	return err;
}
