/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The batch commands. Types with an order of keys do the plain command again and again; hash types
 * hand out whole buckets, and in_batch and out_batch are the number of the bucket that is next.
 * attr.batch.count goes back to the client, 0 where an address was bad while reading.
 * Source: kernel/bpf/syscall.c, generic_map_*_batch(), and __htab_map_lookup_and_delete_batch().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/errno.h"
#include "base/macros.h"
#include "object/map.h"
#include "run/epoch.h"
#include "syscall/call.h"
#include "syscall/elem.h"

#define BUCKET_ROOM 16 /* elements, before a fuller bucket is met */

/* What every batch does first; *done: nothing was asked for. */
static int begin(struct bpf_call *call, const struct elem *elem, uint64_t flags, bool *done)
{
	uint64_t elem_flags = call->attr.batch.elem_flags;
	int err;

	if (elem_flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	err = elem_check_lock(elem, elem_flags);
	if (err)
		return err;
	if (flags)
		return -EINVAL;
	*done = !call->attr.batch.count;
	return *done ? 0 : call_write_back(call, batch.count, 0);
}

static int new_key(struct elem *elem)
{
	elem->key = mem_zalloc(round_up_u64(elem->map->key_size, 8));
	return elem->key ? 0 : -ENOMEM;
}

/* Tells the client how far the batch came; @err is what it ended with. */
static int end(struct bpf_call *call, uint32_t n, int err)
{
	return call_write_back(call, batch.count, n) ? -EFAULT : err;
}

static int take_key(struct bpf_call *call, const struct elem *elem, uint32_t i)
{
	uint32_t bytes = elem->map->key_size;

	return copy_in(call->caller, elem->key, call->attr.batch.keys + (uint64_t)i * bytes, bytes);
}

static int take_value(struct bpf_call *call, const struct elem *elem, uint32_t i)
{
	return copy_in(call->caller, elem->value,
		       call->attr.batch.values + (uint64_t)i * elem->value_bytes,
		       elem->value_bytes);
}

/* --- updating and deleting -------------------------------------------------------------------- */

static int update_batch(struct bpf_call *call, struct elem *elem)
{
	uint32_t count = call->attr.batch.count, i;
	bool done;
	int err = begin(call, elem, 0, &done);

	if (err || done)
		return err;
	if (new_key(elem) || elem_new_value(elem))
		return -ENOMEM;
	for (i = 0; i < count && !err; i += !err) {
		err = take_key(call, elem, i);
		if (!err)
			err = take_value(call, elem, i);
		if (!err)
			err = elem_update(call, elem, call->attr.batch.elem_flags);
	}
	return end(call, i, err);
}

static int delete_batch(struct bpf_call *call, struct elem *elem)
{
	uint32_t count = call->attr.batch.count, i;
	bool done;
	int err = begin(call, elem, 0, &done);

	if (err || done)
		return err;
	if (new_key(elem))
		return -ENOMEM;
	for (i = 0; i < count && !err; i += !err) {
		err = take_key(call, elem, i);
		if (!err)
			err = elem_delete(elem);
	}
	return end(call, i, err);
}

/* --- reading in order of keys ----------------------------------------------------------------- */

static int give_element(struct bpf_call *call, const struct elem *elem, uint32_t i)
{
	uint32_t key_bytes = elem->map->key_size;
	int err = copy_out(call->caller, call->attr.batch.keys + (uint64_t)i * key_bytes, elem->key,
			   key_bytes);

	return err ? err : copy_out(call->caller,
				    call->attr.batch.values + (uint64_t)i * elem->value_bytes,
				    elem->value, elem->value_bytes);
}

/* Where a reading batch stands. */
struct walk {
	void *prev; /* key of the last element seen, when begun */
	bool begun;
	bool broken; /* an error after which the client is told no count */
	uint32_t n;
};

static int walk(struct bpf_call *call, const struct elem *elem, struct walk *w)
{
	while (w->n < call->attr.batch.count) {
		int err = elem_next_key(elem, w->begun ? w->prev : NULL, elem->key);

		if (err)
			return err;
		err = elem_lookup(elem, call->attr.batch.elem_flags);
		if (!err) {
			err = give_element(call, elem, w->n);
			w->n += !err;
		}
		/* An element that went away meanwhile, or an empty slot, is passed over. */
		if (err && err != -ENOENT) {
			w->broken = true;
			return err;
		}
		memcpy(w->prev, elem->key, elem->map->key_size);
		w->begun = true;
	}
	return 0;
}

static int lookup_in_order(struct bpf_call *call, struct elem *elem)
{
	_cleanup_free_ void *prev = NULL;
	struct walk w = { .begun = call->attr.batch.in_batch != 0 };
	bool done;
	int err = begin(call, elem, 0, &done);

	if (err || done)
		return err;
	w.prev = prev = mem_zalloc(round_up_u64(elem->map->key_size, 8));
	if (!prev || new_key(elem) || elem_new_value(elem))
		return -ENOMEM;
	if (w.begun && copy_in(call->caller, prev, call->attr.batch.in_batch, elem->map->key_size))
		return -EFAULT;
	err = walk(call, elem, &w);
	if (w.broken)
		return err;
	err = end(call, w.n, err);
	if (err != -EFAULT && w.n &&
	    copy_out(call->caller, call->attr.batch.out_batch, prev, elem->map->key_size))
		return -EFAULT;
	return err;
}

/* --- reading bucket by bucket ----------------------------------------------------------------- */

static void bucket_deinit(struct map_bucket *bucket)
{
	free(bucket->keys);
	free(bucket->values);
}

static int bucket_init(struct map_bucket *bucket, const struct map *map, uint32_t room)
{
	bucket_deinit(bucket);
	bucket->room = room;
	bucket->keys = mem_alloc((size_t)room * map->key_size);
	bucket->values = mem_alloc((size_t)room * map_user_value_bytes(map));
	return bucket->keys && bucket->values ? 0 : -ENOMEM;
}

/* One bucket's elements, @left at most: 0, -ENOSPC (more than that), -ENOENT (no such bucket). */
static int take_bucket(const struct elem *elem, uint32_t number, uint32_t left,
		       struct map_bucket *bucket)
{
	const struct map_ops *ops = elem->map->ops;
	struct engine *engine = elem->map->obj.engine;
	uint32_t room = bucket->room;
	int err;

	for (;;) {
		bucket->room = MIN(room, left);
		run_enter(engine);
		err = ops->batch_bucket(elem->map, number, bucket);
		run_exit(engine);
		if (err != -ENOSPC || bucket->n > left)
			break;
		room = bucket->n;
		if (bucket_init(bucket, elem->map, room))
			return -ENOMEM;
	}
	bucket->room = room;
	return err;
}

static int give_bucket(struct bpf_call *call, const struct elem *elem,
		       const struct map_bucket *bucket, uint32_t total)
{
	uint64_t key_bytes = elem->map->key_size, value_bytes = map_user_value_bytes(elem->map);

	if (copy_out(call->caller, call->attr.batch.keys + total * key_bytes, bucket->keys,
		     bucket->n * key_bytes))
		return -EFAULT;
	return copy_out(call->caller, call->attr.batch.values + total * value_bytes,
			bucket->values, bucket->n * value_bytes);
}

static int lookup_buckets(struct bpf_call *call, struct elem *elem, bool delete)
{
	_cleanup_(bucket_deinit) struct map_bucket bucket = {
		.flags = call->attr.batch.elem_flags,
		.delete = delete,
	};
	uint32_t total = 0, number = 0;
	bool done;
	int err = begin(call, elem, call->attr.batch.flags, &done);

	if (err || done)
		return err;
	if (call->attr.batch.in_batch &&
	    copy_in(call->caller, &number, call->attr.batch.in_batch, sizeof(number)))
		return -EFAULT;
	/* The token of a batch that is over leads nowhere, and nothing more is written. */
	if (elem->map->ops->batch_bucket(elem->map, number, NULL))
		return -ENOENT;
	err = bucket_init(&bucket, elem->map, BUCKET_ROOM);
	for (; !err; number += !err) {
		err = take_bucket(elem, number, call->attr.batch.count - total, &bucket);
		if (!err)
			err = give_bucket(call, elem, &bucket, total);
		if (!err)
			total += bucket.n;
	}
	if (err == -EFAULT)
		return err;
	if (copy_out(call->caller, call->attr.batch.out_batch, &number, sizeof(number)))
		return -EFAULT;
	return end(call, total, err == -ENOSPC && total ? 0 : err);
}

/* --- the commands ----------------------------------------------------------------------------- */

static int get_map(struct bpf_call *call, uint32_t access, struct elem *elem)
{
	return elem_get_map(call, call->attr.batch.map_fd, access, elem);
}

int cmd_map_lookup_batch(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	int err = get_map(call, ACCESS_READ, &elem);

	if (err)
		return err;
	if (elem.map->ops->batch_bucket)
		return lookup_buckets(call, &elem, false);
	return elem.map->ops->batch & MAP_BATCH_LOOKUP ? lookup_in_order(call, &elem) : -ENOTSUPP;
}

int cmd_map_lookup_and_delete_batch(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	int err = get_map(call, ACCESS_READ | ACCESS_WRITE, &elem);

	if (err)
		return err;
	return elem.map->ops->batch_bucket ? lookup_buckets(call, &elem, true) : -ENOTSUPP;
}

int cmd_map_update_batch(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	int err = get_map(call, ACCESS_WRITE, &elem);

	if (err)
		return err;
	return elem.map->ops->batch & MAP_BATCH_UPDATE ? update_batch(call, &elem) : -ENOTSUPP;
}

int cmd_map_delete_batch(struct bpf_call *call)
{
	_cleanup_elem_ struct elem elem = { 0 };
	int err = get_map(call, ACCESS_WRITE, &elem);

	if (err)
		return err;
	return elem.map->ops->batch & MAP_BATCH_DELETE ? delete_batch(call, &elem) : -ENOTSUPP;
}
