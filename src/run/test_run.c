/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: run_prog links runs, counts when asked to; run arrays keep order; the host answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "object/engine.h"
#include "run/run.h"

static struct engine engine;

static int setup(void **state)
{
	memset(&engine, 0, sizeof(engine));
	if (engine_init(&engine) || run_init(&engine, 2))
		return -1;
	run_host_init(&engine, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	run_deinit(&engine);
	engine_deinit(&engine);
	return 0;
}

static struct prog inner_prog;

static uint64_t inner(const void *ctx, const struct prog *prog)
{
	assert_ptr_equal(run_current()->prog, prog);
	assert_non_null(run_current()->outer);
	return *(const uint64_t *)ctx + 1;
}

static uint64_t outer(const void *ctx, const struct prog *prog)
{
	struct run_ctx rc = { .engine = &engine, .slot = run_enter(&engine) };
	uint64_t ret = run_prog(&inner_prog, (void *)ctx, &rc);

	run_exit(&engine);
	assert_ptr_equal(run_current()->prog, prog);
	return ret * 2;
}

static void nested_run_has_its_own_context(void **state)
{
	struct prog prog = { .run = outer };
	struct run_ctx rc = { .engine = &engine, .slot = run_enter(&engine) };
	uint64_t ctx = 20;

	inner_prog.run = inner;
	assert_int_equal(run_prog(&prog, &ctx, &rc), 42);
	assert_null(run_current());
	assert_int_equal(prog.stats.run_cnt, 0);
	engine.stats_enabled = 1;
	assert_int_equal(run_prog(&prog, &ctx, &rc), 42);
	assert_int_equal(prog.stats.run_cnt, 1);
	assert_int_equal(inner_prog.stats.run_cnt, 1);
	run_exit(&engine);
}

static void run_array_keeps_order(void **state)
{
	struct run_array_item item[3];
	struct run_array *one, *two, *three, *less;

	for (uintptr_t i = 0; i < 3; i++)
		item[i] = (struct run_array_item){ .link = (void *)(i + 1), .cookie = i };
	one = run_array_add(NULL, item[0], 0);
	two = run_array_add(one, item[1], UINT32_MAX);
	three = run_array_add(two, item[2], 0);
	assert_int_equal(three->n, 3);
	assert_int_equal(three->items[0].cookie, 2);
	assert_int_equal(three->items[1].cookie, 0);
	assert_int_equal(three->items[2].cookie, 1);
	less = run_array_del(three, item[0].link);
	assert_int_equal(less->n, 2);
	assert_int_equal(less->items[1].cookie, 1);
	assert_null(run_array_del(one, item[0].link));
	run_array_free_deferred(&engine, one);
	run_array_free_deferred(&engine, two);
	run_array_free_deferred(&engine, three);
	run_array_free_deferred(&engine, less);
	run_array_free_deferred(&engine, NULL);
}

static uint64_t fixed_clock(void *arg, enum skep_clock clock)
{
	return *(uint64_t *)arg + clock;
}

static void host_answers_or_the_default_does(void **state)
{
	struct skep_host host = { .size = sizeof(host), .clock_ns = fixed_clock };
	struct skep_host old = { .size = offsetof(struct skep_host, clock_ns),
				 .clock_ns = fixed_clock };
	uint64_t base = 1000;
	struct skep_task task;
	char byte;

	assert_true(run_clock_ns(&engine, RUN_CLOCK_MONOTONIC) > base + 100);
	run_host_init(&engine, &host, &base);
	assert_int_equal(run_clock_ns(&engine, RUN_CLOCK_BOOTTIME), base + SKEP_CLOCK_BOOTTIME);
	run_host_init(&engine, &old, &base);
	assert_true(run_clock_ns(&engine, RUN_CLOCK_MONOTONIC) > base + 100);
	run_task(&engine, &task);
	assert_int_equal(task.tgid, getpid());
	assert_int_equal(run_probe_read(&engine, &byte, (uint64_t)(uintptr_t)&base, 1), -EFAULT);
}

static void random_numbers_differ(void **state)
{
	uint32_t a = run_random(&engine), b = run_random(&engine), c = run_random(&engine);
	struct run_ctx rc = { .engine = &engine, .slot = run_enter(&engine) };
	uint32_t or = 0, and = UINT32_MAX;

	assert_false(a == b && b == c);
	run_push(&rc);
	for (int i = 0; i < 1000; i++) {
		uint32_t r = run_random(&engine);

		or |= r;
		and &= r;
	}
	run_pop(&rc);
	run_exit(&engine);
	assert_int_equal(or, UINT32_MAX);
	assert_int_equal(and, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nested_run_has_its_own_context),
		TEST(run_array_keeps_order),
		TEST(host_answers_or_the_default_does),
		TEST(random_numbers_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
