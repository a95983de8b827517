/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets from the text of /proc/net/tcp, and the filter as user space applies it to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trace/tcp_listeners.h"

static void listening_sockets_are_read(void **state)
{
	static const char text[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
		"   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 "
		"0000000000000000 100 0 0 10 0\n"
		"   1: 0100007F:1538 0100007F:D2F0 01 00000000:00000000 02:00000000 00000000     0        0 777 2\n"
		"   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000     0        0 888 1\n"
		"garbage\n   3: 0100007F:15";
	struct tcp_listening *listening = NULL;
	uint32_t n = 0;

	(void)state;
	tcp_listeners_parse(text, 9, &listening, &n);
	assert_int_equal(n, 2);
	assert_int_equal(listening[0].where.port, 0x1538);
	assert_int_equal(listening[0].where.netns, 9);
	assert_int_equal(listening[0].socket, 12345);
	assert_int_equal(listening[1].where.port, 80);
	assert_int_equal(listening[1].socket, 888);
	tcp_listeners_parse("", 9, &listening, &n);
	assert_int_equal(n, 2);
	free(listening);
}

static void the_filter_is_that_of_programs(void **state)
{
	struct event_head head = { .pid = 5, .tid = 5, .uid = 33, .comm = "nginx" };
	struct filter_settings s = { 0 };

	(void)state;
	assert_true(tcp_listeners_allows(&s, NULL, &head, 1, "/"));
	s.tgid = 5;
	s.has_uid = 1;
	s.uid = 33;
	memcpy(s.comm, "nginx", 6);
	s.netns_inode = 1;
	assert_true(tcp_listeners_allows(&s, NULL, &head, 1, "/"));
	assert_false(tcp_listeners_allows(&s, NULL, &head, 2, "/"));
	s.uid = 34;
	assert_false(tcp_listeners_allows(&s, NULL, &head, 1, "/"));
	s.uid = 33;
	memcpy(s.comm, "ngin", 5);
	s.comm[5] = '\0';
	assert_false(tcp_listeners_allows(&s, NULL, &head, 1, "/"));
	memcpy(s.comm, "nginx", 6);
	s.own_tgid = 5;
	assert_false(tcp_listeners_allows(&s, NULL, &head, 1, "/"));
	s.own_tgid = 0;
	s.follows = 1;
	assert_true(tcp_listeners_allows(&s, "web", &head, 1, "/machine.slice/machine-web.scope/init"));
	assert_false(tcp_listeners_allows(&s, "web", &head, 1, "/machine.slice/machine-db.scope"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listening_sockets_are_read),
		cmocka_unit_test(the_filter_is_that_of_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
