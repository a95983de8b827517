/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: arrays check their sizes as the kernel does, hold values, and keep CPU slots apart. */
#include "maps/test_map.h"

#include <limits.h>

static void sizes_and_flags_are_checked(void **state)
{
	const uint32_t array = BPF_MAP_TYPE_ARRAY, percpu = BPF_MAP_TYPE_PERCPU_ARRAY;

	assert_int_equal(map_try_sizes(array, 8, 4, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(array, 4, 0, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(array, 4, 4, 0, 0), -EINVAL);
	assert_int_equal(map_try_sizes(array, 4, 4, 1, BPF_F_NO_PREALLOC), -EINVAL);
	assert_int_equal(map_try_sizes(array, 4, 4, 1, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG),
			 -EINVAL);
	assert_int_equal(map_try_sizes(array, 4, (uint32_t)INT_MAX + 1, 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(percpu, 4, 4, 1, BPF_F_MMAPABLE), -EINVAL);
	assert_int_equal(map_try_sizes(percpu, 4, 32769, 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(array, 4, 4096, UINT_MAX, 0), -ENOMEM);
	assert_int_equal(map_try_sizes(array, 4, 4, 1, BPF_F_MMAPABLE), 0);
}

static void values_are_kept_and_bounds_hold(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_ARRAY, 4, 12, 5, 0);
	uint32_t key = 4, past = 5, next;
	char value[12] = "hello world";

	assert_int_equal(map->ops->update(map, &key, value, BPF_ANY), 0);
	assert_memory_equal(map->ops->lookup(map, &key), "hello world", 12);
	assert_null(map->ops->lookup(map, &past));
	assert_int_equal(map->ops->update(map, &past, value, BPF_ANY), -E2BIG);
	assert_int_equal(map->ops->update(map, &key, value, BPF_NOEXIST), -EEXIST);
	assert_int_equal(map->ops->update(map, &key, value, 8), -EINVAL);
	assert_int_equal(map->ops->delete(map, &key), -EINVAL);
	assert_int_equal(map->ops->next_key(map, NULL, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(map->ops->next_key(map, &past, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(map->ops->next_key(map, &key, &next), -ENOENT);
	object_put(&map->obj);
}

static void slots_of_a_percpu_array_are_apart(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 3, 0);
	uint32_t key = 1, other = 2;
	uint64_t all[TEST_SLOTS] = { 10, 20, 30, 40 };

	assert_int_equal(map_user_value_bytes(map), sizeof(all));
	assert_int_equal(map->ops->user_update(map, &key, all, BPF_ANY), 0);
	for (uint32_t slot = 0; slot < TEST_SLOTS; slot++)
		assert_int_equal(*(uint32_t *)map->ops->lookup_percpu(map, &key, slot),
				 10 * (slot + 1));
	assert_null(map->ops->lookup_percpu(map, &key, TEST_SLOTS));
	*(uint32_t *)map->ops->lookup(map, &key) = 7;
	memset(all, 0xff, sizeof(all));
	assert_int_equal(map->ops->user_lookup(map, &key, all, 0), 0);
	assert_int_equal(all[run_slot(test_engine.run)], 7);
	assert_int_equal(map->ops->user_lookup(map, &other, all, 0), 0);
	assert_int_equal(all[0] | all[1] | all[2] | all[3], 0);
	object_put(&map->obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		map_test(sizes_and_flags_are_checked),
		map_test(values_are_kept_and_bounds_hold),
		map_test(slots_of_a_percpu_array_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
