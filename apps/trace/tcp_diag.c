/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/tcp_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "buffer.h"
#include "trace/tcp_listeners.h"

#define STATE_LISTEN 10 /* include/net/tcp_states.h */
#define ANSWER_BYTES 32768
#define PATH_BYTES   64

/* A socket that asks in the namespace this thread is in, or -errno. */
static int open_here(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

/* The same in another namespace: a socket stays in the one it was made in. */
static int open_there(int there)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	if (here < 0)
		return -errno;
	if (setns(there, CLONE_NEWNET)) {
		fd = -errno;
	} else {
		fd = open_here();
		/* Nothing else of this tool could be right in a namespace of others. */
		if (setns(here, CLONE_NEWNET) && fd >= 0) {
			close(fd);
			fd = -ENOTRECOVERABLE;
		}
	}
	close(here);
	return fd;
}

static int open_diag(const char *pid, uint32_t netns)
{
	char path[PATH_BYTES];
	struct stat own;
	int there, fd;

	if (stat("/proc/thread-self/ns/net", &own) == 0 && (uint32_t)own.st_ino == netns)
		return open_here();
	snprintf(path, sizeof(path), "/proc/%.16s/ns/net", pid);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0)
		return -errno;
	fd = open_there(there);
	close(there);
	return fd;
}

int tcp_diag_take(const void *message, size_t bytes, uint32_t netns,
		  struct tcp_listening **listening, uint32_t *n)
{
	const struct nlmsghdr *head = message;
	const struct inet_diag_msg *socket = NLMSG_DATA(head);
	/* Of NLMSG_ERROR and of NLMSG_DONE it is the first thing. */
	const int *error = NLMSG_DATA(head);
	bool has_error = bytes >= NLMSG_LENGTH(sizeof(*error)) && *error < 0;

	if (head->nlmsg_type == NLMSG_DONE)
		return has_error ? *error : 0;
	if (head->nlmsg_type == NLMSG_ERROR)
		return has_error ? *error : -EBADMSG;
	if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY || bytes < NLMSG_LENGTH(sizeof(*socket)) ||
	    socket->idiag_state != STATE_LISTEN)
		return 1;
	array_grow(*listening, *n);
	(*listening)[(*n)++] = (struct tcp_listening){
		.where = { .netns = netns, .port = ntohs(socket->id.idiag_sport) },
		.socket = socket->idiag_inode,
	};
	return 1;
}

static int ask(int fd, uint8_t family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 what;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.what = { .sdiag_family = family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_states = 1u << STATE_LISTEN },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int take_answers(int fd, uint32_t netns, struct tcp_listening **listening, uint32_t *n)
{
	struct nlmsghdr *answer = xrealloc(NULL, ANSWER_BYTES);
	int more = 1;

	while (more > 0) {
		ssize_t bytes = recv(fd, answer, ANSWER_BYTES, 0);
		struct nlmsghdr *m = answer;

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes <= 0)
			more = bytes < 0 ? -errno : -EPIPE;
		for (; more > 0 && NLMSG_OK(m, bytes); m = NLMSG_NEXT(m, bytes))
			more = tcp_diag_take(m, m->nlmsg_len, netns, listening, n);
	}
	free(answer);
	return more;
}

int tcp_diag_listening(const char *pid, uint32_t netns, struct tcp_listening **listening,
		       uint32_t *n)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int fd = open_diag(pid, netns), rc = 0;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < sizeof(families) && !rc; i++) {
		rc = ask(fd, families[i]);
		if (!rc)
			rc = take_answers(fd, netns, listening, n);
		/* A kernel may have been built without IPv6. */
		if (rc == -ENOENT && families[i] == AF_INET6)
			rc = 0;
	}
	close(fd);
	return rc;
}
