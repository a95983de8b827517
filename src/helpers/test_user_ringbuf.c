/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: bpf_user_ringbuf_drain takes from a client's ring what the kernel's takes, whatever the client
 * wrote there. Method: twins; positions and record headers, sound ones and any numbers, are written
 * into both rings; what a program saw of them, what it returned and the consumer position after it
 * must be equal.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "syscall/test_text.h"
#include "syscall/test_twin.h"

#include "base/macros.h"
#include "btf/build.h"

#define RING_BYTES 4096u
#define PAGE_BYTES 4096u

/*
 * The first callback folds what it can read of a sample into its context, counts, and stops when the
 * first word is 5; for 6 it drains once more, with the second callback, which must be refused.
 */
#define PROGRAM                                                                                    \
	"*(u64 *)(r10 -8) = 0\n*(u64 *)(r10 -16) = 0\n"                                            \
	"r1 = map[fd:%d]\nr2 = subprog[cb]\nr3 = r10\nr3 += -16\nr4 = %d\n"                        \
	"call bpf_user_ringbuf_drain\nr6 = r0\n"                                                   \
	"*(u32 *)(r10 -20) = 0\nr1 = map[fd:%d]\nr2 = r10\nr2 += -20\ncall bpf_map_lookup_elem\n"  \
	"if r0 == 0 goto none\n"                                                                   \
	"*(u64 *)(r0 +0) = r6\nr1 = *(u64 *)(r10 -8)\n*(u64 *)(r0 +8) = r1\n"                      \
	"r1 = *(u64 *)(r10 -16)\n*(u64 *)(r0 +16) = r1\n"                                          \
	"none:\nr0 = 0\nexit\n"                                                                    \
	"cb:\nr6 = r2\nr7 = r1\n*(u64 *)(r10 -8) = 0\n"                                            \
	"r1 = *(u64 *)(r6 +8)\nr1 += 1\n*(u64 *)(r6 +8) = r1\n"                                    \
	"r1 = r10\nr1 += -8\nr2 = 8\nr3 = r7\nr4 = 0\nr5 = 0\ncall bpf_dynptr_read\n"              \
	"r8 = *(u64 *)(r6 +0)\nr8 *= 31\nr8 += r0\nr1 = *(u64 *)(r10 -8)\nr8 *= 31\nr8 += r1\n"    \
	"r1 = r7\nr2 = 100\nr3 = 8\ncall bpf_dynptr_data\nr8 *= 31\n"                              \
	"if r0 == 0 goto short\nr1 = *(u64 *)(r0 +0)\nr8 += r1\nr8 += 1\nshort:\n"                 \
	"*(u64 *)(r6 +0) = r8\n"                                                                   \
	"r9 = *(u32 *)(r10 -8)\nif r9 != 6 goto once\n"                                            \
	"r1 = map[fd:%d]\nr2 = subprog[cb2]\nr3 = r10\nr3 += -8\nr4 = 0\n"                         \
	"call bpf_user_ringbuf_drain\nr8 += r0\n*(u64 *)(r6 +0) = r8\nonce:\n"                     \
	"r0 = 0\nif r9 != 5 goto end\nr0 = 1\nend:\nexit\n"                                        \
	"cb2:\nr0 = 0\nexit\n"

struct ring {
	int fd, prog, result;
	uint64_t *consumer, *producer;
	uint8_t *data; /* RING_BYTES, twice */
};

struct seen {
	int err;
	int64_t returned;
	uint64_t count, fold, consumer;
};

static struct ring rings[SIDES];

/* --- both sides ---------------------------------------------------------------------------------------- */

