/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands on the elements of a map: LOOKUP, UPDATE, DELETE, GET_NEXT_KEY, LOOKUP_AND_DELETE, and
 * FREEZE. Keys and values are copied in and out around the map's operations, which run inside an
 * epoch; nothing of the client is touched inside one.
 * Source: kernel/bpf/syscall.c, map_lookup_elem() and its neighbours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/errno.h"
#include "base/macros.h"
#include "btf/fields.h"
#include "object/fd.h"
#include "object/map.h"
#include "object/perf_event.h"
#include "object/prog.h"
#include "object/value.h"
#include "run/epoch.h"
#include "syscall/call.h"
#include "syscall/elem.h"

void elem_deinit(struct elem *elem)
{
	if (elem->is_writer)
		atomic_fetch_sub(&elem->map->writers, 1);
	if (elem->map)
		object_put(&elem->map->obj);
	free(elem->key);
	free(elem->value);
}

static bool is_queue(const struct map *map)
{
	return map->type == BPF_MAP_TYPE_QUEUE || map->type == BPF_MAP_TYPE_STACK;
}

/* Values without keys: bpf(2) pushes and peeks. */
static bool is_keyless(const struct map *map)
{
	return is_queue(map) || map->type == BPF_MAP_TYPE_BLOOM_FILTER;
}

/* What bpf(2) may do to the map through an fd opened in @mode. */
static uint32_t rights(const struct map *map, int mode)
{
	uint32_t r = mode == O_RDONLY ? ACCESS_READ :
		     mode == O_WRONLY ? ACCESS_WRITE : ACCESS_READ | ACCESS_WRITE;

	if (atomic_load(&map->frozen))
		r &= ~(uint32_t)ACCESS_WRITE;
	return r;
}

int elem_get_map(struct bpf_call *call, uint32_t fd, uint32_t access, struct elem *elem)
{
	struct object *obj;
	int mode, err;

	err = call_object_mode(call, (int)fd, OBJECT_MAP, &obj, &mode);
	if (err)
		return err;
	elem->map = map_of(obj);
	/* Counted before we look whether it is frozen: who finds it frozen and nobody counted can
	 * be sure that nothing is written any more. */
	elem->is_writer = access & ACCESS_WRITE;
	if (elem->is_writer)
		atomic_fetch_add(&elem->map->writers, 1);
	return (rights(elem->map, mode) & access) == access ? 0 : -EPERM;
}

int elem_check_lock(const struct elem *elem, uint64_t flags)
{
	if ((flags & BPF_F_LOCK) &&
	    !(elem->map->record && (elem->map->record->field_mask & BPF_SPIN_LOCK)))
		return -EINVAL;
	return 0;
}

static int get_key(struct bpf_call *call, struct elem *elem)
{
	uint32_t bytes = elem->map->key_size;

	if (!bytes)
		return call->attr.key ? -EINVAL : 0;
	elem->key = mem_alloc(round_up_u64(bytes, 8));
	if (!elem->key)
		return -ENOMEM;
	return copy_in(call->caller, elem->key, call->attr.key, bytes);
}

