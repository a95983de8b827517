/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARRAY and PERCPU_ARRAY: max_entries values in one piece of memory, all there from the start.
 *
 *   ARRAY          value i at values + i * stride; a mmapable one lives in the client's memfd.
 *   PERCPU_ARRAY   value i of slot s at values + s * plane + i * stride: a slot's values are one
 *                  plane, so that slots never share a cache line.
 *
 * Lookup is an index check and a multiplication; programs get it inlined (gen_lookup). Nothing is
 * ever deleted. Source of limits and errors: kernel/bpf/arraymap.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "btf/btf.h"
#include "btf/fields.h"
#include "isa/insn.h"
#include "maps/common.h"
#include "maps/map_in_map.h"
#include "maps/types.h"
#include "object/btf_object.h"
#include "object/engine.h"
#include "object/value.h"
#include "run/run.h"

#define ARRAY_CREATE_FLAGS                                                                         \
	(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | MAP_ACCESS_FLAGS | BPF_F_PRESERVE_ELEMS |             \
	 BPF_F_INNER_MAP)

struct array {
	struct map map;
	char *values;
	uint32_t stride;    /* bytes from one value to the next */
	size_t plane_bytes; /* per-CPU: from one slot's values to the next slot's */
	size_t bytes;       /* of values */
};

static struct array *array_of(const struct map *map)
{
	return container_of(map, struct array, map);
}

int array_alloc_check(const union bpf_attr *attr)
{
	bool percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_ARRAY;

	if (!attr->max_entries || attr->key_size != 4 || !attr->value_size ||
	    attr->map_flags & ~(uint32_t)ARRAY_CREATE_FLAGS ||
	    !map_flags_access_ok(attr->map_flags) ||
	    (percpu && map_attr_numa_node(attr) != MAP_NUMA_NODE_NONE))
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_ARRAY &&
	    attr->map_flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP))
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
	    attr->map_flags & BPF_F_PRESERVE_ELEMS)
		return -EINVAL;
	if (attr->value_size > MAP_VALUE_BYTES_MAX)
		return -E2BIG;
	if (percpu && round_up_u64(attr->value_size, 8) > MAP_PERCPU_VALUE_BYTES_MAX)
		return -E2BIG;
	return 0;
}

static int array_alloc(struct map *map, const union bpf_attr *attr)
{
	struct array *array = array_of(map);
	bool percpu = map->type == BPF_MAP_TYPE_PERCPU_ARRAY;
	bool client = map->flags & BPF_F_MMAPABLE;
	uint64_t bytes;

	array->stride = value_stride(map);
	if (check_mul((uint64_t)map->max_entries, array->stride, &bytes) ||
	    check_round_up(bytes, percpu ? CACHE_LINE_BYTES : 8, &bytes))
		return -ENOMEM;
	array->plane_bytes = bytes;
	if (percpu && check_mul(bytes, map->obj.engine->n_slots, &bytes))
		return -ENOMEM;
	if (client && check_round_up(bytes, (uint64_t)sysconf(_SC_PAGESIZE), &bytes))
		return -ENOMEM;
	array->bytes = bytes;
	return map_mem_alloc(map, bytes, client ? MAP_MEM_CLIENT : MAP_MEM_ENGINE,
			     (void **)&array->values);
}

static void array_free(struct map *map)
{
	struct array *array = array_of(map);

	if (array->values)
		map_mem_free(map, array->values, array->bytes);
	array->values = NULL;
}

static void *array_lookup(struct map *map, const void *key)
{
	struct array *array = array_of(map);
	uint32_t index = *(const uint32_t *)key;

	if (unlikely(index >= map->max_entries))
		return NULL;
	return array->values + (size_t)index * array->stride;
}

static void *percpu_value(struct map *map, const void *key, uint32_t slot)
{
	char *first = array_lookup(map, key);

	if (!first || slot >= map->obj.engine->n_slots)
		return NULL;
	return first + slot * array_of(map)->plane_bytes;
}

