/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a process killed at any instruction of any operation on a map that others share leaves a map
 * they can go on with: no lock stays taken, every element is whole, the one it worked on is as before or
 * as after, and at most one place is lost. Method: a child does the operation by single steps (the
 * trap flag) and kills itself at the Nth, for every N until it is done; before it is waited for, the
 * parent checks and uses the map. SKEP_KILL_POINTS=0: every one even where a sanitizer makes them many.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/hostile.h"
#include "maps/test_map.h"
#include "object/dynptr.h"
#include "object/ringbuf.h"

enum {
	ENTRIES = 16,
	FILLED = 10,    /* keys 0 .. are there, of generation 1; the operations write generation 2 */
	VICTIM = 3,     /* the key that operations on one that is there use */
	NEW = 12,       /* and on one that is not */
	POINTS = 24,   /* per operation at most, spread evenly */
	STEPS_MAX = 1 << 20,
	RING = 4096,
	VALUE_WORDS = 3,
	SECONDS_MAX = 30, /* of one death; more: a survivor hangs */
};

/* --- single steps ------------------------------------------------------------------------------------- */

/* In memory shared with the child. */
struct steps {
	long taken;
	int done;
};

static struct steps *steps;
static long kill_at;

/* Each step comes here; the first by raise(). */
static void on_step(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	if (steps->done) {
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100;
		return;
	}
	uc->uc_mcontext.gregs[REG_EFL] |= 0x100;
	if (steps->taken++ == kill_at)
		kill(getpid(), SIGKILL);
}

/* Does @op in a child that dies at step @at; false: it was done before. The child stays a zombie. */
static bool die_in(void (*op)(struct map *map), struct map *map, long at, pid_t *child)
{
	siginfo_t info;

	*steps = (struct steps){ 0 };
	run_fork_prepare(&test_engine);
	*child = fork();
	if (!*child) {
		struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_after_fork(&test_engine);
		run_enter(&test_engine);
		sigaction(SIGTRAP, &sa, NULL);
		kill_at = at;
		raise(SIGTRAP);
		op(map);
		steps->done = 1;
		_exit(0);
	}
	run_fork_parent(&test_engine);
	assert_int_equal(waitid(P_PID, (id_t)*child, &info, WEXITED | WNOWAIT), 0);
	return info.si_code == CLD_KILLED && info.si_status == SIGKILL;
}

/* --- keys and values ------------------------------------------------------------------------------------ */

struct key {
	uint32_t words[2];
};

static struct key key_of(const struct map *map, uint32_t k)
{
	if (map->type == BPF_MAP_TYPE_LPM_TRIE)
		return (struct key){ { 32, k << 24 | k } };
	return (struct key){ { k, 0 } };
}

static uint32_t number_of(const struct map *map, const struct key *key)
{
	return map->type == BPF_MAP_TYPE_LPM_TRIE ? key->words[1] & 0xff : key->words[0];
}

/* Every word says whose it is and of which generation. */
static const uint64_t *value_of(uint32_t k, uint32_t generation)
{
	static uint64_t value[VALUE_WORDS];

	for (int i = 0; i < VALUE_WORDS; i++)
		value[i] = (uint64_t)generation << 32 | k;
	return value;
}

/* The words of one value are all of one generation, which is given; or of two where @torn. 0: zeros. */
static uint32_t check_value(const uint64_t *value, uint32_t k, bool torn)
{
	uint32_t generation = 0;

	for (int i = 0; i < VALUE_WORDS; i++) {
		if (!torn)
			assert_int_equal(value[i], value[0]);
		if (value[i])
			assert_int_equal((uint32_t)value[i], k);
		generation = MAX(generation, (uint32_t)(value[i] >> 32));
	}
	return generation;
}

/* What programs read, the latest of all slots: its generation; 0: nothing is there. */
static uint32_t generation_of(struct map *map, uint32_t k, bool torn)
{
	struct key key = key_of(map, k);
	const uint64_t *value = map->ops->lookup(map, &key);
	uint32_t generation = value ? check_value(value, k, torn) : 0;

	for (uint32_t slot = 0; value && map->ops->lookup_percpu && slot < TEST_SLOTS; slot++)
		generation = MAX(generation,
				 check_value(map->ops->lookup_percpu(map, &key, slot), k, torn));
	return generation;
}

