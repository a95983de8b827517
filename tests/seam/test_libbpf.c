/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the distribution's libbpf, unmodified, loads and uses a program on the engine as it would
 * on the kernel: data sections, map in map, tail calls, ring and perf buffers, truthful probes.
 * Usage: test-seam-libbpf WORLD.bpf.o (linked with --wrap). Where bpf(2) is allowed, run it with
 * --kernel as well: the same claims hold there.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "skep/skep.h"

static const char *object_path;
static struct bpf_object *obj;

struct event {
	uint32_t seq, bytes;
	char text[24];
};

static int fd_of(const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	assert_non_null(prog);
	return bpf_program__fd(prog);
}

static uint32_t run(const char *name)
{
	uint8_t packet[60] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	assert_int_equal(bpf_prog_test_run_opts(fd_of(name), &opts), 0);
	return opts.retval;
}

static struct bpf_map *map_of(const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	assert_non_null(map);
	return map;
}

static int setup(void **state)
{
	struct bpf_map *map;

	obj = bpf_object__open_file(object_path, NULL);
	if (!obj)
		return -1;
	/* const volatile answer = 5 */
	bpf_object__for_each_map(map, obj)
		if (strstr(bpf_map__name(map), ".rodata")) {
			uint32_t answer = 5;

			if (bpf_map__set_initial_value(map, &answer, sizeof(answer)))
				return -1;
		}
	return bpf_object__load(obj);
}

static int teardown(void **state)
{
	bpf_object__close(obj);
	return 0;
}

static void constants_set_before_load_hold(void **state)
{
	assert_int_equal(run("emit"), 5);
}

static void data_sections_are_mapped_both_ways(void **state)
{
	struct bpf_map *map, *bss = NULL, *rodata = NULL;
	uint64_t *runs;
	size_t bytes;
	uint32_t key = 0;
	char value[64];

	bpf_object__for_each_map(map, obj) {
		if (strstr(bpf_map__name(map), ".bss"))
			bss = map;
		if (strstr(bpf_map__name(map), ".rodata"))
			rodata = map;
	}
	assert_non_null(bss);
	assert_non_null(rodata);
	runs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	assert_ptr_not_equal(runs, MAP_FAILED);
	*runs = 41;
	run("emit");
	assert_int_equal(*runs, 42);
	munmap(runs, 4096);
	/* Constants are frozen. */
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(rodata),
			      0),
			 MAP_FAILED);
	bytes = bpf_map__value_size(rodata);
	assert_true(bytes <= sizeof(value));
	memset(value, 0, sizeof(value));
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(rodata), &key, value, 0), -EPERM);
}

static void map_in_map_and_tail_calls_are_filled_by_libbpf(void **state)
{
	uint32_t key = 1;
	uint64_t value = 33;

	assert_int_equal(run("nested_map"), 2);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map_of("inner_one")), &key, &value, 0), 0);
	assert_int_equal(run("nested_map"), 33);
	assert_int_equal(run("jump"), 77);
}

static void per_cpu_values_add_up(void **state)
{
	int n = libbpf_num_possible_cpus();
	uint64_t *values = calloc((size_t)n, sizeof(*values)), sum = 0;
	uint32_t key = 0;

	for (int i = 0; i < 10; i++)
		run("emit");
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(map_of("per_cpu")), &key, values), 0);
	for (int i = 0; i < n; i++)
		sum += values[i];
	assert_int_equal(sum, 20);
	free(values);
}

static int n_events;

static int on_event(void *ctx, void *data, size_t size)
{
	const struct event *e = data;

	assert_int_equal(size, sizeof(*e));
	assert_int_equal(e->seq, 100 + n_events);
	assert_int_equal(e->bytes, 60);
	assert_string_equal(e->text, "written at load");
	n_events++;
	return 0;
}

static void ring_buffer_wakes_its_reader(void **state)
{
	struct ring_buffer *rb = ring_buffer__new(bpf_map__fd(map_of("ring")), on_event, NULL, NULL);

	assert_non_null(rb);
	n_events = 0;
	assert_int_equal(ring_buffer__poll(rb, 0), 0);
	for (int i = 0; i < 300; i++) {
		run("emit");
		assert_int_equal(ring_buffer__poll(rb, 1000), 1);
	}
	assert_int_equal(ring_buffer__poll(rb, 0), 0);
	assert_int_equal(n_events, 300);
	ring_buffer__free(rb);
}

/* Until it is full: what was discarded takes room as well. */
static void user_ring_buffer_takes_records(void **state)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_USER_RINGBUF, "user_ring", 0, 0, 4096, NULL);
	struct user_ring_buffer *rb;
	int n = 0;
	void *record;

	assert_true(fd >= 0);
	rb = user_ring_buffer__new(fd, NULL);
	assert_non_null(rb);
	for (; (record = user_ring_buffer__reserve(rb, 100)); n++) {
		memset(record, n, 100);
		if (n % 3)
			user_ring_buffer__submit(rb, record);
		else
			user_ring_buffer__discard(rb, record);
	}
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(n, 4096 / 112);
	assert_null(user_ring_buffer__reserve(rb, 5000));
	assert_int_equal(errno, E2BIG);
	user_ring_buffer__free(rb);
	close(fd);
}

static uint64_t answered;

static int on_answer(void *ctx, void *data, size_t size)
{
	const struct event *e = data;

	assert_int_equal(size, sizeof(*e));
	assert_int_equal(e->seq, 100 + n_events++);
	answered += e->bytes;
	return 0;
}

