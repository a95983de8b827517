/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapshot.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_UP_8(n) (((n) + 7) & ~(size_t)7)

static bool is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_readable(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
		return true;
	}
	return false;
}

/* Values are ids the engine gave out, different in every run. */
static bool holds_ids(uint32_t type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

bool mapshot_is_array(const struct mapshot *shot)
{
	return shot->type == BPF_MAP_TYPE_ARRAY || shot->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       shot->type == BPF_MAP_TYPE_PROG_ARRAY || shot->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       shot->type == BPF_MAP_TYPE_DEVMAP || shot->type == BPF_MAP_TYPE_CPUMAP;
}

size_t mapshot_stride(const struct mapshot *shot)
{
	return shot->n_cpus ? ROUND_UP_8(shot->value_bytes) * shot->n_cpus : shot->value_bytes;
}

const uint8_t *mapshot_key(const struct mapshot *shot, uint32_t entry)
{
	return shot->keys + (size_t)entry * shot->key_bytes;
}

const uint8_t *mapshot_value(const struct mapshot *shot, uint32_t entry, uint32_t cpu)
{
	return shot->values + entry * mapshot_stride(shot) + cpu * ROUND_UP_8(shot->value_bytes);
}

bool mapshot_entry_is_zero(const struct mapshot *shot, uint32_t entry)
{
	const uint8_t *value = mapshot_value(shot, entry, 0);
	size_t bytes = mapshot_stride(shot);

	while (bytes && !*value)
		value++, bytes--;
	return bytes == 0;
}

bool mapshot_next_variable(const struct mapshot *shot, const struct btf *btf, uint32_t *i,
			   struct mapshot_variable *out)
{
	const struct btf_type *section = btf ? btf__type_by_id(btf, shot->value_type) : NULL;

	while (section && btf_is_datasec(section) && *i < btf_vlen(section)) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(section)[(*i)++];
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		if (!var || info->offset > shot->value_bytes ||
		    shot->value_bytes - info->offset < info->size)
			continue;
		*out = (struct mapshot_variable){
			.name = btf__name_by_offset(btf, var->name_off),
			.type = var->type,
			.offset = info->offset,
			.bytes = info->size,
		};
		return true;
	}
	return false;
}

void mapshot_init(struct mapshot *shot, const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	int n_cpus;

	*shot = (struct mapshot){
		.name = xstrdup(name),
		.type = bpf_map__type(map),
		.key_bytes = bpf_map__key_size(map),
		.value_bytes = bpf_map__value_size(map),
		.max_entries = bpf_map__max_entries(map),
		.key_type = bpf_map__btf_key_type_id(map),
		.value_type = bpf_map__btf_value_type_id(map),
		.is_global = bpf_map__is_internal(map),
	};
	shot->is_readonly = shot->is_global && strstr(name, ".rodata");
	shot->is_readable = is_readable(shot->type);
	shot->is_unordered =
		shot->type == BPF_MAP_TYPE_LRU_HASH || shot->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	if (is_percpu(shot->type)) {
		n_cpus = libbpf_num_possible_cpus();
		shot->n_cpus = n_cpus > 0 ? n_cpus : 1;
	}
}

static void drop_entries(struct mapshot *shot)
{
	free(shot->keys);
	free(shot->values);
	shot->keys = shot->values = NULL;
	shot->n_entries = 0;
	shot->error = 0;
}

void mapshot_deinit(struct mapshot *shot)
{
	drop_entries(shot);
	free(shot->name);
	*shot = (struct mapshot){ 0 };
}

/* Makes room for one entry more and returns where its key goes. */
static uint8_t *next_key(struct mapshot *shot)
{
	uint32_t n = shot->n_entries;

	if ((n & (n - 1)) == 0) {
		size_t room = n ? (size_t)n * 2 : 1;

		shot->keys = xrealloc(shot->keys, room * shot->key_bytes);
		shot->values = xrealloc(shot->values, room * mapshot_stride(shot));
	}
	return shot->keys + (size_t)n * shot->key_bytes;
}

