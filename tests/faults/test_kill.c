/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: processes killed at any moment, in commands on maps (batches too) and in programs that write to
 * them, leave maps that others go on with: nobody hangs, what is there is whole, what was lost is at most
 * one place for each that died. Method: a child at a time does whatever comes to it and is killed
 * after a random while; another child and the parent go on all along, the dead unreaped for a time.
 * And: a client that scribbles over both ring buffers while programs fill and drain them stops nobody.
 * Usage: test-faults-kill KILL.bpf.o (linked with --wrap). SECONDS: how long, default 2; SEED.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "kill.h"
#include "skep/skep.h"

enum {
	SLOTS = 4,
	DEATHS_MAX = KILL_ENTRIES - KILL_KEYS - 16,
	HANG_S = 20,
	BATCH = 16,
	RUNS = 20,
};

static const char *object_path;
static struct user_ring_buffer *user_ring;
static struct skep_engine *engine;
static struct bpf_object *obj;
static int prog;

/* Every map with what can be done to it. */
enum kind { HASHED, LRU, ARRAY, PREFIXED, PLACED, BLOOM };

static struct shared {
	const char *name;
	enum kind kind;
	bool percpu;
	int fd;
} maps[] = {
	{ "hash", HASHED, false, -1 },         { "lru", LRU, false, -1 },
	{ "percpu_hash", HASHED, true, -1 },   { "lru_percpu", LRU, true, -1 },
	{ "array", ARRAY, false, -1 },         { "percpu_array", ARRAY, true, -1 },
	{ "lpm", PREFIXED, false, -1 },        { "queue", PLACED, false, -1 },
	{ "stack", PLACED, false, -1 },        { "bloom", BLOOM, false, -1 },
};
#define MAPS (sizeof(maps) / sizeof(maps[0]))

static unsigned int seed = 1;

static uint32_t any(uint32_t n)
{
	return (uint32_t)rand_r(&seed) % n;
}

/* --- commands ------------------------------------------------------------------------------------------- */

/* As bpf(2) takes it: of every slot. */
static const struct whole *value_of(uint32_t k)
{
	static struct whole values[SLOTS];

	for (int i = 0; i < SLOTS; i++)
		for (int j = 0; j < 3; j++)
			values[i].words[j] = (uint64_t)k << 32 | k;
	return values;
}

static const void *key_of(const struct shared *m, uint32_t k)
{
	static struct prefix key;

	key = m->kind == PREFIXED ? (struct prefix){ 32, k } : (struct prefix){ k, 0 };
	return &key;
}

static void batch(const struct shared *m)
{
	static struct whole values[KILL_ENTRIES * SLOTS];
	static struct prefix keys[KILL_ENTRIES];
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t n = BATCH, next;

	for (uint32_t i = 0; i < BATCH; i++)
		memcpy((char *)keys + i * (m->kind == PREFIXED ? 8 : 4), key_of(m, any(KILL_KEYS)), 8);
	switch (any(4)) {
	case 0:
		memset(values, 0, sizeof(values));
		bpf_map_update_batch(m->fd, keys, values, &n, &opts);
		break;
	case 1:
		bpf_map_delete_batch(m->fd, keys, &n, &opts);
		break;
	case 2:
		n = KILL_ENTRIES;
		bpf_map_lookup_batch(m->fd, NULL, &next, keys, values, &n, &opts);
		break;
	default:
		n = KILL_ENTRIES;
		bpf_map_lookup_and_delete_batch(m->fd, NULL, &next, keys, values, &n, &opts);
	}
}

