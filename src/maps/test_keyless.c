/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: queue and stack equal an array with two ends; a bloom filter forgets nothing; XSKMAP is empty. */
#include "maps/test_map.h"
#include "run/run.h"

enum { ENTRIES = 7, STEPS = 20000 };

/* The slow twin: values in order of pushing. */
struct twin {
	uint32_t value[ENTRIES];
	uint32_t n;
	bool stack;
};

static void twin_remove(struct twin *t, uint32_t at)
{
	memmove(&t->value[at], &t->value[at + 1], (t->n - at - 1) * sizeof(t->value[0]));
	t->n--;
}

static int twin_push(struct twin *t, uint32_t value, uint64_t flags)
{
	if (flags == BPF_NOEXIST)
		return -EINVAL;
	if (t->n == ENTRIES && flags != BPF_EXIST)
		return -E2BIG;
	if (t->n == ENTRIES)
		twin_remove(t, 0);
	t->value[t->n++] = value;
	return 0;
}

static int twin_take(struct twin *t, uint32_t *value, bool remove)
{
	uint32_t at = t->stack ? t->n - 1 : 0;

	*value = 0;
	if (!t->n)
		return -ENOENT;
	*value = t->value[at];
	if (remove)
		twin_remove(t, at);
	return 0;
}

static void random_operations_equal_the_twin(void **state)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct map *map = map_make(types[i], 0, 4, ENTRIES, 0);
		struct twin t = { .stack = types[i] == BPF_MAP_TYPE_STACK };
		uint32_t seed = 11;

		for (int n = 0; n < STEPS; n++) {
			uint32_t value = test_random(&seed), expect;
			uint64_t flags = test_random(&seed) % 3;
			bool pop = test_random(&seed) % 2;

			if (test_random(&seed) % 2) {
				assert_int_equal(map->ops->push(map, &value, flags),
						 twin_push(&t, value, flags));
				continue;
			}
			assert_int_equal(pop ? map->ops->pop(map, &value) :
					       map->ops->peek(map, &value),
					 twin_take(&t, &expect, pop));
			assert_int_equal(value, expect);
		}
		object_put(&map->obj);
	}
}

static void bloom_filter_forgets_nothing(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 1000, 0);
	uint32_t false_yes = 0;

	for (uint32_t value = 0; value < 1000; value++)
		assert_int_equal(map->ops->push(map, &value, BPF_ANY), 0);
	for (uint32_t value = 0; value < 1000; value++)
		assert_int_equal(map->ops->peek(map, &value), 0);
	for (uint32_t value = 1000; value < 11000; value++)
		false_yes += !map->ops->peek(map, &value);
	/* About 1% at the size the filter chose. */
	assert_in_range(false_yes, 0, 500);
	assert_int_equal(map->ops->push(map, &false_yes, BPF_EXIST), -EINVAL);
	assert_int_equal(map->ops->pop(map, &false_yes), -EOPNOTSUPP);
	object_put(&map->obj);
}

static void sizes_and_flags_are_checked(void **state)
{
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_QUEUE, 4, 4, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_STACK, 0, 0, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_QUEUE, 0, (4u << 20) + 1, 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_QUEUE, 0, 4, UINT32_MAX / 4, 0), -E2BIG);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_BLOOM_FILTER, 4, 4, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 0, 0), -EINVAL);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_XSKMAP, 4, 8, 1, 0), -EINVAL);
}

static void xskmap_falls_back_to_the_action(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0);
	uint32_t key = 1, past = 4;
	struct run_ctx rc = { .engine = map->obj.engine };

	assert_null(map->ops->lookup(map, &key));
	run_push(&rc);
	assert_int_equal(map->ops->redirect(map, 1, XDP_PASS), XDP_PASS);
	assert_int_equal(map->ops->redirect(map, 1, 8), XDP_ABORTED);
	run_pop(&rc);
	assert_int_equal(map->ops->update(map, &past, &key, 0), -E2BIG);
	assert_int_equal(map->ops->update(map, &key, &key, 0), -EOPNOTSUPP);
	object_put(&map->obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		map_test(sizes_and_flags_are_checked),
		map_test(random_operations_equal_the_twin),
		map_test(bloom_filter_forgets_nothing),
		map_test(xskmap_falls_back_to_the_action),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