static int update(struct map *map, uint32_t k, uint32_t generation, uint64_t flags)
{
	struct key key = key_of(map, k);

	return map->ops->update(map, &key, value_of(k, generation), flags);
}

static int delete(struct map *map, uint32_t k)
{
	struct key key = key_of(map, k);

	return map->ops->delete(map, &key);
}

/* --- operations of maps with keys ------------------------------------------------------------------------ */

static void op_lookup(struct map *map)
{
	struct key key = key_of(map, VICTIM);

	map->ops->lookup(map, &key);
}

static void op_update(struct map *map)
{
	update(map, VICTIM, 2, BPF_ANY);
}

static void op_insert(struct map *map)
{
	update(map, NEW, 2, BPF_NOEXIST);
}

static void op_delete(struct map *map)
{
	delete(map, VICTIM);
}

static void op_next_key(struct map *map)
{
	struct key key = key_of(map, VICTIM), next;

	map->ops->next_key(map, &key, &next);
}

static void op_take(struct map *map)
{
	uint64_t value[VALUE_WORDS * TEST_SLOTS];
	struct key key = key_of(map, VICTIM);

	map->ops->user_lookup_and_delete(map, &key, value, 0);
}

static void op_user_lookup(struct map *map)
{
	uint64_t value[VALUE_WORDS * TEST_SLOTS];
	struct key key = key_of(map, VICTIM);

	map->ops->user_lookup(map, &key, value, 0);
}

static void op_user_update(struct map *map)
{
	uint64_t value[VALUE_WORDS * TEST_SLOTS];
	struct key key = key_of(map, VICTIM);

	for (int slot = 0; slot < TEST_SLOTS; slot++)
		memcpy(value + slot * VALUE_WORDS, value_of(VICTIM, 2), sizeof(uint64_t) * VALUE_WORDS);
	map->ops->user_update(map, &key, value, BPF_ANY);
}

/* Batches take a bucket whole: some of the elements. */
static void bucket(struct map *map, bool delete)
{
	static char keys[ENTRIES * sizeof(struct key)];
	static char values[ENTRIES * VALUE_WORDS * sizeof(uint64_t) * TEST_SLOTS];
	struct map_bucket out = { .keys = keys, .values = values, .room = ENTRIES, .delete = delete };

	map->ops->batch_bucket(map, 0, &out);
}

static void op_read_batch(struct map *map)
{
	bucket(map, false);
}

static void op_take_batch(struct map *map)
{
	bucket(map, true);
}

/* --- checks of maps with keys ----------------------------------------------------------------------------- */

/* What an operation may do to elements. */
enum {
	TOUCHES_VICTIM = 1 << 0,
	TOUCHES_NEW = 1 << 1,
	REMOVES = 1 << 2, /* the victim, or what a push into a full queue pushes out */
	EMPTIES = 1 << 3,
	EVICTS = 1 << 4,
	LOSES = 1 << 5, /* a place for good */
	TEARS = 1 << 6, /* the victim is written in place */
	FULL = 1 << 7,  /* not what it does, but how the map is filled before */
};

/* A full map has any key but the new one, and one more: ENTRIES. */
static bool is_filled(uint32_t k, int may)
{
	return may & FULL ? k != NEW : k < FILLED;
}

static uint32_t check_iteration(struct map *map)
{
	struct key key, next;
	const void *from = NULL;
	bool seen[64] = { 0 };
	uint32_t n = 0;

	while (!map->ops->next_key(map, from, &next)) {
		uint32_t k = number_of(map, &next);

		assert_true(k < ARRAY_SIZE(seen) && !seen[k] && n < ENTRIES);
		seen[k] = true;
		n++;
		key = next;
		from = &key;
	}
	return n;
}

