/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: a slip of the finger finds the name meant, and a name far from all finds none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "nearest.h"

static const char *nearest_of(const char *word)
{
	static const char *const names[] = { "sys_enter", "sys_exit", "sched_switch", "vfs_read",
					     "tcp_v4_connect" };
	struct nearest best;

	nearest_begin(&best, word);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		nearest_add(&best, names[i]);
	return best.name;
}

static void a_slip_finds_the_name_meant(void **state)
{
	assert_string_equal(nearest_of("sys_entre"), "sys_enter");
	assert_string_equal(nearest_of("sys_exti"), "sys_exit");
	assert_string_equal(nearest_of("schedswitch"), "sched_switch");
	assert_string_equal(nearest_of("vfs_raed"), "vfs_read");
	assert_string_equal(nearest_of("vfs_read"), "vfs_read");
}

static void a_beginning_means_its_name(void **state)
{
	assert_string_equal(nearest_of("tcp_v4"), "tcp_v4_connect");
}

static void what_is_far_from_all_finds_none(void **state)
{
	char longest[NEAREST_WORD_MAX + 2];

	assert_null(nearest_of("do_exit_group"));
	assert_null(nearest_of(""));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest_of(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slip_finds_the_name_meant),
		cmocka_unit_test(a_beginning_means_its_name),
		cmocka_unit_test(what_is_far_from_all_finds_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
