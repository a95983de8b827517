/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a slot has one thread at a time, in any process; what is deferred is freed after the last
 * reader and not before. Method: many threads and forked children, some killed inside a run.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "object/engine.h"
#include "run/epoch.h"

#define SLOTS 2
#define THREADS 8
#define ROUNDS 20000

static struct engine engine;

static int setup(void **state)
{
	memset(&engine, 0, sizeof(engine));
	return engine_init(&engine) || run_init(&engine, SLOTS);
}

static int teardown(void **state)
{
	run_deinit(&engine);
	engine_deinit(&engine);
	return 0;
}

static void nested_entry_shares_the_slot(void **state)
{
	uint32_t slot = run_enter(&engine);

	assert_true(run_inside(&engine));
	for (int i = 0; i < 100; i++)
		assert_int_equal(run_enter(&engine), slot);
	for (int i = 0; i < 100; i++)
		run_exit(&engine);
	assert_true(run_inside(&engine));
	run_exit(&engine);
	assert_false(run_inside(&engine));
}

static void asked_for_slot_is_given(void **state)
{
	for (int i = 0; i < 20; i++)
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			run_enter_slot(&engine, slot);
			assert_int_equal(run_enter(&engine), slot);
			run_exit(&engine);
			run_exit(&engine);
		}
}

static void two_engines_nest_in_one_thread(void **state)
{
	struct engine other = { 0 };

	assert_int_equal(engine_init(&other), 0);
	assert_int_equal(run_init(&other, 1), 0);
	run_enter(&engine);
	run_enter(&other);
	run_enter(&engine);
	run_exit(&engine);
	assert_true(run_inside(&engine));
	run_exit(&other);
	assert_false(run_inside(&other));
	run_exit(&engine);
	assert_false(run_inside(&engine));
	run_deinit(&other);
	engine_deinit(&other);
}

static _Atomic int inside[SLOTS];
static _Atomic int clashes;

static void *enter_many(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t slot = run_enter(&engine);

		if (atomic_fetch_add(&inside[slot], 1))
			atomic_fetch_add(&clashes, 1);
		atomic_fetch_sub(&inside[slot], 1);
		run_exit(&engine);
	}
	return NULL;
}

static void more_threads_than_slots_wait_their_turn(void **state)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enter_many, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(clashes, 0);
}

struct node {
	struct epoch_node node;
	_Atomic int *freed;
};

static void count_free(struct epoch_node *node)
{
	struct node *n = container_of(node, struct node, node);

	atomic_fetch_add(n->freed, 1);
	free(n);
}

static void defer_one(_Atomic int *freed)
{
	struct node *n = calloc(1, sizeof(*n));

	n->freed = freed;
	epoch_defer(&engine, &n->node, count_free);
}

static _Atomic int stage;

static void *stay_inside(void *arg)
{
	run_enter(&engine);
	atomic_store(&stage, 1);
	while (atomic_load(&stage) == 1)
		usleep(100);
	run_exit(&engine);
	return NULL;
}

static void deferred_waits_for_the_reader(void **state)
{
	_Atomic int freed = 0;
	pthread_t thread;

	defer_one(&freed);
	epoch_poll(&engine);
	assert_int_equal(freed, 1);

	stage = 0;
	pthread_create(&thread, NULL, stay_inside, NULL);
	while (!stage)
		usleep(100);
	defer_one(&freed);
	epoch_poll(&engine);
	run_enter(&engine);
	run_exit(&engine);
	assert_int_equal(freed, 1);
	stage = 2;
	pthread_join(thread, NULL);
	epoch_sync(&engine);
	assert_int_equal(freed, 2);
}

/* Readers follow a pointer that a writer keeps replacing; a freed block is poisoned first. */
struct block {
	struct epoch_node node;
	_Atomic int alive;
};

static struct block *_Atomic current;
static _Atomic int stop, stale;

static void poison(struct epoch_node *node)
{
	struct block *b = container_of(node, struct block, node);

	atomic_store_explicit(&b->alive, 0, memory_order_relaxed);
	free(b);
}