static int load_btf(enum side side)
{
	struct btf_build *b = btf_build_new();
	uint32_t t_int = btf_build_int(b, "int", 4, BTF_INT_SIGNED), proto = btf_build_proto(b, t_int);
	union bpf_attr attr;
	uint32_t bytes;
	void *blob;
	int fd;

	btf_build_func(b, "main", 1, proto); /* types 3, 4 and 5 */
	btf_build_func(b, "cb", 0, proto);
	btf_build_func(b, "cb2", 0, proto);
	assert_int_equal(btf_build_finish(b, &blob, &bytes), 0);
	btf_build_free(b);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)blob;
	attr.btf_size = bytes;
	fd = twin_bpf(side, BPF_BTF_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	free(blob);
	return fd;
}

/* The callbacks begin where addresses of functions lead. */
static void find_callbacks(const struct bpf_insn *insns, size_t n, struct bpf_func_info funcs[3])
{
	uint32_t found = 0;

	for (uint32_t pc = 0; pc < n; pc++) {
		if (insns[pc].code != (BPF_LD | BPF_IMM | BPF_DW) ||
		    insns[pc].src_reg != BPF_PSEUDO_FUNC)
			continue;
		funcs[++found].insn_off = pc + 1 + (uint32_t)insns[pc].imm;
	}
	assert_int_equal(found, 2);
}

static int load_prog(enum side side, int flags)
{
	struct bpf_func_info funcs[3] = { { 0, 3 }, { 0, 4 }, { 0, 5 } };
	static char text[4096], log[65536];
	struct ring *r = &rings[side];
	union bpf_attr attr;
	int fd, btf = load_btf(side);

	snprintf(text, sizeof(text), PROGRAM, r->fd, flags, r->result, r->fd);
	text_attr(&attr, BPF_PROG_TYPE_RAW_TRACEPOINT, text, log, sizeof(log));
	find_callbacks(text_attr_insns(&attr), attr.insn_cnt, funcs);
	attr.prog_btf_fd = (uint32_t)btf;
	attr.func_info = (uintptr_t)funcs;
	attr.func_info_cnt = ARRAY_SIZE(funcs);
	attr.func_info_rec_size = sizeof(funcs[0]);
	fd = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		fail_msg("side %d: %d\n%s", side, fd, log);
	text_attr_free(&attr);
	close(btf);
	return fd;
}

static int create(enum side side, uint32_t type, uint32_t key, uint32_t value, uint32_t entries)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = entries };
	int fd = twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));

	assert_true(fd >= 0);
	return fd;
}

static void *map_pages(int fd, int prot, uint32_t off, uint32_t bytes)
{
	void *mem = mmap(NULL, bytes, prot, MAP_SHARED, fd, off);

	assert_ptr_not_equal(mem, MAP_FAILED);
	return mem;
}

static void ring_open(enum side side, int flags)
{
	struct ring *r = &rings[side];
	uint8_t *mem;

	r->fd = create(side, BPF_MAP_TYPE_USER_RINGBUF, 0, 0, RING_BYTES);
	r->result = create(side, BPF_MAP_TYPE_ARRAY, 4, 24, 1);
	r->consumer = map_pages(r->fd, PROT_READ, 0, PAGE_BYTES);
	mem = map_pages(r->fd, PROT_READ | PROT_WRITE, PAGE_BYTES, PAGE_BYTES + 2 * RING_BYTES);
	r->producer = (uint64_t *)mem;
	r->data = mem + PAGE_BYTES;
	r->prog = load_prog(side, flags);
}

static void ring_close(enum side side)
{
	struct ring *r = &rings[side];

	munmap(r->consumer, PAGE_BYTES);
	munmap(r->producer, PAGE_BYTES + 2 * RING_BYTES);
	close(r->prog);
	close(r->result);
	close(r->fd);
}

static void open_both(int flags)
{
	if (!twin_kernel_allowed()) {
		print_message("the kernel's bpf(2) is not allowed here: nothing to compare with\n");
		skip();
	}
	for (int side = 0; side < SIDES; side++)
		ring_open((enum side)side, flags);
}

static void close_both(void)
{
	for (int side = 0; side < SIDES; side++)
		ring_close((enum side)side);
}

/* --- what a client does ------------------------------------------------------------------------------- */