static void command(void)
{
	const struct shared *m = &maps[any(MAPS)];
	bool keyless = m->kind == PLACED || m->kind == BLOOM;
	uint32_t k = any(KILL_KEYS);
	const void *key = keyless ? NULL : key_of(m, k);
	struct whole value[SLOTS];
	struct prefix next;

	switch (any(7)) {
	case 0:
	case 1:
		bpf_map_update_elem(m->fd, key, value_of(k), 0);
		break;
	case 2:
		bpf_map_lookup_elem(m->fd, key, value);
		break;
	case 3:
		bpf_map_delete_elem(m->fd, key);
		break;
	case 4:
		bpf_map_lookup_and_delete_elem(m->fd, key, value);
		break;
	case 5:
		if (!keyless)
			bpf_map_get_next_key(m->fd, key, &next);
		break;
	default:
		if (!keyless)
			batch(m);
	}
}

static void run(uint32_t repeat)
{
	uint8_t packet[60] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = (int)repeat);

	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
}

static void anything(void)
{
	if (any(8))
		command();
	else
		run(RUNS);
}

/* --- the ring's reader -------------------------------------------------------------------------------------- */

static uint64_t n_records, n_broken;

static int on_record(void *arg, void *data, size_t bytes)
{
	const struct whole *w = data;

	n_records++;
	n_broken += bytes != sizeof(*w) || w->words[0] != w->words[1] || w->words[0] != w->words[2] ||
		    w->words[0] >> 32 != (uint32_t)w->words[0];
	return 0;
}

/* --- what must hold when all is quiet ------------------------------------------------------------------------- */

static void expect_whole(const struct shared *m, uint32_t k)
{
	struct whole value[SLOTS];

	if (m->percpu || m->kind == ARRAY || bpf_map_lookup_elem(m->fd, key_of(m, k), value))
		return; /* written in place */
	for (int i = 0; i < 3; i++)
		/* A batch puts zeros. */
		if (value->words[i] != value->words[0] ||
		    (value->words[0] && (uint32_t)value->words[0] != k))
			fail_msg("%s: key %u is %llx", m->name, k, (unsigned long long)value->words[i]);
}

static uint32_t count_keys(const struct shared *m)
{
	struct prefix key, next;
	uint32_t n = 0;

	while (!bpf_map_get_next_key(m->fd, n ? &key : NULL, &next)) {
		key = next;
		if (++n > KILL_ENTRIES)
			fail_msg("%s: its keys do not end", m->name);
	}
	return n;
}

static void expect_keyed(const struct shared *m, uint32_t deaths)
{
	uint32_t filled = 0, k;

	for (k = 0; k < KILL_KEYS; k++)
		expect_whole(m, k);
	if (m->kind == ARRAY)
		return;
	assert_in_range(count_keys(m), 0, KILL_KEYS);
	for (k = 0; k < KILL_KEYS; k++)
		bpf_map_delete_elem(m->fd, key_of(m, k));
	assert_int_equal(count_keys(m), 0);
	for (k = 0; k < KILL_ENTRIES; k++)
		filled += !bpf_map_update_elem(m->fd, key_of(m, k), value_of(k), BPF_NOEXIST);
	/* A trie finds again what was lost. */
	assert_in_range(filled, m->kind == PREFIXED ? KILL_ENTRIES : KILL_ENTRIES - deaths,
			KILL_ENTRIES);
	for (k = 0; k < KILL_ENTRIES && m->kind != LRU; k++)
		expect_whole(m, k);
	assert_int_equal(m->kind == LRU ? filled : count_keys(m), filled);
}

static void expect_keyless(const struct shared *m)
{
	struct whole value;
	uint32_t n = 0;

	if (m->kind == BLOOM) {
		assert_int_equal(bpf_map_update_elem(m->fd, NULL, value_of(1), 0), 0);
		value = *value_of(1);
		assert_int_equal(bpf_map_lookup_elem(m->fd, NULL, &value), 0);
		return;
	}
	while (!bpf_map_lookup_and_delete_elem(m->fd, NULL, &value)) {
		assert_true(++n <= KILL_ENTRIES);
		assert_int_equal(value.words[0], value.words[2]);
	}
	for (n = 0; n < KILL_ENTRIES; n++)
		assert_int_equal(bpf_map_update_elem(m->fd, NULL, value_of(n), 0), 0);
	assert_int_equal(bpf_map_update_elem(m->fd, NULL, value_of(n), 0), -E2BIG);
}

