/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "buffer.h"
#include "hook/hook.h"
#include "hook/kernel_name.h"
#include "hook/packet.h"
#include "hook/perf_event.h"
#include "hook/probe.h"
#include "hook/tc.h"
#include "hook/tracing.h"
#include "hook/uapi.h"
#include "nearest.h"
#include "object.h"

#define OWN_NETNS "/proc/self/ns/net"
#define MOUNT_CGROUP2 "`mount -t cgroup2 none DIR` makes its tree visible"

/* --- sections newer than libbpf 1.1 ---------------------------------------------------------------- */

/* clang-format off */
static const struct newer_section {
	const char *name; /* a whole section, or with '/' at its end the beginning of one */
	enum bpf_prog_type type;
	uint32_t attach_type;
} newer_sections[] = {
	{ "tc/ingress",               BPF_PROG_TYPE_SCHED_CLS,           0 },
	{ "tc/egress",                BPF_PROG_TYPE_SCHED_CLS,           0 },
	{ "tcx/ingress",              BPF_PROG_TYPE_SCHED_CLS,           HOOK_TCX_INGRESS },
	{ "tcx/egress",               BPF_PROG_TYPE_SCHED_CLS,           HOOK_TCX_EGRESS },
	{ "netkit/primary",           BPF_PROG_TYPE_SCHED_CLS,           HOOK_NETKIT_PRIMARY },
	{ "netkit/peer",              BPF_PROG_TYPE_SCHED_CLS,           HOOK_NETKIT_PEER },
	{ "netfilter",                (enum bpf_prog_type)HOOK_PROG_TYPE_NETFILTER, HOOK_NETFILTER },
	{ "uprobe.multi/",            BPF_PROG_TYPE_KPROBE,              HOOK_UPROBE_MULTI },
	{ "uretprobe.multi/",         BPF_PROG_TYPE_KPROBE,              HOOK_UPROBE_MULTI },
	{ "cgroup/connect_unix",      BPF_PROG_TYPE_CGROUP_SOCK_ADDR,    HOOK_CGROUP_UNIX_CONNECT },
	{ "cgroup/sendmsg_unix",      BPF_PROG_TYPE_CGROUP_SOCK_ADDR,    HOOK_CGROUP_UNIX_SENDMSG },
	{ "cgroup/recvmsg_unix",      BPF_PROG_TYPE_CGROUP_SOCK_ADDR,    HOOK_CGROUP_UNIX_RECVMSG },
	{ "cgroup/getpeername_unix",  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,    HOOK_CGROUP_UNIX_GETPEERNAME },
	{ "cgroup/getsockname_unix",  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,    HOOK_CGROUP_UNIX_GETSOCKNAME },
};
/* clang-format on */

#define N_NEWER (sizeof(newer_sections) / sizeof(newer_sections[0]))

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_section(const char *section, const char *name)
{
	size_t length = strlen(name);

	return name[length - 1] == '/' ? begins(section, name) : strcmp(section, name) == 0;
}

void hook_prepare_object(struct bpf_object *bpf)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, bpf)
	{
		const char *section = bpf_program__section_name(prog);

		for (size_t i = 0; i < N_NEWER; i++) {
			if (bpf_program__type(prog) != BPF_PROG_TYPE_UNSPEC ||
			    !is_section(section, newer_sections[i].name))
				continue;
			bpf_program__set_type(prog, newer_sections[i].type);
			bpf_program__set_expected_attach_type(
				prog, (enum bpf_attach_type)newer_sections[i].attach_type);
		}
	}
}

/* --- what one attachment goes by ------------------------------------------------------------------- */

struct attachment {
	struct bpf_program *prog;
	const struct hook_target *target;
	const char *section;
	const char *name;
	int fd;
	uint32_t ifindex;
	enum hook_direction direction;
};

static enum hook_direction direction_of(const struct attachment *a)
{
	const char *slash = strchr(a->section, '/');

	if (a->target->direction != HOOK_DIRECTION_NONE)
		return a->target->direction;
	if (slash && strcmp(slash, "/ingress") == 0)
		return HOOK_INGRESS;
	if (slash && strcmp(slash, "/egress") == 0)
		return HOOK_EGRESS;
	return HOOK_DIRECTION_NONE;
}

