/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets from the text of /proc/net/tcp, and the filter as user space applies it to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "trace/tcp_diag.h"
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

struct answer {
	struct nlmsghdr head;
	struct inet_diag_msg socket;
};

static struct answer answer_of(uint16_t type, uint8_t tcp_state)
{
	return (struct answer){
		.head = { .nlmsg_type = type, .nlmsg_len = sizeof(struct answer) },
		.socket = { .idiag_state = tcp_state,
			    .id.idiag_sport = htons(443),
			    .idiag_inode = 4711 },
	};
}

static void only_listening_sockets_are_taken_of_answers(void **state)
{
	struct answer listens = answer_of(SOCK_DIAG_BY_FAMILY, 10);
	struct answer established = answer_of(SOCK_DIAG_BY_FAMILY, 1);
	struct answer other = answer_of(NLMSG_NOOP, 10);
	struct tcp_listening *listening = NULL;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(tcp_diag_take(&listens, sizeof(listens), 7, &listening, &n), 1);
	assert_int_equal(tcp_diag_take(&established, sizeof(established), 7, &listening, &n), 1);
	assert_int_equal(tcp_diag_take(&other, sizeof(other), 7, &listening, &n), 1);
	assert_int_equal(tcp_diag_take(&listens, sizeof(listens) - 1, 7, &listening, &n), 1);
	assert_int_equal(n, 1);
	assert_int_equal(listening[0].where.netns, 7);
	assert_int_equal(listening[0].where.port, 443);
	assert_int_equal(listening[0].socket, 4711);
	free(listening);
}

static int end_of(uint16_t type, int error, size_t bytes)
{
	struct {
		struct nlmsghdr head;
		int error;
	} message = { .head = { .nlmsg_type = type }, .error = error };
	struct tcp_listening *none = NULL;
	uint32_t n = 0;

	return tcp_diag_take(&message, bytes, 7, &none, &n);
}

static void answers_end_well_or_with_the_kernels_error(void **state)
{
	(void)state;
	assert_int_equal(end_of(NLMSG_DONE, 0, NLMSG_LENGTH(4)), 0);
	assert_int_equal(end_of(NLMSG_DONE, 0, NLMSG_LENGTH(0)), 0);
	assert_int_equal(end_of(NLMSG_DONE, -EPERM, NLMSG_LENGTH(4)), -EPERM);
	assert_int_equal(end_of(NLMSG_ERROR, -ENOENT, NLMSG_LENGTH(4)), -ENOENT);
	assert_int_equal(end_of(NLMSG_ERROR, -ENOENT, NLMSG_LENGTH(3)), -EBADMSG);
	assert_int_equal(end_of(NLMSG_ERROR, 0, NLMSG_LENGTH(4)), -EBADMSG);
}

/* A listener of the test's own is found, by its port and its inode. */
static void the_kernel_tells_who_listens(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), n_found = 0, rc;
	struct tcp_listening *listening = NULL;
	socklen_t bytes = sizeof(address);
	struct stat netns, own;
	uint32_t n = 0;

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&address, &bytes) || fstat(fd, &own) ||
	    stat("/proc/self/ns/net", &netns)) {
		close(fd);
		skip(); /* no loopback here */
	}
	rc = tcp_diag_listening("self", (uint32_t)netns.st_ino, &listening, &n);
	for (uint32_t i = 0; i < n; i++)
		n_found += listening[i].where.port == ntohs(address.sin_port) &&
			   listening[i].socket == own.st_ino;
	free(listening);
	close(fd);
	if (rc)
		skip(); /* no sock_diag: /proc is read instead */
	assert_int_equal(n_found, 1);
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
	assert_true(
		tcp_listeners_allows(&s, "web", &head, 1, "/machine.slice/machine-web.scope/init"));
	assert_false(tcp_listeners_allows(&s, "web", &head, 1, "/machine.slice/machine-db.scope"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listening_sockets_are_read),
		cmocka_unit_test(only_listening_sockets_are_taken_of_answers),
		cmocka_unit_test(answers_end_well_or_with_the_kernels_error),
		cmocka_unit_test(the_kernel_tells_who_listens),
		cmocka_unit_test(the_filter_is_that_of_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
