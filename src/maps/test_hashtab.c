/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the hash types do what a list of pairs would do, operation by operation, errno by errno;
 * threads and forked processes lose and double nothing.
 */
#include "maps/hashtab.h"
#include "maps/test_map.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEYS = 64, ENTRIES = 40, STEPS = 60000 };

/* The slow twin: whether each key is there, and its value. */
struct twin {
	bool there[KEYS];
	uint64_t value[KEYS];
	uint32_t n;
};

static int twin_update(struct twin *t, uint32_t k, uint64_t value, uint64_t flags)
{
	if (t->there[k] && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!t->there[k] && flags == BPF_EXIST)
		return -ENOENT;
	if (!t->there[k] && t->n == ENTRIES)
		return -E2BIG;
	t->n += !t->there[k];
	t->there[k] = true;
	t->value[k] = value;
	return 0;
}

static int twin_delete(struct twin *t, uint32_t k)
{
	if (!t->there[k])
		return -ENOENT;
	t->there[k] = false;
	t->n--;
	return 0;
}

/* Keys of odd size whose last bytes tell them apart. */
#define KEY_BYTES 13

static void key_write(char key[KEY_BYTES], uint32_t k)
{
	memset(key, 'k', KEY_BYTES);
	memcpy(key + 9, &k, sizeof(k));
}

static uint32_t count_by_iteration(struct map *map, const struct twin *t)
{
	char key[KEY_BYTES], next[KEY_BYTES];
	bool seen[KEYS] = { 0 };
	uint32_t n = 0, k;
	void *from = NULL;

	while (!map->ops->next_key(map, from, next)) {
		memcpy(&k, next + 9, sizeof(k));
		assert_true(k < KEYS && t->there[k] && !seen[k]);
		seen[k] = true;
		n++;
		memcpy(key, next, KEY_BYTES);
		from = key;
	}
	return n;
}

static void step(struct map *map, struct twin *t, uint32_t *seed)
{
	uint32_t k = test_random(seed) % KEYS;
	uint64_t value = test_random(seed);
	uint64_t flags = test_random(seed) % 3;
	char key[KEY_BYTES];
	uint64_t *at;

	key_write(key, k);
	switch (test_random(seed) % 4) {
	case 0:
	case 1:
		assert_int_equal(map->ops->update(map, key, &value, flags),
				 twin_update(t, k, value, flags));
		break;
	case 2:
		assert_int_equal(map->ops->delete(map, key), twin_delete(t, k));
		break;
	default:
		at = map->ops->lookup(map, key);
		assert_int_equal(at != NULL, t->there[k]);
		if (at)
			assert_int_equal(*at, t->value[k]);
	}
}

static void random_operations_equal_the_twin(void **state)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct map *map = map_make(types[i], KEY_BYTES, 8, ENTRIES, 0);
		struct twin t = { 0 };
		uint32_t seed = 1;

		for (int n = 0; n < STEPS; n++) {
			step(map, &t, &seed);
			if (n % 1000 == 0)
				assert_int_equal(count_by_iteration(map, &t), t.n);
		}
		object_put(&map->obj);
	}
}