static void expect_ring_serves(struct ring_buffer *rb)
{
	uint64_t before;

	/* More than the ring holds, so that what the dead reserved is found. */
	run(4 * KILL_RING_BYTES / sizeof(struct whole));
	ring_buffer__consume(rb);
	before = n_records;
	run(64);
	ring_buffer__consume(rb);
	assert_true(n_records > before);
	assert_int_equal(n_broken, 0);
}

/* Programs drain what clients write, though one of them died draining. */
static void send_samples(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t *sample = user_ring_buffer__reserve(user_ring, any(5) * 16 + 8);

		if (!sample)
			return;
		*sample = 1;
		user_ring_buffer__submit(user_ring, sample);
	}
}

static uint64_t samples_seen(void)
{
	uint64_t seen[2];
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(obj, "samples"), &zero,
					     seen), 0);
	return seen[0];
}

static void expect_user_ring_serves(void)
{
	uint64_t before;

	run(2);
	before = samples_seen();
	send_samples(10);
	run(1);
	assert_int_equal(samples_seen(), before + 10);
}

/* A writer that died inside leaves one count ahead of the other, and the lock to the next. */
static void expect_lock(uint32_t deaths)
{
	struct {
		uint32_t lock;
		uint64_t a, b;
	} pair;
	uint32_t zero = 0;
	int fd = bpf_object__find_map_fd_by_name(obj, "locked");

	assert_int_equal(bpf_map_lookup_elem_flags(fd, &zero, &pair, BPF_F_LOCK), 0);
	assert_true(pair.a > 0);
	assert_in_range(pair.a - pair.b + deaths, 0, 2 * (uint64_t)deaths);
}

/* --- children ---------------------------------------------------------------------------------------------------- */

static atomic_uint_fast64_t *progress; /* of the one that is not killed; shared */

static pid_t start(unsigned int its_seed, bool survivor)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (seed = its_seed;;) {
		anything();
		if (survivor)
			(*progress)++;
	}
}