static const char *place_of(const struct attachment *a)
{
	const char *slash = strchr(a->section, '/');

	return a->target->at ? a->target->at : slash ? slash + 1 : "";
}

static int no_device(const struct attachment *a, struct error *err)
{
	struct if_nameindex *all = if_nameindex();
	struct nearest best;
	int rc;

	nearest_begin(&best, a->target->device);
	for (struct if_nameindex *i = all; i && i->if_index; i++)
		nearest_add(&best, i->if_name);
	rc = error_set(err, -ENODEV, "--dev %s: there is no such device here%s%s%s",
		       a->target->device, best.name ? "; did you mean " : "",
		       best.name ? best.name : "", best.name ? "?" : "");
	if_freenameindex(all);
	return rc;
}

static int need_device(struct attachment *a, bool must, struct error *err)
{
	if (!a->target->device && must)
		return error_set(err, -EINVAL,
				 "program '%s' (%s) is for a device: name it with "
				 "--dev",
				 a->name, a->section);
	if (!a->target->device)
		return 0;
	a->ifindex = if_nametoindex(a->target->device);
	return a->ifindex ? 0 : no_device(a, err);
}

static int need_direction(struct attachment *a, struct error *err)
{
	a->direction = direction_of(a);
	if (a->direction == HOOK_DIRECTION_NONE)
		return error_set(err, -EINVAL,
				 "program '%s' (%s): which packets? Give --ingress or "
				 "--egress",
				 a->name, a->section);
	return 0;
}

static int need_cgroup(const struct attachment *a, struct error *err)
{
	const char *path = a->target->cgroup;
	struct statfs fs;

	if (!path)
		return error_set(err, -EINVAL,
				 "program '%s' (%s) is for a cgroup: name its folder "
				 "with --cgroup",
				 a->name, a->section);
	if (statfs(path, &fs))
		return error_set(err, -errno, "--cgroup %s: %s; " MOUNT_CGROUP2, path,
				 strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return error_set(err, -EINVAL,
				 "--cgroup %s: it is no folder of cgroup v2; " MOUNT_CGROUP2, path);
	return 0;
}

static int need_place(const struct attachment *a, const char *example, struct error *err)
{
	if (*place_of(a))
		return 0;
	return error_set(err, -EINVAL,
			 "program '%s': section '%s' does not say where: give --at, such "
			 "as --at %s",
			 a->name, a->section, example);
}

/* --- by program type --------------------------------------------------------------------------------- */

static int check_tc(struct attachment *a, struct error *err)
{
	int rc = need_device(a, true, err);

	return rc || begins(a->section, "netkit/") ? rc : need_direction(a, err);
}

static int attach_netkit(const struct attachment *a, struct hook **out, struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)a->fd,
		.target_fd = a->ifindex,
		.attach_type = bpf_program__expected_attach_type(a->prog),
	};
	char *what = xformat("%s of %s", a->section, a->target->device);
	int rc = hook_attach_link(&attr, what, "a netkit device and Linux 6.7", out, err);

	free(what);
	if (!rc)
		(*out)->ifindex = a->ifindex;
	return rc;
}

static int attach_tc(const struct attachment *a, struct hook **out, struct error *err)
{
	bool egress = a->direction == HOOK_EGRESS;
	int rc = -EINVAL;

	if (begins(a->section, "netkit/"))
		return attach_netkit(a, out, err);
	if (!a->target->classic_tc)
		rc = hook_attach_tcx(a->fd, a->ifindex, egress, out, err);
	/* This kernel has no tcx. */
	if (rc == -EINVAL)
		rc = hook_attach_tc(a->fd, a->ifindex, egress, out, err);
	return rc;
}

static int check_device(struct attachment *a, struct error *err)
{
	return need_device(a, true, err);
}

static int attach_xdp(const struct attachment *a, struct hook **out, struct error *err)
{
	if (strcmp(a->section, "xdp") != 0 && !begins(a->section, "xdp.frags") &&
	    begins(a->section, "xdp/") && *place_of(a))
		return error_set(err, -EINVAL,
				 "program '%s' (%s) is run from a map of devices or "
				 "CPUs, not attached",
				 a->name, a->section);
	return hook_attach_xdp(a->fd, a->ifindex, a->target->xdp, out, err);
}

static int check_socket(struct attachment *a, struct error *err)
{
	return need_device(a, false, err);
}

