/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: names become functions and tracepoints of the kernel, and values what their types say. Method:
 * the running kernel's own BTF, which anybody may read, and calls made up here. No privilege.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/kernel_target.h"

static int open_targets(void **state)
{
	static struct kernel_targets t;
	struct error err;

	t = (struct kernel_targets){ .words_max = KERNEL_ARGUMENTS };
	*state = &t;
	/* Where there is none, each test says so. */
	kernel_targets_open(&t, &err);
	return 0;
}

static int close_targets(void **state)
{
	kernel_targets_close(*state);
	return 0;
}

static struct kernel_targets *need_types(void **state)
{
	struct kernel_targets *t = *state;

	if (!t->btf) {
		print_message("this kernel has no /sys/kernel/btf/vmlinux\n");
		skip();
	}
	return t;
}

static void assert_shown(const struct kernel_targets *t, const struct kernel_call *call,
			 const char *wanted)
{
	struct buffer text = { 0 };

	kernel_call_print(t, call, &text);
	assert_string_equal(buffer_string(&text), wanted);
	buffer_deinit(&text);
}

static void function_has_arguments_of_its_types(void **state)
{
	struct kernel_targets *t = need_types(state);
	struct kernel_call call = { .arguments = { (uint64_t)-100, 0x5000, 0 },
				    .result = (uint64_t)-2,
				    .flags = KERNEL_HAS_RESULT | 1u << 1,
				    .strings = { "", "/a\"b\n" } };
	struct buffer text = { 0 };
	struct error err;

	assert_int_equal(kernel_targets_add(t, "do_sys_openat2+ret", &err), 0);
	assert_int_equal(t->n, 1);
	assert_true(t->functions[0].returning);
	assert_true(t->functions[0].has_result);
	assert_false(t->functions[0].is_tracepoint);
	assert_int_equal(t->functions[0].n_words, 3);
	assert_int_equal(t->functions[0].strings, 1u << 1);
	assert_shown(t, &call, "do_sys_openat2(dfd=-100, filename=\"/a\\\"b\\x0a\", how=NULL)");
	kernel_result_print(t, &call, &text);
	assert_string_equal(buffer_string(&text), "-2");
	buffer_deinit(&text);
	/* A string that could not be read is an address. */
	call.flags = 0;
	assert_shown(t, &call, "do_sys_openat2(dfd=-100, filename=0x5000, how=NULL)");
}

/* Only the bytes of a value's type count: what else is in the register is anything. */
static void values_are_as_wide_as_their_types(void **state)
{
	struct kernel_targets *t = need_types(state);
	struct kernel_call call = { .arguments = { 0xdeadbeefffffff9c } };
	struct error err;

	assert_int_equal(kernel_targets_add(t, "do_sys_openat2", &err), 0);
	assert_int_equal(kernel_targets_add(t, "tp:sys_exit", &err), 0);
	assert_shown(t, &call, "do_sys_openat2(dfd=-100, filename=NULL, how=NULL)");
	call.index = 1;
	call.arguments[1] = (uint64_t)-38;
	assert_shown(t, &call, "sys_exit(regs=0xdeadbeefffffff9c, ret=-38)");
}

static void string_that_was_cut_says_so(void **state)
{
	struct kernel_targets *t = need_types(state);
	struct kernel_call call = { .flags = 1u << 1 };
	char wanted[160];
	struct error err;

	assert_int_equal(kernel_targets_add(t, "do_sys_openat2", &err), 0);
	memset(call.strings[1], 'x', KERNEL_STRING_BYTES - 1);
	snprintf(wanted, sizeof(wanted), "do_sys_openat2(dfd=0, filename=\"%.63s\"..., how=NULL)",
		 call.strings[1]);
	assert_shown(t, &call, wanted);
}

/* What the hook does not record is not made up. */
static void arguments_not_recorded_are_dots(void **state)
{
	struct kernel_targets *t = need_types(state);
	struct kernel_call call = { .arguments = { 5 } };
	struct error err;

	assert_int_equal(kernel_targets_add(t, "do_sys_openat2", &err), 0);
	t->words_max = 1;
	assert_shown(t, &call, "do_sys_openat2(dfd=5, ...)");
}

static void tracepoints_and_globs_are_found(void **state)
{
	struct kernel_targets *t = need_types(state);
	struct error err;
	uint32_t n;

	assert_int_equal(kernel_targets_add(t, "tp:sched_process_*", &err), 0);
	n = t->n;
	assert_true(n >= 4);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(t->functions[i].is_tracepoint);
		assert_false(t->functions[i].has_result);
		assert_int_equal(t->functions[i].first, 1);
	}
	/* Named twice is once. */
	assert_int_equal(kernel_targets_add(t, "tp:sched_process_exit", &err), 0);
	assert_int_equal(t->n, n);
	assert_int_equal(kernel_targets_add(t, "vfs_rea*", &err), 0);
	assert_true(t->n > n);
}

static void tracepoint_stands_in_for_a_function(void **state)
{
	struct kernel_targets *t = need_types(state);
	struct error err;

	assert_int_equal(kernel_targets_add(t, "do_exit", &err), 0);
	assert_true(kernel_function_to_tracepoint(t, &t->functions[0]));
	assert_string_equal(t->functions[0].symbol, "sched_process_exit");
	assert_string_equal(t->functions[0].name, "do_exit");
	assert_true(t->functions[0].is_tracepoint);
	assert_int_equal(kernel_targets_add(t, "vfs_read", &err), 0);
	assert_false(kernel_function_to_tracepoint(t, &t->functions[1]));
	/* None is there when a function returns. */
	assert_int_equal(kernel_targets_add(t, "wake_up_new_task+ret", &err), 0);
	assert_false(kernel_function_to_tracepoint(t, &t->functions[2]));
}

static void names_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *operand;
		int rc;
		const char *words;
	} wrong[] = {
		{ "vfs_raed", -ENOENT, "did you mean 'vfs_read'?" },
		{ "tp:sched_swich", -ENOENT, "did you mean 'sched_switch'?" },
		{ "sched_switch", -ENOENT, "but a tracepoint: tp:sched_switch" },
		{ "skep_no_such_function_anywhere", -ENOENT, "not among the kernel's types" },
		{ "tp:sched_switch+ret", -EINVAL, "a tracepoint returns nothing" },
		{ "", -EINVAL, "names no function" },
		{ "tp:", -EINVAL, "names no function" },
		{ "*", -E2BIG, "choose fewer" },
		{ "nosuch:vfs_read", -ENOENT, "it is not loaded" },
		{ "nosuch:", -EINVAL, "names no function" },
		{ ":vfs_read", -EINVAL, "names no function" },
	};
	struct kernel_targets *t = need_types(state);
	struct error err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(kernel_targets_add(t, wrong[i].operand, &err), wrong[i].rc);
		assert_non_null(strstr(err.text, wrong[i].words));
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_targets, close_targets)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(function_has_arguments_of_its_types), TEST(values_are_as_wide_as_their_types),
		TEST(string_that_was_cut_says_so),	   TEST(arguments_not_recorded_are_dots),
		TEST(tracepoints_and_globs_are_found),	   TEST(tracepoint_stands_in_for_a_function),
		TEST(names_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
