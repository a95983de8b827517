/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: rules come in order from files, folders and the command line; every mistake is told with its
 * place and none of the rules is there then; a rule is followed by those for its aliases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "guard/doors.h"
#include "guard/rule.h"
#include "guard/ruleset.h"

struct fixture {
	struct temp_folder tmp;
	struct ruleset set;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err;

	if (!f || temp_folder_make(&f->tmp, &err))
		return -1;
	ruleset_init(&f->set);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ruleset_deinit(&f->set);
	temp_folder_remove(&f->tmp);
	free(f);
	return 0;
}

static const char *write_rules(struct fixture *f, const char *name, const char *text)
{
	const char *path = temp_folder_file(&f->tmp, name);

	assert_int_equal(file_write_atomic(path, text, strlen(text)), 0);
	return path;
}

static void a_folder_is_read_by_name_and_only_conf(void **state)
{
	struct fixture *f = *state;
	struct error err;

	write_rules(f, "20-b.conf", "deny vm.b\n");
	write_rules(f, "10-a.conf", "# first\n\n  deny vm.a  \r\ndeny vm.aa");
	write_rules(f, "9-last.conf", "deny vm.c\n");
	write_rules(f, ".hidden.conf", "nonsense\n");
	write_rules(f, "README", "nonsense\n");
	write_rules(f, "x.conf~", "nonsense\n");
	assert_int_equal(symlink("/dev/null", temp_folder_file(&f->tmp, "15-masked.conf")), 0);
	assert_int_equal(ruleset_add_path(&f->set, f->tmp.path, &err), 0);
	assert_int_equal(ruleset_add_text(&f->set, "deny vm.d", &err), 0);
	assert_int_equal(ruleset_finish(&f->set, &err), 0);
	assert_int_equal(f->set.n_rules, 5);
	assert_int_equal(f->set.n_written, 5);
	assert_string_equal(f->set.rules[0].pattern, "vm/a");
	assert_string_equal(f->set.rules[0].text, "deny vm.a");
	assert_non_null(strstr(f->set.rules[0].where, "/10-a.conf:3"));
	assert_string_equal(f->set.rules[1].pattern, "vm/aa");
	assert_non_null(strstr(f->set.rules[1].where, "/10-a.conf:4"));
	assert_string_equal(f->set.rules[2].pattern, "vm/b");
	assert_string_equal(f->set.rules[3].pattern, "vm/c");
	assert_string_equal(f->set.rules[4].pattern, "vm/d");
	assert_string_equal(f->set.rules[4].where, "rule 1");
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(f->set.rules[i].number, i);
}

static void all_mistakes_are_told_and_no_rule_is_left_to_apply(void **state)
{
	struct fixture *f = *state;
	const char *path = write_rules(f, "a.conf", "dney vm.a\ndeny vm.ok\n\n  pin vm.b\n");
	struct error err;
	char *wanted;

	assert_int_equal(ruleset_add_path(&f->set, path, &err), 0);
	assert_int_equal(ruleset_add_text(&f->set, "deny vm.a", &err), 0);
	assert_int_equal(ruleset_add_text(&f->set, "deny vm..a", &err), 0);
	assert_int_equal(ruleset_add_text(&f->set, " # nothing", &err), 0);
	assert_int_equal(ruleset_add_text(&f->set, "deny", &err), 0);
	assert_int_equal(ruleset_finish(&f->set, &err), -EINVAL);
	assert_string_equal(err.text, "5 mistakes; no rule is applied");
	assert_int_equal(f->set.n_mistakes, 5);
	wanted = xformat("%s:1:1: 'dney'", path);
	assert_ptr_equal(strstr(f->set.mistakes.data, wanted), f->set.mistakes.data);
	free(wanted);
	wanted = xformat("\n%s:4:11: pin needs a value", path);
	assert_non_null(strstr(f->set.mistakes.data, wanted));
	free(wanted);
	assert_non_null(strstr(f->set.mistakes.data, "\nrule 2:9: a part of the key is empty"));
	assert_non_null(strstr(f->set.mistakes.data, "\nrule 3:1: there is no rule in this\n"));
	assert_non_null(
		strstr(f->set.mistakes.data, "a rule stands in quotes: 'deny vm.swappiness'\n"));
}