static void check_elements(struct map *map, int may)
{
	uint32_t missing = 0, n = 0;

	check_iteration(map); /* takes every lock: what was half done is finished then */
	for (uint32_t k = 0; k <= ENTRIES; k++) {
		uint32_t generation = generation_of(map, k, may & TEARS && k == VICTIM);
		bool was = is_filled(k, may);
		bool touched = (k == VICTIM && may & TOUCHES_VICTIM) || (k == NEW && may & TOUCHES_NEW);

		n += generation != 0;
		if (generation > (touched ? 2 : 1) || (generation && !was && !touched))
			fail_msg("key %u has generation %u", k, generation);
		missing += was && !generation && !(touched && k == VICTIM && may & REMOVES);
	}
	if (!(may & EMPTIES))
		assert_in_range(missing, 0, may & EVICTS ? 1 : 0);
	assert_int_equal(check_iteration(map), n);
}

/* Survivors fill it to the brim, and empty it. */
static void check_keys(struct map *map, int may)
{
	bool lru = map->type == BPF_MAP_TYPE_LRU_HASH || map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	uint32_t n = 0;

	check_elements(map, may);
	delete(map, ENTRIES);
	for (uint32_t k = 0; k < ENTRIES; k++)
		n += !update(map, k, 3, BPF_ANY);
	assert_in_range(n, may & LOSES && !lru ? ENTRIES - 1 : ENTRIES, ENTRIES);
	if (!lru)
		assert_int_equal(check_iteration(map), n);
	for (uint32_t k = 0; k < ENTRIES; k++) {
		uint32_t generation = generation_of(map, k, may & TEARS && k == VICTIM);

		assert_true(generation == 3 || (!generation && (lru || n < ENTRIES)));
		delete(map, k);
		assert_int_equal(generation_of(map, k, false), 0);
	}
	assert_int_equal(check_iteration(map), 0);
}

static void fill_keys(struct map *map, int may)
{
	for (uint32_t k = 0; k <= ENTRIES; k++)
		if (is_filled(k, may))
			assert_int_equal(update(map, k, 1, BPF_ANY), 0);
}

/* --- arrays ----------------------------------------------------------------------------------------------- */

static void check_array(struct map *map, int may)
{
	for (uint32_t k = 0; k < ENTRIES; k++) {
		uint32_t generation = generation_of(map, k, may & TEARS && k == VICTIM);

		assert_true(generation == is_filled(k, may) ||
			    (k == VICTIM && may & TOUCHES_VICTIM && generation == 2));
		assert_int_equal(update(map, k, 3, BPF_ANY), 0);
	}
	for (uint32_t k = 0; k < ENTRIES; k++)
		assert_int_equal(generation_of(map, k, may & TEARS && k == VICTIM), 3);
}

/* --- queues and stacks -------------------------------------------------------------------------------------- */

static void fill_places(struct map *map, int may)
{
	for (uint32_t k = 0; k < (may & FULL ? ENTRIES : FILLED); k++)
		assert_int_equal(map->ops->push(map, value_of(k, 1), 0), 0);
}

static void op_push(struct map *map)
{
	map->ops->push(map, value_of(ENTRIES, 2), BPF_EXIST);
}

static void op_pop(struct map *map)
{
	uint64_t value[VALUE_WORDS];

	map->ops->pop(map, value);
}

static void op_peek(struct map *map)
{
	uint64_t value[VALUE_WORDS];

	map->ops->peek(map, value);
}

