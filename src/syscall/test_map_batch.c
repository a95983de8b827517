/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the batch commands answer as the kernel's. Method: one script per map type, run on both
 * sides; every call's result, count, and bytes written (hash types: as a set) are compared.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/errno.h"
#include "base/macros.h"
#include "syscall/test_twin.h"

#define ENTRIES 40
#define VALUE_BYTES 12
#define BUFFER_BYTES (1 << 20)
#define CALLS_MAX 256

struct kind {
	const char *name;
	uint32_t type, key_size, value_size, flags;
	bool percpu, hash, holds;
};

static const struct kind kinds[] = {
	{ "array", BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 0, false, false, false },
	{ "percpu array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, VALUE_BYTES, 0, true, false, false },
	{ "hash", BPF_MAP_TYPE_HASH, 4, VALUE_BYTES, 0, false, true, false },
	{ "hash no prealloc", BPF_MAP_TYPE_HASH, 4, VALUE_BYTES, BPF_F_NO_PREALLOC, false, true, false },
	{ "percpu hash", BPF_MAP_TYPE_PERCPU_HASH, 4, VALUE_BYTES, 0, true, true, false },
	{ "lru hash", BPF_MAP_TYPE_LRU_HASH, 4, VALUE_BYTES, 0, false, true, false },
	{ "lru percpu hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, VALUE_BYTES, 0, true, true, false },
	{ "lpm trie", BPF_MAP_TYPE_LPM_TRIE, 8, VALUE_BYTES, BPF_F_NO_PREALLOC, false, false, false },
	{ "array of maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 0, false, false, true },
	{ "hash of maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 0, false, true, true },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, VALUE_BYTES, 0, false, false, false },
	{ "prog array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 0, false, false, true },
	{ "bloom filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, VALUE_BYTES, 0, false, false, false },
};

struct called {
	int ret;
	uint32_t count;
	uint64_t sum;
};

/* One side's run of a script. */
struct side_run {
	enum side side;
	const struct kind *kind;
	int map, inner;
	uint8_t *keys, *values;
	uint8_t token[8], next[8];
	uint32_t n;
	struct called calls[CALLS_MAX];
};

static uint64_t mix(uint64_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3u;
	return sum;
}

static uint32_t value_bytes(const struct kind *kind)
{
	uint32_t cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);

	return kind->percpu ? (kind->value_size + 7) / 8 * 8 * cpus : kind->value_size;
}

static uint64_t sum_of(const struct side_run *r, int cmd, uint32_t count)
{
	uint32_t key = r->kind->key_size, value = value_bytes(r->kind);
	bool reads = cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
	uint64_t sum = 0;

	if (!reads)
		return 0;
	if (!r->kind->hash)
		sum = mix(0, r->next, sizeof(r->next));
	for (uint32_t i = 0; i < count; i++) {
		uint64_t one = mix(7, r->keys + i * key, key);

		/* ids of inner maps differ between the sides */
		if (!r->kind->holds)
			one = mix(one, r->values + i * value, value);
		sum = r->kind->hash ? sum + one : sum * 31 + one;
	}
	return sum;
}

static int batch(struct side_run *r, int cmd, uint32_t count, bool go_on, uint64_t elem_flags,
		 uint64_t flags)
{
	union bpf_attr attr = { 0 };
	struct called *call = &r->calls[r->n++];

	assert_true(r->n < CALLS_MAX);
	attr.batch.in_batch = go_on ? (uintptr_t)r->token : 0;
	attr.batch.out_batch = (uintptr_t)r->next;
	attr.batch.keys = (uintptr_t)r->keys;
	attr.batch.values = (uintptr_t)r->values;
	attr.batch.count = count;
	attr.batch.map_fd = (uint32_t)r->map;
	attr.batch.elem_flags = elem_flags;
	attr.batch.flags = flags;
	memset(r->next, 0xa5, sizeof(r->next));
	call->ret = twin_bpf(r->side, cmd, &attr, sizeof(attr));
	call->count = attr.batch.count;
	call->sum = sum_of(r, cmd, call->ret == -EFAULT || call->ret == -EINVAL ||
					   call->ret == -ENOTSUPP ? 0 : attr.batch.count);
	memcpy(r->token, r->next, sizeof(r->token));
	return call->ret;
}

/* Elements @first to @first + @n in the buffers. */
static void fill(struct side_run *r, uint32_t first, uint32_t n, uint8_t salt)
{
	uint32_t value = value_bytes(r->kind);

	memset(r->keys, 0, BUFFER_BYTES);
	memset(r->values, 0, BUFFER_BYTES);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t key[2] = { first + i, 0 };

		if (r->kind->type == BPF_MAP_TYPE_LPM_TRIE) {
			key[0] = 8 + (first + i) % 25;
			key[1] = (first + i) * 0x01030507;
		}
		memcpy(r->keys + i * r->kind->key_size, key, r->kind->key_size);
		for (uint32_t at = 0; at < value; at += 4)
			memcpy(r->values + i * value + at, (uint32_t[]){ (first + i) * 77 + salt + at },
			       4);
		if (r->kind->holds)
			memcpy(r->values + i * value, &r->inner, 4);
	}
}

/* Counts and flags that are refused, or nothing to do. */
static void edges(struct side_run *r)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH,
				    BPF_MAP_UPDATE_BATCH, BPF_MAP_DELETE_BATCH };
	static const uint64_t flags[] = { 0, BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK, 1ull << 33 };

	for (size_t c = 0; c < ARRAY_SIZE(cmds); c++) {
		for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
			fill(r, 0, 1, 0);
			batch(r, cmds[c], 0, false, flags[f], 0);
			batch(r, cmds[c], 0, false, 0, flags[f]);
		}
	}
	/* a token past the end */
	memset(r->token, 0xff, sizeof(r->token));
	batch(r, BPF_MAP_LOOKUP_BATCH, 3, true, 0, 0);
}

/* The whole map, in steps of @count, as often as @max. */
static void walk(struct side_run *r, int cmd, uint32_t count, int max)
{
	int ret = batch(r, cmd, count, false, 0, 0);

	for (int i = 0; !ret && i < max; i++)
		ret = batch(r, cmd, count, true, 0, 0);
}

static void script(struct side_run *r)
{
	edges(r);
	walk(r, BPF_MAP_LOOKUP_BATCH, ENTRIES, 1);
	fill(r, 0, 30, 1);
	batch(r, BPF_MAP_UPDATE_BATCH, 30, false, 0, 0);
	walk(r, BPF_MAP_LOOKUP_BATCH, 2 * ENTRIES, 1);
	if (!r->kind->hash) /* how far these come is the table's own there */
		for (uint32_t step = 1; step < 12; step += 3)
			walk(r, BPF_MAP_LOOKUP_BATCH, step, 50);
	fill(r, 20, 30, 2); /* too many of them: stops with an error, says how many */
	batch(r, BPF_MAP_UPDATE_BATCH, 30, false, 0, 0);
	if (r->kind->type == BPF_MAP_TYPE_LRU_HASH || r->kind->type == BPF_MAP_TYPE_LRU_PERCPU_HASH)
		return; /* which elements went is its own choice */
	walk(r, BPF_MAP_LOOKUP_BATCH, 2 * ENTRIES, 1);
	fill(r, 5, 10, 0);
	batch(r, BPF_MAP_DELETE_BATCH, 10, false, 0, 0);
	batch(r, BPF_MAP_DELETE_BATCH, 10, false, 0, 0); /* gone: ENOENT at the first */
	fill(r, 3, 10, 0);
	batch(r, BPF_MAP_DELETE_BATCH, 10, false, 0, 0); /* two, then ENOENT */
	walk(r, BPF_MAP_LOOKUP_BATCH, 2 * ENTRIES, 1);
	walk(r, BPF_MAP_LOOKUP_AND_DELETE_BATCH, 2 * ENTRIES, 1);
	walk(r, BPF_MAP_LOOKUP_AND_DELETE_BATCH, 2 * ENTRIES, 1);
	walk(r, BPF_MAP_LOOKUP_BATCH, 2 * ENTRIES, 1);
}

static int create(enum side side, const struct kind *kind, int inner)
{
	union bpf_attr attr = { .map_type = kind->type, .key_size = kind->key_size,
				.value_size = kind->value_size, .max_entries = ENTRIES,
				.map_flags = kind->flags };

	if (kind->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || kind->type == BPF_MAP_TYPE_HASH_OF_MAPS)
		attr.inner_map_fd = (uint32_t)inner;
	return twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void begin(struct side_run *r, enum side side, const struct kind *kind)
{
	r->side = side;
	r->kind = kind;
	r->keys = calloc(1, BUFFER_BYTES);
	r->values = calloc(1, BUFFER_BYTES);
	r->inner = create(side, &kinds[0], 0);
	r->map = create(side, kind, r->inner);
	assert_true(r->inner >= 0 && r->map >= 0);
}

static void finish(struct side_run *r)
{
	close(r->map);
	close(r->inner);
	free(r->keys);
	free(r->values);
}

static void compare(const struct side_run *engine, const struct side_run *kernel)
{
	for (uint32_t i = 0; i < engine->n && i < kernel->n; i++) {
		const struct called *e = &engine->calls[i], *k = &kernel->calls[i];

		if (e->ret != k->ret || e->count != k->count || e->sum != k->sum)
			fail_msg("%s, call %u: engine %d of %u (%llx), kernel %d of %u (%llx)",
				 engine->kind->name, i, e->ret, e->count,
				 (unsigned long long)e->sum, k->ret, k->count,
				 (unsigned long long)k->sum);
	}
	assert_int_equal(engine->n, kernel->n);
}

static void batches_do_what_the_kernels_do(void **state)
{
	static struct side_run runs[SIDES];
	bool kernel = twin_kernel_allowed();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		memset(runs, 0, sizeof(runs));
		for (int side = 0; side <= (kernel ? KERNEL : ENGINE); side++) {
			begin(&runs[side], side, &kinds[i]);
			script(&runs[side]);
			finish(&runs[side]);
		}
		if (kernel)
			compare(&runs[ENGINE], &runs[KERNEL]);
	}
	if (!kernel) {
		print_message("the kernel's bpf(2) is not allowed here\n");
		skip();
	}
}

/* Steps smaller than the map, growing when a bucket does not fit: each element exactly once. */
static void hash_walks_see_every_element_once(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		static struct side_run r;
		uint32_t total = 0, step = 1;
		uint64_t sum = 0, whole;
		bool go_on = false;
		int ret;

		if (!kinds[i].hash)
			continue;
		memset(&r, 0, sizeof(r));
		begin(&r, ENGINE, &kinds[i]);
		fill(&r, 0, 30, 1);
		assert_int_equal(batch(&r, BPF_MAP_UPDATE_BATCH, 30, false, 0, 0), 0);
		assert_int_equal(batch(&r, BPF_MAP_LOOKUP_BATCH, 30, false, 0, 0), -ENOENT);
		whole = r.calls[r.n - 1].sum;
		do {
			ret = batch(&r, BPF_MAP_LOOKUP_AND_DELETE_BATCH, step, go_on, 0, 0);
			if (ret == -ENOSPC) {
				assert_int_equal(r.calls[r.n - 1].count, 0);
				step++;
			}
			go_on = true;
			total += r.calls[r.n - 1].count;
			sum += r.calls[r.n - 1].sum;
		} while (ret != -ENOENT && r.n < CALLS_MAX - 2);
		assert_int_equal(ret, -ENOENT);
		assert_int_equal(total, 30);
		assert_true(sum == whole);
		assert_int_equal(batch(&r, BPF_MAP_LOOKUP_BATCH, 30, false, 0, 0), -ENOENT);
		assert_int_equal(r.calls[r.n - 1].count, 0);
		finish(&r);
	}
}

