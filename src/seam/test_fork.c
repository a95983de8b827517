/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a forked child goes on with the maps it inherited, and with an engine of its own otherwise;
 * killing children in the middle of anything leaves parent and maps usable.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "skep/skep.h"
#include "tbl/uapi.h"

#define CHILDREN 24
#define KEYS 64

static struct skep_engine *engine;

static int setup(void **state)
{
	return skep_engine_new(NULL, &engine);
}

static int teardown(void **state)
{
	skep_engine_free(engine);
	return 0;
}

static int create(uint32_t type, uint32_t key, uint32_t value, uint32_t max)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = max };

	return skep_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int elem(int cmd, int fd, uint32_t key, uint64_t *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = (uintptr_t)&key,
				.value = (uintptr_t)value };

	return skep_bpf(engine, cmd, &attr, sizeof(attr));
}

static void child_writes_what_the_parent_reads(void **state)
{
	int hash = create(BPF_MAP_TYPE_HASH, 4, 8, KEYS), array = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	uint64_t value = 1;
	int status;
	pid_t pid;

	assert_int_equal(elem(BPF_MAP_UPDATE_ELEM, hash, 1, &value), 0);
	pid = fork();
	if (!pid) {
		int ok = elem(BPF_MAP_LOOKUP_ELEM, hash, 1, &value) == 0 && value == 1;

		value = 2;
		ok &= elem(BPF_MAP_UPDATE_ELEM, hash, 2, &value) == 0;
		ok &= elem(BPF_MAP_UPDATE_ELEM, array, 0, &value) == 0;
		ok &= create(BPF_MAP_TYPE_HASH, 4, 8, 1) >= 0;
		_exit(ok ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(elem(BPF_MAP_LOOKUP_ELEM, hash, 2, &value), 0);
	assert_int_equal(value, 2);
	value = 0;
	assert_int_equal(elem(BPF_MAP_LOOKUP_ELEM, array, 0, &value), 0);
	assert_int_equal(value, 2);
	close(hash);
	close(array);
}

/* The child reads its own close events, the parent its own. */
static void closes_are_seen_on_either_side(void **state)
{
	int fd = create(BPF_MAP_TYPE_HASH, 4, 8, 1), status;
	union bpf_attr attr = { 0 };
	pid_t pid = fork();

	if (!pid) {
		/* The parent's descriptor is still open: the map lives on here as well. */
		close(fd);
		skep_engine_poll(engine);
		_exit(skep_bpf(engine, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)) == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(skep_bpf(engine, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)), 0);
	close(fd);
	memset(&attr, 0, sizeof(attr));
	assert_int_equal(skep_bpf(engine, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)), -ENOENT);
}

static void hammer(int fd, unsigned int seed)
{
	for (;;) {
		uint32_t key = (uint32_t)rand_r(&seed) % KEYS;
		uint64_t value = (uint64_t)key << 32 | key;

		if (rand_r(&seed) % 3)
			elem(BPF_MAP_UPDATE_ELEM, fd, key, &value);
		else
			elem(BPF_MAP_DELETE_ELEM, fd, key, NULL);
	}
}

/* What is there is whole: both halves of a value say which key it belongs to. */
static void check_all(int fd)
{
	for (uint32_t key = 0; key < KEYS; key++) {
		uint64_t value;

		if (elem(BPF_MAP_LOOKUP_ELEM, fd, key, &value))
			continue;
		assert_int_equal(value >> 32, key);
		assert_int_equal((uint32_t)value, key);
	}
}

static void killed_children_leave_maps_usable(void **state)
{
	/* Whoever is killed between taking an element and linking it takes it along. */
	int fd = create(BPF_MAP_TYPE_HASH, 4, 8, KEYS + CHILDREN), status;
	pid_t last = 0;

	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (!pid)
			hammer(fd, (unsigned int)i + 1);
		usleep(2000 + i % 7 * 500);
		kill(pid, SIGKILL);
		if (last)
			waitpid(last, &status, 0);
		last = pid; /* a zombie for a while: its slot and locks count as nobody's */
		check_all(fd);
	}
	waitpid(last, &status, 0);
	for (uint32_t key = 0; key < KEYS; key++) {
		uint64_t value = (uint64_t)key << 32 | key;

		assert_int_equal(elem(BPF_MAP_UPDATE_ELEM, fd, key, &value), 0);
	}
	check_all(fd);
	close(fd);
}

/* Fork while other threads are in the middle of commands: the child must not find their locks. */
static _Atomic bool stop;

static void *make_and_close(void *arg)
{
	while (!atomic_load(&stop))
		close(create(BPF_MAP_TYPE_ARRAY, 4, 8, 1));
	return NULL;
}

static void fork_amid_threads_leaves_no_lock_behind(void **state)
{
	pthread_t threads[2];

	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, make_and_close, NULL);
	for (int i = 0; i < 20; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			alarm(20);
			for (int n = 0; n < 20; n++)
				close(create(BPF_MAP_TYPE_ARRAY, 4, 8, 1));
			_exit(0);
		}
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(child_writes_what_the_parent_reads),
		TEST(closes_are_seen_on_either_side),
		TEST(killed_children_leave_maps_usable),
		TEST(fork_amid_threads_leaves_no_lock_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
