/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands on elements: random ones, on a map of each kind, both sides in step. Each call's result,
 * and every byte it wrote, must be the same. What is left to a map type is compared as far as it is
 * promised: the order of hash tables not at all (whole maps are, as sets, every so often), a Bloom
 * filter's answer only where it must be yes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "twin.h"

#define KEYS 24         /* different keys used on one map */
#define KEY_BYTES_MAX 64
#define VALUE_BYTES_MAX 8192
#define INNER 3         /* maps to put into maps of maps */
#define BATCH_MAX 64
#define DUMP_EVERY 97

struct kind {
	const char *name;
	uint32_t type, key, value, max, flags, extra;
	bool lock; /* a bpf_spin_lock, then 8 bytes */
};

/* clang-format off */
static const struct kind kinds[] = {
	{ "hash 4/8",             BPF_MAP_TYPE_HASH, 4, 8, 10, 0, 0 },
	{ "hash 1/1",             BPF_MAP_TYPE_HASH, 1, 1, 5, 0, 0 },
	{ "hash 13/100",          BPF_MAP_TYPE_HASH, 13, 100, 30, BPF_F_NO_PREALLOC, 0 },
	{ "hash 40/12",           BPF_MAP_TYPE_HASH, 40, 12, 3, 0, 0 },
	{ "hash read-only",       BPF_MAP_TYPE_HASH, 4, 8, 3, BPF_F_RDONLY, 0 },
	{ "hash write-only",      BPF_MAP_TYPE_HASH, 4, 8, 3, BPF_F_WRONLY, 0 },
	{ "hash one entry",       BPF_MAP_TYPE_HASH, 8, 8, 1, BPF_F_NO_PREALLOC, 0 },
	{ "hash locked",          BPF_MAP_TYPE_HASH, 4, 16, 8, BPF_F_NO_PREALLOC, 0, true },
	{ "array locked",         BPF_MAP_TYPE_ARRAY, 4, 16, 8, 0, 0, true },
	{ "array 8",              BPF_MAP_TYPE_ARRAY, 4, 8, 10, 0, 0 },
	{ "array 13",             BPF_MAP_TYPE_ARRAY, 4, 13, 1, 0, 0 },
	{ "array mmapable",       BPF_MAP_TYPE_ARRAY, 4, 20, 7, BPF_F_MMAPABLE, 0 },
	{ "percpu hash 4/8",      BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 10, 0, 0 },
	{ "percpu hash 5/12",     BPF_MAP_TYPE_PERCPU_HASH, 5, 12, 10, BPF_F_NO_PREALLOC, 0 },
	{ "percpu array 8",       BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 6, 0, 0 },
	{ "percpu array 13",      BPF_MAP_TYPE_PERCPU_ARRAY, 4, 13, 6, 0, 0 },
	{ "lru hash",             BPF_MAP_TYPE_LRU_HASH, 4, 8, 4096, 0, 0 },
	{ "lru percpu hash",      BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, 12, 4096, 0, 0 },
	{ "lpm trie 4",           BPF_MAP_TYPE_LPM_TRIE, 8, 8, 10, BPF_F_NO_PREALLOC, 0 },
	{ "lpm trie 16",          BPF_MAP_TYPE_LPM_TRIE, 20, 3, 100, BPF_F_NO_PREALLOC, 0 },
	{ "queue",                BPF_MAP_TYPE_QUEUE, 0, 8, 5, 0, 0 },
	{ "stack",                BPF_MAP_TYPE_STACK, 0, 13, 5, 0, 0 },
	{ "bloom filter",         BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 20, 0, 3 },
	{ "array of maps",        BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 6, 0, 0 },
	{ "hash of maps",         BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 6, 0, 0 },
	{ "hash of maps, lazy",   BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 6, BPF_F_NO_PREALLOC, 0 },
	{ "stack trace",          BPF_MAP_TYPE_STACK_TRACE, 4, 80, 6, 0, 0 },
	{ "prog array",           BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 6, 0, 0 },
	{ "perf event array",     BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 6, 0, 0 },
	{ "user ring buffer",     BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 8192, 0, 0 },
	{ "ring buffer",          BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, 0 },
};
/* clang-format on */