static int attach_socket(const struct attachment *a, struct hook **out, struct error *err)
{
	return hook_attach_socket_filter(a->fd, a->ifindex, out, err);
}

static int check_cgroup(struct attachment *a, struct error *err)
{
	return need_cgroup(a, err);
}

static int check_cgroup_skb(struct attachment *a, struct error *err)
{
	int rc = need_cgroup(a, err);

	return rc ? rc : need_direction(a, err);
}

static int attach_cgroup_skb(const struct attachment *a, struct hook **out, struct error *err)
{
	return hook_attach_cgroup(a->fd, a->target->cgroup,
				  a->direction == HOOK_EGRESS ? BPF_CGROUP_INET_EGRESS
							      : BPF_CGROUP_INET_INGRESS,
				  out, err);
}

static int attach_cgroup(const struct attachment *a, struct hook **out, struct error *err)
{
	return hook_attach_cgroup(a->fd, a->target->cgroup,
				  bpf_program__expected_attach_type(a->prog), out, err);
}

static int check_tracepoint(struct attachment *a, struct error *err)
{
	return need_place(a, "sched/sched_switch", err);
}

static int attach_tracepoint(const struct attachment *a, struct hook **out, struct error *err)
{
	const char *place = place_of(a);
	size_t length = strcspn(place, "/:");
	char *group = xstrndup(place, length);
	int rc = place[length] ? hook_attach_tracepoint(a->fd, group, place + length + 1, out, err)
			       : error_set(err, -EINVAL,
					   "tracepoint '%s': write GROUP/NAME, such as "
					   "sched/sched_switch",
					   place);

	free(group);
	return rc;
}

static int check_raw_tp(struct attachment *a, struct error *err)
{
	return need_place(a, "sys_enter", err);
}

static int attach_raw_tp(const struct attachment *a, struct hook **out, struct error *err)
{
	return hook_attach_raw_tp(a->fd, place_of(a), out, err);
}

static int check_nothing(struct attachment *a, struct error *err)
{
	return 0;
}

static int attach_timer(const struct attachment *a, struct hook **out, struct error *err)
{
	return hook_attach_timer(a->fd, a->target->hz, a->target->pid, out, err);
}

static int check_probe(struct attachment *a, struct error *err)
{
	bool user = begins(a->section, "u");

	return need_place(a, user ? "/usr/bin/bash:readline" : "vfs_read", err);
}

static int attach_probe(const struct attachment *a, struct hook **out, struct error *err)
{
	return hook_attach_probe(a->prog, a->section, place_of(a), a->target->pid, out, err);
}

static int check_tracing(struct attachment *a, struct error *err)
{
	return bpf_program__expected_attach_type(a->prog) == BPF_LSM_CGROUP ? need_cgroup(a, err)
									    : 0;
}

/* "fentry/vfs_read", of whatever target was given. */
static int attach_settled(const struct attachment *a, struct hook **out, struct error *err)
{
	char *what = xformat("%.*s/%s", (int)strcspn(a->section, "/"), a->section, place_of(a));
	int rc = hook_attach_tracing(a->fd, what, out, err);

	free(what);
	return rc;
}

static int attach_tracing(const struct attachment *a, struct hook **out, struct error *err)
{
	switch (bpf_program__expected_attach_type(a->prog)) {
	case BPF_TRACE_ITER:
		return hook_attach_iter(a->fd, a->section, a->target->pid, out, err);
	case BPF_LSM_CGROUP:
		return attach_cgroup(a, out, err);
	default:
		return attach_settled(a, out, err);
	}
}

static int attach_netns(const struct attachment *a, struct hook **out, struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)a->fd,
		.attach_type = bpf_program__expected_attach_type(a->prog),
	};
	int fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return error_set(err, -errno, OWN_NETNS ": %s", strerror(errno));
	attr.target_fd = (uint32_t)fd;
	rc = hook_attach_link(&attr,
			      bpf_program__type(a->prog) == BPF_PROG_TYPE_SK_LOOKUP
				      ? "socket lookup of this network namespace"
				      : "flow dissector of this network namespace",
			      "CAP_NET_ADMIN", out, err);
	close(fd);
	return rc;
}

static int check_sockmap(struct attachment *a, struct error *err)
{
	return a->target->map ? 0
			      : error_set(err, -EINVAL,
					  "program '%s' (%s) is for a map of sockets: "
					  "name it with --map",
					  a->name, a->section);
}