/* What is there are numbers in a row, in the order of the type, without those the operation took. */
static void check_places(struct map *map, int may)
{
	bool stack = map->type == BPF_MAP_TYPE_STACK;
	uint32_t filled = may & FULL ? ENTRIES : FILLED, n = 0, got[ENTRIES + 1];
	uint64_t value[VALUE_WORDS];

	while (!map->ops->pop(map, value)) {
		assert_true(n <= ENTRIES);
		got[n] = (uint32_t)value[0];
		assert_int_equal(check_value(value, got[n], false), got[n] == ENTRIES ? 2 : 1);
		n++;
	}
	for (uint32_t i = 0; stack && i < n / 2; i++) {
		uint32_t swap = got[i];

		got[i] = got[n - 1 - i];
		got[n - 1 - i] = swap;
	}
	assert_in_range(n, filled - !!(may & REMOVES), filled + !!(may & TOUCHES_NEW));
	if (n && got[n - 1] == ENTRIES && may & TOUCHES_NEW)
		n--;
	assert_in_range(got[0], 0, may & REMOVES && (!stack || may & FULL) ? 1 : 0);
	for (uint32_t i = 1; i < n; i++)
		assert_int_equal(got[i], got[i - 1] + 1);
	for (uint32_t k = 0; k < ENTRIES; k++)
		assert_int_equal(map->ops->push(map, value_of(k, 3), 0), 0);
	for (uint32_t k = 0; k < ENTRIES; k++) {
		assert_int_equal(map->ops->pop(map, value), 0);
		assert_int_equal(check_value(value, stack ? ENTRIES - 1 - k : k, false), 3);
	}
	assert_int_equal(map->ops->pop(map, value), -ENOENT);
}

/* Values that were put in are never missed. */
static void check_bloom(struct map *map, int may)
{
	uint64_t value[VALUE_WORDS];

	assert_int_equal(map->ops->push(map, value_of(ENTRIES, 2), 0), 0);
	for (uint32_t k = 0; k <= ENTRIES; k++) {
		if (k < ENTRIES && !is_filled(k, may))
			continue;
		memcpy(value, value_of(k, k == ENTRIES ? 2 : 1), sizeof(value));
		assert_int_equal(map->ops->peek(map, value), 0);
	}
}

static void op_bloom_push(struct map *map)
{
	map->ops->push(map, value_of(ENTRIES, 2), 0);
}

static void op_bloom_peek(struct map *map)
{
	uint64_t value[VALUE_WORDS];

	memcpy(value, value_of(VICTIM, 1), sizeof(value));
	map->ops->peek(map, value);
}

/* --- stack traces --------------------------------------------------------------------------------------------- */

static int store_stack(struct map *map, uint32_t k, uint64_t flags)
{
	return map->ops->stack_id(map, value_of(k, 1), VALUE_WORDS, flags);
}

static uint32_t victim_id;

static void fill_stacks(struct map *map, int may)
{
	for (uint32_t k = 0; k < FILLED; k++)
		store_stack(map, k, 0);
	assert_int_equal(map->ops->next_key(map, NULL, &victim_id), 0);
}

static void op_store(struct map *map)
{
	for (uint32_t k = FILLED; k < FILLED + 4; k++)
		store_stack(map, k, BPF_F_REUSE_STACKID);
}

static void op_read_stack(struct map *map)
{
	uint64_t value[VALUE_WORDS];

	map->ops->user_lookup(map, &victim_id, value, 0);
}

static void op_take_stack(struct map *map)
{
	uint64_t value[VALUE_WORDS];

	map->ops->user_lookup_and_delete(map, &victim_id, value, 0);
}

static void op_drop_stack(struct map *map)
{
	map->ops->delete(map, &victim_id);
}

static void check_stacks(struct map *map, int may)
{
	uint64_t value[VALUE_WORDS];
	uint32_t id = UINT32_MAX, n = 0;

	while (!map->ops->next_key(map, id == UINT32_MAX ? NULL : &id, &id)) {
		assert_true(id < ENTRIES);
		assert_int_equal(map->ops->user_lookup(map, &id, value, 0), 0);
		check_value(value, (uint32_t)value[0], false);
	}
	for (uint32_t k = 0; k < 1000; k++)
		store_stack(map, k, BPF_F_REUSE_STACKID);
	for (id = 0; id < ENTRIES; id++)
		n += !map->ops->user_lookup_and_delete(map, &id, value, 0);
	assert_in_range(n, may & LOSES ? ENTRIES - 1 : ENTRIES, ENTRIES);
}

/* --- ring buffers ------------------------------------------------------------------------------------------------ */

static uint32_t next_read;