static void *percpu_array_lookup(struct map *map, const void *key)
{
	return percpu_value(map, key, current_slot(map));
}

int array_check_update(const struct map *map, uint32_t index, uint64_t flags)
{
	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	return 0;
}

static int array_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	int err = array_check_update(map, *(const uint32_t *)key, flags);
	void *at;

	if (err)
		return err;
	if (flags & BPF_F_LOCK && (!map->record || map->record->spin_lock_off < 0))
		return -EINVAL;
	at = array_lookup(map, key);
	if (flags & BPF_F_LOCK)
		map_value_copy_locked(map, at, value, at);
	else
		map_value_copy(map, at, value);
	value_release(map, at);
	return 0;
}

static const void *array_key_of(const struct map *map, const void *value, uint32_t *index)
{
	const struct array *array = array_of(map);

	*index = (uint32_t)((size_t)((const char *)value - array->values) / array->stride);
	return index;
}

static int percpu_array_update(struct map *map, const void *key, const void *value, uint64_t flags)
{
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	err = array_check_update(map, *(const uint32_t *)key, flags);
	if (err)
		return err;
	map_value_copy(map, percpu_array_lookup(map, key), value);
	return 0;
}

int array_delete(struct map *map, const void *key)
{
	return -EINVAL;
}

int array_next_key(struct map *map, const void *key, void *next)
{
	uint32_t index = key ? *(const uint32_t *)key : UINT32_MAX;

	if (index >= map->max_entries)
		index = UINT32_MAX;
	else if (index == map->max_entries - 1)
		return -ENOENT;
	*(uint32_t *)next = index + 1;
	return 0;
}

static int percpu_array_user_lookup(struct map *map, const void *key, void *value, uint64_t flags)
{
	struct array *array = array_of(map);
	uint32_t index = *(const uint32_t *)key;

	if (index >= map->max_entries)
		return -ENOENT;
	for (uint32_t slot = 0; slot < map->obj.engine->n_slots; slot++) {
		char *to = (char *)value + (size_t)slot * array->stride;

		memset(to, 0, array->stride);
		map_value_copy_padded(map, to, percpu_value(map, key, slot));
	}
	return 0;
}

static int percpu_array_user_update(struct map *map, const void *key, const void *value,
				    uint64_t flags)
{
	struct array *array = array_of(map);
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	err = array_check_update(map, *(const uint32_t *)key, flags);
	if (err)
		return err;
	for (uint32_t slot = 0; slot < map->obj.engine->n_slots; slot++)
		map_value_copy_padded(map, percpu_value(map, key, slot),
				      (const char *)value + (size_t)slot * array->stride);
	return 0;
}

/* Every element in order of index: the callback's 1 stops early. */
static int array_for_each(struct map *map, const struct map_each *each, uint64_t flags)
{
	bool percpu = map->type == BPF_MAP_TYPE_PERCPU_ARRAY;
	uint32_t slot = percpu ? current_slot(map) : 0;
	int visited = 0;

	if (flags)
		return -EINVAL;
	for (uint32_t index = 0; index < map->max_entries; index++) {
		char *value = array_lookup(map, &index);
		uint32_t key = index;
		const uint64_t args[5] = {
			(uintptr_t)map, (uintptr_t)&key,
			(uintptr_t)(value + slot * array_of(map)->plane_bytes), each->arg,
		};

		visited++;
		if (run_callback(each->prog, each->callback, args))
			break;
	}
	return visited;
}

/*
 * r0 = *(u32 *)r2; if r0 >= max_entries: r0 = 0; else r0 = values + r0 * stride
 */