static void *take_soon(void *arg)
{
	usleep(20000);
	*(uint32_t *)arg = run("take_orders");
	return NULL;
}

/* Many times round the ring; who waits for room is woken. */
static void orders_are_taken_and_answered(void **state)
{
	struct user_ring_buffer *orders = user_ring_buffer__new(bpf_map__fd(map_of("orders")), NULL);
	struct ring_buffer *answers =
		ring_buffer__new(bpf_map__fd(map_of("ring")), on_answer, NULL, NULL);
	uint32_t sum, *order, taken;
	uint64_t ordered = 0;
	pthread_t taker;

	assert_non_null(orders);
	assert_non_null(answers);
	n_events = 0;
	answered = 0;
	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = sum = 0; i < 20; i++) {
			order = user_ring_buffer__reserve(orders, 4 + (round + i) * 7 % 100);
			assert_non_null(order);
			sum += *order = round * i;
			user_ring_buffer__submit(orders, order);
		}
		assert_int_equal(run("take_orders"), sum);
		while (ring_buffer__poll(answers, 0) > 0)
			;
		ordered += sum;
	}
	assert_int_equal(n_events, 2000);
	assert_int_equal(answered, ordered);
	for (sum = 0; (order = user_ring_buffer__reserve(orders, 100)); sum += 3) {
		*order = 3;
		user_ring_buffer__submit(orders, order);
	}
	assert_int_equal(pthread_create(&taker, NULL, take_soon, &taken), 0);
	assert_non_null(user_ring_buffer__reserve_blocking(orders, 100, 10000));
	pthread_join(taker, NULL);
	assert_int_equal(taken, sum);
	ring_buffer__free(answers);
	user_ring_buffer__free(orders);
}

static uint64_t lost;

static void on_sample(void *ctx, int cpu, void *data, uint32_t size)
{
	const struct event *e = data;

	assert_true(size >= sizeof(*e));
	assert_int_equal(e->seq, 100 + n_events);
	n_events++;
}

static void on_lost(void *ctx, int cpu, unsigned long long n)
{
	lost += n;
}

static void perf_buffer_wakes_its_reader(void **state)
{
	struct perf_buffer *pb = perf_buffer__new(bpf_map__fd(map_of("perf")), 8, on_sample, on_lost,
						  NULL, NULL);

	assert_non_null(pb);
	n_events = 0;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(run("emit_perf"), 0);
		assert_true(perf_buffer__poll(pb, 1000) >= 0);
	}
	assert_int_equal(n_events, 100);
	assert_int_equal(lost, 0);
	perf_buffer__free(pb);
}

static void probes_tell_what_there_is(void **state)
{
	assert_int_equal(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_HASH, NULL), 1);
	assert_int_equal(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL), 1);
	assert_int_equal(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_LPM_TRIE, NULL), 1);
	assert_int_equal(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL), 1);
	assert_int_equal(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, NULL), 1);
	assert_int_equal(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_KPROBE, NULL), 1);
	assert_int_equal(libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_map_lookup_elem, NULL),
			 1);
	if (!skep_engine_installed())
		return;
	assert_int_equal(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_CGROUP_ARRAY, NULL), 0);
	assert_int_equal(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_LSM, NULL), 0);
}

static void ids_and_names_are_told(void **state)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info), id = 0;
	int found = 0;

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_map__fd(map_of("shared")), &info, &len), 0);
	assert_string_equal(info.name, "shared");
	assert_int_not_equal(info.btf_id, 0);
	while (!bpf_map_get_next_id(id, &id))
		found += id == info.id;
	assert_int_equal(found, 1);
}

static void errno_stays_where_calls_succeed(void **state)
{
	uint64_t value = 7;
	uint32_t key = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "errno", sizeof(key), sizeof(value), 1, NULL);

	assert_true(fd >= 0);
	errno = EXDEV;
	assert_int_equal(bpf_map_update_elem(fd, &key, &value, BPF_ANY), 0);
	assert_int_equal(bpf_map_freeze(fd), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &value), 0);
	assert_int_equal(run("jump"), 77);
	assert_int_equal(errno, EXDEV);
	close(fd);
}

int main(int argc, char **argv)
{
	struct skep_engine *engine = NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errno_stays_where_calls_succeed, setup, teardown),
		cmocka_unit_test_setup_teardown(constants_set_before_load_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(data_sections_are_mapped_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(map_in_map_and_tail_calls_are_filled_by_libbpf,
						setup, teardown),
		cmocka_unit_test_setup_teardown(per_cpu_values_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_buffer_wakes_its_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(user_ring_buffer_takes_records, setup, teardown),
		cmocka_unit_test_setup_teardown(orders_are_taken_and_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(perf_buffer_wakes_its_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(ids_and_names_are_told, setup, teardown),
		cmocka_unit_test(probes_tell_what_there_is),
	};
	int failed;

	if (argc < 2) {
		fprintf(stderr, "usage: %s OBJECT [--kernel]\n", argv[0]);
		return 2;
	}
	object_path = argv[1];
	if (argc == 2 && (skep_engine_new(NULL, &engine) || skep_engine_install(engine)))
		return 1;
	if (argc == 3 && libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL) != 1) {
		printf("bpf(2) is not allowed here\n");
		return 77;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	skep_engine_free(engine);
	return failed;
}
