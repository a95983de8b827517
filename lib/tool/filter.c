/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/filter.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/nsfs.h>

#include <bpf/btf.h>

#include "buffer.h"
#include "tool/member.h"
#include "vmlinux.h"
#include "who/cgroup.h"
#include "who/process.h"

int filter_user_parse(const char *text, uint32_t *uid, struct error *err)
{
	struct passwd *user;
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && number < UINT32_MAX) {
		*uid = (uint32_t)number;
		return 0;
	}
	user = getpwnam(text);
	if (!user)
		return error_set(err, -ENOENT, "'%s' is neither a user's name nor a number", text);
	*uid = user->pw_uid;
	return 0;
}

static int find_cgroup(const struct filter *filter, struct filter_settings *s, struct error *err)
{
	char mount[CGROUP_PATH_BYTES];
	struct error inner;
	uint64_t id;
	int rc;

	if (filter->cgroup && filter->container)
		return error_set(err, -EINVAL, "--cgroup and --container are one or the other");
	if (filter->container) {
		rc = cgroup_mount(mount, &inner);
		s->follows = 1;
		return rc ? error_set(err, rc, "--container '%s': %s", filter->container,
				      inner.text)
			  : 0;
	}
	if (!filter->cgroup)
		return 0;
	rc = cgroup_id_of(filter->cgroup, &id, &s->cgroup_level, &inner);
	if (rc)
		return error_set(err, rc, "--cgroup %s", inner.text);
	s->has_cgroup = 1;
	s->cgroup_id = id;
	return 0;
}

static int netns_offsets(struct filter_settings *s, struct error *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	__u32 ns = 0, inum = 0;
	int rc;

	if (!btf)
		return vmlinux_missing("--netns", err);
	rc = member_offset(btf, "task_struct", "nsproxy", &s->task_nsproxy);
	if (!rc)
		rc = member_offset(btf, "nsproxy", "net_ns", &s->nsproxy_net);
	if (!rc)
		rc = member_offset(btf, "net", "ns", &ns);
	if (!rc)
		rc = member_offset(btf, "ns_common", "inum", &inum);
	btf__free(btf);
	s->net_inode = ns + inum;
	if (rc)
		return error_set(err, -ENOTSUP,
				 "--netns: this kernel keeps a task's network namespace in a way "
				 "this tool does not know");
	return 0;
}

static int find_netns(const char *where, struct filter_settings *s, struct error *err)
{
	char path[CGROUP_PATH_BYTES];
	struct statfs fs;
	struct stat st;
	int fd, rc = 0;

	if (where[strspn(where, "0123456789")] == '\0' && *where)
		snprintf(path, sizeof(path), "/proc/%s/ns/net", where);
	else
		snprintf(path, sizeof(path), "%s", where);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "--netns '%s': cannot open %s: %s", where, path,
				 strerror(errno));
	if (fstatfs(fd, &fs) || fstat(fd, &st))
		rc = error_set(err, -errno, "--netns '%s': %s", where, strerror(errno));
	else if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		rc = error_set(err, -EINVAL, "--netns '%s': it is not a network namespace", where);
	close(fd);
	if (rc)
		return rc;
	s->netns_inode = (__u32)st.st_ino;
	return netns_offsets(s, err);
}

static int find_pidns(struct filter_settings *s, struct error *err)
{
	struct stat st;

	if (process_numbers_are_the_kernels())
		return 0;
	if (stat("/proc/self/ns/pid", &st))
		return error_set(err, -errno, "cannot read /proc/self/ns/pid: %s", strerror(errno));
	s->pidns_device = st.st_dev;
	s->pidns_inode = st.st_ino;
	return 0;
}

/* A number that is nobody's would show nothing, and say no word of it. */
static int find_process(const struct filter *filter, struct error *err)
{
	if (filter->pid && kill((pid_t)filter->pid, 0) && errno == ESRCH)
		return error_set(err, -ESRCH, "--pid: there is no process %u", filter->pid);
	if (filter->pid && syscall(SYS_tgkill, filter->pid, filter->pid, 0) && errno == ESRCH)
		return error_set(err, -ESRCH,
				 "--pid: %u is a thread of another process: it is for --tid",
				 filter->pid);
	if (filter->tid && syscall(SYS_tkill, filter->tid, 0) && errno == ESRCH)
		return error_set(err, -ESRCH, "--tid: there is no thread %u", filter->tid);
	return 0;
}

void filter_settings_seal(struct filter_settings *s)
{
	s->any = s->tgid || s->tid || s->own_tgid || s->has_uid || s->has_cgroup || s->follows ||
		 s->comm[0] || s->netns_inode;
}

int filter_settings_make(const struct filter *filter, struct filter_settings *settings,
			 struct error *err)
{
	int rc;

	memset(settings, 0, sizeof(*settings));
	settings->tgid = filter->pid;
	settings->tid = filter->tid;
	/* What is about one other process is not about us: a comparison less. */
	settings->own_tgid = filter->pid ? 0 : (__u32)getpid();
	settings->has_uid = filter->has_uid;
	settings->uid = filter->uid;
	if (filter->comm)
		memcpy(settings->comm, filter->comm, strnlen(filter->comm, FILTER_COMM_BYTES - 1));
	rc = find_process(filter, err);
	if (!rc)
		rc = find_pidns(settings, err);
	if (!rc)
		rc = find_cgroup(filter, settings, err);
	if (!rc && filter->netns)
		rc = find_netns(filter->netns, settings, err);
	filter_settings_seal(settings);
	return rc;
}
