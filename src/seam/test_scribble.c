/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a client that writes nonsense over every page it may map (positions and data of ring buffers,
 * values of mmapable arrays, keys in them) while programs run harms nobody but itself: no access out of
 * bounds, every run ends as it must, memory it cannot reach is as the programs left it, and when it
 * stops, the ring serves again. Method: both engines; one thread scribbles, one runs. Through mappings
 * of its own, so that sanitizers see the engine's accesses only.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

enum {
	RING = 4096,
	PAGE = 4096,
	VALUE = PAGE, /* bytes of the array's one value */
	RUNS = 200,   /* per call */
	NS = 700000000,
	KEYS = 64,
};

static struct skep_engine *engine;
static int data_fd, ring_fd, user_ring_fd, hash_fd, lru_fd, lpm_fd, count_fd;

static int bpf(int cmd, union bpf_attr *attr)
{
	return skep_bpf(engine, cmd, attr, sizeof(*attr));
}

static int map_new(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = entries, .map_flags = flags };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	assert_true(fd >= 0);
	return fd;
}

/* --- the program ------------------------------------------------------------------------------------- */

/* clang-format off */
#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV_K(d, i)         INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_X(d, s)         INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_K(d, i)         INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ADD_X(d, s)         INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define AND_K(d, i)         INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)
#define LSH_K(d, i)         INSN(BPF_ALU64 | BPF_LSH | BPF_K, d, 0, 0, i)
#define LD(size, d, s, o)   INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define ST_X(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ST_K(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define FETCH_ADD(d, s, o)  INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, o, BPF_ADD)
#define JGT_K(d, i, o)      INSN(BPF_JMP | BPF_JGT | BPF_K, d, 0, o, i)
#define JEQ_K(d, i, o)      INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define CALL(fn)            INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##fn)
#define EXIT                INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP(d, fd)          INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), { 0 }
#define MAP_VALUE(d, fd)    INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_VALUE, 0, fd), { 0 }

/* Update, lookup and delete with a key that lies in memory the client writes. */
#define HOSTILE_KEY(fd, off)                                                                     \
	MAP(1, fd), MOV_X(2, 6), ADD_K(2, off), MOV_X(3, 6), ADD_K(3, 256), MOV_K(4, 0),          \
	CALL(map_update_elem),                                                                   \
	MAP(1, fd), MOV_X(2, 6), ADD_K(2, off), CALL(map_lookup_elem),                            \
	JEQ_K(0, 0, 2), MOV_K(1, 1), FETCH_ADD(0, 1, 0),                                          \
	MAP(1, fd), MOV_X(2, 6), ADD_K(2, (off) + 8), CALL(map_delete_elem)

/* R6: the array's value. Returns 77. */
static int load(void)
{
	const struct bpf_insn code[] = {
		MAP_VALUE(6, data_fd),
		/* An index, a length: checked once, then used. */
		LD(BPF_W, 2, 6, 0), JGT_K(2, VALUE / 8 - 2, 7),
		LSH_K(2, 3), MOV_X(3, 6), ADD_X(3, 2),
		LD(BPF_DW, 4, 3, 8), ADD_K(4, 1), ST_X(BPF_DW, 3, 4, 8), FETCH_ADD(3, 4, 0),
		LD(BPF_W, 4, 6, 4), AND_K(4, 0x3c), MOV_X(3, 6), ADD_K(3, 64), MOV_K(1, 0), MOV_K(2, 0),
		MOV_K(5, 0), CALL(csum_diff),
		HOSTILE_KEY(hash_fd, 16),
		HOSTILE_KEY(lru_fd, 16),
		HOSTILE_KEY(lpm_fd, 32),
		/* A record reserved and submitted, one discarded, one copied. */
		MAP(1, ring_fd), MOV_K(2, 40), MOV_K(3, 0), CALL(ringbuf_reserve), JEQ_K(0, 0, 6),
		ST_K(BPF_DW, 0, 0, 1), ST_K(BPF_DW, 0, 32, 2), MOV_X(1, 0), MOV_K(2, 0),
		CALL(ringbuf_submit), MOV_K(0, 0),
		MAP(1, ring_fd), MOV_K(2, 600), MOV_K(3, 0), CALL(ringbuf_reserve), JEQ_K(0, 0, 3),
		MOV_X(1, 0), MOV_K(2, 0), CALL(ringbuf_discard),
		MAP(1, ring_fd), MOV_X(2, 6), MOV_K(3, 24), MOV_K(4, 0), CALL(ringbuf_output),
		MAP(1, ring_fd), MOV_K(2, BPF_RB_AVAIL_DATA), CALL(ringbuf_query),
		/* And what the client cannot reach. */
		MAP_VALUE(1, count_fd), MOV_K(2, 1), FETCH_ADD(1, 2, 0),
		MOV_K(0, 77), EXIT,
	};
	static char log[1 << 16];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = ARRAY_SIZE(code),
				.insns = (uintptr_t)code, .license = (uintptr_t)"GPL",
				.log_level = 1, .log_buf = (uintptr_t)log,
				.log_size = sizeof(log) };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fail_msg("%d: %s", fd, log);
	return fd;
}
/* clang-format on */

