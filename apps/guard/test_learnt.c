/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: what is written from what was seen parses, allows all that was seen, and nothing by anybody
 * else; whatever processes, devices and values are called.
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

#include "guard/judge.h"
#include "guard/learnt.h"

struct access {
	const char *name, *comm, *value;
	uint32_t kind;	       /* 0: a write */
	const char *container; /* id, or a name */
};

static struct guard_event event_of(const struct access *a)
{
	struct guard_event event = { .access = a->kind ? a->kind : GUARD_WRITE };

	snprintf(event.name, sizeof(event.name), "%s", a->name);
	snprintf(event.comm, sizeof(event.comm), "%s", a->comm);
	snprintf(event.old_value, sizeof(event.old_value), "0");
	snprintf(event.new_value, sizeof(event.new_value), "%s", a->value ? a->value : "1");
	return event;
}

static void learn(const struct access *accesses, size_t n, struct buffer *out)
{
	struct learnt learnt = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct guard_event event = event_of(&accesses[i]);
		struct container container = { 0 };
		const char *text = accesses[i].container;

		if (text)
			snprintf(strlen(text) == 64 ? container.id : container.name, 65, "%s",
				 text);
		learnt_add(&learnt, &event, text ? &container : NULL);
	}
	learnt_print(&learnt, out);
	learnt_deinit(&learnt);
}

/* The text as a set of rules. */
static void read_rules(const char *text, struct ruleset *set)
{
	struct error err;

	ruleset_init(set);
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = xstrndup(text, n);

		if (n && *line != '#')
			ruleset_add_text(set, line, &err);
		free(line);
		text += n + (text[n] == '\n');
	}
	if (ruleset_finish(set, &err))
		fail_msg("%s%s", buffer_string(&set->mistakes), err.text);
}

static uint32_t outcome_of(const struct ruleset *set, const struct access *a, const char *comm)
{
	struct judge_access access = { .name = a->name,
				       .kind = a->kind ? a->kind : GUARD_WRITE,
				       .bytes = 2 };
	struct judge_task task = { 0 };
	struct judgement judgement;

	snprintf(task.comm, sizeof(task.comm), "%s", comm);
	if (a->container)
		snprintf(task.cgroup, sizeof(task.cgroup),
			 strlen(a->container) == 64 ? "/docker/%s" : "/lxc.payload.%s",
			 a->container);
	judge(set, &task, &access, &judgement);
	return judgement.outcome;
}

static void just_what_was_seen_is_allowed(const struct access *accesses, size_t n)
{
	struct buffer text = { 0 };
	struct ruleset set;

	learn(accesses, n, &text);
	read_rules(text.data, &set);
	for (size_t i = 0; i < n; i++) {
		if (outcome_of(&set, &accesses[i], accesses[i].comm))
			fail_msg("%s by %s is refused by\n%s", accesses[i].name, accesses[i].comm,
				 text.data);
		if (outcome_of(&set, &accesses[i], "stranger") != GUARD_DENIED)
			fail_msg("%s is open to strangers by\n%s", accesses[i].name, text.data);
	}
	ruleset_deinit(&set);
	buffer_deinit(&text);
}

#define ID "4f2a9c81d0b35e774f2a9c81d0b35e774f2a9c81d0b35e774f2a9c81d0b35e77"

static const struct access usual[] = {
	{ "vm/swappiness", "tuned", "10" },
	{ "vm/swappiness", "systemd-sysctl", "60" },
	{ "vm/swappiness", "tuned", "20" },
	{ "kernel/hostname", "dhclient", "box" },
	{ "kernel/hostname", "cat", NULL, GUARD_READ },
	{ "net/core/somaxconn", "nginx", "511", 0, ID },
};