static void send(struct map *map, uint32_t k)
{
	assert_int_equal(ringbuf_output(map, value_of(k, 1), VALUE_WORDS * 8, 0), 0);
}

static void fill_ring(struct map *map, int may)
{
	next_read = 0;
	for (uint32_t k = 0; k < 3; k++)
		send(map, k);
}

static void op_output(struct map *map)
{
	ringbuf_output(map, value_of(3, 2), VALUE_WORDS * 8, 0);
}

static void op_discard(struct map *map)
{
	void *record = ringbuf_reserve(map, 100);

	if (record)
		ringbuf_commit(&test_engine, record, 0, true);
}

/* Reads what a client would, in order; the killed process's may be missing. */
static void read_ring(struct map *map)
{
	char *mem = map->client_mem;
	uint64_t *consumer = (uint64_t *)mem, produced = *(uint64_t *)(mem + 4096);

	while (*consumer < produced) {
		const char *header = mem + 2 * 4096 + (*consumer & (RING - 1));
		uint32_t len = *(const uint32_t *)header;
		const uint64_t *value = (const uint64_t *)(header + 8);

		if (len & BPF_RINGBUF_BUSY_BIT)
			return;
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			if ((uint32_t)value[0] == 4 && next_read == 3)
				next_read++;
			assert_int_equal(len, VALUE_WORDS * 8);
			check_value(value, next_read, false);
			next_read++;
		}
		*consumer += ((len & ~BPF_RINGBUF_DISCARD_BIT) + 8 + 7) & ~7u;
	}
}

/* Three times round: what was reserved and never submitted does not block the ring for long. */
static void check_ring(struct map *map, int may)
{
	read_ring(map);
	assert_in_range(next_read, 3, 4);
	for (uint32_t k = 4; k < 4 + 3 * RING / (VALUE_WORDS * 8); k++) {
		send(map, k);
		read_ring(map);
	}
	assert_int_equal(next_read, 4 + 3 * RING / (VALUE_WORDS * 8));
}

/* The other way round: words of generation 1 that the client writes, each with its number. */
static uint32_t next_taken;
static bool one_untold;

static uint64_t take_sample(const struct prog *prog, uint64_t callback, const uint64_t args[5])
{
	const struct dynptr *sample = (const struct dynptr *)(uintptr_t)args[0];

	const uint64_t *value = (const uint64_t *)sample->data;

	assert_int_equal(sample->bytes, VALUE_WORDS * 8);
	/* one may be done with, and the client not yet told of it */
	if ((uint32_t)value[0] == next_taken + 1 && one_untold)
		next_taken++;
	one_untold = false;
	assert_int_equal(check_value(value, next_taken, false), 1);
	next_taken++;
	return 0;
}

static int64_t drain(struct map *map)
{
	const struct prog prog = { .run_callback = take_sample };

	return user_ringbuf_drain(map, &(struct map_each){ .prog = &prog }, 0);
}

static void order(struct map *map, uint32_t k)
{
	char *mem = map->client_mem;
	uint64_t *produced = (uint64_t *)(mem + 4096);
	char *header = mem + 2 * 4096 + (*produced & (RING - 1));

	*(uint32_t *)header = VALUE_WORDS * 8;
	memcpy(header + 8, value_of(k, 1), VALUE_WORDS * 8);
	*produced += 8 + VALUE_WORDS * 8;
}

static void fill_user_ring(struct map *map, int may)
{
	next_taken = 0;
	for (uint32_t k = 0; k < 3; k++)
		order(map, k);
}

static void op_drain(struct map *map)
{
	drain(map);
}

/* A sample is taken again at most; what was taken is told to the client. */
static void check_user_ring(struct map *map, int may)
{
	char *mem = map->client_mem;
	const uint64_t *consumer = (const uint64_t *)mem, *produced = (uint64_t *)(mem + 4096);

	next_taken = (uint32_t)(3 - (*produced - *consumer) / 32);
	one_untold = true;
	drain(map);
	assert_in_range(next_taken, one_untold ? 2 : 3, 3);
	assert_int_equal(*consumer, *produced);
	for (uint32_t k = next_taken = 3; k < 3 + 3 * RING / 32; k++) {
		order(map, k);
		assert_int_equal(drain(map), 1);
		assert_int_equal(*consumer, *produced);
	}
}

