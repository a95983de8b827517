/* SPDX-License-Identifier: BSD-2-Clause */
/* Folded stacks: equal ones are one, their order; and the flame graph made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "trace/flame.h"
#include "trace/folded.h"

static void equal_stacks_are_added_up(void **state)
{
	struct folded f = { 0 };
	struct buffer out = { 0 };

	folded_add(&f, "b;x", 1);
	folded_add(&f, "a;y", 2);
	folded_add(&f, "b;x", 40);
	folded_sort(&f);
	folded_add(&f, "a;y", 1);
	folded_print(&f, &out);
	assert_string_equal(out.data, "a;y 3\nb;x 41\n");
	assert_int_equal(f.total, 44);
	buffer_deinit(&out);
	folded_deinit(&f);
}

static void what_begins_alike_stands_together(void **state)
{
	struct folded f = { 0 };
	struct buffer out = { 0 };

	folded_add(&f, "a;c", 1);
	folded_add(&f, "a.b", 1);
	folded_add(&f, "a", 1);
	folded_add(&f, "a b;c", 1);
	folded_add(&f, "a;b;d", 1);
	folded_sort(&f);
	folded_print(&f, &out);
	assert_string_equal(out.data, "a 1\na;b;d 1\na;c 1\na b;c 1\na.b 1\n");
	buffer_deinit(&out);
	folded_deinit(&f);
}

static void many_different_stacks_are_kept_apart(void **state)
{
	struct folded f = { 0 };
	char text[32];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 10000; i++) {
			snprintf(text, sizeof(text), "main;f%d;g%d", i / 7, i);
			folded_add(&f, text, 1);
		}
	assert_int_equal(f.n, 10000);
	assert_int_equal(f.total, 20000);
	folded_deinit(&f);
}

static size_t count_of(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, word)); at++)
		n++;
	return n;
}

static void frame_is_drawn_once_where_stacks_share_it(void **state)
{
	struct folded f = { 0 };
	struct buffer out = { 0 };

	folded_add(&f, "main;left", 1);
	folded_add(&f, "main;right;leaf", 2);
	folded_add(&f, "main", 1);
	folded_sort(&f);
	flame_draw(&f, "t", "samples", &out);
	assert_int_equal(count_of(out.data, "<title>main (4 samples, 100.00%)"), 1);
	assert_int_equal(count_of(out.data, "<title>left (1 samples, 25.00%)"), 1);
	assert_int_equal(count_of(out.data, "<title>right (2 samples, 50.00%)"), 1);
	assert_int_equal(count_of(out.data, "<title>leaf (2 samples, 50.00%)"), 1);
	assert_int_equal(count_of(out.data, "class=\"f\""), 5);
	buffer_deinit(&out);
	folded_deinit(&f);
}

/* Names come from programs that are traced. */
static void hostile_names_cannot_leave_their_place(void **state)
{
	struct folded f = { 0 };
	struct buffer out = { 0 };

	folded_add(&f, "</title><script>alert(1)</script>\"'&\x01\xff", 1);
	folded_sort(&f);
	flame_draw(&f, "a<b", "samples", &out);
	assert_null(strstr(out.data, "<script>alert"));
	assert_non_null(strstr(out.data, "&lt;/title&gt;&lt;script&gt;alert(1)"));
	assert_null(strchr(out.data, 1));
	assert_null(strchr(out.data, 0xff));
	assert_non_null(strstr(out.data, "a&lt;b"));
	buffer_deinit(&out);
	folded_deinit(&f);
}

static void narrow_and_deep_frames_are_bounded(void **state)
{
	struct folded f = { 0 };
	struct buffer out = { 0 }, deep = { 0 };

	for (int i = 0; i < 2000; i++)
		buffer_format(&deep, "%sf%d", i ? ";" : "", i);
	folded_add(&f, deep.data, 1000000);
	folded_add(&f, "narrow", 1);
	folded_sort(&f);
	flame_draw(&f, "t", "samples", &out);
	assert_null(strstr(out.data, "narrow ("));
	assert_non_null(strstr(out.data, "frames too narrow to draw"));
	assert_int_equal(count_of(out.data, "class=\"f\""), FLAME_DEPTH_MAX);
	buffer_deinit(&deep);
	buffer_deinit(&out);
	folded_deinit(&f);
}

static void nothing_gives_an_empty_graph(void **state)
{
	struct folded f = { 0 };
	struct buffer out = { 0 };

	folded_sort(&f);
	flame_draw(&f, "t", "samples", &out);
	assert_non_null(strstr(out.data, "</svg>"));
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_added_up),
		cmocka_unit_test(what_begins_alike_stands_together),
		cmocka_unit_test(many_different_stacks_are_kept_apart),
		cmocka_unit_test(frame_is_drawn_once_where_stacks_share_it),
		cmocka_unit_test(hostile_names_cannot_leave_their_place),
		cmocka_unit_test(narrow_and_deep_frames_are_bounded),
		cmocka_unit_test(nothing_gives_an_empty_graph),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
