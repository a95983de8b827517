/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine of its own per test and maps made as MAP_CREATE makes them, without bpf(2). */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errno.h"
#include "object/engine.h"
#include "object/map.h"
#include "run/run.h"

#define TEST_SLOTS 4

static struct engine test_engine;

static int engine_setup(void **state)
{
	memset(&test_engine, 0, sizeof(test_engine));
	if (engine_init(&test_engine) || run_init(&test_engine, TEST_SLOTS))
		return -1;
	run_host_init(&test_engine, NULL, NULL);
	run_enter(&test_engine);
	return 0;
}

static int engine_teardown(void **state)
{
	run_exit(&test_engine);
	epoch_sync(&test_engine);
	run_deinit(&test_engine);
	engine_deinit(&test_engine);
	return 0;
}

static inline uint32_t test_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void test_map_object_free(struct object *obj)
{
	struct map *map = map_of(obj);

	map->ops->free(map);
	free(map);
}

static const struct object_ops test_map_object_ops = {
	.fd_name = "bpf-map",
	.free = test_map_object_free,
};

/* 0 with *map, or what alloc_check or alloc said. */
static inline int map_try(const union bpf_attr *attr, struct map **out)
{
	const struct map_ops *ops = map_ops_by_type(attr->map_type);
	int err = ops->alloc_check ? ops->alloc_check(attr) : 0;
	struct map *map;

	if (err)
		return err;
	map = calloc(1, ops->alloc_bytes ? ops->alloc_bytes : sizeof(*map));
	assert_non_null(map);
	object_init(&map->obj, &test_engine, OBJECT_MAP, &test_map_object_ops);
	map->ops = ops;
	map->type = attr->map_type;
	map->key_size = attr->key_size;
	map->value_size = attr->value_size;
	map->max_entries = attr->max_entries;
	map->flags = attr->map_flags;
	pthread_mutex_init(&map->owner.lock, NULL);
	err = ops->alloc(map, attr);
	if (err) {
		object_put(&map->obj);
		return err;
	}
	*out = map;
	return 0;
}

static inline struct map *map_make(uint32_t type, uint32_t key_size, uint32_t value_size,
				   uint32_t max_entries, uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = key_size, .value_size = value_size,
				.max_entries = max_entries, .map_flags = flags };
	struct map *map = NULL;

	assert_int_equal(map_try(&attr, &map), 0);
	return map;
}

static inline int map_try_sizes(uint32_t type, uint32_t key_size, uint32_t value_size,
				uint32_t max_entries, uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = key_size, .value_size = value_size,
				.max_entries = max_entries, .map_flags = flags };
	struct map *map = NULL;
	int err = map_try(&attr, &map);

	if (!err)
		object_put(&map->obj);
	return err;
}

#define map_test(fn) cmocka_unit_test_setup_teardown(fn, engine_setup, engine_teardown)