/* The map belongs to this object, and the program leaves with it. */
static int attach_sockmap(const struct attachment *a, struct hook **out, struct error *err)
{
	int map = bpf_object__find_map_fd_by_name(a->target->bpf, a->target->map);

	if (map < 0)
		return error_set(err, -ENOENT, "--map %s: the object has no map of this name",
				 a->target->map);
	if (bpf_prog_attach(a->fd, map, bpf_program__expected_attach_type(a->prog), 0))
		return error_set(err, -errno, "program '%s' on map %s: %s", a->name, a->target->map,
				 strerror(errno));
	*out = hook_new("%s on map %s", a->section, a->target->map);
	return 0;
}

#define PF_INET_NUMBER	 2
#define LOCAL_IN	 1
#define LOCAL_OUT	 3
#define PRIORITY_DEFAULT (-128)

static int check_netfilter(struct attachment *a, struct error *err)
{
	return need_direction(a, err);
}

static int attach_netfilter(const struct attachment *a, struct hook **out, struct error *err)
{
	bool egress = a->direction == HOOK_EGRESS;
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)a->fd,
		.attach_type = HOOK_NETFILTER,
		.netfilter = { .pf = PF_INET_NUMBER,
			       .hooknum = egress ? LOCAL_OUT : LOCAL_IN,
			       .priority = PRIORITY_DEFAULT },
	};

	return hook_attach_link(&attr, egress ? "netfilter, IPv4 output" : "netfilter, IPv4 input",
				"CAP_NET_ADMIN and Linux 6.4", out, err);
}

/* clang-format off */
static const struct way {
	uint32_t type;
	int (*check)(struct attachment *a, struct error *err);
	int (*attach)(const struct attachment *a, struct hook **out, struct error *err);
} ways[] = {
	{ BPF_PROG_TYPE_XDP,                     check_device,     attach_xdp },
	{ BPF_PROG_TYPE_SCHED_CLS,               check_tc,         attach_tc },
	{ BPF_PROG_TYPE_SOCKET_FILTER,           check_socket,     attach_socket },
	{ BPF_PROG_TYPE_CGROUP_SKB,              check_cgroup_skb, attach_cgroup_skb },
	{ BPF_PROG_TYPE_CGROUP_SOCK,             check_cgroup,     attach_cgroup },
	{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR,        check_cgroup,     attach_cgroup },
	{ BPF_PROG_TYPE_CGROUP_SOCKOPT,          check_cgroup,     attach_cgroup },
	{ BPF_PROG_TYPE_CGROUP_SYSCTL,           check_cgroup,     attach_cgroup },
	{ BPF_PROG_TYPE_CGROUP_DEVICE,           check_cgroup,     attach_cgroup },
	{ BPF_PROG_TYPE_SOCK_OPS,                check_cgroup,     attach_cgroup },
	{ BPF_PROG_TYPE_TRACEPOINT,              check_tracepoint, attach_tracepoint },
	{ BPF_PROG_TYPE_RAW_TRACEPOINT,          check_raw_tp,     attach_raw_tp },
	{ BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, check_raw_tp,     attach_raw_tp },
	{ BPF_PROG_TYPE_PERF_EVENT,              check_nothing,    attach_timer },
	{ BPF_PROG_TYPE_KPROBE,                  check_probe,      attach_probe },
	{ BPF_PROG_TYPE_TRACING,                 check_tracing,    attach_tracing },
	{ BPF_PROG_TYPE_LSM,                     check_tracing,    attach_tracing },
	{ BPF_PROG_TYPE_SK_LOOKUP,               check_nothing,    attach_netns },
	{ BPF_PROG_TYPE_FLOW_DISSECTOR,          check_nothing,    attach_netns },
	{ BPF_PROG_TYPE_SK_SKB,                  check_sockmap,    attach_sockmap },
	{ BPF_PROG_TYPE_SK_MSG,                  check_sockmap,    attach_sockmap },
	{ HOOK_PROG_TYPE_NETFILTER,              check_netfilter,  attach_netfilter },
};
/* clang-format on */

/* --- targets that are settled at load --------------------------------------------------------------- */

