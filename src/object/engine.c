/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine's own part of itself: lock, ids, quotas and the tables of this room. What other rooms
 * hang off it they make and take down themselves; syscall/ puts a whole engine together.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "object/caller.h"
#include "object/cgroup.h"
#include "object/dev.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/pin.h"

/* Defaults of struct engine_quota. */
#define OBJECTS_MAX (1u << 16)
#define VERIFIER_BYTES_MAX (UINT64_C(2) << 30)
#define VERIFIER_NS_MAX (UINT64_C(60) * 1000000000)

/* The machine's memory: more than that is never backed. */
static uint64_t memory_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return UINT64_C(1) << 30;
	return (uint64_t)info.totalram * info.mem_unit;
}

static uint64_t boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int engine_init(struct engine *engine)
{
	int err;

	pthread_mutex_init(&engine->lock, NULL);
	pthread_mutex_init(&engine->base_btf_lock, NULL);
	for (int i = 0; i < OBJECT_KIND_MAX; i++)
		idmap_init(&engine->ids[i]);
	engine->quota = (struct engine_quota){
		.bytes_max = memory_bytes(),
		.objects_max = OBJECTS_MAX,
		.verifier_bytes_max = VERIFIER_BYTES_MAX,
		.verifier_ns_max = VERIFIER_NS_MAX,
	};
	engine->caps = CAPABLE_ALL;
	engine->jit = true;
	engine->boot_ns = boot_ns();
	err = fd_table_init(engine);
	if (err)
		return err;
	err = pin_table_init(engine);
	if (!err)
		err = dev_table_init(engine);
	if (!err)
		err = cgroup_table_init(engine);
	if (err)
		engine_deinit(engine);
	return err;
}

void engine_drop_users(struct engine *engine)
{
	pin_table_drop_all(engine);
	fd_table_drop_all(engine);
}

void engine_deinit(struct engine *engine)
{
	cgroup_table_deinit(engine);
	dev_table_deinit(engine);
	pin_table_deinit(engine);
	fd_table_deinit(engine);
	for (int i = 0; i < OBJECT_KIND_MAX; i++)
		idmap_deinit(&engine->ids[i]);
	assert(!atomic_load(&engine->objects_used));
	free((char *)engine->base_btf_path);
	pthread_mutex_destroy(&engine->base_btf_lock);
	pthread_mutex_destroy(&engine->lock);
}

void engine_after_fork(struct engine *engine)
{
	fd_table_after_fork(engine);
	pin_table_after_fork(engine);
}

static _Thread_local enum engine_limit limit_met;

void engine_note_limit(enum engine_limit limit)
{
	limit_met = limit;
}

enum engine_limit engine_take_limit(void)
{
	enum engine_limit limit = limit_met;

	limit_met = ENGINE_LIMIT_NONE;
	return limit;
}

int engine_charge(struct engine *engine, uint64_t bytes)
{
	uint64_t used = atomic_load_explicit(&engine->bytes_used, memory_order_relaxed);
	uint64_t sum;

	do {
		if (__builtin_add_overflow(used, bytes, &sum) || sum > engine->quota.bytes_max) {
			engine_note_limit(ENGINE_LIMIT_BYTES);
			return -ENOMEM;
		}
	} while (!atomic_compare_exchange_weak_explicit(&engine->bytes_used, &used, sum,
							memory_order_relaxed,
							memory_order_relaxed));
	return 0;
}

void engine_uncharge(struct engine *engine, uint64_t bytes)
{
	uint64_t before = atomic_fetch_sub_explicit(&engine->bytes_used, bytes,
						    memory_order_relaxed);

	assert(before >= bytes);
	(void)before;
}
