/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/tc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/close_range.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "hook/hook.h"
#include "hook/netlink.h"

#define FILTER_NAME  "skep"
#define WATCHER_NAME "skep-watcher"

struct hook_tc {
	uint32_t ifindex;
	uint32_t parent; /* clsact, ingress or egress */
	uint32_t prog_id;
	bool made_qdisc;
	int watched_fd; /* closed: the watcher removes the filter */
	pid_t watcher;
};

/* --- the filter ------------------------------------------------------------------------------------ */

struct found {
	uint32_t prog_id; /* looked for; 0: any filter */
	uint32_t n;
	uint32_t handle, info; /* of the last one */
};

static int match_filter(void *arg, const struct tcmsg *tc, const struct rtattr *attrs, size_t bytes)
{
	struct found *f = arg;
	const struct rtattr *options = netlink_find(attrs, bytes, TCA_OPTIONS);
	const struct rtattr *id = NULL;

	/* A filter of other kinds has no id; heads of priorities have handle 0. */
	if (options)
		id = netlink_find(RTA_DATA(options), RTA_PAYLOAD(options), TCA_BPF_ID);
	if (!tc->tcm_handle)
		return 0;
	if (f->prog_id && (!id || RTA_PAYLOAD(id) < sizeof(uint32_t) ||
			   memcmp(RTA_DATA(id), &f->prog_id, sizeof(uint32_t)) != 0))
		return 0;
	f->n++;
	f->handle = tc->tcm_handle;
	f->info = tc->tcm_info;
	return 0;
}

static struct found find_filters(int fd, uint32_t ifindex, uint32_t parent, uint32_t prog_id)
{
	struct found f = { .prog_id = prog_id };
	struct netlink_request r;

	netlink_begin(&r, RTM_GETTFILTER, 0, ifindex, parent);
	netlink_dump(fd, &r, match_filter, &f);
	return f;
}

static int match_qdisc(void *arg, const struct tcmsg *tc, const struct rtattr *attrs, size_t bytes)
{
	const struct rtattr *kind = netlink_find(attrs, bytes, TCA_KIND);
	const int *ifindex = arg;

	return tc->tcm_ifindex == *ifindex && tc->tcm_parent == TC_H_CLSACT && kind &&
	       strncmp(RTA_DATA(kind), "clsact", RTA_PAYLOAD(kind)) == 0;
}

static bool has_qdisc(int fd, uint32_t ifindex)
{
	struct netlink_request r;
	int index = (int)ifindex;

	netlink_begin(&r, RTM_GETQDISC, 0, ifindex, 0);
	return netlink_dump(fd, &r, match_qdisc, &index) == 1;
}

static int make_qdisc(int fd, uint32_t ifindex)
{
	struct netlink_request r;
	int rc;

	netlink_begin(&r, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex, TC_H_CLSACT);
	r.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	netlink_attr(&r, TCA_KIND, "clsact", sizeof("clsact"));
	rc = netlink_do(fd, &r);
	return rc == -EEXIST ? 0 : rc;
}

static int make_filter(int fd, const struct hook_tc *tc, int prog_fd)
{
	uint32_t flags = TCA_BPF_FLAG_ACT_DIRECT, number = (uint32_t)prog_fd;
	struct netlink_request r;
	struct rtattr *nest;

	netlink_begin(&r, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, tc->ifindex, tc->parent);
	r.tc.tcm_info = TC_H_MAKE(0, htons(ETH_P_ALL)); /* the kernel chooses the priority */
	netlink_attr(&r, TCA_KIND, "bpf", sizeof("bpf"));
	nest = netlink_nest(&r, TCA_OPTIONS);
	netlink_attr(&r, TCA_BPF_FD, &number, sizeof(number));
	netlink_attr(&r, TCA_BPF_NAME, FILTER_NAME, sizeof(FILTER_NAME));
	netlink_attr(&r, TCA_BPF_FLAGS, &flags, sizeof(flags));
	netlink_nest_end(&r, nest);
	return netlink_do(fd, &r);
}

