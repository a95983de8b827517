/* SPDX-License-Identifier: BSD-2-Clause */
#include "records.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

#define PERF_PAGES 64

struct source {
	struct records *owner;
	uint32_t map;
	struct perf_buffer *perf; /* NULL: a ring buffer */
};

struct records {
	records_fn *fn;
	void *arg;
	struct ring_buffer *rings;
	uint64_t lost;
	uint32_t n_sources;
	struct source *sources[]; /* libbpf keeps pointers to them */
};

static int ring_record(void *arg, void *data, size_t bytes)
{
	struct source *s = arg;

	s->owner->fn(s->owner->arg, s->map, data, bytes);
	return 0;
}

static void perf_record(void *arg, int cpu, void *data, uint32_t bytes)
{
	ring_record(arg, data, bytes);
}

static void perf_lost(void *arg, int cpu, __u64 count)
{
	struct source *s = arg;

	s->owner->lost += count;
}

static struct source *add_source(struct records *r, uint32_t map)
{
	struct source *s = xcalloc(1, sizeof(*s));

	s->owner = r;
	s->map = map;
	r->sources[r->n_sources++] = s;
	return s;
}

static int add_ring(struct records *r, const struct bpf_map *map, uint32_t index)
{
	struct source *s = add_source(r, index);

	if (r->rings)
		return ring_buffer__add(r->rings, bpf_map__fd(map), ring_record, s);
	r->rings = ring_buffer__new(bpf_map__fd(map), ring_record, s, NULL);
	return r->rings ? 0 : -errno;
}

static int add_perf(struct records *r, const struct bpf_map *map, uint32_t index)
{
	struct source *s = add_source(r, index);

	s->perf = perf_buffer__new(bpf_map__fd(map), PERF_PAGES, perf_record, perf_lost, s, NULL);
	return s->perf ? 0 : -errno;
}

static int add_map(struct records *r, const struct bpf_map *map, uint32_t index)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_RINGBUF:
		return add_ring(r, map, index);
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return add_perf(r, map, index);
	default:
		return 0;
	}
}

int records_open(struct bpf_object *bpf, records_fn *fn, void *arg, struct records **out,
		 struct error *err)
{
	struct bpf_map *map;
	uint32_t n = 0;
	struct records *r;
	int rc = 0;

	bpf_object__for_each_map(map, bpf) n++;
	r = xcalloc(1, sizeof(*r) + n * sizeof(r->sources[0]));
	r->fn = fn;
	r->arg = arg;
	n = 0;
	bpf_object__for_each_map(map, bpf)
	{
		rc = add_map(r, map, n++);
		if (rc) {
			error_set(err, rc, "records of map '%s' cannot be read: %s",
				  bpf_map__name(map), strerror(-rc));
			records_close(r);
			return rc;
		}
	}
	if (!r->n_sources) {
		records_close(r);
		r = NULL;
	}
	*out = r;
	return 0;
}

void records_take(struct records *r)
{
	if (!r)
		return;
	if (r->rings)
		ring_buffer__consume(r->rings);
	for (uint32_t i = 0; i < r->n_sources; i++)
		if (r->sources[i]->perf)
			perf_buffer__consume(r->sources[i]->perf);
}

uint64_t records_lost(const struct records *r)
{
	return r ? r->lost : 0;
}

void records_close(struct records *r)
{
	if (!r)
		return;
	ring_buffer__free(r->rings);
	for (uint32_t i = 0; i < r->n_sources; i++) {
		perf_buffer__free(r->sources[i]->perf);
		free(r->sources[i]);
	}
	free(r);
}

static bool fits(const struct btf *btf, uint32_t id, size_t bytes)
{
	int64_t size = btf__resolve_size(btf, id);

	/* Perf records are padded to eight bytes with four of length before them. */
	return size > 0 && (size_t)size <= bytes && bytes - (size_t)size < 8;
}

/* Whether the struct called @name describes a record of @bytes; its BTF id, 0: not. */
static uint32_t fitting_struct(const struct btf *btf, const char *name, size_t bytes)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 && fits(btf, id, bytes) ? id : 0;
}

static uint32_t without_modifiers(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	for (; type && (btf_is_mod(type) || btf_is_typedef(type)); type = btf__type_by_id(btf, id))
		id = type->type;
	return id;
}

/* The struct that a global variable points to; 0: it is no such variable. */
static uint32_t pointed_struct(const struct btf *btf, const struct btf_type *type)
{
	uint32_t id;

	if (!btf_is_var(type))
		return 0;
	type = btf__type_by_id(btf, without_modifiers(btf, type->type));
	if (!type || !btf_is_ptr(type))
		return 0;
	id = without_modifiers(btf, type->type);
	type = btf__type_by_id(btf, id);
	return type && btf_is_struct(type) ? id : 0;
}

/* The one struct among those that global variables point to that fits; 0: none, or several do. */
static uint32_t kept_struct(const struct btf *btf, size_t bytes)
{
	uint32_t kept = 0;

	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		uint32_t id = pointed_struct(btf, btf__type_by_id(btf, i));

		if (!id || id == kept || !fits(btf, id, bytes))
			continue;
		if (kept)
			return 0;
		kept = id;
	}
	return kept;
}

uint32_t records_type(const struct btf *btf, const char *map_name, size_t bytes)
{
	size_t length = strlen(map_name);
	char *singular;
	uint32_t id = btf ? fitting_struct(btf, map_name, bytes) : 0;

	if (!btf || id)
		return id;
	if (length && map_name[length - 1] == 's') {
		singular = xstrndup(map_name, length - 1);
		id = fitting_struct(btf, singular, bytes);
		free(singular);
	}
	return id ? id : kept_struct(btf, bytes);
}