/* In both data areas, as the kernel has one memory there. */
static void put_byte(uint64_t pos, uint8_t byte)
{
	for (int side = 0; side < SIDES; side++) {
		rings[side].data[pos % RING_BYTES] = byte;
		rings[side].data[pos % RING_BYTES + RING_BYTES] = byte;
	}
}

static void put_word(uint64_t pos, uint32_t word)
{
	for (uint32_t i = 0; i < 4; i++)
		put_byte(pos + i, (uint8_t)(word >> 8 * i));
}

static void set_producer(uint64_t pos)
{
	for (int side = 0; side < SIDES; side++)
		*rings[side].producer = pos;
}

/* A record of @bytes, its header's word as given: the position after it. */
static uint64_t put_record(uint64_t pos, uint32_t word, uint32_t bytes, uint32_t first)
{
	put_word(pos, word);
	put_word(pos + 4, 0);
	for (uint32_t i = 0; i < bytes; i++)
		put_byte(pos + 8 + i, (uint8_t)(pos / 8 + i * 7));
	if (bytes >= 4)
		put_word(pos + 8, first);
	return pos + (bytes + 8 + 7) / 8 * 8;
}

static void run(enum side side, struct seen *seen)
{
	struct ring *r = &rings[side];
	uint64_t value[3], args[2] = { 0 };
	uint32_t key = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)r->prog;
	attr.test.ctx_in = (uintptr_t)args;
	attr.test.ctx_size_in = sizeof(args);
	seen->err = twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)r->result;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	assert_int_equal(twin_bpf(side, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)), 0);
	seen->returned = (int64_t)value[0];
	seen->count = value[1];
	seen->fold = value[2];
	seen->consumer = *r->consumer;
}

/* Drains both, compares, and says what was seen. */
static struct seen drain(void)
{
	struct seen seen[SIDES];

