/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the guard's program, on our engine, decides what its slow twin in plain C does (judge.h), for
 * random rules, tasks and accesses, so that either's mistake is seen; with few rules about a key (kept
 * by the program) and with many (matched again each time).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/rule.h"
#include "guard/show.h"
#include "guard/trial.h"

#define ROUNDS	 16
#define ACCESSES 150
#define MANY	 40 /* rules: more about one key than the program keeps */

static uint32_t dice_state;

static uint32_t dice(uint32_t n)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % n;
}

#define ONE_OF(...)                                                                                \
	(((const char *const[]){ __VA_ARGS__ })[dice(                                              \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))])

static const char *random_pattern(void)
{
	return ONE_OF("vm.swappiness", "kernel.hostname", "kernel.h*", "net.ipv4.conf.*.forwarding",
		      "*.swap*", "kernel.?ostname", "net.ipv4.ip_forward");
}

/* Also all below a folder, which cannot be pinned. */
static const char *random_wide_pattern(void)
{
	const char *narrow = random_pattern();

	return dice(2) ? narrow : ONE_OF("*", "vm.*", "net.*", "net.ipv4.conf.l?.*");
}

static const char *random_name(void)
{
	return ONE_OF("vm/swappiness", "vm/overcommit_ratio", "kernel/hostname", "kernel/pid_max",
		      "net/ipv4/ip_forward", "net/ipv4/conf/lo/forwarding",
		      "net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/all/forwarding", "fs/x");
}

static const char *random_condition(void)
{
	return ONE_OF("comm=tuned", "comm=t*", "comm=?u*d", "uid=0", "uid=7", "pid=12",
		      "comm=* and uid=7", "pid=12 and comm=sysctl", "cgroup=/",
		      "container=4f2a9c81d0b3", "container=web*", "container=web* and uid=0");
}

static void random_rule(struct ruleset *set)
{
	struct buffer text = { 0 };
	struct error err;
	bool pins;

	buffer_format(&text, "%s", ONE_OF("allow", "deny", "pin", "audit", "audit"));
	pins = strcmp(text.data, "pin") == 0;
	buffer_format(&text, " %s", pins ? random_pattern() : random_wide_pattern());
	if (pins)
		buffer_format(&text, " %s", ONE_OF("1", "10", "\"4 4 1 7\"", "\"\"", "1234567890"));
	else
		buffer_format(&text, "%s", ONE_OF("", " read", " write", " read,write"));
	for (uint32_t n = dice(4), i = 0; i < n && i < 3; i++)
		buffer_format(&text, " %s %s", ONE_OF("if", "except"), random_condition());
	ruleset_add_text(set, text.data, &err);
	buffer_deinit(&text);
}

static void random_set(struct ruleset *set, uint32_t n)
{
	struct error err;

	ruleset_init(set);
	for (uint32_t i = 0; i < n; i++)
		random_rule(set);
	if (ruleset_finish(set, &err))
		fail_msg("%s%s", buffer_string(&set->mistakes), err.text);
}

/* A cgroup of which each level's id is its number. */
static void random_task(struct judge_task *task)
{
	memset(task, 0, sizeof(*task));
	snprintf(task->comm, sizeof(task->comm), "%s", ONE_OF("tuned", "sysctl", "t", ""));
	task->uid = dice(2) * 7;
	task->pid = dice(2) ? 12 : 13;
	snprintf(task->cgroup, sizeof(task->cgroup), "%s",
		 ONE_OF("", "/docker/4f2a9c81d0b35e77", "/a/web-1", "/a/b"));
	task->n_cgroup_ids = 0;
}

static void explain(const struct ruleset *set, const struct judge_access *a,
		    const struct judgement *got, const struct judgement *wanted)
{
	for (uint32_t i = 0; i < set->n_rules; i++)
		print_message("%u %s%s\n", i, set->rules[i].text,
			      set->rules[i].is_alias ? " (alias)" : "");
	fail_msg(
		"%s %s of %u bytes at %u: the program: %s by %d (allow %d), its twin: %s by %d (allow %d)",
		a->kind == GUARD_WRITE ? "write" : "read", a->name, a->bytes, (uint32_t)a->file_pos,
		show_outcome(got->outcome), (int)got->rule, (int)got->allowed_by,
		show_outcome(wanted->outcome), (int)wanted->rule, (int)wanted->allowed_by);
}

static void compare(struct trial *t, const struct ruleset *set, const struct judge_task *task)
{
	static char value[GUARD_VALUE_BYTES + 64];
	struct judgement got, wanted;
	struct judge_access access = { .name = random_name(),
				       .kind = dice(4) ? GUARD_WRITE : GUARD_READ };
	struct error err;

	if (access.kind == GUARD_WRITE)
		access.bytes = dice(8) ? 1 + dice(12) : GUARD_VALUE_BYTES - 2 + dice(5);
	access.file_pos = dice(6) ? 0 : dice(3);
	memset(value, '1', sizeof(value));
	if (trial_access(t, &access, value, dice(5) ? "0\n" : NULL, &got, &err))
		fail_msg("%s", err.text);
	judge(set, task, &access, &wanted);
	if (got.outcome != wanted.outcome || got.rule != wanted.rule ||
	    got.allowed_by != wanted.allowed_by)
		explain(set, &access, &got, &wanted);
}

static void compare_sets(uint32_t n_rules_max, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		struct judge_task task;
		struct ruleset set;
		struct trial *t;
		struct error err;

		random_set(&set, 1 + dice(n_rules_max));
		random_task(&task);
		if (trial_begin(&set, &task, &t, &err))
			fail_msg("%s", err.text);
		for (uint32_t j = 0; j < ACCESSES; j++)
			compare(t, &set, &task);
		trial_end(t);
		ruleset_deinit(&set);
	}
}

static void the_program_is_what_its_twin_says(void **state)
{
	dice_state = 1;
	compare_sets(8, ROUNDS);
}

static void many_rules_about_a_key_are_all_asked(void **state)
{
	dice_state = 2;
	compare_sets(MANY, ROUNDS / 4);
}

static void a_task_is_in_its_cgroup_and_those_above(void **state)
{
	struct judge_task task = { .cgroup = "/a/b",
				   .cgroup_ids = { 11, 12, 13 },
				   .n_cgroup_ids = 3 };
	struct judge_access access = { .name = "vm/swappiness", .kind = GUARD_WRITE, .bytes = 2 };
	struct ruleset set;
	struct trial *t;
	struct error err;

	for (uint32_t level = 0; level < 5; level++) {
		bool is = level < 3;
		struct judgement got, wanted;

		ruleset_init(&set);
		ruleset_add_text(&set, "deny vm.* if uid=0", &err);
		assert_int_equal(ruleset_finish(&set, &err), 0);
		set.rules[0].clauses[0].by = GUARD_BY_CGROUP;
		set.rules[0].clauses[0].cgroup = 11 + level;
		set.rules[0].clauses[0].cgroup_level = level;
		assert_int_equal(trial_begin(&set, &task, &t, &err), 0);
		assert_int_equal(trial_access(t, &access, "1\n", "0\n", &got, &err), 0);
		judge(&set, &task, &access, &wanted);
		assert_int_equal(got.outcome, is ? GUARD_DENIED : 0);
		assert_int_equal(wanted.outcome, got.outcome);
		trial_end(t);
		ruleset_deinit(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_is_what_its_twin_says),
		cmocka_unit_test(many_rules_about_a_key_are_all_asked),
		cmocka_unit_test(a_task_is_in_its_cgroup_and_those_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
