/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: what is said of rules is so, by trying every short name; and what users get wrong is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "guard/lint.h"
#include "guard/rule.h"
#include "guard/test_words.h"

#define NAME_LETTERS	"ab/"
#define PATTERN_LETTERS "a*/?"
#define NAME_LENGTH	5
#define PATTERN_LENGTH	4

/* What a rule's pattern and a key's name can be. */
static bool is_well_formed(const char *text)
{
	size_t n = strlen(text);

	return n && text[0] != '/' && text[n - 1] != '/' && !strstr(text, "//");
}

static bool covers_by_trying(const char *outer, const char *inner)
{
	char name[NAME_LENGTH + 1] = "";

	do {
		if (is_well_formed(name) && rule_pattern_matches(inner, name) &&
		    !rule_pattern_matches(outer, name))
			return false;
	} while (next_word(name, NAME_LETTERS, NAME_LENGTH));
	return true;
}

static void what_is_said_to_be_covered_is(void **state)
{
	char outer[PATTERN_LENGTH + 1] = "", inner[PATTERN_LENGTH + 1];
	uint32_t n = 0;

	do {
		inner[0] = '\0';
		do {
			if (!is_well_formed(outer) || !is_well_formed(inner) ||
			    !lint_pattern_covers(outer, inner))
				continue;
			n++;
			if (!covers_by_trying(outer, inner))
				fail_msg("'%s' does not cover '%s'", outer, inner);
		} while (next_word(inner, PATTERN_LETTERS, PATTERN_LENGTH));
	} while (next_word(outer, PATTERN_LETTERS, PATTERN_LENGTH));
	assert_true(n > 1000);
}

static void plain_cases_are_seen_to_be_covered(void **state)
{
	static const struct {
		const char *outer, *inner;
	} rows[] = {
		{ "*", "net/*" },
		{ "net/*", "net/ipv4/*" },
		{ "net/*", "net/*/conf/x" },
		{ "a/b", "a/b" },
		{ "a/*/c", "a/?/c" },
		{ "a/*/c", "a/*/c" },
		{ "net/ipv?/*", "net/ipv4/x" },
		{ "kernel/*", "kernel/print*" },
		{ "a/b*", "a/bc*d" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!lint_pattern_covers(rows[i].outer, rows[i].inner))
			fail_msg("'%s' covers '%s'", rows[i].outer, rows[i].inner);
}

static void append(void *arg, const struct finding *finding)
{
	static const char *const kinds[] = { "key", "never", "pins" };

	buffer_format(arg, "%u %s: %s\n", finding->rule, kinds[finding->kind], finding->why.text);
}

static void findings_are(const char *const *rules, const char *wanted)
{
	static char *names[] = { (char *)"kernel/hostname", (char *)"net/ipv4/conf/all/rp_filter",
				 (char *)"net/ipv4/conf/lo/rp_filter", (char *)"vm/swappiness" };
	struct key_list keys = { names, sizeof(names) / sizeof(names[0]) };
	struct buffer got = { 0 };
	struct ruleset set;
	struct error err;

	ruleset_init(&set);
	for (; *rules; rules++)
		ruleset_add_text(&set, *rules, &err);
	assert_int_equal(ruleset_finish(&set, &err), 0);
	lint_rules(&set, &keys, append, &got);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_deinit(&got);
	ruleset_deinit(&set);
}

#define RULES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void keys_that_are_not_there_are_found(void **state)
{
	findings_are(RULES("audit vm.swapiness"),
		     "0 key: there is no such key here; did you mean vm.swappiness?\n");
	findings_are(RULES("audit net.ipv4.conf"),
		     "0 key: it is a folder: net.ipv4.conf.* is all that is below it\n");
	findings_are(
		RULES("audit no.such.thing.at.all"),
		"0 key: there is no such key here: perhaps its device or module is not there yet\n");
	findings_are(
		RULES("audit net.*", "audit vm.swappines?", "audit *", "audit kernel/hostname"),
		"");
}

static void rules_that_are_never_asked_are_found(void **state)
{
	findings_are(RULES("deny vm.*", "pin vm.swappiness 1"),
		     "1 never: rule 1 decides first: deny vm.*\n");
	findings_are(RULES("deny vm.* if uid=1", "audit vm.swappiness if uid=1"),
		     "1 never: rule 1 decides first: deny vm.* if uid=1\n");
	findings_are(RULES("deny vm.* if uid=1", "deny vm.swappiness"), "");
	findings_are(RULES("audit vm.*", "deny vm.swappiness"), "");
	findings_are(RULES("deny vm.*", "deny vm.swappiness read"), "");
	findings_are(RULES("deny vm.* read,write", "deny vm.swappiness read"),
		     "1 never: rule 1 decides first: deny vm.* read,write\n");
	findings_are(RULES("deny vm.swappiness", "deny vm.*"), "");
}

static void pins_that_contradict_each_other_are_found(void **state)
{
	findings_are(RULES("pin vm.swappiness 1", "pin vm.swappiness 2"),
		     "1 pins: rule 1 pins vm.swappiness to '1', this one to '2'\n");
	findings_are(RULES("pin net.ipv4.conf.*.rp_filter 1", "pin net.ipv4.conf.lo.rp_* 2"),
		     "1 pins: rule 1 pins net.ipv4.conf.lo.rp_filter to '1', this one to '2'\n");
	findings_are(RULES("pin vm.swappiness 1 if uid=1", "pin vm.swappiness 2"), "");
	findings_are(RULES("pin vm.swappiness 1", "pin vm.swappiness 1"),
		     "1 never: rule 1 decides first: pin vm.swappiness 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_to_be_covered_is),
		cmocka_unit_test(plain_cases_are_seen_to_be_covered),
		cmocka_unit_test(keys_that_are_not_there_are_found),
		cmocka_unit_test(rules_that_are_never_asked_are_found),
		cmocka_unit_test(pins_that_contradict_each_other_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
