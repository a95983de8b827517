/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of rtnetlink that carry values of keys (include/uapi/linux/if_link.h, neighbour.h). */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/attempt.h"

#define MESSAGE_BYTES 512
#define INET_CONFS    40 /* attributes tried; there are 33 in Linux 6.18 */
#define VETH_PEER     1	 /* VETH_INFO_PEER */

struct message {
	struct nlmsghdr head;
	uint8_t data[MESSAGE_BYTES];
};

static void add(struct message *m, const void *data, size_t bytes)
{
	memcpy((uint8_t *)m + NLMSG_ALIGN(m->head.nlmsg_len), data, bytes);
	m->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->head.nlmsg_len) + bytes);
}

static void add_attr(struct message *m, uint16_t type, const void *data, size_t bytes)
{
	struct rtattr attr = { .rta_len = (uint16_t)RTA_LENGTH(bytes), .rta_type = type };

	add(m, &attr, sizeof(attr));
	add(m, data, bytes);
}

static size_t nest(struct message *m, uint16_t type)
{
	size_t at = NLMSG_ALIGN(m->head.nlmsg_len);

	add_attr(m, type, "", 0);
	return at;
}

static void nest_end(struct message *m, size_t at)
{
	uint16_t bytes = (uint16_t)(m->head.nlmsg_len - at);

	memcpy((uint8_t *)m + at, &bytes, sizeof(bytes));
}

static struct message begin(uint16_t type, uint16_t flags, const void *head, size_t bytes)
{
	struct message m = { .head = { .nlmsg_len = NLMSG_HDRLEN,
				       .nlmsg_type = type,
				       .nlmsg_flags =
					       (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) } };

	add(&m, head, bytes);
	return m;
}

/* 0, or -errno the kernel answered. */
static int talk(struct message *m)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
		uint8_t rest[MESSAGE_BYTES];
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc = -EIO;

	if (fd < 0)
		return -errno;
	if (send(fd, m, m->head.nlmsg_len, 0) >= 0 && recv(fd, &answer, sizeof(answer), 0) > 0 &&
	    answer.head.nlmsg_type == NLMSG_ERROR)
		rc = answer.body.error;
	close(fd);
	return rc;
}