static struct block *block_new(void)
{
	struct block *b = calloc(1, sizeof(*b));

	atomic_store(&b->alive, 1);
	return b;
}

static void *read_blocks(void *arg)
{
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct block *b;

		run_enter(&engine);
		b = atomic_load_explicit(&current, memory_order_acquire);
		for (int i = 0; i < 10; i++)
			if (!atomic_load_explicit(&b->alive, memory_order_relaxed))
				atomic_fetch_add(&stale, 1);
		run_exit(&engine);
	}
	return NULL;
}

static void readers_never_see_freed_memory(void **state)
{
	pthread_t threads[3];

	atomic_store(&current, block_new());
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, read_blocks, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		struct block *old = atomic_exchange(&current, block_new());

		epoch_defer(&engine, &old->node, poison);
		if (i % 16 == 0)
			epoch_poll(&engine);
	}
	atomic_store(&stop, 1);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	epoch_sync(&engine);
	free(atomic_load(&current));
	assert_int_equal(stale, 0);
}

static pid_t engine_fork(void)
{
	pid_t pid;

	run_fork_prepare(&engine);
	pid = fork();
	if (pid)
		run_fork_parent(&engine);
	else
		run_after_fork(&engine);
	return pid;
}

/* Children enter and leave; most are killed with SIGKILL, some of them inside. */
static void slots_of_killed_children_come_back(void **state)
{
	_Atomic int *shared_inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	for (int i = 0; i < 10; i++) {
		pid_t pid = engine_fork();

		if (!pid) {
			for (;;) {
				run_enter(&engine);
				atomic_store(shared_inside, 1);
				if (i % 2)
					pause();
				run_exit(&engine);
			}
		}
		while (!atomic_load(shared_inside))
			usleep(100);
		usleep(1000);
		kill(pid, SIGKILL);
		/* Not reaped before the parent has needed every slot: a zombie counts as dead. */
		if (i % 4 == 1) {
			waitpid(pid, &status, 0);
			pid = 0;
		}
		run_enter(&engine);
		run_exit(&engine);
		if (pid)
			waitpid(pid, &status, 0);
		atomic_store(shared_inside, 0);
	}
	enter_many(NULL);
	more_threads_than_slots_wait_their_turn(state);
	munmap(shared_inside, 4096);
}

static void child_and_parent_have_different_slots(void **state)
{
	int up[2], down[2], status;
	uint32_t mine, theirs;
	pid_t pid;

	assert_int_equal(pipe(up) | pipe(down), 0);
	pid = engine_fork();
	if (!pid) {
		char c;

		mine = run_enter(&engine);
		if (write(up[1], &mine, sizeof(mine)) != sizeof(mine) || read(down[0], &c, 1) < 0)
			_exit(1);
		run_exit(&engine);
		_exit(0);
	}
	assert_int_equal(read(up[0], &theirs, sizeof(theirs)), sizeof(theirs));
	mine = run_enter(&engine);
	assert_int_not_equal(mine, theirs);
	run_exit(&engine);
	assert_int_equal(write(down[1], "x", 1), 1);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void enter_and_exit_are_cheap(void **state)
{
	struct timespec a, b;
	double best = 1e9;

	for (int batch = 0; batch < 20; batch++) {
		double ns;

		clock_gettime(CLOCK_MONOTONIC, &a);
		for (int i = 0; i < 100000; i++) {
			run_enter(&engine);
			run_exit(&engine);
		}
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e5;
		best = MIN(best, ns);
	}
	print_message("run_enter + run_exit: %.1f ns\n", best);
	assert_true(best < 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nested_entry_shares_the_slot),
		TEST(asked_for_slot_is_given),
		TEST(two_engines_nest_in_one_thread),
		TEST(deferred_waits_for_the_reader),
		TEST(more_threads_than_slots_wait_their_turn),
		TEST(readers_never_see_freed_memory),
		TEST(child_and_parent_have_different_slots),
		TEST(slots_of_killed_children_come_back),
		TEST(enter_and_exit_are_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
