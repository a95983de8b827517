/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: records come out whole and in order for both kinds of reader (one that runs over the end of
 * the first data area, one that wraps every position), whatever a client writes into its mapping.
 */
#include "maps/test_map.h"

#include <unistd.h>

#include "object/ringbuf.h"

enum { RING = 4096, RECORDS = 20000 };

struct reader {
	uint64_t *consumer, *producer;
	char *data;
	bool wraps;
};

static struct reader reader_of(const struct map *map, bool wraps)
{
	char *mem = map->client_mem;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (struct reader){ (uint64_t *)mem, (uint64_t *)(mem + page), mem + 2 * page, wraps };
}

/* The next record copied to @out: its length, -1 when there is none, -2 when it was discarded. */
static int read_one(struct reader *r, char *out)
{
	uint64_t pos = *r->consumer;
	uint32_t len;

	if (pos >= *r->producer)
		return -1;
	len = *(uint32_t *)(r->data + (pos & (RING - 1)));
	if (len & BPF_RINGBUF_BUSY_BIT)
		return -1;
	*r->consumer = pos + (((len & ~BPF_RINGBUF_DISCARD_BIT) + 8 + 7) & ~7u);
	if (len & BPF_RINGBUF_DISCARD_BIT)
		return -2;
	for (uint32_t i = 0; i < len; i++) {
		uint64_t at = (pos & (RING - 1)) + 8 + i;

		out[i] = r->data[r->wraps ? at & (RING - 1) : at];
	}
	return (int)len;
}

static uint32_t fill(char *record, uint32_t n)
{
	uint32_t bytes = 1 + n * 37 % 700;

	for (uint32_t i = 0; i < bytes; i++)
		record[i] = (char)(n + i);
	return bytes;
}

static void records_arrive_whole(bool wraps)
{
	struct map *map = map_make(BPF_MAP_TYPE_RINGBUF, 0, 0, RING, 0);
	struct reader r = reader_of(map, wraps);
	char sent[1024], got[1024];
	uint32_t next_read = 0;

	for (uint32_t n = 0; n < RECORDS;) {
		uint32_t bytes = fill(sent, n);

		if (!ringbuf_output(map, sent, bytes, 0)) {
			n++;
			continue;
		}
		for (int len; (len = read_one(&r, got)) >= 0; next_read++) {
			assert_int_equal(len, fill(sent, next_read));
			assert_memory_equal(got, sent, (size_t)len);
		}
		assert_int_equal(next_read, n);
	}
	object_put(&map->obj);
}

static void records_arrive_whole_over_the_end(void **state)
{
	records_arrive_whole(false);
}

static void records_arrive_whole_wrapped(void **state)
{
	records_arrive_whole(true);
}

static void order_is_that_of_reservation(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_RINGBUF, 0, 0, RING, 0);
	struct reader r = reader_of(map, false);
	char *first = ringbuf_reserve(map, 8), *second = ringbuf_reserve(map, 16);
	char got[64];

	memcpy(first, "first!!", 8);
	ringbuf_commit(&test_engine, second, 0, true);
	assert_int_equal(read_one(&r, got), -1);
	ringbuf_commit(&test_engine, first, 0, false);
	assert_int_equal(read_one(&r, got), 8);
	assert_string_equal(got, "first!!");
	assert_int_equal(read_one(&r, got), -2);
	object_put(&map->obj);
}

static void too_much_is_refused(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_RINGBUF, 0, 0, RING, 0);
	char *held;

	assert_null(ringbuf_reserve(map, RING - 7));
	assert_null(ringbuf_reserve(map, UINT64_MAX));
	held = ringbuf_reserve(map, RING / 2);
	assert_non_null(held);
	assert_null(ringbuf_reserve(map, RING / 2));
	assert_int_equal(ringbuf_output(map, "x", 1, 8), -EINVAL);
	ringbuf_commit(&test_engine, held, 0, false);
	assert_int_equal(ringbuf_query(map, BPF_RB_RING_SIZE), RING);
	assert_int_equal(ringbuf_query(map, BPF_RB_AVAIL_DATA), RING / 2 + 8);
	object_put(&map->obj);
}

/* Random bytes over everything the client can write: nothing but lost records. */
static void scribbling_client_harms_only_itself(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_RINGBUF, 0, 0, RING, 0);
	uint32_t *words = map->client_mem;
	uint32_t seed = 5;
	char *held[8] = { 0 };

	for (int i = 0; i < 50000; i++) {
		uint32_t slot = test_random(&seed) % 8;

		words[test_random(&seed) % (map->client_mem_bytes / 4)] = test_random(&seed) << 8;
		if (test_random(&seed) % 16 == 0)
			*(uint64_t *)words = ringbuf_query(map, BPF_RB_PROD_POS);
		if (held[slot])
			ringbuf_commit(&test_engine, held[slot], 0, slot & 1);
		held[slot] = ringbuf_reserve(map, test_random(&seed) % 600);
		if (held[slot])
			memset(held[slot], 1, 1);
	}
	object_put(&map->obj);
}

static void wakeup_follows_the_reader(void **state)
{
	struct map *map = map_make(BPF_MAP_TYPE_RINGBUF, 0, 0, RING, 0);
	struct reader r = reader_of(map, false);
	uint64_t count = 0;
	char got[16];
	int fd = map->ops->epoll_fd(map);

	assert_int_equal(ringbuf_output(map, "a", 1, 0), 0);
	assert_int_equal(ringbuf_output(map, "b", 1, 0), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	assert_int_equal(ringbuf_output(map, "c", 1, BPF_RB_FORCE_WAKEUP), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	while (read_one(&r, got) >= 0)
		;
	assert_int_equal(ringbuf_output(map, "d", 1, BPF_RB_NO_WAKEUP), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	object_put(&map->obj);
}

static void sizes_are_checked(void **state)
{
	const uint32_t ring = BPF_MAP_TYPE_RINGBUF;

	assert_int_equal(map_try_sizes(ring, 4, 0, RING, 0), -EINVAL);
	assert_int_equal(map_try_sizes(ring, 0, 0, 3 * RING, 0), -EINVAL);
	assert_int_equal(map_try_sizes(ring, 0, 0, RING / 2, 0), -EINVAL);
	assert_int_equal(map_try_sizes(ring, 0, 0, RING, BPF_F_MMAPABLE), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		map_test(sizes_are_checked),
		map_test(order_is_that_of_reservation),
		map_test(too_much_is_refused),
		map_test(wakeup_follows_the_reader),
		map_test(records_arrive_whole_over_the_end),
		map_test(records_arrive_whole_wrapped),
		map_test(scribbling_client_harms_only_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
