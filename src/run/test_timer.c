/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: timers fire by time, then by when they were armed, each once a round; what fails leaves
 * nothing behind. Method: an engine whose host's clock the test sets, a map whose values are a plain
 * array, and a naive twin that finds the next timer by looking at all of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "object/engine.h"
#include "object/prog.h"
#include "run/run.h"
#include "run/timer.h"

#define N_TIMERS 50
#define STEPS 3000

static struct engine engine;
static uint64_t now;
static uint64_t values[N_TIMERS];
static uint32_t fired[N_TIMERS * 4], n_fired;
static int (*in_callback)(uint32_t i);

static uint64_t clock_ns(void *arg, enum skep_clock clock)
{
	return clock == SKEP_CLOCK_REALTIME ? now + 1000000 : now;
}

static const struct skep_host host = { .size = sizeof(host), .clock_ns = clock_ns };

static const void *key_of(const struct map *map, const void *value, uint32_t *index)
{
	*index = (uint32_t)((const uint64_t *)value - values);
	return index;
}

static uint64_t run_callback_here(const struct prog *prog, uint64_t callback, const uint64_t args[5])
{
	uint32_t i = *(const uint32_t *)(uintptr_t)args[1];

	assert_int_equal(callback, 7);
	assert_ptr_equal(&values[i], (void *)(uintptr_t)args[2]);
	assert_true(run_inside(&engine));
	fired[n_fired++] = i;
	if (in_callback)
		values[i] = (uint64_t)in_callback(i);
	return 0;
}

static void free_nothing(struct object *obj)
{
}

static const struct map_ops map_ops = { .key_of = key_of };
static const struct object_ops object_ops = { .free = free_nothing };
static struct map map;
static struct prog prog;

static int setup(void **state)
{
	memset(&engine, 0, sizeof(engine));
	now = 1000;
	n_fired = 0;
	in_callback = NULL;
	if (engine_init(&engine) || run_init(&engine, 2))
		return -1;
	run_host_init(&engine, &host, NULL);
	map = (struct map){ .ops = &map_ops };
	prog = (struct prog){ .run_callback = run_callback_here };
	object_init(&map.obj, &engine, OBJECT_MAP, &object_ops);
	object_init(&prog.obj, &engine, OBJECT_PROG, &object_ops);
	object_get_user(&map.obj);
	return timers_init(&engine);
}

static int teardown(void **state)
{
	timers_stop(&engine);
	timers_drop(&map);
	epoch_sync(&engine);
	assert_int_equal(prog.obj.refs, 1); /* no timer kept it */
	assert_int_equal(engine.bytes_used, 0);
	object_put_user(&map.obj);
	object_put(&map.obj);
	object_put(&prog.obj);
	run_deinit(&engine);
	timers_deinit(&engine);
	engine_deinit(&engine);
	return 0;
}

static void make(uint32_t i)
{
	assert_int_equal(timer_init(&map, &values[i], &values[i], CLOCK_MONOTONIC), 0);
	assert_int_equal(timer_set_callback(&engine, &values[i], 7, &prog), 0);
}

static void start(uint32_t i, uint64_t ns)
{
	assert_int_equal(timer_start(&engine, &values[i], ns, 0), 0);
}

static void timers_fire_by_time_then_by_order(void **state)
{
	static const uint64_t delays[] = { 30, 10, 20, 10, 0, 30 };
	static const uint32_t want[] = { 4, 1, 3, 2, 0, 5 };
	uint64_t next = 0;

	for (uint32_t i = 0; i < 6; i++) {
		make(i);
		start(i, delays[i]);
	}
	assert_int_equal(timers_next(&engine, &next), 0);
	assert_int_equal(next, 1000);
	now = 1029;
	assert_int_equal(timers_run(&engine), 4);
	assert_int_equal(timers_next(&engine, &next), 0);
	assert_int_equal(next, 1030);
	now = 1030;
	assert_int_equal(timers_run(&engine), 2);
	assert_memory_equal(fired, want, sizeof(want));
	assert_int_equal(timers_next(&engine, &next), -ENOENT);
	assert_int_equal(timers_run(&engine), 0);
}

static int arm_again(uint32_t i)
{
	return timer_start(&engine, &values[i], 0, 0);
}

static void what_is_armed_in_a_callback_waits_for_the_next_round(void **state)
{
	make(0);
	make(1);
	start(0, 0);
	start(1, 5);
	in_callback = arm_again;
	for (uint32_t round = 1; round < 4; round++) {
		assert_int_equal(timers_run(&engine), 1);
		assert_int_equal(n_fired, round);
	}
}

static int run_again(uint32_t i)
{
	return timers_run(&engine);
}

static int cancel_self(uint32_t i)
{
	return timer_cancel(&engine, &values[i]);
}

static int drop_self_and_begin_anew(uint32_t i)
{
	timer_drop(&map, &values[i]);
	make(i);
	return timer_cancel(&engine, &values[i]);
}