int elem_new_value(struct elem *elem)
{
	elem->value_bytes = map_user_value_bytes(elem->map);
	elem->value = mem_zalloc(round_up_u64(elem->value_bytes, 8));
	return elem->value ? 0 : -ENOMEM;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int lookup_held(const struct elem *elem)
{
	struct object *obj;

	if (!elem->map->ops->held)
		return -ENOTSUPP;
	obj = elem->map->ops->held(elem->map, elem->key);
	if (!obj)
		return -ENOENT;
	*(uint32_t *)elem->value = obj->id;
	object_put(obj);
	return 0;
}

static int lookup_plain(const struct elem *elem, uint64_t flags)
{
	struct map *map = elem->map;
	void *at;

	if (!map->ops->lookup)
		return -ENOTSUPP;
	at = map->ops->lookup(map, elem->key);
	if (!at)
		return -ENOENT;
	if (flags & BPF_F_LOCK)
		map_value_copy_locked(map, elem->value, at, at);
	else
		map_value_copy(map, elem->value, at);
	map_value_clear_special(map, elem->value);
	return 0;
}

static int lookup(const struct elem *elem, uint64_t flags)
{
	const struct map_ops *ops = elem->map->ops;

	if (elem->map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return -ENOTSUPP; /* holds events, which have no ids */
	if (ops->user_lookup)
		return ops->user_lookup(elem->map, elem->key, elem->value, flags);
	if (ops->holds)
		return lookup_held(elem);
	if (is_keyless(elem->map))
		return ops->peek(elem->map, elem->value);
	return lookup_plain(elem, flags);
}

int elem_lookup(const struct elem *elem, uint64_t flags)
{
	struct engine *engine = elem->map->obj.engine;
	int err;

	run_enter(engine);
	err = lookup(elem, flags);
	run_exit(engine);
	return err;
}

int cmd_map_lookup_elem(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	uint64_t flags = call->attr.flags;
	int err;

	if (flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	err = elem_get_map(call, call->attr.map_fd, ACCESS_READ, &elem);
	if (!err)
		err = elem_check_lock(&elem, flags);
	if (!err)
		err = get_key(call, &elem);
	if (!err)
		err = elem_new_value(&elem);
	/* A bloom filter is asked about a value. */
	if (!err && elem.map->type == BPF_MAP_TYPE_BLOOM_FILTER)
		err = copy_in(call->caller, elem.value, call->attr.value, elem.value_bytes);
	if (err)
		return err;
	err = elem_lookup(&elem, flags);
	return err ? err : copy_out(call->caller, call->attr.value, elem.value, elem.value_bytes);
}

int elem_next_key(const struct elem *elem, const void *key, void *next)
{
	struct engine *engine = elem->map->obj.engine;
	int err;

	run_enter(engine);
	err = elem->map->ops->next_key(elem->map, key, next);
	run_exit(engine);
	return err;
}

int cmd_map_get_next_key(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	_cleanup_free_ void *next = NULL;
	int err = elem_get_map(call, call->attr.map_fd, ACCESS_READ, &elem);

	if (!err && call->attr.key)
		err = get_key(call, &elem);
	if (err)
		return err;
	if (!elem.map->ops->next_key)
		return -ENOTSUPP;
	next = mem_zalloc(round_up_u64(elem.map->key_size, 8));
	if (!next)
		return -ENOMEM;
	err = elem_next_key(&elem, elem.key, next);
	return err ? err : copy_out(call->caller, call->attr.next_key, next, elem.map->key_size);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Index maps refuse an index before they look at the fd. Source: bpf_fd_array_map_update_elem. */
static int check_held_key(const struct elem *elem, uint64_t flags)
{
	if (elem->map->type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return 0;
	if (flags != BPF_ANY)
		return -EINVAL;
	return *(uint32_t *)elem->key >= elem->map->max_entries ? -E2BIG : 0;
}

/* The value is an fd: the object it stands for goes in. */
static int update_held(struct bpf_call *call, const struct elem *elem, uint64_t flags)
{
	enum object_kind kind = (enum object_kind)(elem->map->ops->holds - 1);
	int fd = *(int *)elem->value;
	struct object *obj;
	int err = check_held_key(elem, flags);

	if (err)
		return err;
	err = call_object(call, fd, kind, &obj);
	if (err)
		return kind == OBJECT_PERF_EVENT ? -EBADF : err;
	/* The client has mapped its ring by now, if it ever will. */
	if (kind == OBJECT_PERF_EVENT)
		err = perf_event_map_ring(perf_event_of(obj));
	if (!err) {
		run_enter(call->engine);
		err = elem->map->ops->assign(elem->map, elem->key, obj, flags);
		run_exit(call->engine);
	}
	object_put(obj);
	return err;
}

/* The value names a program by fd: what is not one is for the map type to refuse. */
static int update_prog(struct bpf_call *call, const struct elem *elem, uint64_t flags)
{
	int fd = elem->value_bytes == 8 ? ((const int *)elem->value)[1] : 0, err;
	struct prog *prog = NULL;

	if (fd > 0 && call_prog(call, fd, &prog))
		prog = NULL;
	run_enter(call->engine);
	err = elem->map->ops->update_prog(elem->map, elem->key, elem->value, flags, prog);
	run_exit(call->engine);
	if (prog)
		object_put(&prog->obj);
	return err;
}

static int update_plain(struct bpf_call *call, const struct elem *elem, uint64_t flags)
{
	const struct map_ops *ops = elem->map->ops;
	int err;

	if (!ops->user_update && !ops->update && !ops->push)
		return -ENOTSUPP;
	run_enter(call->engine);
	if (ops->user_update)
		err = ops->user_update(elem->map, elem->key, elem->value, flags);
	else if (is_keyless(elem->map))
		err = ops->push(elem->map, elem->value, flags);
	else
		err = ops->update(elem->map, elem->key, elem->value, flags);
	run_exit(call->engine);
	return err;
}

int elem_update(struct bpf_call *call, const struct elem *elem, uint64_t flags)
{
	if (elem->map->ops->holds)
		return update_held(call, elem, flags);
	if (elem->map->ops->update_prog)
		return update_prog(call, elem, flags);
	return update_plain(call, elem, flags);
}

int cmd_map_update_elem(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	int err = elem_get_map(call, call->attr.map_fd, ACCESS_WRITE, &elem);

	if (!err)
		err = elem_check_lock(&elem, call->attr.flags);
	if (!err)
		err = get_key(call, &elem);
	if (!err)
		err = elem_new_value(&elem);
	if (!err)
		err = copy_in(call->caller, elem.value, call->attr.value, elem.value_bytes);
	if (err)
		return err;
	return elem_update(call, &elem, call->attr.flags);
}

int elem_delete(const struct elem *elem)
{
	const struct map_ops *ops = elem->map->ops;
	struct engine *engine = elem->map->obj.engine;
	int err;

	if (!ops->delete && !ops->assign)
		return -ENOTSUPP;
	run_enter(engine);
	if (ops->delete)
		err = ops->delete(elem->map, elem->key);
	else
		err = ops->assign(elem->map, elem->key, NULL, 0);
	run_exit(engine);
	return err;
}

int cmd_map_delete_elem(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	int err = elem_get_map(call, call->attr.map_fd, ACCESS_WRITE, &elem);

	if (!err)
		err = get_key(call, &elem);
	return err ? err : elem_delete(&elem);
}

int cmd_map_lookup_and_delete_elem(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	uint64_t flags = call->attr.flags;
	const struct map_ops *ops;
	int err;

	if (flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	err = elem_get_map(call, call->attr.map_fd, ACCESS_READ | ACCESS_WRITE, &elem);
	if (!err && flags && is_queue(elem.map))
		err = -EINVAL;
	if (!err)
		err = elem_check_lock(&elem, flags);
	if (!err)
		err = get_key(call, &elem);
	if (!err)
		err = elem_new_value(&elem);
	if (err)
		return err;
	ops = elem.map->ops;
	if (!ops->user_lookup_and_delete && !(is_queue(elem.map) && ops->pop))
		return -ENOTSUPP;
	run_enter(call->engine);
	if (is_queue(elem.map))
		err = ops->pop(elem.map, elem.value);
	else
		err = ops->user_lookup_and_delete(elem.map, elem.key, elem.value, flags);
	run_exit(call->engine);
	return err ? err : copy_out(call->caller, call->attr.value, elem.value, elem.value_bytes);
}

int cmd_map_freeze(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	struct object *obj;
	bool thawed = false;
	int mode, err;

	err = call_object_mode(call, (int)call->attr.map_fd, OBJECT_MAP, &obj, &mode);
	if (err)
		return err;
	elem.map = map_of(obj);
	if (elem.map->record)
		return -ENOTSUPP;
	if (!(rights(elem.map, mode) & ACCESS_WRITE))
		return -EPERM;
	if (atomic_load(&elem.map->writers))
		return -EBUSY;
	if (elem.map->client_mem) {
		err = object_fd_freeze(obj, elem.map->client_mem);
		if (err)
			return err;
	}
	return atomic_compare_exchange_strong(&elem.map->frozen, &thawed, true) ? 0 : -EBUSY;
}