static void read_entries(struct mapshot *shot, int fd)
{
	uint8_t *key = xcalloc(1, shot->key_bytes);
	bool first = true;

	while (bpf_map_get_next_key(fd, first ? NULL : key, key) == 0) {
		uint8_t *at = next_key(shot);

		first = false;
		memcpy(at, key, shot->key_bytes);
		/* Empty slots of arrays of objects have no value. */
		if (bpf_map_lookup_elem(fd, key,
					shot->values + shot->n_entries * mapshot_stride(shot)) == 0)
			shot->n_entries++;
		else if (errno != ENOENT)
			shot->error = -errno;
	}
	if (errno != ENOENT)
		shot->error = -errno;
	free(key);
}

/* --- order ---------------------------------------------------------------------------------------- */

static uint64_t number_at(const uint8_t *data, uint32_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, data, bytes);
	return value;
}

int mapshot_compare_keys(const struct mapshot *a, uint32_t entry_a, const struct mapshot *b,
			 uint32_t entry_b)
{
	const uint8_t *x = mapshot_key(a, entry_a), *y = mapshot_key(b, entry_b);
	uint32_t bytes = a->key_bytes;

	if (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) {
		uint64_t left = number_at(x, bytes), right = number_at(y, bytes);

		return left < right ? -1 : left > right;
	}
	return memcmp(x, y, bytes);
}

static int compare_entries(const void *a, const void *b, void *arg)
{
	return mapshot_compare_keys(arg, *(const uint32_t *)a, arg, *(const uint32_t *)b);
}

static void sort_entries(struct mapshot *shot)
{
	uint32_t *order = xcalloc(shot->n_entries, sizeof(*order));
	size_t stride = mapshot_stride(shot);
	uint8_t *keys = xcalloc(shot->n_entries, shot->key_bytes);
	uint8_t *values = xcalloc(shot->n_entries, stride);

	for (uint32_t i = 0; i < shot->n_entries; i++)
		order[i] = i;
	qsort_r(order, shot->n_entries, sizeof(*order), compare_entries, shot);
	for (uint32_t i = 0; i < shot->n_entries; i++) {
		memcpy(keys + (size_t)i * shot->key_bytes, mapshot_key(shot, order[i]),
		       shot->key_bytes);
		memcpy(values + i * stride, mapshot_value(shot, order[i], 0), stride);
	}
	free(shot->keys);
	free(shot->values);
	free(order);
	shot->keys = keys;
	shot->values = values;
}

void mapshot_read(struct mapshot *shot, int fd)
{
	drop_entries(shot);
	if (!shot->is_readable || shot->key_bytes == 0)
		return;
	read_entries(shot, fd);
	if (!mapshot_is_array(shot) && shot->n_entries > 1)
		sort_entries(shot);
}

/* --- as bytes -------------------------------------------------------------------------------------- */

static int compare_values(const void *a, const void *b, void *arg)
{
	return memcmp(a, b, *(const size_t *)arg);
}

static void pack_value(const struct mapshot *shot, uint32_t entry, struct buffer *out)
{
	size_t stride = mapshot_stride(shot);
	size_t one = ROUND_UP_8(shot->value_bytes);
	size_t at = out->bytes;

	buffer_add(out, mapshot_value(shot, entry, 0), stride);
	if (holds_ids(shot->type))
		memset(out->data + at, 0, stride);
	if (shot->n_cpus)
		qsort_r(out->data + at, shot->n_cpus, one, compare_values, &one);
}

void mapshot_pack(const struct mapshot *shot, struct buffer *out)
{
	uint32_t head[2] = { shot->n_entries, (uint32_t)shot->error };

	buffer_add(out, head, sizeof(head));
	buffer_add(out, shot->keys, (size_t)shot->n_entries * shot->key_bytes);
	for (uint32_t i = 0; i < shot->n_entries; i++)
		pack_value(shot, i, out);
}

size_t mapshot_unpack(struct mapshot *shot, const char *data, size_t bytes)
{
	uint32_t head[2];
	size_t keys, values;

	if (bytes < sizeof(head))
		return 0;
	memcpy(head, data, sizeof(head));
	keys = (size_t)head[0] * shot->key_bytes;
	values = head[0] * mapshot_stride(shot);
	if (bytes - sizeof(head) < keys + values)
		return 0;
	drop_entries(shot);
	shot->n_entries = head[0];
	shot->error = (int)head[1];
	shot->keys = xcalloc(1, keys);
	shot->values = xcalloc(1, values);
	memcpy(shot->keys, data + sizeof(head), keys);
	memcpy(shot->values, data + sizeof(head) + keys, values);
	return sizeof(head) + keys + values;
}