static int add_veth(void)
{
	struct ifinfomsg head = { 0 };
	struct message m = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	size_t info, data, peer;

	add_attr(&m, IFLA_IFNAME, ATTEMPT_DEVICE, sizeof(ATTEMPT_DEVICE));
	info = nest(&m, IFLA_LINKINFO);
	add_attr(&m, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = nest(&m, IFLA_INFO_DATA);
	peer = nest(&m, VETH_PEER);
	add(&m, &head, sizeof(head));
	add_attr(&m, IFLA_IFNAME, ATTEMPT_PEER, sizeof(ATTEMPT_PEER));
	nest_end(&m, peer);
	nest_end(&m, data);
	nest_end(&m, info);
	return talk(&m);
}

static int set_up(const char *device)
{
	struct ifinfomsg head = { .ifi_index = (int)if_nametoindex(device),
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct message m = begin(RTM_NEWLINK, 0, &head, sizeof(head));

	return talk(&m);
}

int attempt_make_devices(void)
{
	int rc = add_veth();

	if (rc)
		return rc;
	rc = set_up(ATTEMPT_DEVICE);
	return rc ? rc : set_up(ATTEMPT_PEER);
}

/* --- links ----------------------------------------------------------------------------------- */

struct link_attempt {
	uint16_t type; /* RTM_SETLINK, RTM_NEWLINK */
	int family;    /* AF_INET, AF_INET6: within IFLA_AF_SPEC; 0: itself */
	uint16_t attr;
	uint32_t one, other; /* values */
	size_t bytes;
};

static int set_link(void *arg, bool again)
{
	const struct link_attempt *a = arg;
	struct ifinfomsg head = { .ifi_index = (int)if_nametoindex(ATTEMPT_DEVICE) };
	struct message m = begin(a->type, 0, &head, sizeof(head));
	uint32_t value = again ? a->other : a->one;
	size_t spec, family, conf = 0;

	if (!a->family) {
		add_attr(&m, a->attr, &value, a->bytes);
		return talk(&m);
	}
	spec = nest(&m, IFLA_AF_SPEC);
	family = nest(&m, (uint16_t)a->family);
	if (a->family == AF_INET)
		conf = nest(&m, IFLA_INET_CONF);
	add_attr(&m, a->attr, &value, a->bytes);
	if (conf)
		nest_end(&m, conf);
	nest_end(&m, family);
	nest_end(&m, spec);
	return talk(&m);
}

static void each_link(uint16_t type, const char *way, attempt_try_fn *try, void *experiment)
{
	struct link_attempt mtu = { type, 0, IFLA_MTU, 1400, 1444, 4 };
	struct link_attempt mode = { type, AF_INET6, IFLA_INET6_ADDR_GEN_MODE, 1, 0, 1 };

	try(experiment, DOOR_NETLINK, way, set_link, &mtu);
	try(experiment, DOOR_NETLINK, way, set_link, &mode);
	for (uint16_t i = 1; i <= INET_CONFS; i++) {
		struct link_attempt conf = { type, AF_INET, i, 1, 0, 4 };

		try(experiment, DOOR_NETLINK, way, set_link, &conf);
	}
}

/* --- tables of neighbours -------------------------------------------------------------------- */

struct neigh_attempt {
	uint8_t family;
	uint16_t attr;
	size_t bytes;
	uint32_t ifindex; /* 0: the default */
	bool of_table;	  /* the attribute is the table's own */
};

static int set_neigh(void *arg, bool again)
{
	const struct neigh_attempt *a = arg;
	struct ndtmsg head = { .ndtm_family = a->family };
	struct message m = begin(RTM_SETNEIGHTBL, 0, &head, sizeof(head));
	const char *name = a->family == AF_INET ? "arp_cache" : "ndisc_cache";
	uint64_t value = again ? 7000 : 9000;
	size_t parms;

	add_attr(&m, NDTA_NAME, name, strlen(name) + 1);
	if (a->of_table) {
		add_attr(&m, a->attr, &value, a->bytes);
		return talk(&m);
	}
	parms = nest(&m, NDTA_PARMS);
	if (a->ifindex)
		add_attr(&m, NDTPA_IFINDEX, &a->ifindex, sizeof(a->ifindex));
	add_attr(&m, a->attr, &value, a->bytes);
	nest_end(&m, parms);
	return talk(&m);
}

static void each_neigh(uint8_t family, attempt_try_fn *try, void *experiment)
{
	static const struct {
		uint16_t attr;
		size_t bytes;
	} attrs[] = {
		{ NDTPA_BASE_REACHABLE_TIME, 8 },
		{ NDTPA_RETRANS_TIME, 8 },
		{ NDTPA_GC_STALETIME, 8 },
		{ NDTPA_DELAY_PROBE_TIME, 8 },
		{ NDTPA_QUEUE_LEN, 4 },
		{ NDTPA_APP_PROBES, 4 },
		{ NDTPA_UCAST_PROBES, 4 },
		{ NDTPA_MCAST_PROBES, 4 },
		{ NDTPA_ANYCAST_DELAY, 8 },
		{ NDTPA_PROXY_DELAY, 8 },
		{ NDTPA_PROXY_QLEN, 4 },
		{ NDTPA_LOCKTIME, 8 },
		{ NDTPA_QUEUE_LENBYTES, 4 },
		{ NDTPA_MCAST_REPROBES, 4 },
		{ NDTPA_INTERVAL_PROBE_TIME_MS, 8 },
	};
	static const uint16_t of_table[] = { NDTA_THRESH1, NDTA_THRESH2, NDTA_THRESH3 };
	uint32_t ifindex = if_nametoindex(ATTEMPT_DEVICE);

	for (size_t i = 0; i < 2 * sizeof(attrs) / sizeof(attrs[0]); i++) {
		struct neigh_attempt a = { family, attrs[i / 2].attr, attrs[i / 2].bytes,
					   i % 2 ? ifindex : 0, false };

		try(experiment, DOOR_NETLINK, "RTM_SETNEIGHTBL", set_neigh, &a);
	}
	for (size_t i = 0; i < sizeof(of_table) / sizeof(of_table[0]); i++) {
		struct neigh_attempt a = { family, of_table[i], 4, 0, true };
		struct neigh_attempt gc = { family, NDTA_GC_INTERVAL, 8, 0, true };

		try(experiment, DOOR_NETLINK, "RTM_SETNEIGHTBL", set_neigh, i ? &a : &gc);
		try(experiment, DOOR_NETLINK, "RTM_SETNEIGHTBL", set_neigh, &a);
	}
}

void attempt_each_netlink(attempt_try_fn *try, void *experiment)
{
	each_link(RTM_SETLINK, "RTM_SETLINK", try, experiment);
	each_link(RTM_NEWLINK, "RTM_NEWLINK", try, experiment);
	each_neigh(AF_INET, try, experiment);
	each_neigh(AF_INET6, try, experiment);
}
