/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: the trie answers as a list searched for the longest matching prefix, operation by operation. */
#include <pthread.h>
#include <sched.h>

#include "maps/test_map.h"

enum { DATA_BYTES = 5, PREFIXES = 300, ENTRIES = 200, STEPS = 40000 };

struct key {
	uint32_t prefixlen;
	uint8_t data[DATA_BYTES];
} __attribute__((packed));

struct twin {
	struct key key[PREFIXES];
	uint32_t value[PREFIXES];
	uint32_t n, max;
};

static bool prefix_matches(const struct key *prefix, const uint8_t *data, uint32_t bits)
{
	for (uint32_t i = 0; i < bits; i++) {
		if ((prefix->data[i / 8] ^ data[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static int twin_find(const struct twin *t, const struct key *k)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->key[i].prefixlen == k->prefixlen &&
		    prefix_matches(&t->key[i], k->data, k->prefixlen))
			return (int)i;
	}
	return -1;
}

static int twin_update(struct twin *t, const struct key *k, uint32_t value, uint64_t flags)
{
	int at = twin_find(t, k);

	if (at >= 0 && flags == BPF_NOEXIST)
		return -EEXIST;
	if (at < 0 && flags == BPF_EXIST)
		return -ENOENT;
	if (at < 0 && t->n == t->max)
		return -ENOSPC;
	if (at < 0)
		at = (int)t->n++;
	t->key[at] = *k;
	t->value[at] = value;
	return 0;
}

static int twin_delete(struct twin *t, const struct key *k)
{
	int at = twin_find(t, k);

	if (at < 0)
		return -ENOENT;
	t->n--;
	t->key[at] = t->key[t->n];
	t->value[at] = t->value[t->n];
	return 0;
}

static const uint32_t *twin_lookup(const struct twin *t, const struct key *k)
{
	const uint32_t *best = NULL;
	int best_len = -1;

	for (uint32_t i = 0; i < t->n; i++) {
		const struct key *p = &t->key[i];

		if (p->prefixlen <= k->prefixlen && (int)p->prefixlen > best_len &&
		    prefix_matches(p, k->data, p->prefixlen)) {
			best_len = (int)p->prefixlen;
			best = &t->value[i];
		}
	}
	return best;
}

/* Few distinct bits, so prefixes nest and collide; any short enough to cover many table entries. */
static struct key random_key(uint32_t *seed)
{
	struct key k = { .prefixlen = test_random(seed) % (DATA_BYTES * 8 + 1) };

	for (int i = 0; i < DATA_BYTES; i++)
		k.data[i] = test_random(seed) % 4 ? 0xa0 : (uint8_t)test_random(seed);
	return k;
}

static void step(struct map *map, struct twin *t, uint32_t *seed)
{
	struct key k = random_key(seed);
	uint32_t value = test_random(seed);
	uint64_t flags = test_random(seed) % 3;
	const uint32_t *expect;
	uint32_t *at;

	switch (test_random(seed) % 4) {
	case 0:
	case 1:
		assert_int_equal(map->ops->update(map, &k, &value, flags),
				 twin_update(t, &k, value, flags));
		break;
	case 2:
		if (t->n && test_random(seed) % 2)
			k = t->key[test_random(seed) % t->n];
		assert_int_equal(map->ops->delete(map, &k), twin_delete(t, &k));
		break;
	default:
		k.prefixlen = test_random(seed) % 2 ? DATA_BYTES * 8 : k.prefixlen;
		at = map->ops->lookup(map, &k);
		expect = twin_lookup(t, &k);
		assert_int_equal(at != NULL, expect != NULL);
		if (at)
			assert_int_equal(*at, *expect);
	}
}

static void iteration_sees_each_once(struct map *map, const struct twin *t)
{
	struct key key, next;
	bool seen[PREFIXES] = { 0 };
	uint32_t n = 0;
	void *from = NULL;

	while (!map->ops->next_key(map, from, &next)) {
		int at = twin_find(t, &next);

		assert_true(at >= 0 && !seen[at]);
		seen[at] = true;
		n++;
		key = next;
		from = &key;
	}
	assert_int_equal(n, t->n);
}

static void compare_with_twin(uint32_t max_entries, uint32_t seed)
{
	struct map *map = map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct key), 4, max_entries,
				   BPF_F_NO_PREALLOC);
	struct twin t = { .max = MIN(max_entries, (uint32_t)PREFIXES) };

	for (int i = 0; i < STEPS; i++) {
		step(map, &t, &seed);
		if (i % 500 == 0)
			iteration_sees_each_once(map, &t);
	}
	object_put(&map->obj);
}

/* A table of 8 bits, and of 1: full at times. */
static void random_operations_equal_the_twin(void **state)
{
	compare_with_twin(ENTRIES, 3);
	compare_with_twin(1, 4);
	compare_with_twin(15, 5);
}