static void run(int prog)
{
	uint8_t frame[64] = { 0 };
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = sizeof(frame);
	attr.test.repeat = RUNS;
	assert_int_equal(bpf(BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(attr.test.retval, 77);
}

/* --- the scribbler ------------------------------------------------------------------------------------- */

struct page_range {
	uint64_t *words;
	size_t n;
};

static struct page_range ranges[3];
static atomic_bool stop;

static struct page_range map_client(int fd, size_t bytes)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	return (struct page_range){ mem, bytes / sizeof(uint64_t) };
}

static uint64_t random_word(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Numbers that are nearly right do more than random ones. */
static uint64_t nasty(uint64_t *seed)
{
	uint64_t r = random_word(seed);

	switch (r >> 61) {
	case 0:
		return __atomic_load_n(&ranges[0].words[PAGE / 8], __ATOMIC_RELAXED);
	case 1:
		return r & (2 * RING - 1) & ~UINT64_C(7);
	case 2:
		return UINT64_MAX - (r & 63);
	case 3:
		return r & 0x1f0000001f;
	default:
		return r;
	}
}

static void *scribble(void *arg)
{
	uint64_t seed = 88172645463325252;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct page_range *at = &ranges[random_word(&seed) % ARRAY_SIZE(ranges)];
		size_t i = random_word(&seed) % at->n;

		/* Positions and keys stand at the start of pages. */
		if (random_word(&seed) % 4)
			i = i / (PAGE / 8) * (PAGE / 8) + i % 8;
		__atomic_store_n(&at->words[i], nasty(&seed), __ATOMIC_RELAXED);
	}
	return NULL;
}

/* --- what must hold ------------------------------------------------------------------------------------- */

static uint64_t count_now(void)
{
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)count_fd, .key = (uintptr_t)&key,
				.value = (uintptr_t)&value };

	assert_int_equal(bpf(BPF_MAP_LOOKUP_ELEM, &attr), 0);
	return value;
}

/* Ends, however keys changed while they were put in, and what is found can be taken out. */
static void expect_iterable(int fd)
{
	uint64_t key = 0, next = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .next_key = (uintptr_t)&next };

	for (int n = 0; n < 4 * KEYS && !bpf(BPF_MAP_GET_NEXT_KEY, &attr); n++) {
		key = next;
		attr = (union bpf_attr){ .map_fd = (uint32_t)fd, .key = (uintptr_t)&key };
		bpf(BPF_MAP_DELETE_ELEM, &attr);
		attr = (union bpf_attr){ .map_fd = (uint32_t)fd, .next_key = (uintptr_t)&next };
	}
}

/* The client catches up with what the engine says, and reads the records of one run. */
static void expect_ring_serves(int prog)
{
	uint64_t *consumer = ranges[0].words, *producer = ranges[0].words + PAGE / 8;
	char *data = (char *)ranges[0].words + 2 * PAGE, *header;
	uint64_t pos;

	/* The engine's position: shown anew with each record, once there is room. */
	*consumer = 0;
	*producer = UINT64_MAX;
	for (pos = 0; *producer == UINT64_MAX; pos += 8) {
		assert_true(pos < UINT64_C(1) << 40);
		__atomic_store_n(consumer, pos, __ATOMIC_SEQ_CST);
		if (pos % (RING / 2) == 0)
			run(prog);
	}
	__atomic_store_n(consumer, *producer, __ATOMIC_SEQ_CST);
	pos = *consumer;
	run(prog);
	assert_true(*producer > pos);
	header = data + (pos & (RING - 1));
	assert_int_equal(*(uint32_t *)header, 40);
	assert_int_equal(*(uint64_t *)(header + 8), 1);
	assert_int_equal(*(uint64_t *)(header + 40), 2);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void scribble_under(uint32_t flags)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = flags };
	pthread_t thread;
	uint64_t end, calls = 0;
	int prog;

	assert_int_equal(skep_engine_new(&opts, &engine), 0);
	data_fd = map_new(BPF_MAP_TYPE_ARRAY, 4, VALUE, 1, BPF_F_MMAPABLE);
	ring_fd = map_new(BPF_MAP_TYPE_RINGBUF, 0, 0, RING, 0);
	user_ring_fd = map_new(BPF_MAP_TYPE_USER_RINGBUF, 0, 0, RING, 0);
	hash_fd = map_new(BPF_MAP_TYPE_HASH, 8, 8, KEYS, 0);
	lru_fd = map_new(BPF_MAP_TYPE_LRU_HASH, 8, 8, KEYS, 0);
	lpm_fd = map_new(BPF_MAP_TYPE_LPM_TRIE, 8, 8, KEYS, BPF_F_NO_PREALLOC);
	count_fd = map_new(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	ranges[0] = map_client(ring_fd, 2 * PAGE + 2 * RING);
	ranges[1] = map_client(data_fd, VALUE);
	ranges[2] = map_client(user_ring_fd, 2 * PAGE + 2 * RING);
	prog = load();

	atomic_store(&stop, false);
	pthread_create(&thread, NULL, scribble, NULL);
	for (end = now_ns() + NS; now_ns() < end; calls++)
		run(prog);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);

	assert_int_equal(count_now(), calls * RUNS);
	expect_iterable(hash_fd);
	expect_iterable(lru_fd);
	expect_iterable(lpm_fd);
	expect_ring_serves(prog);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		munmap(ranges[i].words, ranges[i].n * sizeof(uint64_t));
	skep_engine_free(engine);
}

static void scribbling_client_harms_only_itself_compiled(void **state)
{
	scribble_under(0);
}

static void scribbling_client_harms_only_itself_interpreted(void **state)
{
	scribble_under(SKEP_INTERPRET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scribbling_client_harms_only_itself_compiled),
		cmocka_unit_test(scribbling_client_harms_only_itself_interpreted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
