/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a tool takes the first way whose needs are there, says why not the others, and what to do when
 * there is none. Method: the user engine answers, whose abilities are known and need no privilege.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ability/ability.h"
#include "ability/probe.h"
#include "engine.h"

static int enter(void **state)
{
	const struct engine_setup setup = { .kind = ENGINE_USER, .clock = ENGINE_CLOCK_REAL };
	struct error err;

	ability_forget();
	return engine_enter(&setup, &err);
}

static int leave(void **state)
{
	engine_leave();
	ability_forget();
	return 0;
}

static void every_row_is_whole(void **state)
{
	for (enum ability a = ABILITY_NONE + 1; a < ABILITY_MAX; a++) {
		assert_non_null(ability_rows[a].probe);
		assert_non_null(ability_rows[a].remedy);
		assert_true(*ability_rows[a].remedy != '\0');
		assert_true(*ability_title(a) != '\0');
		assert_int_equal(ability_by_key(ability_key(a)), a);
		assert_true(ability_group_of(a) < ABILITY_GROUP_MAX);
	}
	assert_int_equal(ability_by_key("no-such-ability"), ABILITY_NONE);
	assert_int_equal(ability_by_key(""), ABILITY_NONE);
}

static void first_way_that_is_there_is_taken(void **state)
{
	static const struct ability_tool tool = {
		.name = "trial",
		.needs = { ABILITY_RINGBUF },
		.hooks = { { "fentry", { ABILITY_FENTRY } },
			   { "both", { ABILITY_RAW_TP, ABILITY_NETKIT } },
			   { "raw_tp", { ABILITY_RAW_TP, ABILITY_CURRENT_CGROUP } },
			   { "xdp", { ABILITY_XDP } } },
	};
	struct buffer passed = { 0 };
	struct error err = { "" };

	assert_int_equal(ability_choose(&tool, &passed, &err), 2);
	assert_string_equal(err.text, "");
	assert_non_null(strstr(passed.data, "fentry is not to be had: fentry: "));
	assert_non_null(strstr(passed.data, "; both is not to be had: netkit: "));
	assert_null(strstr(passed.data, "xdp"));
	buffer_deinit(&passed);
	assert_int_equal(ability_choose(&tool, NULL, &err), 2);
}

static void no_way_is_an_error_that_says_what_to_do(void **state)
{
	static const struct ability_tool tool = {
		.name = "trial",
		.hooks = { { "fentry", { ABILITY_FENTRY } }, { "netkit", { ABILITY_NETKIT } } },
	};
	struct buffer passed = { 0 };
	struct error err = { "" };

	assert_true(ability_choose(&tool, &passed, &err) < 0);
	assert_null(passed.data);
	assert_non_null(strstr(err.text, "trial cannot work here: fentry is not to be had"));
	assert_non_null(strstr(err.text, "netkit is not to be had"));
	assert_non_null(strstr(err.text, ability_ask(ABILITY_NETKIT)->remedy));
}

static void missing_need_fails_whatever_the_ways(void **state)
{
	static const struct ability_tool tool = {
		.name = "trial",
		.needs = { ABILITY_RINGBUF, ABILITY_STRUCT_OPS },
		.hooks = { { "raw_tp", { ABILITY_RAW_TP } } },
	};
	struct error err = { "" };

	assert_true(ability_choose(&tool, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "trial cannot work here: struct-ops: "));
}

static void tool_without_ways_needs_only_its_needs(void **state)
{
	static const struct ability_tool tool = { .name = "trial", .needs = { ABILITY_TEST_RUN } };
	struct error err;

	assert_int_equal(ability_choose(&tool, NULL, &err), 0);
}

static void types_beyond_the_tables_are_refused(void **state)
{
	assert_false(ability_prog_type(0)->has);
	assert_false(ability_prog_type(1000)->has);
	assert_false(ability_map_type(0)->has);
	assert_false(ability_map_type(ability_n_map_types())->has);
	assert_false(ability_helper(BPF_PROG_TYPE_SOCKET_FILTER, 0));
	assert_false(ability_helper(BPF_PROG_TYPE_SOCKET_FILTER, 5000));
	assert_true(ability_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_map_lookup_elem));
	assert_false(ability_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_skb_store_bytes));
}

static void nothing_is_tried_in_the_engine(void **state)
{
	assert_true(ability_has(ABILITY_RAW_TP));
	assert_false(ability_has_trial(ABILITY_RAW_TP));
	assert_ptr_equal(ability_try(ABILITY_RAW_TP), ability_ask(ABILITY_RAW_TP));
}

static void types_of_the_kernel_are_found_by_name(void **state)
{
	if (probe_btf_id("task_struct", BTF_KIND_STRUCT) == -ENOENT) {
		print_message("the kernel has no /sys/kernel/btf/vmlinux\n");
		skip();
	}
	assert_true(probe_btf_id("task_struct", BTF_KIND_STRUCT) > 0);
	assert_int_equal(probe_btf_id("task_struct", BTF_KIND_UNION), -ENOENT);
	assert_int_equal(probe_btf_id("skep_no_such_type", BTF_KIND_STRUCT), -ENOENT);
	assert_true(probe_btf_bytes("task_struct") > 1000);
	assert_true(probe_btf_member("task_struct", "tgid") >
		    probe_btf_member("task_struct", "pid"));
	assert_int_equal(probe_btf_member("task_struct", "skep_no_such_member"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test_setup_teardown(first_way_that_is_there_is_taken, enter, leave),
		cmocka_unit_test_setup_teardown(no_way_is_an_error_that_says_what_to_do, enter,
						leave),
		cmocka_unit_test_setup_teardown(missing_need_fails_whatever_the_ways, enter, leave),
		cmocka_unit_test_setup_teardown(tool_without_ways_needs_only_its_needs, enter,
						leave),
		cmocka_unit_test_setup_teardown(types_beyond_the_tables_are_refused, enter, leave),
		cmocka_unit_test_setup_teardown(nothing_is_tried_in_the_engine, enter, leave),
		cmocka_unit_test(types_of_the_kernel_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
