/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "capture/expression.h"

static void packet_words_go_to_libpcap_as_they_are(void **state)
{
	static const char *const texts[] = { "", "tcp port 80", "(a or b) and not c", "ip[0] & 0xf != 5",
					     "host 'pid'", "vlan and  udp" };
	struct expression e;
	struct error err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(expression_parse(texts[i], &e, &err), 0);
		assert_string_equal(e.packet, texts[i]);
		assert_int_equal(e.n_owner, 0);
		expression_deinit(&e);
	}
}

static void terms_about_processes_are_taken_out(void **state)
{
	static const struct {
		const char *text, *packet, *value;
		enum owner_kind kind;
		bool negated;
	} rows[] = {
		{ "pid 12 and tcp port 80", "tcp port 80", "12", OWNER_PID, false },
		{ "tcp port 80 and pid 12", "tcp port 80", "12", OWNER_PID, false },
		{ "tcp && comm nginx && port 80", "tcp and port 80", "nginx", OWNER_COMM, false },
		{ "not comm 'a b' and (udp or icmp)", "(udp or icmp)", "a b", OWNER_COMM, true },
		{ "! ! container web", "", "web", OWNER_CONTAINER, false },
		{ "ip and not cgroup /x.slice", "ip", "/x.slice", OWNER_CGROUP, true },
		{ "pod p-1 and ip[2:2] != 0", "ip[2:2] != 0", "p-1", OWNER_POD, false },
	};
	struct expression e;
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(expression_parse(rows[i].text, &e, &err), 0);
		assert_string_equal(e.packet, rows[i].packet);
		assert_int_equal(e.n_owner, 1);
		assert_int_equal(e.owner[0].kind, rows[i].kind);
		assert_int_equal(e.owner[0].negated, rows[i].negated);
		assert_string_equal(e.owner[0].text, rows[i].value);
		expression_deinit(&e);
	}
}

static void what_cannot_be_anded_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "pid", "wants a value" },
		{ "pid 0", "names no process" },
		{ "pid 99999999999999999999", "names no process" },
		{ "pid -1 and tcp", "names no process" },
		{ "comm and tcp", "wants a value" },
		{ "(pid 3 or tcp)", "parentheses" },
		{ "tcp or pid 3", "'or'" },
		{ "pid 3 or tcp", "'and' or the end" },
		{ "tcp or udp and pid 3", "in parentheses" },
		{ "pid 3 tcp", "'and' or the end" },
	};
	struct expression e;
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(expression_parse(rows[i].text, &e, &err), -EINVAL);
		if (!strstr(err.text, rows[i].part))
			fail_msg("'%s': %s", rows[i].text, err.text);
	}
}

static void libpcap_compiles_and_complains(void **state)
{
	const struct classic_setup setup = { .link_type = 1, .snap = 96, .netmask = UINT32_MAX };
	struct classic classic;
	struct error err;

	assert_int_equal(expression_compile("tcp port 80", &setup, &classic, &err), 0);
	assert_true(classic.n > 5);
	assert_int_equal(classic.insns[classic.n - 2].k, 96);
	free(classic.insns);
	assert_int_equal(expression_compile("tcp prt 80", &setup, &classic, &err), -EINVAL);
	assert_non_null(strstr(err.text, "tcp prt 80"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_words_go_to_libpcap_as_they_are),
		cmocka_unit_test(terms_about_processes_are_taken_out),
		cmocka_unit_test(what_cannot_be_anded_is_refused),
		cmocka_unit_test(libpcap_compiles_and_complains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
