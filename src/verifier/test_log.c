/* SPDX-License-Identifier: BSD-2-Clause */
/* The log as a window on an endless text: rolling, fixed, reset, and what is reported of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "verifier/log.h"

static void finish(struct vlog *log, int err, const char *want, uint32_t true_size)
{
	const char *text;
	uint32_t bytes, actual;

	assert_int_equal(vlog_finish(log, &text, &bytes, &actual), err);
	assert_int_equal(actual, true_size);
	assert_true(bytes > strlen(want));
	assert_string_equal(text, want);
	vlog_deinit(log);
}

static void buffer_level_and_size_must_fit_together(void **state)
{
	struct vlog log;

	(void)state;
	assert_int_equal(vlog_init(&log, 0, false, 0), 0);
	assert_int_equal(vlog_init(&log, 1, false, 0), 0);
	assert_int_equal(vlog_init(&log, 1, true, 0), -EINVAL);
	assert_int_equal(vlog_init(&log, 1, false, 100), -EINVAL);
	assert_int_equal(vlog_init(&log, 0, true, 100), -EINVAL);
	assert_int_equal(vlog_init(&log, 16, true, 100), -EINVAL);
	assert_int_equal(vlog_init(&log, 1, true, UINT32_MAX / 4 + 1), -EINVAL);
}

static void what_fits_is_whole(void **state)
{
	struct vlog log;

	(void)state;
	assert_int_equal(vlog_init(&log, 1, true, 12), 0);
	vlog_printf(&log, "hello %s", "world");
	finish(&log, 0, "hello world", 12);
}

static void a_rolling_log_keeps_the_end(void **state)
{
	struct vlog log;

	(void)state;
	assert_int_equal(vlog_init(&log, 1, true, 8), 0);
	vlog_printf(&log, "abcdef");
	vlog_printf(&log, "ghij");
	finish(&log, -ENOSPC, "defghij", 11);
}

static void a_rolling_log_outlives_a_message_longer_than_it(void **state)
{
	struct vlog log;

	(void)state;
	assert_int_equal(vlog_init(&log, 1, true, 4), 0);
	vlog_printf(&log, "abcdefghij");
	finish(&log, -ENOSPC, "hij", 11);
}

static void a_fixed_log_keeps_the_start(void **state)
{
	struct vlog log;

	(void)state;
	assert_int_equal(vlog_init(&log, 1 | BPF_LOG_FIXED, true, 8), 0);
	vlog_printf(&log, "abcdef");
	vlog_printf(&log, "ghij");
	finish(&log, -ENOSPC, "abcdefg", 11);
}

static void reset_forgets_the_tail_but_not_the_size(void **state)
{
	struct vlog log;
	uint64_t pos;

	(void)state;
	assert_int_equal(vlog_init(&log, 1, true, 32), 0);
	vlog_printf(&log, "abc");
	pos = log.end_pos;
	vlog_printf(&log, "defghi");
	vlog_reset(&log, pos);
	vlog_printf(&log, "X");
	finish(&log, 0, "abcX", 10);
}

static void without_a_buffer_the_size_is_still_told(void **state)
{
	struct vlog log;
	const char *text;
	uint32_t bytes, actual;

	(void)state;
	assert_int_equal(vlog_init(&log, 2, false, 0), 0);
	vlog_printf(&log, "abc");
	vlog_printf(&log, "def");
	assert_int_equal(vlog_finish(&log, &text, &bytes, &actual), 0);
	assert_int_equal(actual, 7);
	assert_int_equal(bytes, 0);
	vlog_deinit(&log);
}

/* The walk takes a newline back, writes on, and goes back to where it was. */
static void without_memory_positions_mean_nothing(void **state)
{
	struct vlog log;
	const char *text;
	uint32_t bytes, actual;
	uint64_t pos;

	(void)state;
	assert_int_equal(vlog_init(&log, 1, true, 1 << 16), 0);
	mem_fail_at = 1;
	vlog_printf(&log, "0: exit\n");
	mem_fail_at = 0;
	pos = log.end_pos;
	vlog_reset(&log, pos - 1);
	vlog_printf(&log, "; R0=0\n");
	vlog_reset(&log, pos);
	assert_int_equal(vlog_finish(&log, &text, &bytes, &actual), -ENOMEM);
	vlog_deinit(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_level_and_size_must_fit_together),
		cmocka_unit_test(what_fits_is_whole),
		cmocka_unit_test(a_rolling_log_keeps_the_end),
		cmocka_unit_test(a_rolling_log_outlives_a_message_longer_than_it),
		cmocka_unit_test(a_fixed_log_keeps_the_start),
		cmocka_unit_test(reset_forgets_the_tail_but_not_the_size),
		cmocka_unit_test(without_a_buffer_the_size_is_still_told),
		cmocka_unit_test(without_memory_positions_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
