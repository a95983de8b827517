/* SPDX-License-Identifier: BSD-2-Clause */
/* Trials of the hooks in the network and in cgroups, in a namespace and a cgroup of the child's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probes.h"
#include "trial.h"

#define LOOPBACK	   1 /* its ifindex in every network namespace */
#define XDP_FLAG_SKB	   (1u << 1)
#define REQUEST_BYTES	   512
#define NETFILTER_IPV4	   2
#define NETFILTER_LOCAL_IN 1
#define NETFILTER_PRIORITY -128

int trial_socket_filter(struct trial *t, uint32_t unused)
{
	int prog = trial_load(t, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, -1);
	int ends[2], rc = 0;

	if (prog < 0)
		return prog;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends))
		return trial_fail(t, -errno, "a pair of sockets: %s", strerror(errno));
	if (setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_BPF, &prog, sizeof(prog)))
		rc = trial_fail(t, -errno, "programs load, but SO_ATTACH_BPF: %s", strerror(errno));
	else if (send(ends[0], "x", 1, 0) != 1)
		rc = trial_fail(t, -errno, "sending: %s", strerror(errno));
	close(ends[0]);
	close(ends[1]);
	return rc;
}

/* What lets a packet go on, by program type. */
static int pass_of(uint32_t type)
{
	return type == BPF_PROG_TYPE_XDP	 ? XDP_PASS
	       : type == BPF_PROG_TYPE_SCHED_CLS ? TC_ACT_OK
						 : 1;
}

int trial_device_link(struct trial *t, uint32_t prog_for)
{
	uint32_t type = prog_for >> 16, attach = prog_for & 0xffff;
	union bpf_attr attr = { .link_create.target_ifindex = LOOPBACK };
	int prog = trial_load(t, type, attach, 0, pass_of(type)), rc;

	if (prog < 0)
		return prog;
	if (type == BPF_PROG_TYPE_XDP)
		attr.link_create.flags = XDP_FLAG_SKB;
	rc = trial_link(t, prog, attach, &attr);
	if (rc >= 0)
		trial_send_datagram();
	return rc < 0 ? rc : 0;
}

/* --- tc, by rtnetlink -------------------------------------------------------------------------- */

struct request {
	struct nlmsghdr head;
	struct tcmsg tc;
	char attributes[REQUEST_BYTES];
};

