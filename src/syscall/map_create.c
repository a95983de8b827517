/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_CREATE: checks in the kernel's order, the type's own, then the object.
 * Source: kernel/bpf/syscall.c, map_create() and map_check_btf().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/errno.h"
#include "btf/btf.h"
#include "btf/fields.h"
#include "maps/map_in_map.h"
#include "object/btf_object.h"
#include "object/map.h"
#include "run/timer.h"
#include "syscall/bpf.h"
#include "syscall/call.h"
#include "syscall/refuse.h"

#define SHA256_BYTES 32
#define NUMA_NODES 1 /* node 0 is the only one programs are told of */

/* --- the object ------------------------------------------------------------------------------- */

static void map_object_free(struct object *obj)
{
	struct map *map = map_of(obj);

	if (map->ops->free)
		map->ops->free(map);
	map_meta_free(map->inner_meta);
	btf_record_free(map->record);
	if (map->btf)
		object_put(&map->btf->obj);
	pthread_mutex_destroy(&map->owner.lock);
	mem_free_late(map);
}

static void map_object_release_uref(struct object *obj)
{
	struct map *map = map_of(obj);

	/* not only if there are any: one may be on its way into the map */
	if (map->record && map->record->field_mask & BPF_TIMER)
		timers_drop(map);
	if (map->ops->release_uref)
		map->ops->release_uref(map);
}

static const struct object_ops map_object_ops = {
	.fd_name = "bpf-map",
	.release_uref = map_object_release_uref,
	.free = map_object_free,
};

/* --- BTF of key and value --------------------------------------------------------------------- */

#define FIELDS_DONE (BPF_SPIN_LOCK | BPF_TIMER)

static int check_fields(const struct bpf_call *call, const struct map *map)
{
	uint32_t mask = map->record->field_mask & ~(uint32_t)FIELDS_DONE;

	if (!call_capable(call, CAPABLE_BPF))
		return -EPERM;
	if (map->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EACCES;
	if (mask)
		return refuse(call->engine, -EOPNOTSUPP, "%s in values is not implemented",
			      btf_field_type_name(mask & -mask));
	return btf_record_check_map(map->record, map->type);
}

static int check_btf(const struct bpf_call *call, struct map *map)
{
	const union bpf_attr *attr = &call->attr;
	const struct btf *btf = map->btf->btf;
	uint32_t key_id = attr->btf_key_type_id, value_id = attr->btf_value_type_id;
	struct btf_object *base;
	uint32_t size;
	int err = engine_base_btf_load(call->engine, &base);

	if (err)
		return err;
	if (key_id && (!btf_type_id_size(btf, &key_id, &size) || size != map->key_size))
		return -EINVAL;
	if (!key_id && !map->ops->check_btf)
		return -EINVAL;
	if (!btf_type_id_size(btf, &value_id, &size) || size != map->value_size)
		return -EINVAL;
	/* As in the kernel, a value whose fields contradict each other has none. */
	if (btf_parse_fields(btf, base ? base->btf : NULL, value_id, BTF_MAP_VALUE_FIELDS,
			     map->value_size, &map->record) == -ENOMEM)
		return -ENOMEM;
	err = map->record ? check_fields(call, map) : 0;
	if (!err)
		err = btf_fixup_fields(btf, map->record);
	if (!err && map->ops->check_btf)
		err = map->ops->check_btf(map, key_id, value_id);
	return err;
}

static int take_btf(struct bpf_call *call, struct map *map)
{
	const union bpf_attr *attr = &call->attr;
	int err;

	if (!attr->btf_key_type_id && !attr->btf_value_type_id)
		return 0;
	err = call_btf(call, (int)attr->btf_fd, &map->btf);
	if (err)
		return err;
	if (map->btf->kernel)
		return -EACCES;
	if (attr->btf_value_type_id) {
		err = check_btf(call, map);
		if (err)
			return err;
	}
	map->btf_key_type_id = attr->btf_key_type_id;
	map->btf_value_type_id = attr->btf_value_type_id;
	return 0;
}

/* --- the command ------------------------------------------------------------------------------ */

/* Which capability a map type asks for. Source: the switch in map_create(). */
static bool type_allowed(const struct bpf_call *call, uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED:
		return true;
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_XSKMAP:
		return call_capable(call, CAPABLE_NET_ADMIN);
	default:
		return call_capable(call, CAPABLE_BPF);
	}
}