static void callbacks_cannot_wait_for_themselves(void **state)
{
	static int (*const calls[])(uint32_t) = { run_again, cancel_self, drop_self_and_begin_anew };
	static const int want[] = { -EBUSY, -EDEADLK, 0 };

	for (uint32_t i = 0; i < 3; i++) {
		make(i);
		start(i, 0);
		in_callback = calls[i];
		assert_int_equal(timers_run(&engine), 1);
		assert_int_equal((int)values[i], want[i]);
	}
}

static void wall_clock_times_are_counted_from_its_start(void **state)
{
	uint64_t next = 0;

	assert_int_equal(timer_init(&map, &values[0], &values[0], CLOCK_REALTIME), 0);
	assert_int_equal(timer_set_callback(&engine, &values[0], 7, &prog), 0);
	assert_int_equal(timer_start(&engine, &values[0], 1005000, BPF_F_TIMER_ABS), 0);
	assert_int_equal(timers_next(&engine, &next), 0);
	assert_int_equal(next, 5000);
	assert_int_equal(timer_start(&engine, &values[0], 1, BPF_F_TIMER_ABS), 0);
	assert_int_equal(timers_next(&engine, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(timers_run(&engine), 1);
}

static void a_map_without_users_gets_no_timers(void **state)
{
	make(0);
	object_put_user(&map.obj);
	assert_int_equal(timer_init(&map, &values[1], &values[1], CLOCK_MONOTONIC), -EPERM);
	assert_int_equal(timer_set_callback(&engine, &values[0], 7, &prog), -EPERM);
	object_get_user(&map.obj);
	assert_int_equal(timer_init(&map, &values[1], &values[1], CLOCK_MONOTONIC), 0);
}

static void failing_allocations_leave_nothing(void **state)
{
	bool done = false;

	for (uint32_t at = 1; !done; at++) {
		int err;

		assert_true(at < 20);
		mem_fail_at = at;
		err = timer_init(&map, &values[0], &values[0], CLOCK_MONOTONIC);
		if (!err)
			err = timer_set_callback(&engine, &values[0], 7, &prog);
		done = mem_fail_at != 0;
		mem_fail_at = 0;
		assert_int_equal(err, done ? 0 : -ENOMEM);
		timer_drop(&map, &values[0]);
		assert_int_equal(timer_cancel(&engine, &values[0]), -EINVAL);
	}
	engine.quota.bytes_max = 10;
	assert_int_equal(timer_init(&map, &values[0], &values[0], CLOCK_MONOTONIC), -ENOMEM);
	engine.quota.bytes_max = UINT64_MAX;
}

/* --- against a twin --------------------------------------------------------------------------------- */

static struct twin {
	bool exists, armed;
	uint64_t at, order;
} twins[N_TIMERS];

static struct twin *twin_next(void)
{
	struct twin *first = NULL;

	for (uint32_t i = 0; i < N_TIMERS; i++) {
		struct twin *t = &twins[i];

		if (t->armed && (!first || t->at < first->at ||
				 (t->at == first->at && t->order < first->order)))
			first = t;
	}
	return first;
}

static void advance(uint64_t ns)
{
	struct twin *t;

	now += ns;
	n_fired = 0;
	timers_run(&engine);
	for (uint32_t i = 0; i < n_fired; i++) {
		t = twin_next();
		assert_ptr_equal(t, &twins[fired[i]]);
		assert_true(t->at <= now);
		t->armed = false;
	}
	t = twin_next();
	assert_true(!t || t->at > now);
}

static void step(uint32_t r, uint64_t order)
{
	uint32_t i = (r >> 8) % N_TIMERS;
	struct twin *t = &twins[i];

	switch (r % 8) {
	case 0:
		timer_drop(&map, &values[i]);
		t->exists = t->armed = false;
		break;
	case 1:
		assert_int_equal(timer_cancel(&engine, &values[i]), t->exists ? t->armed : -EINVAL);
		if (t->exists)
			timer_set_callback(&engine, &values[i], 7, &prog);
		t->armed = false;
		break;
	case 2:
		advance((r >> 16) % 8);
		break;
	default:
		if (!t->exists)
			make(i);
		start(i, (r >> 16) % 32);
		*t = (struct twin){ true, true, now + (r >> 16) % 32, order };
	}
}

static void random_timers_fire_as_the_twins(void **state)
{
	uint32_t seed = 1;

	memset(twins, 0, sizeof(twins));
	for (uint64_t i = 0; i < STEPS; i++) {
		seed = seed * 1103515245 + 12345;
		step(seed >> 3, i);
	}
	advance(1000);
	assert_null(twin_next());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(timers_fire_by_time_then_by_order),
		TEST(what_is_armed_in_a_callback_waits_for_the_next_round),
		TEST(callbacks_cannot_wait_for_themselves),
		TEST(wall_clock_times_are_counted_from_its_start),
		TEST(a_map_without_users_gets_no_timers),
		TEST(failing_allocations_leave_nothing),
		TEST(random_timers_fire_as_the_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