static void what_cannot_be_read_is_told(void **state)
{
	struct fixture *f = *state;
	struct error err;
	char *big = malloc(RULESET_FILE_BYTES + 1);

	assert_int_equal(ruleset_add_path(&f->set, "/no/such/place", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/place"));
	memset(big, '\n', RULESET_FILE_BYTES + 1);
	file_write_atomic(temp_folder_file(&f->tmp, "big.conf"), big, RULESET_FILE_BYTES + 1);
	free(big);
	assert_int_equal(ruleset_add_path(&f->set, f->tmp.path, &err), -EFBIG);
	assert_int_equal(unlink(f->tmp.files[0]), 0);
	assert_int_equal(symlink("/no/such/file", f->tmp.files[0]), 0);
	assert_int_equal(ruleset_add_path(&f->set, f->tmp.path, &err), -ENOENT);
}

static void more_rules_than_there_is_room_for_are_refused(void **state)
{
	struct fixture *f = *state;
	struct error err;

	for (uint32_t i = 0; i < GUARD_RULES_MAX; i++)
		ruleset_add_text(&f->set, "allow vm.a", &err);
	assert_int_equal(ruleset_finish(&f->set, &err), 0);
	ruleset_add_text(&f->set, "allow vm.a", &err);
	assert_int_equal(ruleset_finish(&f->set, &err), -EINVAL);
	assert_non_null(strstr(err.text, "4097 rules"));
}

static void a_place_too_long_keeps_its_end(void **state)
{
	struct fixture *f = *state;
	char name[80];
	struct error err;

	memset(name, 'x', sizeof(name));
	memcpy(name + sizeof(name) - 6, ".conf", 6);
	assert_int_equal(ruleset_add_path(&f->set, write_rules(f, name, "\ndeny vm.a\n"), &err), 0);
	assert_int_equal(strlen(f->set.rules[0].where), GUARD_WHERE_BYTES - 1);
	assert_non_null(strstr(f->set.rules[0].where, "xxx.conf:2"));
}

/* --- aliases: of what doors.h has */

struct first {
	char alias[GUARD_NAME_BYTES];
	uint32_t n;
};

static int keep_first(void *arg, const char *alias)
{
	struct first *first = arg;

	if (!first->n++)
		snprintf(first->alias, sizeof(first->alias), "%s", alias);
	return 0;
}

static void aliases_stand_behind_their_rule(void **state)
{
	struct fixture *f = *state;
	struct first first = { 0 };
	const struct guard_rule *r;
	struct error err;
	uint32_t n;

	doors_each_alias("net/ipv4/ip_forward", keep_first, &first);
	n = first.n;
	assert_true(n >= 1);
	ruleset_add_text(&f->set, "deny net.ipv4.ip_forward if comm=x", &err);
	ruleset_add_text(&f->set, "pin net.ipv4.ip_forward 1", &err);
	ruleset_add_text(&f->set, "audit net.ipv4.ip_forward read,write", &err);
	ruleset_add_text(&f->set, "audit net.ipv4.ip_forward read", &err);
	ruleset_add_text(&f->set, "allow net.ipv4.ip_forward", &err);
	assert_int_equal(ruleset_finish(&f->set, &err), 0);
	assert_int_equal(f->set.n_written, 5);
	assert_int_equal(f->set.n_rules, 5 + 3 * n);
	r = &f->set.rules[1];
	assert_string_equal(r->pattern, first.alias);
	assert_int_equal(r->is_alias, 1);
	assert_int_equal(r->number, 0);
	assert_int_equal(r->action, GUARD_DENY);
	assert_int_equal(r->n_clauses, 1);
	assert_string_equal(r->text, "deny net.ipv4.ip_forward if comm=x");
	r = &f->set.rules[n + 1];
	assert_int_equal(r->action, GUARD_PIN);
	assert_int_equal(r->is_alias, 0);
	assert_int_equal(r[1].action, GUARD_DENY);
	assert_int_equal(r[1].number, 1);
	assert_int_equal(r[1].value_bytes, 0);
	r = &f->set.rules[2 * n + 2];
	assert_int_equal(r->action, GUARD_AUDIT);
	assert_int_equal(r[1].action, GUARD_AUDIT);
	assert_int_equal(r[1].access, GUARD_WRITE);
	r = &f->set.rules[3 * n + 3];
	assert_int_equal(r[0].access, GUARD_READ);
	assert_int_equal(r[1].action, GUARD_ALLOW);
}

/* --- what the program knows by a key's last part ----------------------------------------------------- */

static bool may_match(const struct guard_rules_head *head, const char *name)
{
	const char *last = strrchr(name, '/') + 1;
	__u64 words[GUARD_LAST_BYTES / 8] = { 0 };
	uint32_t bit;

	/* As bpf_sysctl_get_name() cuts it off. */
	memcpy(words, last, strnlen(last, GUARD_LAST_BYTES - 1));
	bit = guard_last_bit(words);
	return !head->by_last || head->lasts[bit / 64] >> bit % 64 & 1;
}

static const char *const known_names[] = {
	"net/ipv4/ip_forward",
	"net/ipv4/conf/eth0/forwarding",
	"net/ipv4/conf/eth0.100/rp_filter",
	"kernel/hostname",
	"net/netfilter/nf_conntrack_dccp_timeout_closereq",
	"net/netfilter/nf_conntrack_dccp_timeout_closewait",
	"a/b",
};

static void check_head(struct ruleset *set, bool by_last)
{
	struct guard_rules_head head;
	struct error err;

	assert_int_equal(ruleset_finish(set, &err), 0);
	ruleset_head(set, 5, &head);
	assert_int_equal(head.generation, 5);
	assert_int_equal(head.n_rules, set->n_rules);
	assert_int_equal(head.by_last, by_last);
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++)
		for (uint32_t r = 0; r < set->n_rules; r++)
			if (rule_pattern_matches(set->rules[r].pattern, known_names[i]))
				assert_true(may_match(&head, known_names[i]));
}

static void a_key_is_passed_over_by_its_last_part_only_if_no_rule_matches(void **state)
{
	static const struct {
		const char *rule;
		bool by_last;
	} cases[] = {
		{ "deny net.ipv4.ip_forward", true },
		{ "deny net.ipv4.conf.*.rp_filter", true },
		{ "deny *.*.forwarding", true },
		{ "deny net.netfilter.nf_conntrack_dccp_timeout_closereq", true },
		{ "deny kernel.host?ame", false },
		{ "deny kernel.*", false },
		{ "audit *", false },
		{ "deny net.ipv4.conf.*.*_filter", false },
	};
	struct fixture *f = *state;
	struct guard_rules_head head;
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ruleset_deinit(&f->set);
		ruleset_init(&f->set);
		assert_int_equal(ruleset_add_text(&f->set, cases[i].rule, &err), 0);
		check_head(&f->set, cases[i].by_last);
	}
	ruleset_deinit(&f->set);
	ruleset_init(&f->set);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(ruleset_add_text(&f->set, cases[i].rule, &err), 0);
	check_head(&f->set, true);
	ruleset_head(&f->set, 5, &head);
	assert_false(may_match(&head, "kernel/hostname"));
	assert_true(may_match(&head, "x/ip_forward"));
}

static void of_no_rules_none_matches(void **state)
{
	struct fixture *f = *state;
	struct guard_rules_head head;

	check_head(&f->set, true);
	ruleset_head(&f->set, 1, &head);
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++)
		assert_false(may_match(&head, known_names[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_is_read_by_name_and_only_conf, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(all_mistakes_are_told_and_no_rule_is_left_to_apply,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_rules_than_there_is_room_for_are_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_place_too_long_keeps_its_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(aliases_stand_behind_their_rule, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_key_is_passed_over_by_its_last_part_only_if_no_rule_matches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_no_rules_none_matches, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
