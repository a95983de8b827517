/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: a strbuf holds what was added, always ends in NUL, and an error sticks. Method: by hand,
 * and with failing allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/strbuf.h"

static void pieces_come_together(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *s;

	assert_string_equal(strbuf_str(&sb), "");
	strbuf_adds(&sb, "r");
	strbuf_addf(&sb, "%d = %s", 10, "x");
	strbuf_addc(&sb, '\n');
	strbuf_addn(&sb, "abc", 2);
	strbuf_pad(&sb, '.', 5);
	assert_string_equal(strbuf_str(&sb), "r10 = x\nab...");
	assert_int_equal(sb.len, 13);
	strbuf_truncate(&sb, 3);
	assert_string_equal(strbuf_str(&sb), "r10");
	s = strbuf_take(&sb);
	assert_string_equal(s, "r10");
	assert_int_equal(sb.len, 0);
	free(s);
	s = strbuf_take(&sb);
	assert_string_equal(s, "");
	free(s);
}

static void long_formats_grow_the_buffer(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	for (int width = 1; width < 5000; width += 61) {
		strbuf_reset(&sb);
		strbuf_adds(&sb, "<");
		strbuf_addf(&sb, "%*d", width, 7);
		strbuf_adds(&sb, ">");
		assert_int_equal(sb.len, width + 2);
		assert_int_equal(strlen(sb.data), width + 2);
		assert_string_equal(sb.data + width, "7>");
	}
	strbuf_deinit(&sb);
}

static void an_error_sticks_and_keeps_what_was_there(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, "kept");
	mem_fail_at = 1;
	strbuf_addf(&sb, "%1000d", 1);
	assert_int_equal(mem_fail_at, 0);
	assert_int_equal(strbuf_err(&sb), -12);
	strbuf_adds(&sb, "more");
	strbuf_addf(&sb, "%d", 1);
	assert_string_equal(strbuf_str(&sb), "kept");
	assert_null(strbuf_take(&sb));
	assert_int_equal(strbuf_err(&sb), 0);
	mem_fail_at = 1;
	strbuf_adds(&sb, "x");
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_reset(&sb);
	strbuf_adds(&sb, "again");
	assert_string_equal(strbuf_str(&sb), "again");
	strbuf_deinit(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_come_together),
		cmocka_unit_test(long_formats_grow_the_buffer),
		cmocka_unit_test(an_error_sticks_and_keeps_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