	for (int side = 0; side < SIDES; side++)
		run((enum side)side, &seen[side]);
	assert_int_equal(seen[ENGINE].err, 0);
	assert_int_equal(seen[ENGINE].returned, seen[KERNEL].returned);
	assert_int_equal(seen[ENGINE].count, seen[KERNEL].count);
	assert_int_equal(seen[ENGINE].fold, seen[KERNEL].fold);
	assert_int_equal(seen[ENGINE].consumer, seen[KERNEL].consumer);
	return seen[KERNEL];
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void records_are_taken_in_order(void **state)
{
	uint64_t pos = 0;

	open_both(0);
	assert_int_equal(drain().returned, 0);
	for (uint32_t n = 0; n < 300; n++) {
		uint32_t bytes = n * 37 % 1000;

		pos = put_record(pos, bytes, bytes, 0);
		if (n % 3 == 2)
			continue;
		set_producer(pos);
		assert_int_equal(drain().returned, n % 3 == 0 && n ? 2 : 1);
		assert_int_equal(*rings[ENGINE].consumer, pos);
	}
	close_both();
}

static void callbacks_may_stop_and_not_nest(void **state)
{
	uint64_t pos = 0;

	open_both(0);
	for (uint32_t n = 0; n < 6; n++)
		pos = put_record(pos, 16, 16, n == 2 ? 5 : n == 4 ? 6 : 0);
	set_producer(pos);
	assert_int_equal(drain().returned, 3);
	assert_int_equal(drain().returned, 3);
	assert_int_equal(drain().returned, 0);
	close_both();
}

static void what_cannot_be_is_refused(void **state)
{
	static const struct {
		uint32_t word, ahead;
		int64_t returned;
	} cases[] = {
		{ 16, 24, 1 },
		{ 16, 16, -EINVAL }, /* runs over the producer position */
		{ 16, 23, -EINVAL }, /* a position that is no multiple of 8 */
		{ 0, 8, 1 },
		{ 17, 24, -EINVAL },
		{ 4088, 4096, 1 },
		{ 4096, 4104, -E2BIG }, /* longer than the ring */
		{ 0x1000000, 0x1000008, -E2BIG },
		{ 0x3fffffff, 0x40000008, -E2BIG },
		{ 16 | BPF_RINGBUF_BUSY_BIT, 24, 0 },
		{ 16 | BPF_RINGBUF_BUSY_BIT, 16, -EINVAL },
		{ 16 | BPF_RINGBUF_DISCARD_BIT, 24, 0 },
		{ 16 | BPF_RINGBUF_DISCARD_BIT | BPF_RINGBUF_BUSY_BIT, 24, 0 },
		{ 16 | BPF_RINGBUF_DISCARD_BIT, 16, -EINVAL },
		{ 4096 | BPF_RINGBUF_DISCARD_BIT, 4104, -E2BIG },
		{ 16, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_both(0);
		put_record(0, cases[i].word, 16, 0);
		set_producer(cases[i].ahead);
		assert_int_equal(drain().returned, cases[i].returned);
		assert_int_equal(drain().returned, cases[i].returned == 1 ? 0 : cases[i].returned);
		close_both();
	}
	open_both(0);
	set_producer(UINT64_MAX - 7); /* as much as there can be, and then behind */
	drain();
	set_producer(0);
	assert_int_equal(drain().returned, 0);
	close_both();
}

static void flags_are_checked(void **state)
{
	for (int flags = 0; flags <= 5; flags++) {
		open_both(flags);
		set_producer(put_record(0, 16, 16, 0));
		assert_int_equal(drain().returned, flags < 4 ? 1 : -EINVAL);
		close_both();
	}
}

/* Records before a bad one are taken; what is discarded is not counted. */
static void any_client_is_as_with_the_kernel(void **state)
{
	uint32_t seed = 1, taken = 0, refused = 0;

	open_both(0);
	for (uint32_t round = 0; round < 600; round++) {
		uint64_t pos = *rings[KERNEL].consumer;
		struct seen seen;

		for (uint32_t n = 0; n < 4; n++) {
			uint32_t r = seed = seed * 1664525 + 1013904223, bytes = r >> 8 & 511;
			uint32_t what = r >> 24 & 15, word = bytes;

			word |= what < 3 ? BPF_RINGBUF_DISCARD_BIT : 0;
			word |= what == 3 ? BPF_RINGBUF_BUSY_BIT : 0;
			word += what == 4 ? 8 : 0;
			word = what == 5 ? r : word;
			pos = put_record(pos, word, bytes, what);
		}
		set_producer(pos);
		seen = drain();
		taken += seen.returned > 0;
		refused += seen.returned < 0;
		/* A bad record stays: start again behind it. */
		if (*rings[KERNEL].consumer != pos) {
			close_both();
			open_both(0);
		}
	}
	print_message("%u rounds with records taken, %u refused\n", taken, refused);
	assert_true(taken > 200 && refused > 60);
	close_both();
}

/* One event for a drain that took something, none with NO_WAKEUP, one always with FORCE_WAKEUP. */
static void who_waits_for_room_is_told(void **state)
{
	static const struct {
		int flags;
		bool record, told;
	} cases[] = { { 0, true, true },  { 0, false, false }, { BPF_RB_NO_WAKEUP, true, false },
		      { BPF_RB_FORCE_WAKEUP, false, true }, { 3, true, true } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t n = 0;
		int fd;

		open_both(cases[i].flags);
		if (cases[i].record)
			set_producer(put_record(0, 16, 16, 0));
		drain();
		fd = skep_map_event_fd(twin_engine, rings[ENGINE].fd);
		assert_int_equal(read(fd, &n, sizeof(n)), cases[i].told ? 8 : -1);
		close_both();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(records_are_taken_in_order),
		TWIN_TEST(callbacks_may_stop_and_not_nest),
		TWIN_TEST(what_cannot_be_is_refused),
		TWIN_TEST(flags_are_checked),
		TWIN_TEST(any_client_is_as_with_the_kernel),
		TWIN_TEST(who_waits_for_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