static void sizes_and_flags_are_checked(void **state)
{
	const uint32_t hash = BPF_MAP_TYPE_HASH, lru = BPF_MAP_TYPE_LRU_HASH;

	assert_int_equal(map_try_sizes(hash, 0, 4, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(hash, 4, 0, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(hash, 4, 4, 0, 0), -EINVAL);
	assert_int_equal(map_try_sizes(hash, 4, 4, 1, BPF_F_NO_COMMON_LRU), -EINVAL);
	assert_int_equal(map_try_sizes(lru, 4, 4, 1, BPF_F_NO_PREALLOC), -ENOTSUPP);
	assert_int_equal(map_try_sizes(hash, 4, 4, 1, BPF_F_MMAPABLE), -EINVAL);
	assert_int_equal(map_try_sizes(hash, 4, 4u << 20, 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(BPF_MAP_TYPE_PERCPU_HASH, 4, 32769, 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(hash, 4, 4, (1u << 31) + 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(hash, 4, 4, (1u << 27) + 1, 0), -E2BIG);
	assert_int_equal(map_try_sizes(hash, 4, 4, 1, BPF_F_NO_PREALLOC), 0);
}

static void one_entry_map_replaces_when_full(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_HASH, 4, 4, 1, 0);
	uint32_t key = 1, other = 2, value = 5;

	for (int i = 0; i < 10; i++)
		assert_int_equal(map->ops->update(map, &key, &value, BPF_ANY), 0);
	assert_int_equal(map->ops->update(map, &other, &value, BPF_ANY), -E2BIG);
	assert_int_equal(map->ops->delete(map, &key), 0);
	assert_int_equal(map->ops->update(map, &other, &value, BPF_ANY), 0);
	object_put(&map->obj);
}

static void lookup_and_delete_gives_the_value_once(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_HASH, 4, 4, 4, 0);
	uint32_t key = 1, value = 5, out = 0;

	assert_int_equal(map->ops->update(map, &key, &value, BPF_ANY), 0);
	assert_int_equal(map->ops->user_lookup_and_delete(map, &key, &out, 0), 0);
	assert_int_equal(out, 5);
	assert_int_equal(map->ops->user_lookup_and_delete(map, &key, &out, 0), -ENOENT);
	object_put(&map->obj);
}

static void lru_keeps_what_is_used_and_never_fills(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_LRU_HASH, 4, 4, 100, 0);
	uint32_t hot = 0, missing = 0;

	assert_int_equal(map->ops->update(map, &hot, &hot, BPF_ANY), 0);
	for (uint32_t key = 1; key < 5000; key++) {
		assert_int_equal(map->ops->update(map, &key, &key, BPF_ANY), 0);
		assert_int_equal(*(uint32_t *)map->ops->lookup(map, &key), key);
		if (!map->ops->lookup(map, &hot)) {
			missing++;
			assert_int_equal(map->ops->update(map, &hot, &hot, BPF_ANY), 0);
		}
	}
	/* By chance it would be gone once in 100 times. */
	assert_in_range(missing, 0, 15);
	object_put(&map->obj);
}

static void new_percpu_element_is_zero_elsewhere(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4, 0);
	uint64_t all[TEST_SLOTS] = { 9, 9, 9, 9 }, one = 5;
	uint32_t key = 3, sum = 0;

	assert_int_equal(map->ops->user_update(map, &key, all, BPF_ANY), 0);
	assert_int_equal(map->ops->delete(map, &key), 0);
	assert_int_equal(map->ops->update(map, &key, &one, BPF_ANY), 0);
	assert_int_equal(map->ops->user_lookup(map, &key, all, 0), 0);
	for (int i = 0; i < TEST_SLOTS; i++)
		sum += (uint32_t)all[i];
	assert_int_equal(sum, 5);
	object_put(&map->obj);
}

/* --- a bucket that is more than full ---------------------------------------------------------------------- */

enum { CROWD = 24 }; /* keys of one bucket: 8 in its line, the others behind it */

/* Keys that fall into bucket 0. */
static void crowd_of(struct map *map, uint32_t keys[CROWD])
{
	const struct htab *t = &hashtab_of(map)->t;
	uint32_t n = 0;

	for (uint32_t key = 0; n < CROWD; key++)
		if (!(htab_hash(t, &key) & t->mask))
			keys[n++] = key;
}

static void expect_crowd(struct map *map, const uint32_t keys[CROWD], const bool there[CROWD])
{
	for (uint32_t i = 0; i < CROWD; i++) {
		uint32_t *at = map->ops->lookup(map, &keys[i]);

		assert_int_equal(at != NULL, there[i]);
		if (at)
			assert_int_equal(*at, keys[i]);
	}
}

static void crowded_bucket_loses_nothing(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_HASH, 4, 4, 2 * CROWD, 0);
	uint32_t keys[CROWD], seed = 9;
	bool there[CROWD] = { 0 };

	crowd_of(map, keys);
	for (int n = 0; n < 3000; n++) {
		uint32_t i = test_random(&seed) % CROWD;

		/* Mostly full, so that what leaves leaves from the middle of the chain. */
		if (there[i] && test_random(&seed) % 4 == 0) {
			assert_int_equal(map->ops->delete(map, &keys[i]), 0);
			there[i] = false;
		} else {
			assert_int_equal(map->ops->update(map, &keys[i], &keys[i], BPF_ANY), 0);
			there[i] = true;
		}
		expect_crowd(map, keys, there);
	}
	object_put(&map->obj);
}

/* --- threads: each owns some keys and finds them always; all share the buckets -------------------------- */

enum { THREADS = 3, OWN_KEYS = 20, ROUNDS = 3000 };

struct worker {
	struct map *map;
	uint32_t first;
	uint32_t lost;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		run_enter(&test_engine);
		for (uint32_t i = 0; i < OWN_KEYS; i++) {
			uint32_t key = w->first + i;
			uint64_t value = (uint64_t)key << 32 | round, *at;

			w->lost += w->map->ops->update(w->map, &key, &value, BPF_ANY) != 0;
			at = w->map->ops->lookup(w->map, &key);
			w->lost += !at || *at != value;
			if (round % 3 == 0)
				w->lost += w->map->ops->delete(w->map, &key) != 0;
		}
		run_exit(&test_engine);
	}
	return NULL;
}

static void threads_find_what_they_put(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_HASH, 4, 8, THREADS * OWN_KEYS, 0);
	struct worker w[THREADS];
	pthread_t thread[THREADS];

	run_exit(&test_engine);
	for (uint32_t i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ map, i * 1000, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(w[i].lost, 0);
	}
	run_enter(&test_engine);
	object_put(&map->obj);
}

static void child_killed_under_load_leaves_a_working_table(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_HASH, 4, 8, 200, 0);
	uint32_t present = 0;
	pid_t child = fork();

	if (!child) {
		uint32_t seed = 7;

		for (;;) {
			uint32_t key = test_random(&seed) % 100;
			uint64_t value = key;

			map->ops->update(map, &key, &value, BPF_ANY);
			key = test_random(&seed) % 100;
			map->ops->delete(map, &key);
		}
	}
	usleep(20000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (uint32_t key = 0; key < 100; key++) {
		uint64_t value = key, *at = map->ops->lookup(map, &key);

		assert_true(!at || *at == key);
		assert_int_equal(map->ops->update(map, &key, &value, BPF_ANY), 0);
		present += map->ops->lookup(map, &key) != NULL;
		assert_int_equal(map->ops->delete(map, &key), 0);
	}
	assert_int_equal(present, 100);
	object_put(&map->obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		map_test(sizes_and_flags_are_checked),
		map_test(one_entry_map_replaces_when_full),
		map_test(lookup_and_delete_gives_the_value_once),
		map_test(random_operations_equal_the_twin),
		map_test(crowded_bucket_loses_nothing),
		map_test(new_percpu_element_is_zero_elsewhere),
		map_test(lru_keeps_what_is_used_and_never_fills),
		map_test(threads_find_what_they_put),
		map_test(child_killed_under_load_leaves_a_working_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
