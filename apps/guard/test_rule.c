/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a rule means what rule.h says; every mistake is told at its column, with the way out; the
 * matcher is what a naive one says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guard/rule.h"
#include "guard/test_words.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static int parse(const char *line, struct guard_rule *rule, struct rule_mistake *mistake)
{
	return rule_parse(line, strlen(line), rule, mistake);
}

static void must_parse(const char *line, struct guard_rule *rule)
{
	struct rule_mistake mistake;

	if (parse(line, rule, &mistake) != 1)
		fail_msg("'%s': column %u: %s", line, mistake.column, mistake.why.text);
}

static void actions_keys_and_accesses_are_read(void **state)
{
	static const struct {
		const char *line, *pattern;
		uint32_t action, access;
	} rows[] = {
		{ "deny net.ipv4.ip_forward", "net/ipv4/ip_forward", GUARD_DENY, GUARD_WRITE },
		{ "deny net.ipv4.ip_forward write", "net/ipv4/ip_forward", GUARD_DENY,
		  GUARD_WRITE },
		{ "  allow\tnet/ipv4/ip_forward   read ", "net/ipv4/ip_forward", GUARD_ALLOW,
		  GUARD_READ },
		{ "audit kernel.* read,write", "kernel/*", GUARD_AUDIT, GUARD_READ | GUARD_WRITE },
		{ "audit * write,read", "*", GUARD_AUDIT, GUARD_READ | GUARD_WRITE },
		{ "deny /proc/sys/vm/swappiness", "vm/swappiness", GUARD_DENY, GUARD_WRITE },
		{ "deny net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding",
		  GUARD_DENY, GUARD_WRITE },
		{ "deny net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding",
		  GUARD_DENY, GUARD_WRITE },
		{ "deny /proc/sys/dev/x.y", "dev/x.y", GUARD_DENY, GUARD_WRITE },
		{ "deny vm.a # what for", "vm/a", GUARD_DENY, GUARD_WRITE },
		{ "deny vm.a ;what for", "vm/a", GUARD_DENY, GUARD_WRITE },
		{ "deny vm.a\r", "vm/a", GUARD_DENY, GUARD_WRITE },
		{ "deny \"vm.a\"", "vm/a", GUARD_DENY, GUARD_WRITE },
	};
	struct guard_rule rule;

	for (size_t i = 0; i < N(rows); i++) {
		must_parse(rows[i].line, &rule);
		assert_string_equal(rule.pattern, rows[i].pattern);
		assert_int_equal(rule.action, rows[i].action);
		assert_int_equal(rule.access, rows[i].access);
		assert_int_equal(rule.n_clauses, 0);
	}
}

static void a_pinned_value_is_followed_by_newlines(void **state)
{
	static const struct {
		const char *line, *value;
	} rows[] = {
		{ "pin vm.swappiness 10", "10" },
		{ "pin vm.swappiness write 10", "10" },
		{ "pin net.ipv4.tcp_rmem \"4096 131072 6291456\" if uid=0", "4096 131072 6291456" },
		{ "pin kernel.core_pattern \"|/x \\\"%p\\\" \\\\n\"", "|/x \"%p\" \\n" },
		{ "pin kernel.modprobe \"\"", "" },
		{ "pin kernel.hostname \"if\"", "if" },
		{ "pin kernel.hostname \"write\"", "write" },
		{ "pin kernel.hostname a#b", "a#b" },
		{ "pin kernel.hostname \"#\" # really", "#" },
	};
	struct guard_rule rule;

	for (size_t i = 0; i < N(rows); i++) {
		must_parse(rows[i].line, &rule);
		assert_int_equal(rule.action, GUARD_PIN);
		assert_int_equal(rule.value_bytes, strlen(rows[i].value));
		assert_memory_equal(rule.value, rows[i].value, rule.value_bytes);
		for (size_t j = rule.value_bytes; j < sizeof(rule.value); j++)
			assert_int_equal(rule.value[j], '\n');
	}
}