/* 0, also when there is none, or -errno. */
static int remove_filter(const struct hook_tc *tc)
{
	int fd = netlink_open();
	struct netlink_request r;
	struct found f;
	int rc = 0;

	if (fd < 0)
		return fd;
	f = find_filters(fd, tc->ifindex, tc->parent, tc->prog_id);
	if (f.n) {
		netlink_begin(&r, RTM_DELTFILTER, 0, tc->ifindex, tc->parent);
		r.tc.tcm_handle = f.handle;
		r.tc.tcm_info = f.info;
		netlink_attr(&r, TCA_KIND, "bpf", sizeof("bpf"));
		rc = netlink_do(fd, &r);
	}
	if (!rc && tc->made_qdisc &&
	    !find_filters(fd, tc->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), 0).n &&
	    !find_filters(fd, tc->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), 0).n) {
		netlink_begin(&r, RTM_DELQDISC, 0, tc->ifindex, TC_H_CLSACT);
		r.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
		netlink_do(fd, &r);
	}
	close(fd);
	return rc;
}

/* --- the watcher ------------------------------------------------------------------------------------- */

/* Every descriptor but @keep: those of links would keep what they attached. */
static void close_others(int keep)
{
	if (keep > 0)
		syscall(SYS_close_range, 0, keep - 1, 0);
	syscall(SYS_close_range, keep + 1, ~0u, 0);
}

static void watch(const struct hook_tc *tc, int fd)
{
	char byte = 0;
	ssize_t n;

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, WATCHER_NAME);
	close_others(fd);
	while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
		;
	/* A byte means that the owner undoes it itself. */
	if (n == 0)
		remove_filter(tc);
	_exit(0);
}

static int start_watcher(struct hook_tc *tc)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	tc->watcher = fork();
	if (tc->watcher < 0) {
		close(ends[0]);
		close(ends[1]);
		return -errno;
	}
	if (tc->watcher == 0)
		watch(tc, ends[0]);
	close(ends[0]);
	tc->watched_fd = ends[1];
	return 0;
}

void hook_tc_remove(struct hook_tc *tc)
{
	if (!tc)
		return;
	/*
	 * Without the privilege any more it is left to the watcher, which has kept it. Should the watcher
	 * be gone, there is nobody left to tell.
	 */
	if (remove_filter(tc) != -EPERM && send(tc->watched_fd, "q", 1, MSG_NOSIGNAL) != 1)
		kill(tc->watcher, SIGKILL);
	close(tc->watched_fd);
	while (waitpid(tc->watcher, NULL, 0) < 0 && errno == EINTR)
		;
	free(tc);
}

/* --- attaching ------------------------------------------------------------------------------------------ */

static int prog_id_of(int prog_fd, uint32_t *id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &bytes))
		return -errno;
	*id = info.id;
	return 0;
}

static int attach(int fd, struct hook_tc *tc, int prog_fd)
{
	int rc = prog_id_of(prog_fd, &tc->prog_id);

	tc->made_qdisc = !has_qdisc(fd, tc->ifindex);
	if (!rc)
		rc = start_watcher(tc);
	if (rc)
		return rc;
	rc = make_qdisc(fd, tc->ifindex);
	return rc ? rc : make_filter(fd, tc, prog_fd);
}

static int refuse(int rc, const char *device, struct error *err)
{
	if (rc == -EPERM)
		return error_set(err, rc, "a tc filter on %s: it needs CAP_NET_ADMIN", device);
	return error_set(err, rc,
			 "a tc filter on %s: %s (it needs CONFIG_NET_CLS_BPF and "
			 "CONFIG_NET_SCH_INGRESS)",
			 device, strerror(-rc));
}

int hook_attach_tc(int prog_fd, uint32_t ifindex, bool egress, struct hook **out, struct error *err)
{
	struct hook_tc *tc = xcalloc(1, sizeof(*tc));
	char name[IF_NAMESIZE] = "?";
	int fd = netlink_open(), rc = fd < 0 ? fd : 0;

	if_indextoname(ifindex, name);
	tc->ifindex = ifindex;
	tc->parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	tc->watched_fd = -1;
	if (!rc)
		rc = attach(fd, tc, prog_fd);
	if (fd >= 0)
		close(fd);
	if (rc) {
		if (tc->watched_fd >= 0)
			hook_tc_remove(tc);
		else
			free(tc);
		return refuse(rc, name, err);
	}
	*out = hook_new("tc filter, %s of %s", egress ? "egress" : "ingress", name);
	(*out)->ifindex = ifindex;
	(*out)->tc = tc;
	return 0;
}
