/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps/map_in_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/errno.h"
#include "btf/btf.h"
#include "btf/fields.h"
#include "object/btf_object.h"
#include "object/map.h"

static size_t record_bytes(const struct btf_record *rec)
{
	return sizeof(*rec) + rec->cnt * sizeof(rec->fields[0]);
}

/* Both records own nothing but themselves: fields point into the BTF, which both maps hold. */
static int record_dup(const struct btf_record *rec, struct btf_record **out)
{
	*out = NULL;
	if (!rec)
		return 0;
	*out = mem_alloc(record_bytes(rec));
	if (!*out)
		return -ENOMEM;
	memcpy(*out, rec, record_bytes(rec));
	return 0;
}

static bool record_equal(const struct btf_record *a, const struct btf_record *b)
{
	if (!a || !b)
		return a == b;
	return record_bytes(a) == record_bytes(b) && !memcmp(a, b, record_bytes(a));
}

int map_meta_new(const struct map *inner, struct map **meta)
{
	struct map *m;
	int err;

	if (inner->inner_meta)
		return -EINVAL;
	if (!inner->ops->meta_equal)
		return -ENOTSUPP;
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	err = record_dup(inner->record, &m->record);
	if (err) {
		free(m);
		return err;
	}
	m->is_meta = true;
	m->ops = inner->ops;
	m->type = inner->type;
	m->key_size = inner->key_size;
	m->value_size = inner->value_size;
	m->flags = inner->flags;
	m->max_entries = inner->max_entries;
	m->btf = inner->btf;
	if (m->btf)
		object_get(&m->btf->obj);
	*meta = m;
	return 0;
}

void map_meta_free(struct map *meta)
{
	if (!meta)
		return;
	free(meta->record);
	if (meta->btf)
		object_put(&meta->btf->obj);
	free(meta);
}

bool map_meta_equal(const struct map *meta, const struct map *inner)
{
	return meta->type == inner->type && meta->key_size == inner->key_size &&
	       meta->value_size == inner->value_size && meta->flags == inner->flags &&
	       record_equal(meta->record, inner->record);
}

bool map_inner_fits(const struct map *outer, const struct map *inner)
{
	return !inner->inner_meta && inner->ops->meta_equal &&
	       inner->ops->meta_equal(outer->inner_meta, inner);
}