static bool is_settled_at_load(const struct bpf_program *prog)
{
	return (bpf_program__type(prog) == BPF_PROG_TYPE_TRACING ||
		bpf_program__type(prog) == BPF_PROG_TYPE_LSM) &&
	       bpf_program__expected_attach_type(prog) != BPF_TRACE_ITER;
}

int hook_retarget_program(struct bpf_program *prog, const struct hook_target *target,
			  struct error *err)
{
	if (!target->at || !is_settled_at_load(prog))
		return 0;
	/* It looks in the kernel's BTF by itself. */
	if (bpf_program__set_attach_target(prog, 0, target->at) == 0)
		return 0;
	if (!hook_target_is_missing(prog, target, err))
		error_set(err, -EINVAL, "--at %s: not a target of program '%s' (%s)", target->at,
			  bpf_program__name(prog), bpf_program__section_name(prog));
	return -EINVAL;
}

static const char *kind_of(const struct bpf_program *prog)
{
	switch (bpf_program__expected_attach_type(prog)) {
	case BPF_TRACE_RAW_TP:
		return KERNEL_TRACEPOINT;
	case BPF_LSM_MAC:
	case BPF_LSM_CGROUP:
		return KERNEL_LSM_HOOK;
	case BPF_TRACE_ITER:
		return KERNEL_ITERATOR;
	default:
		return KERNEL_FUNCTION;
	}
}

bool hook_target_is_missing(const struct bpf_program *prog, const struct hook_target *target,
			    struct error *err)
{
	const char *section = bpf_program__section_name(prog), *slash = strchr(section, '/');
	const char *name = target->at && is_settled_at_load(prog) ? target->at
			   : slash				  ? slash + 1
								  : "";
	char *meant;

	if (bpf_program__type(prog) != BPF_PROG_TYPE_TRACING &&
	    bpf_program__type(prog) != BPF_PROG_TYPE_LSM)
		return false;
	if (!*name || kernel_name_exists(kind_of(prog), name, &meant))
		return false;
	error_set(err, -ENOENT, "program '%s' (%s): this kernel has no %s%s%s%s",
		  bpf_program__name(prog), section, name, meant ? "; did you mean " : "",
		  meant ? meant : "", meant ? "?" : "");
	free(meant);
	return true;
}

static const struct way *find_way(const struct bpf_program *prog)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].type == (uint32_t)bpf_program__type(prog))
			return &ways[i];
	return NULL;
}

static struct attachment describe(const struct bpf_program *prog, const struct hook_target *target)
{
	return (struct attachment){
		.prog = (struct bpf_program *)prog,
		.target = target,
		.section = bpf_program__section_name(prog),
		.name = bpf_program__name(prog),
	};
}

static int check(struct attachment *a, struct error *err)
{
	const struct way *way = find_way(a->prog);

	if (bpf_program__type(a->prog) == BPF_PROG_TYPE_UNSPEC)
		return error_set(
			err, -EINVAL,
			"program '%s': section '%s' names no hook; write "
			"SEC(\"tc\"), SEC(\"xdp\"), SEC(\"tracepoint/...\") or another that "
			"libbpf knows",
			a->name, a->section);
	if (!way)
		return error_set(err, -ENOTSUP, "program '%s' (%s) cannot be attached by this tool",
				 a->name, object_type_name(bpf_program__type(a->prog)));
	if (a->target->pid > 0 && kill(a->target->pid, 0) && errno == ESRCH)
		return error_set(err, -ESRCH, "--pid %d: there is no such process",
				 (int)a->target->pid);
	return way->check(a, err);
}

int hook_check_program(const struct bpf_program *prog, const struct hook_target *target,
		       struct error *err)
{
	struct attachment a = describe(prog, target);

	return check(&a, err);
}

bool hook_is_for_processes(const struct bpf_program *prog)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_KPROBE:
		return bpf_program__section_name(prog)[0] == 'u';
	case BPF_PROG_TYPE_PERF_EVENT:
		return true;
	case BPF_PROG_TYPE_TRACING:
		return bpf_program__expected_attach_type(prog) == BPF_TRACE_ITER;
	default:
		return false;
	}
}

int hook_attach_program(struct bpf_program *prog, const struct hook_target *target,
			struct hook **out, struct error *err)
{
	struct attachment a = describe(prog, target);
	int rc = check(&a, err);

	if (rc)
		return rc;
	a.fd = bpf_program__fd(prog);
	return find_way(prog)->attach(&a, out, err);
}