/* --- all of it ----------------------------------------------------------------------------------------------------- */

struct kase {
	const char *name;
	uint32_t type;
	void (*op)(struct map *map);
	int may;
	void (*fill)(struct map *map, int may);
	void (*check)(struct map *map, int may);
};

/* clang-format off */
#define HASHES(X, ...) X(HASH, __VA_ARGS__) X(LRU_HASH, __VA_ARGS__) \
		       X(PERCPU_HASH, __VA_ARGS__) X(LRU_PERCPU_HASH, __VA_ARGS__)
#define CASE(type, op, may, ...) { #type " " #op, BPF_MAP_TYPE_##type, op, may, __VA_ARGS__ },
#define KEYED(type, op, may) CASE(type, op, may, fill_keys, check_keys)
#define UPDATES TOUCHES_VICTIM | LOSES
#define TAKES TOUCHES_VICTIM | REMOVES | LOSES
static const struct kase cases[] = {
	HASHES(KEYED, op_lookup, 0)
	KEYED(HASH, op_update, UPDATES)
	KEYED(LRU_HASH, op_update, UPDATES)
	KEYED(PERCPU_HASH, op_update, UPDATES | TEARS)
	KEYED(LRU_PERCPU_HASH, op_update, UPDATES | TEARS)
	KEYED(HASH, op_update, UPDATES | FULL)
	KEYED(LRU_HASH, op_update, UPDATES | FULL)
	HASHES(KEYED, op_insert, TOUCHES_NEW | LOSES)
	KEYED(HASH, op_insert, TOUCHES_NEW | LOSES | FULL)
	KEYED(LRU_HASH, op_insert, TOUCHES_NEW | LOSES | FULL | EVICTS)
	KEYED(LRU_PERCPU_HASH, op_insert, TOUCHES_NEW | LOSES | FULL | EVICTS)
	HASHES(KEYED, op_delete, TAKES)
	HASHES(KEYED, op_take, TAKES)
	HASHES(KEYED, op_next_key, 0)
	HASHES(KEYED, op_read_batch, 0)
	HASHES(KEYED, op_take_batch, TAKES | EMPTIES)
	KEYED(PERCPU_HASH, op_user_lookup, 0)
	KEYED(LRU_PERCPU_HASH, op_user_lookup, 0)
	KEYED(PERCPU_HASH, op_user_update, UPDATES | TEARS)
	KEYED(LRU_PERCPU_HASH, op_user_update, UPDATES | TEARS)
	KEYED(LPM_TRIE, op_lookup, 0)
	KEYED(LPM_TRIE, op_update, TOUCHES_VICTIM)
	KEYED(LPM_TRIE, op_insert, TOUCHES_NEW)
	KEYED(LPM_TRIE, op_delete, TOUCHES_VICTIM | REMOVES)
	KEYED(LPM_TRIE, op_next_key, 0)
	CASE(ARRAY, op_lookup, 0, fill_keys, check_array)
	CASE(ARRAY, op_update, TOUCHES_VICTIM | TEARS, fill_keys, check_array)
	CASE(ARRAY, op_next_key, 0, fill_keys, check_array)
	CASE(PERCPU_ARRAY, op_lookup, 0, fill_keys, check_array)
	CASE(PERCPU_ARRAY, op_update, TOUCHES_VICTIM | TEARS, fill_keys, check_array)
	CASE(PERCPU_ARRAY, op_user_lookup, 0, fill_keys, check_array)
	CASE(PERCPU_ARRAY, op_user_update, TOUCHES_VICTIM | TEARS, fill_keys, check_array)
	CASE(QUEUE, op_push, TOUCHES_NEW, fill_places, check_places)
	CASE(QUEUE, op_push, TOUCHES_NEW | REMOVES | FULL, fill_places, check_places)
	CASE(QUEUE, op_pop, REMOVES, fill_places, check_places)
	CASE(QUEUE, op_peek, 0, fill_places, check_places)
	CASE(STACK, op_push, TOUCHES_NEW, fill_places, check_places)
	CASE(STACK, op_push, TOUCHES_NEW | REMOVES | FULL, fill_places, check_places)
	CASE(STACK, op_pop, REMOVES, fill_places, check_places)
	CASE(STACK, op_peek, 0, fill_places, check_places)
	CASE(BLOOM_FILTER, op_bloom_push, 0, fill_places, check_bloom)
	CASE(BLOOM_FILTER, op_bloom_peek, 0, fill_places, check_bloom)
	CASE(STACK_TRACE, op_store, LOSES, fill_stacks, check_stacks)
	CASE(STACK_TRACE, op_read_stack, 0, fill_stacks, check_stacks)
	CASE(STACK_TRACE, op_take_stack, LOSES, fill_stacks, check_stacks)
	CASE(STACK_TRACE, op_drop_stack, LOSES, fill_stacks, check_stacks)
	CASE(RINGBUF, op_output, 0, fill_ring, check_ring)
	CASE(RINGBUF, op_discard, 0, fill_ring, check_ring)
	CASE(USER_RINGBUF, op_drain, 0, fill_user_ring, check_user_ring)
};
/* clang-format on */

