/* SPDX-License-Identifier: BSD-2-Clause */
/* Columns: width, side, empty cells, no blanks at the end of a line; and numbers with units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "table.h"
#include "unit.h"

static void assert_prints(struct table *t, const char *text)
{
	struct buffer out = { 0 };

	table_print(t, &out, "> ");
	assert_string_equal(buffer_string(&out), text);
	buffer_deinit(&out);
	table_deinit(t);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct table t = { 0 };

	table_column(&t, "name", TABLE_LEFT);
	table_column(&t, "n", TABLE_RIGHT);
	table_column(&t, "note", TABLE_LEFT);
	table_row(&t);
	table_cell(&t, "a longer one");
	table_cell(&t, "%d", 1);
	table_cell(&t, "x");
	table_row(&t);
	table_cell(&t, "b");
	table_cell(&t, "%d", 12345);
	assert_prints(&t, "> name              n  note\n"
			  "> a longer one      1  x\n"
			  "> b             12345\n");
}

static void letters_of_several_bytes_take_one_column(void **state)
{
	struct table t = { 0 };

	table_column(&t, "", TABLE_LEFT);
	table_column(&t, "", TABLE_LEFT);
	table_row(&t);
	table_cell(&t, "\xc3\xa9\xc3\xa9");
	table_cell(&t, "1");
	table_row(&t);
	table_cell(&t, "abc");
	table_cell(&t, "2");
	assert_prints(&t, "> \xc3\xa9\xc3\xa9   1\n> abc  2\n");
}

static void many_rows_keep_their_cells(void **state)
{
	struct buffer wanted = { 0 };
	struct table t = { 0 };

	table_column(&t, "", TABLE_RIGHT);
	for (int i = 100; i < 200; i++) {
		table_row(&t);
		table_cell(&t, "%d", i);
		buffer_format(&wanted, "> %d\n", i);
	}
	assert_prints(&t, wanted.data);
	buffer_deinit(&wanted);
}

static void units_change_at_their_limits(void **state)
{
	char buf[UNIT_BYTES];

	assert_string_equal(unit_bytes(0, buf), "0 B");
	assert_string_equal(unit_bytes(1023, buf), "1023 B");
	assert_string_equal(unit_bytes(1024, buf), "1.0 KiB");
	assert_string_equal(unit_bytes(1536u << 10, buf), "1.5 MiB");
	assert_string_equal(unit_ns(9.25, buf), "9.2 ns");
	assert_string_equal(unit_ns(42, buf), "42 ns");
	assert_string_equal(unit_ns(1250, buf), "1.25 us");
	assert_string_equal(unit_ns(3.1e9, buf), "3.10 s");
	assert_string_equal(unit_count(1, "packet", "packets", buf), "1 packet");
	assert_string_equal(unit_count(2, "packet", "packets", buf), "2 packets");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(letters_of_several_bytes_take_one_column),
		cmocka_unit_test(many_rows_keep_their_cells),
		cmocka_unit_test(units_change_at_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