static void hangs(int sig)
{
	static const char text[] = "a survivor hangs\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Kills one child after another; returns how many. */
static uint32_t kill_for(double seconds, struct ring_buffer *rb)
{
	double end = now_s() + seconds;
	uint32_t deaths = 0;
	pid_t zombie = 0;

	while (now_s() < end && deaths < DEATHS_MAX) {
		pid_t victim = start(seed + 1000 + deaths, false);

		usleep(any(6000));
		kill(victim, SIGKILL);
		deaths++;
		alarm(HANG_S);
		for (int i = 0; i < 20; i++)
			anything();
		ring_buffer__consume(rb);
		send_samples(20);
		if (zombie)
			waitpid(zombie, NULL, 0);
		zombie = victim;
	}
	if (zombie)
		waitpid(zombie, NULL, 0);
	return deaths;
}

/*
 * The client writes anything into all it may map, both ways, while children run: words that are nearly
 * right, at places that matter. The engine's own position is untouched: the client finds its way back.
 */
static void scribbling_client_harms_only_itself(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = 2 * page + 2 * KILL_RING_BYTES;
	uint64_t *mem[2], consumed, before;
	pid_t child[2];

	for (int i = 0; i < 2; i++) {
		mem[i] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			      bpf_object__find_map_fd_by_name(obj, i ? "user_ring" : "ring"), 0);
		assert_ptr_not_equal(mem[i], MAP_FAILED);
		child[i] = start(seed + (unsigned int)i, false);
	}
	for (double end = now_s() + 0.5; now_s() < end;) {
		uint64_t *ring = mem[any(2)], nearly = ring[any(2) * page / 8];
		size_t at = any(4) ? any(4) * page / 8 + any(2) : any((uint32_t)bytes / 8);

		__atomic_store_n(&ring[at], any(2) ? nearly + any(64) - 32 : any(UINT32_MAX),
				 __ATOMIC_RELAXED);
	}
	for (int i = 0; i < 2; i++) {
		int status;

		/* It ran until now. */
		assert_int_equal(waitpid(child[i], &status, WNOHANG), 0);
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	/* A record of 8 bytes wherever the engine stands, and its position is shown. */
	for (size_t i = 2 * page / 8; i < bytes / 8; i++)
		mem[1][i] = 8;
	mem[1][0] = consumed = 1;
	for (uint64_t pos = 0; consumed == 1; pos += KILL_RING_BYTES) {
		assert_true(pos < UINT64_C(1) << 40);
		mem[1][page / 8] = pos;
		run(1);
		consumed = __atomic_load_n(mem[1], __ATOMIC_ACQUIRE);
	}
	before = samples_seen();
	mem[1][page / 8] = consumed + 16;
	run(1);
	assert_int_equal(samples_seen(), before + 1);
	for (int i = 0; i < 2; i++)
		munmap(mem[i], bytes);
}

static void survivors_go_on(void **state)
{
	const char *seconds = getenv("SECONDS");
	struct ring_buffer *rb =
		ring_buffer__new(bpf_object__find_map_fd_by_name(obj, "ring"), on_record, NULL, NULL);
	uint64_t seen;
	uint32_t deaths;
	pid_t survivor;

	user_ring = user_ring_buffer__new(bpf_object__find_map_fd_by_name(obj, "user_ring"), NULL);
	assert_non_null(rb);
	assert_non_null(user_ring);
	survivor = start(seed + 7, true);
	deaths = kill_for(seconds ? atof(seconds) : 2, rb);
	/* It is still at work. */
	seen = *progress;
	for (double end = now_s() + HANG_S; now_s() < end && *progress < seen + 2;)
		usleep(1000);
	assert_true(*progress >= seen + 2);
	kill(survivor, SIGKILL);
	waitpid(survivor, NULL, 0);
	deaths++;

	alarm(HANG_S);
	for (size_t i = 0; i < MAPS; i++) {
		if (maps[i].kind == PLACED || maps[i].kind == BLOOM)
			expect_keyless(&maps[i]);
		else
			expect_keyed(&maps[i], deaths);
	}
	expect_ring_serves(rb);
	expect_user_ring_serves();
	expect_lock(deaths);
	alarm(0);
	print_message("%u killed, %llu records, %llu rounds of the survivor\n", deaths,
		      (unsigned long long)n_records, (unsigned long long)seen);
	assert_true(deaths > 10);
	ring_buffer__free(rb);
	user_ring_buffer__free(user_ring);
}

static int setup(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .n_cpus = SLOTS };

	if (skep_engine_new(&opts, &engine) || skep_engine_install(engine))
		return -1;
	obj = bpf_object__open_file(object_path, NULL);
	if (!obj || bpf_object__load(obj))
		return -1;
	for (size_t i = 0; i < MAPS; i++) {
		maps[i].fd = bpf_object__find_map_fd_by_name(obj, maps[i].name);
		if (maps[i].fd < 0)
			return -1;
	}
	prog = bpf_program__fd(bpf_object__find_program_by_name(obj, "work"));
	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return progress == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	bpf_object__close(obj);
	skep_engine_free(engine);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(survivors_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(scribbling_client_harms_only_itself, setup, teardown),
	};
	const char *from = getenv("SEED");

	if (argc != 2) {
		fprintf(stderr, "usage: %s KILL.bpf.o\n", argv[0]);
		return 2;
	}
	object_path = argv[1];
	seed = from ? (unsigned int)strtoul(from, NULL, 0) : (unsigned int)time(NULL);
	printf("SEED=%u\n", seed);
	fflush(stdout);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	signal(SIGALRM, hangs);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
