/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/netlink.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 32768

void netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, uint32_t ifindex,
		   uint32_t parent)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = NLMSG_LENGTH(sizeof(r->tc));
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = NLM_F_REQUEST | flags;
	r->head.nlmsg_seq = 1;
	r->tc.tcm_family = AF_UNSPEC;
	r->tc.tcm_ifindex = (int)ifindex;
	r->tc.tcm_parent = parent;
}

void netlink_attr(struct netlink_request *r, uint16_t type, const void *data, size_t bytes)
{
	struct rtattr *attr = (void *)((uint8_t *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	assert(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_SPACE(bytes) <= sizeof(*r));
	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(bytes);
	if (bytes)
		memcpy(RTA_DATA(attr), data, bytes);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_SPACE(bytes);
}

struct rtattr *netlink_nest(struct netlink_request *r, uint16_t type)
{
	struct rtattr *nest = (void *)((uint8_t *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	netlink_attr(r, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void netlink_nest_end(struct netlink_request *r, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((uint8_t *)r + r->head.nlmsg_len - (uint8_t *)nest);
}

int netlink_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static int send_request(int fd, const struct netlink_request *r)
{
	ssize_t n = send(fd, r, r->head.nlmsg_len, 0);

	return n < 0 ? -errno : 0;
}

/* One message of an answer: 1 to go on, 0 at the end, -errno. */
static int take_message(const struct nlmsghdr *m, netlink_fn *fn, void *arg, int *result)
{
	const struct nlmsgerr *e = NLMSG_DATA(m);
	const struct tcmsg *tc = NLMSG_DATA(m);
	size_t head = NLMSG_LENGTH(sizeof(*tc));

	if (m->nlmsg_type == NLMSG_DONE)
		return 0;
	if (m->nlmsg_type == NLMSG_ERROR) {
		*result = m->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EBADMSG : e->error;
		return 0;
	}
	if (fn && m->nlmsg_len >= head && !*result)
		*result = fn(arg, tc, (const void *)((const uint8_t *)m + NLMSG_ALIGN(head)),
			     m->nlmsg_len - head);
	return 1;
}

static int take_answers(int fd, netlink_fn *fn, void *arg)
{
	static uint8_t answer[ANSWER_BYTES] __attribute__((aligned(8)));
	int result = 0;

	for (;;) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		for (struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n))
			if (!take_message(m, fn, arg, &result))
				return result;
	}
}

int netlink_do(int fd, struct netlink_request *r)
{
	int rc;

	r->head.nlmsg_flags |= NLM_F_ACK;
	rc = send_request(fd, r);
	return rc ? rc : take_answers(fd, NULL, NULL);
}

int netlink_dump(int fd, struct netlink_request *r, netlink_fn *fn, void *arg)
{
	int rc;

	r->head.nlmsg_flags |= NLM_F_DUMP;
	rc = send_request(fd, r);
	return rc ? rc : take_answers(fd, fn, arg);
}

const struct rtattr *netlink_find(const struct rtattr *attrs, size_t bytes, uint16_t type)
{
	int left = (int)bytes;

	for (const struct rtattr *a = attrs; RTA_OK(a, left);
	     a = (const void *)((const uint8_t *)a + RTA_ALIGN(a->rta_len))) {
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		left -= (int)RTA_ALIGN(a->rta_len);
	}
	return NULL;
}