static int array_gen_lookup(struct map *map, struct bpf_insn *out)
{
	const struct array *array = array_of(map);
	bool shift = is_pow2(array->stride);
	struct bpf_insn *insn = out;

	if (map->max_entries > INT32_MAX || array->stride > INT32_MAX)
		return 0;
	*insn++ = BPF_LDX_MEM(BPF_W, BPF_REG_0, BPF_REG_2, 0);
	*insn++ = BPF_JMP_IMM(BPF_JGE, BPF_REG_0, (int32_t)map->max_entries, 5);
	*insn++ = shift ? BPF_ALU64_IMM(BPF_LSH, BPF_REG_0, __builtin_ctz(array->stride)) :
			  BPF_ALU64_IMM(BPF_MUL, BPF_REG_0, (int32_t)array->stride);
	memcpy(insn, (struct bpf_insn[2]){ BPF_LD_IMM64(BPF_REG_1, (uintptr_t)array->values) },
	       2 * sizeof(*insn));
	insn += 2;
	*insn++ = BPF_ALU64_REG(BPF_ADD, BPF_REG_0, BPF_REG_1);
	*insn++ = BPF_JMP_A(1);
	*insn++ = BPF_MOV64_IMM(BPF_REG_0, 0);
	return (int)(insn - out);
}

/* The same, moved by this slot's planes. */
static int percpu_array_gen_lookup(struct map *map, struct bpf_insn *out)
{
	size_t plane = array_of(map)->plane_bytes;
	int n = array_gen_lookup(map, out);

	if (!n || plane > INT32_MAX)
		return 0;
	/* before the jump over "r0 = 0" */
	memmove(&out[n - 1], &out[n - 2], 2 * sizeof(*out));
	out[n - 2] = BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_0, BPF_REG_0,
				  BPF_ADDR_PERCPU, (int32_t)plane);
	out[1].off++;
	return n + 1;
}

static int array_direct_value_addr(const struct map *map, uint64_t *addr, uint32_t off)
{
	if (map->max_entries != 1)
		return -ENOTSUP;
	if (off >= map->value_size)
		return -EINVAL;
	*addr = (uintptr_t)array_of(map)->values + off;
	return 0;
}

static int array_direct_value_meta(const struct map *map, uint64_t addr, uint32_t *off)
{
	uint64_t base = (uintptr_t)array_of(map)->values;

	if (map->max_entries != 1)
		return -ENOTSUP;
	if (addr < base || addr >= base + array_of(map)->stride)
		return -ENOENT;
	*off = (uint32_t)(addr - base);
	return 0;
}

int array_check_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id)
{
	const struct btf *btf = map->btf->btf;

	return btf_array_map_check(map->type == BPF_MAP_TYPE_ARRAY, map->max_entries,
				   btf_type_by_id(btf, key_type_id),
				   btf_type_by_id(btf, value_type_id));
}

static bool array_meta_equal(const struct map *meta, const struct map *inner)
{
	if (!map_meta_equal(meta, inner))
		return false;
	return meta->flags & BPF_F_INNER_MAP || meta->max_entries == inner->max_entries;
}

static uint64_t array_mem_usage(const struct map *map)
{
	return sizeof(struct array) + array_of(map)->bytes;
}

const struct map_ops array_map_ops = {
	.alloc_bytes = sizeof(struct array),
	.alloc_check = array_alloc_check,
	.alloc = array_alloc,
	.free = array_free,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.for_each = array_for_each,
	.key_of = array_key_of,
	.next_key = array_next_key,
	.gen_lookup = array_gen_lookup,
	.direct_value_addr = array_direct_value_addr,
	.direct_value_meta = array_direct_value_meta,
	.check_btf = array_check_btf,
	.meta_equal = array_meta_equal,
	.mem_usage = array_mem_usage,
	.batch = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE,
};

const struct map_ops percpu_array_map_ops = {
	.alloc_bytes = sizeof(struct array),
	.alloc_check = array_alloc_check,
	.alloc = array_alloc,
	.free = array_free,
	.lookup = percpu_array_lookup,
	.lookup_percpu = percpu_value,
	.update = percpu_array_update,
	.delete = array_delete,
	.for_each = array_for_each,
	.next_key = array_next_key,
	.gen_lookup = percpu_array_gen_lookup,
	.user_lookup = percpu_array_user_lookup,
	.user_update = percpu_array_user_update,
	.check_btf = array_check_btf,
	.meta_equal = map_meta_equal,
	.mem_usage = array_mem_usage,
	.batch = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE,
};
