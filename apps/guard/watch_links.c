/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/watch_links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer.h"
#include "guard/lsm.h"

#define MESSAGE_BYTES 65536
#define MESSAGES_MAX  1024 /* at one time; then others have their turn */
#define LOOKED_AT_MAX 16
#define QUEUE_BYTES   (8 << 20)
#define TYPE_MASK     0x3fff /* NLA_TYPE_MASK */

struct watch_links {
	int fd;
	char message[MESSAGE_BYTES] __attribute__((aligned(8)));
};

int watch_links_open(struct watch_links **out)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	struct watch_links *l = xcalloc(1, sizeof(*l));
	int rc, bytes = QUEUE_BYTES;

	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (l->fd >= 0 && !bind(l->fd, (const struct sockaddr *)&address, sizeof(address))) {
		/* Who fills more than half of it is held up, and with him the lock all need. */
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
		*out = l;
		return 0;
	}
	rc = -errno;
	watch_links_close(l);
	return rc;
}

void watch_links_close(struct watch_links *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

int watch_links_fd(const struct watch_links *l)
{
	return l->fd;
}

/* --- what a message says ------------------------------------------------------------------------- */

bool watch_link_value(const struct watch_link *link, const char *name, int32_t *value)
{
	static const char inet[] = "net/ipv4/conf/", inet6[] = "net/ipv6/conf/";
	const char *device = name + sizeof(inet) - 1;
	size_t bytes = strnlen(link->device, sizeof(link->device));
	bool v6 = strncmp(name, inet6, sizeof(inet6) - 1) == 0;
	uint32_t index;

	if ((!v6 && strncmp(name, inet, sizeof(inet) - 1) != 0) ||
	    strncmp(device, link->device, bytes) != 0 || device[bytes] != '/')
		return false;
	if (v6) {
		*value = link->addr_gen_mode;
		return *value >= 0 && strcmp(device + bytes, "/addr_gen_mode") == 0;
	}
	index = lsm_conf(device + bytes + 1);
	if (!index || index > link->n_confs)
		return false;
	*value = link->confs[index - 1];
	return true;
}

/* Attribute of this type in @outer; NULL: none. */
static const struct rtattr *find_in(const struct rtattr *outer, int type)
{
	const struct rtattr *attr = outer ? RTA_DATA(outer) : NULL;
	uint32_t rest = outer ? (uint32_t)RTA_PAYLOAD(outer) : 0;

	for (; attr && RTA_OK(attr, rest); attr = RTA_NEXT(attr, rest))
		if ((attr->rta_type & TYPE_MASK) == type)
			return attr;
	return NULL;
}

static void take_families(struct watch_link *link, const struct rtattr *spec)
{
	const struct rtattr *confs = find_in(find_in(spec, AF_INET), IFLA_INET_CONF);
	const struct rtattr *mode = find_in(find_in(spec, AF_INET6), IFLA_INET6_ADDR_GEN_MODE);

	if (confs) {
		link->confs = RTA_DATA(confs);
		link->n_confs = (uint32_t)(RTA_PAYLOAD(confs) / sizeof(*link->confs));
	}
	if (mode && RTA_PAYLOAD(mode) >= 1)
		link->addr_gen_mode = *(const uint8_t *)RTA_DATA(mode);
}

/* False: it says nothing of a device's keys. */
static bool take_link(const struct nlmsghdr *head, struct watch_link *link)
{
	const struct ifinfomsg *info = NLMSG_DATA(head);
	const struct rtattr *attr;
	uint32_t rest;

	*link = (struct watch_link){ .addr_gen_mode = -1 };
	if (head->nlmsg_type != RTM_NEWLINK || head->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->ifi_family != AF_UNSPEC)
		return false;
	rest = (uint32_t)IFLA_PAYLOAD(head);
	for (attr = IFLA_RTA(info); RTA_OK(attr, rest); attr = RTA_NEXT(attr, rest)) {
		int type = attr->rta_type & TYPE_MASK;

		if (type == IFLA_IFNAME)
			snprintf(link->device, sizeof(link->device), "%.*s", (int)RTA_PAYLOAD(attr),
				 (const char *)RTA_DATA(attr));
		else if (type == IFLA_AF_SPEC)
			take_families(link, attr);
	}
	return *link->device;
}

void watch_links_take(struct watch_links *l, void (*fn)(void *arg, const struct watch_link *link),
		      void *arg)
{
	const struct nlmsghdr *head;
	struct watch_link link;

	for (int i = 0; l && i < MESSAGES_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t bytes = sizeof(from);
		/* Behind those that are looked at they are only taken away. */
		ssize_t n = recvfrom(l->fd, l->message, i < LOOKED_AT_MAX ? sizeof(l->message) : 1,
				     0, (struct sockaddr *)&from, &bytes);
		uint32_t rest = n > 0 && i < LOOKED_AT_MAX ? (uint32_t)n : 0;

		/* A queue that was full is an error once; what it had no room for is not known. */
		if (n < 0 && errno != ENOBUFS)
			break;
		if (from.nl_pid) /* not the kernel */
			continue;
		for (head = (const void *)l->message; NLMSG_OK(head, rest);
		     head = NLMSG_NEXT(head, rest))
			if (take_link(head, &link))
				fn(arg, &link);
	}
}
