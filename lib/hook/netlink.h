/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One rtnetlink request and its answers, as far as qdiscs and filters need it. No allocation: a
 * watcher uses it after fork.
 */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_REQUEST_BYTES 512

struct netlink_request {
	struct nlmsghdr head;
	struct tcmsg tc;
	uint8_t attrs[NETLINK_REQUEST_BYTES];
};

/* Called for every message of a dump; nonzero ends it. */
typedef int netlink_fn(void *arg, const struct tcmsg *tc, const struct rtattr *attrs, size_t bytes);

void netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, uint32_t ifindex,
		   uint32_t parent);
void netlink_attr(struct netlink_request *r, uint16_t type, const void *data, size_t bytes);
/* Begins a nest and ends the one begun. */
struct rtattr *netlink_nest(struct netlink_request *r, uint16_t type);
void netlink_nest_end(struct netlink_request *r, struct rtattr *nest);
/* A socket for the network namespace of this process, or -errno. */
int netlink_open(void);
/* Sends and waits for the acknowledgement: 0 or -errno. */
int netlink_do(int fd, struct netlink_request *r);
/* Sends a dump request and hands over its answers: 0, -errno, or what @fn returned. */
int netlink_dump(int fd, struct netlink_request *r, netlink_fn *fn, void *arg);
/* The attribute of this type, or NULL. */
const struct rtattr *netlink_find(const struct rtattr *attrs, size_t bytes, uint16_t type);