/* What needs no map type to be wrong. */
static int check_attr(struct engine *engine, const union bpf_attr *attr)
{
	if (attr->map_flags & BPF_F_TOKEN_FD)
		return refuse(engine, -EINVAL, "there are no BPF tokens");
	if (attr->btf_vmlinux_value_type_id)
		return refuse(engine, -EINVAL, "there are no struct_ops");
	if (attr->btf_key_type_id && !attr->btf_value_type_id)
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_BLOOM_FILTER && attr->map_type != BPF_MAP_TYPE_ARENA &&
	    attr->map_extra)
		return -EINVAL;
	if ((attr->map_flags & BPF_F_NUMA_NODE) && attr->numa_node != UINT32_MAX &&
	    attr->numa_node >= NUMA_NODES) /* UINT32_MAX: none in particular */
		return -EINVAL;
	return 0;
}

/* A map exclusive to one program (excl_prog_hash) is not something we keep. */
static int check_exclusive(struct bpf_call *call)
{
	uint8_t hash[SHA256_BYTES];

	if (!call->attr.excl_prog_hash)
		return call->attr.excl_prog_hash_size ? -EINVAL : 0;
	if (call->attr.excl_prog_hash_size != SHA256_BYTES)
		return -EINVAL;
	if (copy_in(call->caller, hash, call->attr.excl_prog_hash, sizeof(hash)))
		return -EFAULT;
	return refuse(call->engine, -EOPNOTSUPP, "maps exclusive to one program are not implemented");
}

static struct map *map_new(struct bpf_call *call, const struct map_ops *ops)
{
	const union bpf_attr *attr = &call->attr;
	struct map *map = mem_zalloc(ops->alloc_bytes ? ops->alloc_bytes : sizeof(*map));

	if (!map)
		return NULL;
	object_init(&map->obj, call->engine, OBJECT_MAP, &map_object_ops);
	pthread_mutex_init(&map->owner.lock, NULL);
	map->ops = ops;
	map->type = attr->map_type;
	map->key_size = attr->key_size;
	map->value_size = attr->value_size;
	map->max_entries = attr->max_entries;
	map->flags = attr->map_flags & ~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY);
	map->extra = attr->map_extra;
	return map;
}

/* A map of maps is told by an example what its inner maps look like. */
static int take_inner(struct bpf_call *call, struct map *map)
{
	struct map *inner;
	int err;

	if (map->type != BPF_MAP_TYPE_ARRAY_OF_MAPS && map->type != BPF_MAP_TYPE_HASH_OF_MAPS)
		return 0;
	err = call_map(call, (int)call->attr.inner_map_fd, &inner);
	if (err)
		return err;
	err = map_meta_new(inner, &map->inner_meta);
	object_put(&inner->obj);
	return err;
}

static int map_set_up(struct bpf_call *call, struct map *map)
{
	int err = take_inner(call, map);

	if (!err)
		err = map->ops->alloc(map, &call->attr);
	if (!err)
		err = call_name_copy(map->name, call->attr.map_name);
	if (!err)
		err = take_btf(call, map);
	if (!err)
		err = check_exclusive(call);
	return err;
}

int cmd_map_create(struct bpf_call *call)
{
	const struct map_ops *ops;
	struct map *map;
	int err = check_attr(call->engine, &call->attr);
	int open_flags = call_open_flags(call->attr.map_flags);

	if (err || open_flags < 0)
		return err ? err : open_flags;
	ops = map_ops_by_type(call->attr.map_type);
	if (!ops)
		return refuse_map_type(call->engine, call->attr.map_type);
	err = ops->alloc_check ? ops->alloc_check(&call->attr) : 0;
	if (!err && call->attr.map_ifindex)
		err = refuse(call->engine, -EINVAL, "maps cannot be offloaded to devices");
	if (!err && !type_allowed(call, call->attr.map_type))
		err = -EPERM;
	if (err)
		return err;
	map = map_new(call, ops);
	if (!map)
		return -ENOMEM;
	err = map_set_up(call, map);
	if (err) {
		object_put(&map->obj);
		return err;
	}
	return call_publish(call, &map->obj, open_flags);
}