static void clauses_hold_what_is_anded(void **state)
{
	struct guard_rule rule;

	must_parse("allow a.b if comm=x* and uid=0 if pid=7 except comm=\"a b\" and uid=4294967294",
		   &rule);
	assert_int_equal(rule.n_clauses, 3);
	assert_int_equal(rule.clauses[0].by, GUARD_BY_COMM | GUARD_BY_UID);
	assert_int_equal(rule.clauses[0].except, 0);
	assert_string_equal(rule.clauses[0].comm, "x*");
	assert_int_equal(rule.clauses[1].by, GUARD_BY_PID);
	assert_int_equal(rule.clauses[1].pid, 7);
	assert_int_equal(rule.clauses[2].except, 1);
	assert_string_equal(rule.clauses[2].comm, "a b");
	assert_int_equal(rule.clauses[2].uid, 4294967294u);
	must_parse("deny a.b except uid=root", &rule);
	assert_int_equal(rule.clauses[0].by, GUARD_BY_UID);
	assert_int_equal(rule.clauses[0].uid, 0);
}

/* A folder of a cgroup's path, as runtimes make them, and what means it. */
static void a_container_is_met_by_the_folder_runtimes_make(void **state)
{
#define ID "4f2a9c81d0b35e774f2a9c81d0b35e774f2a9c81d0b35e774f2a9c81d0b35e77"
	static const struct {
		const char *name, *folder;
		bool is;
	} rows[] = {
		{ "4f2a9c81d0b3", "docker-" ID ".scope", true },
		{ ID, "cri-containerd-" ID ".scope", true },
		{ ID, ID, true },
		{ "4f2a9c81d0b4", "docker-" ID ".scope", false },
		{ "web", "lxc.payload.web", true },
		{ "web", "machine-web.scope", true },
		{ "web", "web", true },
		{ "web", "website", false },
		{ "web", "lxc.payload.web2", false },
		{ "lxc.payload.w*", "lxc.payload.web", true },
		{ "0b4f6a3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b",
		  "kubepods-burstable-pod0b4f6a3e_1c2d_4e5f_8a9b_0c1d2e3f4a5b.slice", true },
		{ "0b4f6a3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b", "pod0b4f6a3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b",
		  true },
	};
#undef ID

	for (size_t i = 0; i < N(rows); i++) {
		struct guard_rule rule;
		char line[256];
		bool is = false;

		snprintf(line, sizeof(line), "deny a.b if container=%s and uid=3", rows[i].name);
		must_parse(line, &rule);
		for (uint32_t j = 0; j < rule.n_clauses; j++) {
			assert_int_equal(rule.clauses[j].by, GUARD_BY_CONTAINER | GUARD_BY_UID);
			assert_int_equal(rule.clauses[j].uid, 3);
			is |= rule_pattern_matches(rule.clauses[j].container, rows[i].folder);
		}
		if (is != rows[i].is)
			fail_msg("container=%s in %s", rows[i].name, rows[i].folder);
	}
}

static void a_line_of_nothing_is_no_rule(void **state)
{
	static const char *const lines[] = { "", " \t", "# x", "  ; deny a", "\r" };
	struct rule_mistake mistake;
	struct guard_rule rule;

	for (size_t i = 0; i < N(lines); i++)
		assert_int_equal(parse(lines[i], &rule, &mistake), 0);
}

#define X16  "xxxxxxxxxxxxxxxx"
#define X128 X16 X16 X16 X16 X16 X16 X16 X16