/* One map under test. */
struct test {
	const struct kind *kind;
	struct rng *rng;
	struct score *score;
	uint32_t step;
	uint32_t value_bytes;
	int fd[SIDES], inner[SIDES][INNER];
	uint32_t inner_id[SIDES][INNER];
	uint8_t keys[KEYS][KEY_BYTES_MAX];
	uint8_t pushed[256]; /* Bloom filter: the values it has */
};

/* One call, as each side made it. */
struct call {
	int ret;
	uint32_t count;
	uint8_t *key, *value; /* what was written to them */
};

static bool is_hash(const struct kind *kind)
{
	switch (kind->type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return true;
	default:
		return false;
	}
}

static bool is_percpu(const struct kind *kind)
{
	return kind->type == BPF_MAP_TYPE_PERCPU_HASH || kind->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       kind->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool holds_maps(const struct kind *kind)
{
	return kind->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || kind->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static bool holds_fds(const struct kind *kind)
{
	return holds_maps(kind) || kind->type == BPF_MAP_TYPE_PROG_ARRAY ||
	       kind->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* Does the command write to where its value is? */
static bool gives(int cmd)
{
	return cmd == BPF_MAP_LOOKUP_ELEM || cmd == BPF_MAP_GET_NEXT_KEY ||
	       cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM;
}

static bool differ(struct test *t, const char *what, const struct call *e, const struct call *k)
{
	t->score->differences++;
	printf("%s, step %u, %s: engine %d of %u, kernel %d of %u%s\n", t->kind->name, t->step, what,
	       e->ret, e->count, k->ret, k->count,
	       e->ret == k->ret && e->count == k->count ? ": bytes differ" : "");
	return false;
}

/* --- keys and values ------------------------------------------------------------------------------- */

static void make_keys(struct test *t)
{
	uint32_t alen = t->kind->key > 4 ? t->kind->key - 4 : 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		uint8_t *key = t->keys[i];

		for (uint32_t b = 0; b < KEY_BYTES_MAX; b++)
			key[b] = t->kind->key <= 4 ? 0 : (uint8_t)rng_below(t->rng, 3);
		if (t->kind->type == BPF_MAP_TYPE_LPM_TRIE) {
			/* few different bits, so that prefixes nest; some too long */
			uint32_t prefix = rng_below(t->rng, alen * 8 + 2);

			memcpy(key, &prefix, 4);
		} else if (t->kind->key <= 4) {
			key[0] = (uint8_t)(i < 12 ? i : rng_below(t->rng, 256));
		}
	}
	if (t->kind->key == 4)
		memset(t->keys[KEYS - 1], 0xff, 4);
}

/* A value made of @salt; maps for maps of maps, and now and then something that is no map. */
static void make_value(const struct test *t, enum side side, uint32_t salt, uint8_t *value)
{
	struct rng rng = { salt };
	int fd;

	for (uint32_t i = 0; i < t->value_bytes; i++)
		value[i] = (uint8_t)rng_next(&rng);
	if (t->kind->type == BPF_MAP_TYPE_BLOOM_FILTER) {
		memset(value, 0, t->value_bytes);
		value[0] = (uint8_t)salt;
	}
	if (holds_maps(t->kind)) {
		fd = salt % 8 == 7 ? 1 << 20 : salt % 8 == 6 ? t->fd[side] :
							       t->inner[side][salt % INNER];
		memcpy(value, &fd, 4);
	} else if (holds_fds(t->kind)) {
		fd = salt % 2 ? -1 : t->inner[side][0];
		memcpy(value, &fd, 4);
	}
}

/* Ids of inner maps as numbers that are the same on both sides. */
static void name_ids(const struct test *t, enum side side, uint8_t *values, uint32_t n)
{
	for (uint32_t v = 0; holds_maps(t->kind) && v < n; v++) {
		uint32_t id;

		memcpy(&id, values + 4 * v, 4);
		for (uint32_t i = 0; i < INNER; i++)
			if (id == t->inner_id[side][i])
				id = 0xabc00000 + i;
		memcpy(values + 4 * v, &id, 4);
	}
}

static uint64_t random_flags(struct test *t)
{
	static const uint64_t flags[] = { BPF_NOEXIST, BPF_EXIST, 3, BPF_F_LOCK, BPF_F_LOCK | 1,
					  BPF_F_LOCK | 2, 8, 1ull << 31, 1ull << 40 };

	if (rng_below(t->rng, 3))
		return t->kind->lock && rng_below(t->rng, 2) ? BPF_F_LOCK : 0;
	return flags[rng_below(t->rng, rng_below(t->rng, 2) ? 2 : ARRAY_SIZE(flags))];
}

/* --- single elements --------------------------------------------------------------------------------- */

static bool same_call(struct test *t, const char *what, const struct call calls[SIDES],
		      uint32_t key_bytes, uint32_t value_bytes)
{
	const struct call *e = &calls[ENGINE], *k = &calls[KERNEL];

	t->score->calls++;
	t->score->good += k->ret >= 0;
	if (e->ret != k->ret || e->count != k->count || memcmp(e->key, k->key, key_bytes) ||
	    memcmp(e->value, k->value, value_bytes))
		return differ(t, what, e, k);
	return true;
}

/* Is the answer of @cmd one the map type promises? */
static bool promised(struct test *t, int cmd, uint32_t salt, const struct call *kernel)
{
	if (cmd == BPF_MAP_GET_NEXT_KEY && is_hash(t->kind))
		return false;
	if (t->kind->type == BPF_MAP_TYPE_BLOOM_FILTER) {
		if (cmd == BPF_MAP_UPDATE_ELEM && !kernel->ret)
			t->pushed[salt % 256] = 1;
		return cmd != BPF_MAP_LOOKUP_ELEM || t->pushed[salt % 256] ||
		       (kernel->ret && kernel->ret != -ENOENT);
	}
	return true;
}

static bool element_step(struct test *t, int cmd)
{
	static uint8_t key[SIDES][KEY_BYTES_MAX], value[SIDES][VALUE_BYTES_MAX];
	uint32_t i = rng_below(t->rng, KEYS), salt = rng_below(t->rng, 40);
	bool keyless = !t->kind->key || (cmd == BPF_MAP_GET_NEXT_KEY && !rng_below(t->rng, 4));
	uint64_t flags = cmd == BPF_MAP_DELETE_ELEM || cmd == BPF_MAP_GET_NEXT_KEY ?
				 0 : random_flags(t);
	struct call calls[SIDES];

	if (!rng_below(t->rng, 50))
		keyless = !keyless;
	for (int side = 0; side < SIDES; side++) {
		union bpf_attr attr = { .map_fd = (uint32_t)t->fd[side], .flags = flags };

		memcpy(key[side], t->keys[i], KEY_BYTES_MAX);
		memset(value[side], 0, MAX(t->value_bytes, KEY_BYTES_MAX));
		make_value(t, side, salt, value[side]);
		attr.key = keyless ? 0 : (uintptr_t)key[side];
		attr.value = (uintptr_t)value[side];
		calls[side] = (struct call){ .ret = twin_bpf(side, cmd, &attr), .key = key[side],
					     .value = value[side] };
		if (holds_fds(t->kind) && (calls[side].ret || !gives(cmd)))
			memset(value[side], 0, 4); /* still the fd */
		else if (cmd == BPF_MAP_LOOKUP_ELEM)
			name_ids(t, side, value[side], 1);
	}
	if (!promised(t, cmd, salt, &calls[KERNEL]))
		return true;
	return same_call(t, (const char *[]){ [BPF_MAP_LOOKUP_ELEM] = "lookup",
					      [BPF_MAP_UPDATE_ELEM] = "update",
					      [BPF_MAP_DELETE_ELEM] = "delete",
					      [BPF_MAP_GET_NEXT_KEY] = "next key",
					      [BPF_MAP_LOOKUP_AND_DELETE_ELEM] = "take" }[cmd],
			 calls, KEY_BYTES_MAX, MAX(t->value_bytes, t->kind->key));
}

/* --- batches ------------------------------------------------------------------------------------------ */

struct buffers {
	uint8_t keys[BATCH_MAX * KEY_BYTES_MAX];
	uint8_t values[BATCH_MAX * VALUE_BYTES_MAX];
	uint8_t token[KEY_BYTES_MAX];
};

static size_t sort_key_bytes;

static int compare_records(const void *a, const void *b)
{
	return memcmp(a, b, sort_key_bytes);
}

/* Hash types hand out elements in an order of their own: sorted, they are comparable. */
static void sort_records(const struct test *t, struct buffers *b, uint32_t n)
{
	size_t key = t->kind->key, value = t->value_bytes, both = key + value;
	uint8_t *records = malloc(MAX(n, 1u) * both);

	for (uint32_t i = 0; i < n; i++) {
		memcpy(records + i * both, b->keys + i * key, key);
		memcpy(records + i * both + key, b->values + i * value, value);
	}
	sort_key_bytes = key;
	qsort(records, n, both, compare_records);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(b->keys + i * key, records + i * both, key);
		memcpy(b->values + i * value, records + i * both + key, value);
	}
	free(records);
}

static void fill_batch(const struct test *t, enum side side, struct buffers *b, uint32_t n,
		       uint32_t start)
{
	memset(b->keys, 0, sizeof(b->keys));
	memset(b->token, 0, sizeof(b->token));
	for (uint32_t i = 0; i < n; i++) {
		memcpy(b->keys + i * t->kind->key, t->keys[(start + i * 5) % KEYS], t->kind->key);
		make_value(t, side, start + i, b->values + i * t->value_bytes);
	}
}

static bool reads(int cmd)
{
	return cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
}

static bool batch_step(struct test *t, int cmd)
{
	static struct buffers buffers[SIDES];
	uint32_t n = reads(cmd) && is_hash(t->kind) ? BATCH_MAX : rng_below(t->rng, 12);
	uint32_t start = rng_below(t->rng, KEYS);
	bool go_on = !is_hash(t->kind) && !rng_below(t->rng, 3);
	uint64_t elem_flags = random_flags(t), flags = rng_below(t->rng, 30) ? 0 : 1;
	struct call calls[SIDES];

	for (int side = 0; side < SIDES; side++) {
		struct buffers *b = &buffers[side];
		union bpf_attr attr = { 0 };
		bool got;

		memset(b->values, 0x5a, sizeof(b->values));
		fill_batch(t, side, b, n, start);
		if (go_on)
			memcpy(b->token, t->keys[start], KEY_BYTES_MAX);
		attr.batch.map_fd = (uint32_t)t->fd[side];
		attr.batch.keys = (uintptr_t)b->keys;
		attr.batch.values = (uintptr_t)b->values;
		attr.batch.in_batch = go_on ? (uintptr_t)b->token : 0;
		attr.batch.out_batch = (uintptr_t)b->token;
		attr.batch.count = n;
		attr.batch.elem_flags = elem_flags;
		attr.batch.flags = flags;
		calls[side] = (struct call){ .ret = twin_bpf(side, cmd, &attr), .key = b->keys,
					     .value = b->values, .count = attr.batch.count };
		got = reads(cmd) && (!calls[side].ret || calls[side].ret == -ENOENT);
		if (got)
			name_ids(t, side, b->values, attr.batch.count);
		if (holds_fds(t->kind)) /* behind them are the fds we put there */
			memset(b->values + (got ? attr.batch.count * 4 : 0), 0,
			       (BATCH_MAX - (got ? attr.batch.count : 0)) * 4);
		if (got && is_hash(t->kind))
			sort_records(t, b, attr.batch.count);
	}
	if (!is_hash(t->kind) && memcmp(buffers[ENGINE].token, buffers[KERNEL].token, KEY_BYTES_MAX))
		return differ(t, "batch's next key", &calls[ENGINE], &calls[KERNEL]);
	return same_call(t, (const char *[]){ "lookup batch", "take batch", "update batch",
					      "delete batch" }[cmd - BPF_MAP_LOOKUP_BATCH],
			 calls, BATCH_MAX * t->kind->key, BATCH_MAX * t->value_bytes);
}

/* --- whole maps ----------------------------------------------------------------------------------------- */

/* Every element by GET_NEXT_KEY and LOOKUP. */
static struct call dump(const struct test *t, enum side side, struct buffers *b)
{
	uint8_t key[KEY_BYTES_MAX], next[KEY_BYTES_MAX] = { 0 }, *prev = NULL;
	struct call call = { .key = b->keys, .value = b->values };

	memset(b, 0, sizeof(*b));
	while (call.count < BATCH_MAX) {
		union bpf_attr attr = { .map_fd = (uint32_t)t->fd[side], .key = (uintptr_t)prev,
					.next_key = (uintptr_t)next };

		call.ret = twin_bpf(side, BPF_MAP_GET_NEXT_KEY, &attr);
		if (call.ret)
			break;
		memcpy(b->keys + call.count * t->kind->key, next, t->kind->key);
		attr = (union bpf_attr){ .map_fd = (uint32_t)t->fd[side], .key = (uintptr_t)next,
					 .value = (uintptr_t)(b->values +
							      call.count * t->value_bytes) };
		if (twin_bpf(side, BPF_MAP_LOOKUP_ELEM, &attr) && t->value_bytes)
			b->values[call.count * t->value_bytes] = 0xee;
		call.count++;
		memcpy(key, next, sizeof(key));
		prev = key;
	}
	name_ids(t, side, b->values, call.count);
	if (is_hash(t->kind))
		sort_records(t, b, call.count);
	return call;
}

static bool dump_step(struct test *t)
{
	static struct buffers buffers[SIDES];
	struct call calls[SIDES];

	for (int side = 0; side < SIDES; side++)
		calls[side] = dump(t, side, &buffers[side]);
	return same_call(t, "all elements", calls, BATCH_MAX * t->kind->key,
			 BATCH_MAX * t->value_bytes);
}

static bool freeze_step(struct test *t)
{
	struct call calls[SIDES] = { 0 };

	for (int side = 0; side < SIDES; side++) {
		union bpf_attr attr = { .map_fd = (uint32_t)t->fd[side] };

		calls[side].ret = twin_bpf(side, BPF_MAP_FREEZE, &attr);
		calls[side].key = calls[side].value = t->keys[0];
	}
	return same_call(t, "freeze", calls, 0, 0);
}

/* --- driver ---------------------------------------------------------------------------------------------- */

static int create(enum side side, const struct kind *kind, int inner)
{
	union bpf_attr attr = { .map_type = kind->type, .key_size = kind->key,
				.value_size = kind->value, .max_entries = kind->max,
				.map_flags = kind->flags, .map_extra = kind->extra };

	int btf = -1, fd;

	if (holds_maps(kind))
		attr.inner_map_fd = (uint32_t)inner;
	if (kind->lock) {
		btf = twin_lock_btf(side);
		attr.btf_fd = (uint32_t)btf;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = 4;
	}
	fd = twin_bpf(side, BPF_MAP_CREATE, &attr);
	if (btf >= 0)
		close(btf);
	return fd;
}

static bool begin(struct test *t)
{
	static const struct kind inner = { "inner", BPF_MAP_TYPE_HASH, 4, 8, 4, 0, 0 };
	struct call calls[SIDES];

	t->value_bytes = is_percpu(t->kind) ? (t->kind->value + 7) / 8 * 8 * twin_cpus() :
					      t->kind->value;
	if (t->value_bytes > VALUE_BYTES_MAX)
		return false;
	make_keys(t);
	for (int side = 0; side < SIDES; side++) {
		for (int i = 0; i < INNER; i++) {
			t->inner[side][i] = create(side, &inner, 0);
			t->inner_id[side][i] = twin_map_id(side, t->inner[side][i]);
		}
		t->fd[side] = create(side, t->kind, t->inner[side][0]);
		calls[side] = (struct call){ .ret = t->fd[side] < 0 ? t->fd[side] : 0 };
	}
	if (t->fd[ENGINE] < 0 || t->fd[KERNEL] < 0)
		return differ(t, "create", &calls[ENGINE], &calls[KERNEL]);
	return true;
}

static void finish(const struct test *t)
{
	for (int side = 0; side < SIDES; side++) {
		for (int i = 0; i < INNER; i++)
			close(t->inner[side][i]);
		if (t->fd[side] >= 0)
			close(t->fd[side]);
	}
}

static bool one_step(struct test *t, uint32_t steps)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_UPDATE_ELEM,
				    BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY,
				    BPF_MAP_LOOKUP_AND_DELETE_ELEM };
	bool done = true;

	if (t->step == steps - steps / 10)
		done = freeze_step(t);
	else if (t->step % DUMP_EVERY == DUMP_EVERY - 1 && t->kind->key)
		done = dump_step(t);
	else if (!rng_below(t->rng, 5))
		done = batch_step(t, BPF_MAP_LOOKUP_BATCH + (int)rng_below(t->rng, 4));
	else
		done = element_step(t, cmds[rng_below(t->rng, ARRAY_SIZE(cmds))]);
	return done;
}

void compare_elements(struct rng *rng, uint32_t steps, struct score *score)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct test t = { .kind = &kinds[i], .rng = rng, .score = score };

		if (begin(&t))
			for (; t.step < steps && one_step(&t, steps); t.step++)
				;
		finish(&t);
	}
}