static void rules_are_sorted_and_counted(void **state)
{
	struct buffer text = { 0 };

	learn(usual, sizeof(usual) / sizeof(usual[0]), &text);
	assert_string_equal(
		text.data,
		"\n# 1 write by dhclient, uid 0; the last: 0 -> box\n"
		"deny kernel.hostname write except comm=dhclient\n"
		"\n# 1 read by cat, uid 0\n"
		"deny kernel.hostname read except comm=cat\n"
		"\n# 1 write by nginx, uid 0, in 4f2a9c81d0b3; the last: 0 -> 511\n"
		"deny net.core.somaxconn write except comm=nginx and container=4f2a9c81d0b3\n"
		"\n# 1 write by systemd-sysctl, uid 0; the last: 0 -> 60\n"
		"# 2 writes by tuned, uid 0; the last: 0 -> 20\n"
		"deny vm.swappiness write except comm=systemd-sysctl except comm=tuned\n");
	buffer_deinit(&text);
	just_what_was_seen_is_allowed(usual, sizeof(usual) / sizeof(usual[0]));
}

static void many_programs_get_lines_of_allow(void **state)
{
	static const struct access many[] = {
		{ "vm/a", "p1" },
		{ "vm/a", "p2" },
		{ "vm/a", "p3" },
		{ "vm/a", "p4" },
		{ "vm/a", "p5" },
		{ "vm/a", "p6" },
		{ "vm/a", "p7" },
		{ "vm/a", "p8" },
		{ "vm/a", "p9" },
		{ "vm/b", "x", NULL, 0, "web" },
		{ "vm/b", "x", NULL, 0, "db" },
		{ "vm/b", "y" },
	};
	struct buffer text = { 0 };

	just_what_was_seen_is_allowed(many, sizeof(many) / sizeof(many[0]));
	learn(many, sizeof(many) / sizeof(many[0]), &text);
	assert_non_null(strstr(text.data,
			       "\nallow vm.a write if comm=p5 if comm=p6 if comm=p7 if comm=p8\n"
			       "allow vm.a write if comm=p9\ndeny vm.a write\n"));
	buffer_deinit(&text);
}

/* One switch, written by its two names by two programs: neither rule may shut the other's out. */
static void writers_of_an_alias_are_let_through(void **state)
{
	static const struct access aliases[] = {
		{ "net/ipv4/ip_forward", "one" },
		{ "net/ipv4/conf/all/forwarding", "two" },
		{ "net/ipv4/conf/lo/forwarding", "three" },
	};

	just_what_was_seen_is_allowed(aliases, sizeof(aliases) / sizeof(aliases[0]));
}

static void names_of_others_do_no_harm(void **state)
{
	static const struct access odd[] = {
		{ "vm/a", "a b" },
		{ "vm/a", "\"q\\" },
		{ "vm/a", "new\nline" },
		{ "vm/b", "#x" },
		{ "vm/b", "if" },
		{ "vm/b", "kworker/0:1" },
		{ "vm/c", "and", "1\nallow *" },
		{ "vm/c", "\x7f\x1b[31m" },
		{ "net/ipv4/conf/x*=[]{}\"\\/forwarding", "ip" },
		{ "net/ipv4/conf/#y;/forwarding", "ip" },
		{ "net/ipv4/conf/eth0.100/tag", "ip" },
		{ "vm/d", "=" },
		{ "vm/d", "*a" },
	};

	just_what_was_seen_is_allowed(odd, sizeof(odd) / sizeof(odd[0]));
}

static void a_process_without_a_name_is_not_let_through(void **state)
{
	static const struct access nameless = { "vm/a", "" };
	struct buffer text = { 0 };

	learn(&nameless, 1, &text);
	assert_non_null(strstr(text.data, "without a name"));
	assert_non_null(strstr(text.data, "\ndeny vm.a write\n"));
	buffer_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_sorted_and_counted),
		cmocka_unit_test(many_programs_get_lines_of_allow),
		cmocka_unit_test(writers_of_an_alias_are_let_through),
		cmocka_unit_test(names_of_others_do_no_harm),
		cmocka_unit_test(a_process_without_a_name_is_not_let_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