/* A line, and where and how its mistake is told. */
static const struct {
	const char *line;
	uint32_t column;
	const char *part; /* of the sentence */
} mistakes[] = {
	/* the line */
	{ "deny\x01 a", 5, "control character (byte 1)" },
	{ "deny a\rb", 7, "control character (byte 13)" },
	/* action */
	{ "dney a.b", 1, "did you mean 'deny'?" },
	{ "   block a.b", 4, "allow, deny, pin or audit" },
	{ "\"deny\" a.b", 1, "is no action" },
	{ "vm.swappiness = 10", 1, "sysctl.conf(5)" },
	{ "-net.ipv4.ip_forward=1", 1, "`pin KEY VALUE`" },
	/* key */
	{ "deny", 5, "deny needs a key" },
	{ "deny   # comment", 5, "deny needs a key" },
	{ "pin", 4, "`pin vm.swappiness 10`" },
	{ "pin * 1", 5, "a value is for one key" },
	{ "deny /proc/sys/a.b/c", 17, "first part has a '.'" },
	{ "pin net.ipv4.conf.lo.* 1", 5, "not for all keys below" },
	{ "deny if uid=0", 6, "'if' stands where the key should" },
	{ "deny write", 6, "`*` is every key" },
	{ "deny vm..x", 9, "a part of the key is empty" },
	{ "deny .vm", 6, "a part of the key is empty" },
	{ "deny vm.", 9, "a part of the key is empty" },
	{ "deny /vm/x", 6, "a part of the key is empty" },
	{ "deny /proc/sys//x", 16, "a part of the key is empty" },
	{ "deny /proc/sys/", 6, "the key is empty" },
	{ "deny \"\"", 6, "the key is empty" },
	{ "deny net/../x", 10, "'.' and '..'" },
	{ "deny net/./x", 10, "'.' and '..'" },
	{ "pin vm.swappiness=10", 18, "`pin vm.swappiness 10`" },
	{ "deny vm.[ab]", 9, "patterns know '*'" },
	{ "deny vm.{a,b}", 9, "patterns know '*'" },
	{ "deny " X128, 133, "longer than 127 bytes" },
	/* access */
	{ "deny a.b wirte", 10, "did you mean 'write'?" },
	{ "deny a.b read, write", 10, "neither read, write" },
	{ "pin a.b read 3", 9, "second rule, `deny KEY read`" },
	{ "pin a.b read,write 3", 9, "about writes only" },
	/* value */
	{ "pin a.b", 8, "needs a value" },
	{ "pin a.b write", 14, "needs a value" },
	{ "pin a.b if uid=0", 9, "needs a value" },
	{ "pin a.b = 3", 9, "there is no '='" },
	{ "pin a.b 4096 131072", 14, "in double quotes" },
	{ "pin a.b \"3", 9, "is not closed" },
	{ "pin a.b \"a\\n\"", 11, "a backslash" },
	{ "pin a.b \"a\\", 11, "a backslash" },
	{ "pin a.b " X128 X128, 9, "256 bytes long; 255" },
	/* conditions */
	{ "deny a.b unless uid=0", 10, "did you mean 'except'?" },
	{ "deny a.b excpet uid=0", 10, "did you mean 'except'?" },
	{ "deny a.b if", 12, "`if` needs a condition" },
	{ "deny a.b except", 16, "`except` needs a condition" },
	{ "deny a.b if uid=0 and", 22, "`and` needs a condition" },
	{ "deny a.b if and uid=0", 13, "'and' is no condition" },
	{ "deny a.b if if uid=0", 13, "'if' is no condition" },
	{ "deny a.b if root", 13, "'root' is no condition" },
	{ "deny a.b if com=x", 13, "did you mean 'comm'?" },
	{ "deny a.b if user=x", 13, "there is no condition 'user'" },
	{ "deny a.b if comm=", 18, "comm= needs a value" },
	{ "deny a.b if comm= x", 18, "comm= needs a value" },
	{ "deny a.b if comm=systemd-networkd", 18, "write comm=systemd-network" },
	{ "deny a.b if uid=no-such-user-here", 17, "neither a user's name nor a number" },
	{ "deny a.b if uid=-1", 17, "neither a user's name nor a number" },
	{ "deny a.b if uid=4294967295", 17, "neither a user's name nor a number" },
	{ "deny a.b if pid=0", 17, "not the number of a process" },
	{ "deny a.b if pid=12x", 17, "not the number of a process" },
	{ "deny a.b if pid=2147483648", 17, "not the number of a process" },
	{ "deny a.b if cgroup=/no/such/cgroup", 20, "no/such/cgroup" },
	{ "deny a.b if container=a/b", 23, "write cgroup=PATH" },
	{ "deny a.b if container=" X128, 23, "its beginning and a '*'" },
	{ "deny a.b if uid=0 and uid=1", 23, "begin a second `if`" },
	{ "deny a.b except uid=0 and uid=1", 27, "begin a second `except`" },
	{ "deny a.b if uid=0 or uid=1", 19, "there is no 'or'" },
	{ "deny a.b if uid=0 comm=x", 19, "stands `and`" },
	{ "deny a.b if uid=0 adn comm=x", 19, "did you mean 'and'?" },
	{ "deny a.b if uid=0 write", 19, "only `and`, `if` or `except`" },
	{ "deny a.b if uid=0 \"and\" uid=1", 19, "only `and`, `if` or `except`" },
	{ "deny a if pid=1 if pid=2 if pid=3 if pid=4 if pid=5", 44, "write a second rule" },
	{ "deny a if container=web if container=db", 25, "counts as 3" },
};

static void every_mistake_is_told_at_its_column(void **state)
{
	for (size_t i = 0; i < N(mistakes); i++) {
		struct rule_mistake mistake = { 0 };
		struct guard_rule rule;

		if (parse(mistakes[i].line, &rule, &mistake) != -EINVAL)
			fail_msg("'%s' was taken", mistakes[i].line);
		if (mistake.column != mistakes[i].column ||
		    !strstr(mistake.why.text, mistakes[i].part))
			fail_msg("'%s': column %u (wanted %u): %s", mistakes[i].line,
				 mistake.column, mistakes[i].column, mistake.why.text);
	}
}