static void put_attribute(struct request *r, uint16_t type, const void *data, size_t bytes)
{
	struct rtattr *at = (void *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	at->rta_type = type;
	at->rta_len = RTA_LENGTH(bytes);
	memcpy(RTA_DATA(at), data, bytes);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(at->rta_len);
}

/* Asks and waits for the answer: 0 or -errno. */
static int ask_netlink(int fd, struct request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[1024];
	} answer = { .error.error = -EPROTO };

	if (send(fd, r, r->head.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.head.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
}

static struct request tc_request(uint16_t type, uint32_t parent)
{
	return (struct request){
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
			  .nlmsg_type = type,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.tc = { .tcm_ifindex = LOOPBACK, .tcm_parent = parent },
	};
}

static int add_filter(int fd, int prog)
{
	struct request r = tc_request(RTM_NEWTFILTER, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
	uint32_t flags = TCA_BPF_FLAG_ACT_DIRECT;
	struct rtattr *options;

	r.tc.tcm_info = TC_H_MAKE(1 << 16, htons(0x0003)); /* priority 1, ETH_P_ALL */
	put_attribute(&r, TCA_KIND, "bpf", sizeof("bpf"));
	options = (void *)((char *)&r + NLMSG_ALIGN(r.head.nlmsg_len));
	put_attribute(&r, TCA_OPTIONS, "", 0);
	put_attribute(&r, TCA_BPF_FD, &prog, sizeof(prog));
	put_attribute(&r, TCA_BPF_NAME, "skep", sizeof("skep"));
	put_attribute(&r, TCA_BPF_FLAGS, &flags, sizeof(flags));
	options->rta_len = (char *)&r + r.head.nlmsg_len - (char *)options;
	return ask_netlink(fd, &r);
}

int trial_tc(struct trial *t, uint32_t unused)
{
	struct request qdisc = tc_request(RTM_NEWQDISC, TC_H_CLSACT);
	int prog = trial_load(t, BPF_PROG_TYPE_SCHED_CLS, 0, 0, TC_ACT_OK);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc;

	if (prog < 0)
		return prog;
	qdisc.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	put_attribute(&qdisc, TCA_KIND, "clsact", sizeof("clsact"));
	rc = ask_netlink(fd, &qdisc);
	if (rc) {
		close(fd);
		return trial_fail(t, rc, "programs load, but a clsact queue: %s", strerror(-rc));
	}
	rc = add_filter(fd, prog);
	close(fd);
	if (rc)
		return trial_fail(t, rc, "programs load, but a bpf filter: %s", strerror(-rc));
	trial_send_datagram();
	return 0;
}

/* --- namespaces and sockets ----------------------------------------------------------------------- */

int trial_netfilter(struct trial *t, uint32_t unused)
{
	union bpf_attr attr = { .link_create.netfilter = { .pf = NETFILTER_IPV4,
							   .hooknum = NETFILTER_LOCAL_IN,
							   .priority = NETFILTER_PRIORITY } };
	int prog = trial_load(t, BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER, 0, 1);
	int rc = prog < 0 ? prog : trial_link(t, prog, BPF_NETFILTER, &attr);

	if (rc >= 0)
		trial_send_datagram();
	return rc < 0 ? rc : 0;
}

int trial_sk_lookup(struct trial *t, uint32_t unused)
{
	union bpf_attr attr = { 0 };
	int prog = trial_load(t, BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 0, 1);
	int ends[2] = { -1, -1 }, rc;

	if (prog < 0)
		return prog;
	attr.link_create.target_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	rc = trial_link(t, prog, BPF_SK_LOOKUP, &attr);
	if (rc < 0)
		return rc;
	rc = trial_connect(ends);
	return rc ? trial_fail(t, rc, "a connection to itself: %s", strerror(-rc)) : 0;
}

/* A socket whose messages a program sees, in a sockmap. */
int trial_sk_msg(struct trial *t, uint32_t unused)
{
	int prog = trial_load(t, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT, 0, 1);
	int map = prog < 0 ? prog : probe_map(BPF_MAP_TYPE_SOCKMAP, 4, 4, 1);
	union bpf_attr attach = { .attach_bpf_fd = prog, .attach_type = BPF_SK_MSG_VERDICT };
	union bpf_attr update = { 0 };
	int ends[2] = { -1, -1 }, rc;
	uint32_t key = 0;

	if (prog < 0)
		return prog;
	if (map < 0)
		return trial_fail(t, map, "a sockmap: %s", strerror(-map));
	attach.target_fd = map;
	rc = probe_bpf(BPF_PROG_ATTACH, &attach);
	if (rc < 0)
		return trial_fail(t, rc, "programs load, but attaching one: %s", strerror(-rc));
	rc = trial_connect(ends);
	if (rc)
		return trial_fail(t, rc, "a connection to itself: %s", strerror(-rc));
	update.map_fd = map;
	update.key = (uint64_t)(uintptr_t)&key;
	update.value = (uint64_t)(uintptr_t)&ends[0];
	rc = probe_bpf(BPF_MAP_UPDATE_ELEM, &update);
	if (rc < 0)
		return trial_fail(t, rc, "putting a socket into a sockmap: %s", strerror(-rc));
	if (send(ends[0], "x", 1, 0) != 1)
		return trial_fail(t, -errno, "sending: %s", strerror(errno));
	return 0;
}

/* --- cgroups ---------------------------------------------------------------------------------------- */

static void touch_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;

	if (fd >= 0 && read(fd, &byte, 1) < 0)
		errno = 0;
	probe_close(fd);
}

/* Does what the hook is for. */
static void cause(uint32_t type)
{
	int ends[2] = { -1, -1 }, size;
	socklen_t bytes = sizeof(size);

	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
		touch_file("/proc/sys/kernel/ostype");
		return;
	case BPF_PROG_TYPE_CGROUP_DEVICE:
		touch_file("/dev/null");
		return;
	case BPF_PROG_TYPE_CGROUP_SKB:
		trial_send_datagram();
		return;
	default: /* a connection makes sockets, connects, and has events */
		if (!trial_connect(ends))
			getsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &size, &bytes);
		probe_close(ends[0]);
		probe_close(ends[1]);
	}
}

int trial_cgroup(struct trial *t, uint32_t prog_for)
{
	uint32_t type = prog_for >> 16, attach = prog_for & 0xffff;
	union bpf_attr attr = { .target_fd = t->cgroup,
				.attach_type = attach,
				.attach_flags = BPF_F_ALLOW_MULTI };
	int prog = trial_load(t, type, attach, 0, 1), rc;

	if (prog < 0)
		return prog;
	attr.attach_bpf_fd = prog;
	rc = probe_bpf(BPF_PROG_ATTACH, &attr);
	if (rc < 0)
		return trial_fail(t, rc, "programs load, but attaching one: %s", strerror(-rc));
	cause(type);
	return 0;
}