/* 16 bits of table: the twin stays smaller than the map. */
static void a_wide_table_equals_the_twin(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct key), 4, 40000,
				   BPF_F_NO_PREALLOC);
	struct twin t = { .max = UINT32_MAX };
	uint32_t seed = 6;

	for (int i = 0; i < STEPS / 20; i++) {
		if (t.n == PREFIXES) {
			struct key k = t.key[test_random(&seed) % t.n];

			assert_int_equal(map->ops->delete(map, &k), twin_delete(&t, &k));
		}
		step(map, &t, &seed);
	}
	object_put(&map->obj);
}

/* --- with threads --------------------------------------------------------------------------------- */

struct reader {
	struct map *map;
	_Atomic bool stop;
	_Atomic uint32_t wrong, found;
};

/* The values: a prefix of n bits of 0xa0a0... holds n; /3 is always there. */
static void *read_until_stopped(void *arg)
{
	struct reader *r = arg;
	struct key key = { DATA_BYTES * 8, { 0xa0, 0xa0, 0xa0, 0xa0, 0xa0 } };

	while (!r->stop) {
		const uint32_t *value = r->map->ops->lookup(r->map, &key);

		r->found++;
		if (!value || __atomic_load_n(value, __ATOMIC_RELAXED) < 3 ||
		    __atomic_load_n(value, __ATOMIC_RELAXED) > DATA_BYTES * 8)
			r->wrong++;
	}
	return NULL;
}

static void readers_see_whole_prefixes(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct key), 4, ENTRIES,
				   BPF_F_NO_PREALLOC);
	struct reader r = { .map = map };
	pthread_t thread;
	uint32_t seed = 9;

	for (int i = 0; i < STEPS / 2; i++) {
		struct key k = { 4 + test_random(&seed) % (DATA_BYTES * 8 - 3),
				 { 0xa0, 0xa0, 0xa0, 0xa0, 0xa0 } };
		uint32_t value = i ? k.prefixlen : 3;

		if (!i)
			k.prefixlen = 3;
		if (i % 3 == 2)
			map->ops->delete(map, &k);
		else
			assert_int_equal(map->ops->update(map, &k, &value, BPF_ANY), 0);
		if (!i)
			assert_int_equal(pthread_create(&thread, NULL, read_until_stopped, &r), 0);
	}
	while (!r.found)
		sched_yield();
	r.stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(r.wrong, 0);
	object_put(&map->obj);
}

/* Every key of one byte and prefix of it, against the longest one that was put in. */
static void short_keys_find_their_prefixes(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_LPM_TRIE, 5, 4, 1000, BPF_F_NO_PREALLOC);
	struct key key = { 0 };

	for (uint32_t bits = 0; bits <= 8; bits++) {
		key = (struct key){ bits, { 0xa5 } };
		assert_int_equal(map->ops->update(map, &key, &bits, BPF_ANY), 0);
	}
	key.prefixlen = 8;
	for (uint32_t data = 0; data < 256; data++) {
		uint32_t common = 0;

		key.data[0] = (uint8_t)data;
		while (common < 8 && !((data ^ 0xa5) >> (7 - common) & 1))
			common++;
		assert_int_equal(*(uint32_t *)map->ops->lookup(map, &key), common);
	}
	object_put(&map->obj);
}

static void sizes_and_flags_are_checked(void **state)
{
	const uint32_t lpm = BPF_MAP_TYPE_LPM_TRIE, flag = BPF_F_NO_PREALLOC;

	assert_int_equal(map_try_sizes(lpm, 8, 4, 1, 0), -EINVAL);
	assert_int_equal(map_try_sizes(lpm, 4, 4, 1, flag), -EINVAL);
	assert_int_equal(map_try_sizes(lpm, 261, 4, 1, flag), -EINVAL);
	assert_int_equal(map_try_sizes(lpm, 8, 0, 1, flag), -EINVAL);
	assert_int_equal(map_try_sizes(lpm, 260, 4, 1, flag), 0);
	assert_int_equal(map_try_sizes(lpm, 5, 1, 1, flag), 0);
}

static void too_long_a_prefix_is_refused(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_LPM_TRIE, 8, 4, 4, BPF_F_NO_PREALLOC);
	uint32_t key[2] = { 33, 0 }, value = 1;

	assert_int_equal(map->ops->update(map, key, &value, BPF_ANY), -EINVAL);
	assert_int_equal(map->ops->delete(map, key), -EINVAL);
	assert_null(map->ops->lookup(map, key));
	object_put(&map->obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		map_test(sizes_and_flags_are_checked),
		map_test(too_long_a_prefix_is_refused),
		map_test(random_operations_equal_the_twin),
		map_test(short_keys_find_their_prefixes),
		map_test(a_wide_table_equals_the_twin),
		map_test(readers_see_whole_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