static void a_line_too_long_is_told(void **state)
{
	static char line[RULE_LINE_BYTES + 2];
	struct rule_mistake mistake;
	struct guard_rule rule;

	memset(line, ' ', sizeof(line));
	memcpy(line, "deny a.b", 8);
	assert_int_equal(rule_parse(line, RULE_LINE_BYTES, &rule, &mistake), 1);
	assert_int_equal(rule_parse(line, RULE_LINE_BYTES + 1, &rule, &mistake), -EINVAL);
	assert_int_equal(mistake.column, RULE_LINE_BYTES + 1);
}

static void names_go_to_sysctls_notation_and_back(void **state)
{
	static const char *const names[] = { "net/ipv4/conf/eth0.100/forwarding", "vm/swappiness",
					     "*", "net/ipv4/conf/*/rp_filter" };
	char shown[GUARD_NAME_BYTES], back[GUARD_NAME_BYTES];
	struct error err;

	for (size_t i = 0; i < N(names); i++) {
		rule_key_print(names[i], shown);
		assert_int_equal(rule_key_parse(shown, back, &err), 0);
		assert_string_equal(back, names[i]);
	}
	assert_int_equal(rule_key_parse("a..b", back, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'a..b'"));
}

/* The slow twin: every way of spending each star is tried. */
static bool matches_slowly(const char *whole, const char *pattern, const char *name)
{
	if (!*pattern)
		return !*name;
	if (*pattern == '*' && !pattern[1] && (pattern == whole || pattern[-1] == '/'))
		return true;
	if (*pattern == '*')
		return matches_slowly(whole, pattern + 1, name) ||
		       (*name && *name != '/' && matches_slowly(whole, pattern, name + 1));
	if (!*name || (*pattern != *name && !(*pattern == '?' && *name != '/')))
		return false;
	return matches_slowly(whole, pattern + 1, name + 1);
}

static void patterns_match_parts_and_what_is_below(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "*", "vm/swappiness", true },
		{ "vm/*", "vm/swappiness", true },
		{ "vm/*", "vm", false },
		{ "net/*", "net/ipv4/conf/all/forwarding", true },
		{ "net/ipv4/conf/*/forwarding", "net/ipv4/conf/eth0.1/forwarding", true },
		{ "net/ipv4/conf/*/forwarding", "net/ipv4/conf/a/b/forwarding", false },
		{ "net/ipv4/tcp_*", "net/ipv4/tcp_rmem", true },
		{ "net/ipv4/t*", "net/ipv4/tcp/x", false },
		{ "net/ipv?/*", "net/ipv6/conf/lo/mtu", true },
		{ "net?ipv4", "net/ipv4", false },
		{ "*/*", "a/b/c", true },
		{ "**", "a/b", false },
		{ "**", "ab", true },
		{ "*_filter*", "rp_filter", true },
		{ "vm/swappiness", "vm/swappiness2", false },
	};

	for (size_t i = 0; i < N(rows); i++)
		if (rule_pattern_matches(rows[i].pattern, rows[i].name) != rows[i].matches)
			fail_msg("%s on %s", rows[i].pattern, rows[i].name);
}

static void the_matcher_is_what_the_slow_twin_says(void **state)
{
	char pattern[8] = "", name[8];

	do {
		name[0] = '\0';
		do {
			if (rule_pattern_matches(pattern, name) !=
			    matches_slowly(pattern, pattern, name))
				fail_msg("'%s' on '%s'", pattern, name);
		} while (next_word(name, "ab/", 5));
	} while (next_word(pattern, "a*/?", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_keys_and_accesses_are_read),
		cmocka_unit_test(a_pinned_value_is_followed_by_newlines),
		cmocka_unit_test(clauses_hold_what_is_anded),
		cmocka_unit_test(a_container_is_met_by_the_folder_runtimes_make),
		cmocka_unit_test(a_line_of_nothing_is_no_rule),
		cmocka_unit_test(every_mistake_is_told_at_its_column),
		cmocka_unit_test(a_line_too_long_is_told),
		cmocka_unit_test(names_go_to_sysctls_notation_and_back),
		cmocka_unit_test(patterns_match_parts_and_what_is_below),
		cmocka_unit_test(the_matcher_is_what_the_slow_twin_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