static struct map *map_for(const struct kase *k)
{
	uint32_t key = 4, value = VALUE_WORDS * 8, entries = ENTRIES, flags = 0;

	switch (k->type) {
	case BPF_MAP_TYPE_LPM_TRIE:
		key = 8;
		flags = BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		flags = BPF_F_ZERO_SEED;
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		key = 0;
		break;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		key = value = 0;
		entries = RING;
		break;
	default:
		break;
	}
	return map_make(k->type, key, value, entries, flags);
}

/* What is being tried: for the words of whoever finds it failing or hanging. */
static struct {
	const char *name;
	struct map *map;
	long at;
} now;

/* Dies at step @at; false: the operation was done before. */
static bool one_death(const struct kase *k, long at)
{
	pid_t child;
	bool died;

	alarm(SECONDS_MAX);
	now.name = k->name;
	now.at = at;
	now.map = map_for(k);
	k->fill(now.map, k->may);
	died = die_in(k->op, now.map, at, &child);
	k->check(now.map, k->may);
	waitpid(child, NULL, 0);
	object_put(&now.map->obj);
	now.map = NULL;
	return died;
}

static int teardown(void **state)
{
	if (now.map) {
		print_message("killed at step %ld of %s\n", now.at, now.name);
		object_put(&now.map->obj);
	}
	return engine_teardown(state);
}

/* How many steps the operation takes undisturbed; done once here, so that the loader is out of the way. */
static long count_steps(const struct kase *k)
{
	struct map *map = map_for(k);

	k->fill(map, k->may);
	k->op(map);
	object_put(&map->obj);
	assert_false(one_death(k, STEPS_MAX));
	return steps->taken;
}

static void hangs(int sig)
{
	dprintf(STDERR_FILENO, "a survivor of step %ld of %s hangs\n", now.at, now.name);
	_exit(1);
}

static void survivors_go_on(void **state)
{
	long points = getenv("SKEP_KILL_POINTS") ? atol(getenv("SKEP_KILL_POINTS")) : POINTS;
	long deaths = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		long n = count_steps(&cases[i]);
		long stride = points ? (n + points - 1) / points : 1;
		for (long at = 0; at < n; at += stride) {
			/* Random numbers and slots make a few steps' difference. */
			if (!one_death(&cases[i], at)) {
				assert_true(at > n / 2);
				break;
			}
			deaths++;
		}
	}
	print_message("%ld deaths in %zu operations\n", deaths, ARRAY_SIZE(cases));
	assert_true(deaths > 15 * (long)ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(survivors_go_on, engine_setup, teardown),
	};

	steps = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (steps == MAP_FAILED)
		return 1;
	signal(SIGALRM, hangs);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
