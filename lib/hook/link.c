/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook/hook.h"
#include "hook/uapi.h"

#define WHAT_BYTES 128

/* The kernel's errno that <errno.h> does not have: a uprobe at an instruction it cannot run. */
#define ENOTSUPP 524

int hook_link_create(const struct hook_link_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));

	return fd < 0 ? -errno : fd;
}

int hook_link_info(int link_fd, struct hook_link_info *info)
{
	struct {
		uint32_t fd;
		uint32_t bytes;
		uint64_t info;
	} attr = { (uint32_t)link_fd, sizeof(*info), (uintptr_t)info };

	memset(info, 0, sizeof(*info));
	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ? -errno : 0;
}

static const char *reason(int rc)
{
	return rc == -ENOTSUPP ? "an instruction there cannot be probed" : strerror(-rc);
}

int hook_attach_link(const struct hook_link_attr *attr, const char *what, const char *needs,
		     struct hook **out, struct error *err)
{
	int fd = hook_link_create(attr);

	if (fd == -EPERM)
		return error_set(err, fd, "%s: the kernel does not permit it: it needs %s", what,
				 needs);
	if (fd == -EBUSY || fd == -EEXIST)
		return error_set(err, fd, "%s: another program is attached there", what);
	if (fd < 0)
		return error_set(err, fd, "%s: %s (it needs %s)", what, reason(fd), needs);
	*out = hook_new("%s", what);
	(*out)->link_fd = fd;
	return 0;
}

static const char *device_name(uint32_t ifindex, char name[IF_NAMESIZE])
{
	return if_indextoname(ifindex, name) ? name : "a device that is gone";
}

static int attach_device(const struct hook_link_attr *attr, const char *what, const char *needs,
			 struct hook **out, struct error *err)
{
	char name[IF_NAMESIZE], full[WHAT_BYTES + IF_NAMESIZE];
	int rc;

	snprintf(full, sizeof(full), "%s of %s", what, device_name(attr->target_fd, name));
	rc = hook_attach_link(attr, full, needs, out, err);
	if (!rc)
		(*out)->ifindex = attr->target_fd;
	return rc;
}

int hook_attach_tcx(int prog_fd, uint32_t ifindex, bool egress, struct hook **out,
		    struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.target_fd = ifindex,
		.attach_type = egress ? HOOK_TCX_EGRESS : HOOK_TCX_INGRESS,
	};

	return attach_device(&attr, egress ? "tcx, egress" : "tcx, ingress",
			     "CAP_NET_ADMIN and Linux 6.6", out, err);
}

static int attach_xdp_mode(int prog_fd, uint32_t ifindex, bool native, struct hook **out,
			   struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.target_fd = ifindex,
		.attach_type = BPF_XDP,
		.flags = native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE,
	};

	return attach_device(&attr, native ? "XDP, native mode" : "XDP, generic mode",
			     native ? "CAP_NET_ADMIN, Linux 5.9 and a driver that has XDP"
				    : "CAP_NET_ADMIN and Linux 5.9",
			     out, err);
}

int hook_attach_xdp(int prog_fd, uint32_t ifindex, enum hook_xdp_mode mode, struct hook **out,
		    struct error *err)
{
	int rc = -EOPNOTSUPP;

	if (mode != HOOK_XDP_GENERIC)
		rc = attach_xdp_mode(prog_fd, ifindex, true, out, err);
	if (rc && rc != -EPERM && rc != -EBUSY && rc != -EEXIST && rc != -ENODEV &&
	    mode != HOOK_XDP_NATIVE)
		rc = attach_xdp_mode(prog_fd, ifindex, false, out, err);
	return rc;
}

int hook_attach_cgroup(int prog_fd, const char *path, uint32_t attach_type, struct hook **out,
		       struct error *err)
{
	struct hook_link_attr attr = { .prog_fd = (uint32_t)prog_fd, .attach_type = attach_type };
	char what[WHAT_BYTES];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return error_set(err, -errno, "cgroup %s: %s", path, strerror(errno));
	attr.target_fd = (uint32_t)fd;
	snprintf(what, sizeof(what), "cgroup %.100s", path);
	rc = hook_attach_link(&attr, what, "CAP_NET_ADMIN and a folder of cgroup v2", out, err);
	close(fd);
	return rc;
}

int hook_attach_uprobes(int prog_fd, const struct hook_uprobes *probes, struct hook **out,
			struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = HOOK_UPROBE_MULTI,
		.uprobe_multi = {
			.path = (uintptr_t)probes->path,
			.offsets = (uintptr_t)probes->offsets,
			.ref_ctr_offsets = (uintptr_t)probes->ref_ctr_offsets,
			.cookies = (uintptr_t)probes->cookies,
			.cnt = probes->n,
			.flags = probes->is_return ? HOOK_UPROBE_MULTI_RETURN : 0,
			.pid = (uint32_t)probes->pid,
		},
	};
	char what[WHAT_BYTES];

	if (probes->n == 0 || probes->n > HOOK_UPROBES_MAX)
		return error_set(err, -EINVAL, "%s: %u probes are not 1 to %u", probes->path,
				 probes->n, HOOK_UPROBES_MAX);
	snprintf(what, sizeof(what), "%s at %u place%s of %.80s",
		 probes->is_return ? "uretprobe" : "uprobe", probes->n, probes->n == 1 ? "" : "s",
		 probes->path);
	return hook_attach_link(&attr, what, "CAP_PERFMON and Linux 6.6", out, err);
}