static void bad_addresses_are_efault(void **state)
{
	static struct side_run r;
	uint32_t keys[2] = { 0, 1 };

	for (int side = 0; side < SIDES; side++) {
		union bpf_attr attr = { 0 };

		if (side == KERNEL && !twin_kernel_allowed())
			break;
		memset(&r, 0, sizeof(r));
		begin(&r, side, &kinds[0]);
		attr.batch.map_fd = (uint32_t)r.map;
		attr.batch.count = 2;
		attr.batch.keys = (uintptr_t)keys;
		attr.batch.values = 16;
		assert_int_equal(twin_bpf(side, BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr)), -EFAULT);
		assert_int_equal(attr.batch.count, 0);
		attr.batch.count = 2;
		assert_int_equal(twin_bpf(side, BPF_MAP_LOOKUP_BATCH, &attr, sizeof(attr)), -EFAULT);
		assert_int_equal(attr.batch.count, 0);
		attr.batch.count = 2;
		attr.batch.values = (uintptr_t)r.values;
		attr.batch.out_batch = 16;
		assert_int_equal(twin_bpf(side, BPF_MAP_LOOKUP_BATCH, &attr, sizeof(attr)), -EFAULT);
		assert_int_equal(attr.batch.count, 2);
		finish(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(batches_do_what_the_kernels_do),
		TWIN_TEST(hash_walks_see_every_element_once),
		TWIN_TEST(bad_addresses_are_efault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
