/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process may do and what this machine has, apart from programs. */
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel_fs.h"
#include "machine.h"
#include "probes.h"
#include "vmlinux.h"

#define MEMLOCK_PROBE_BYTES_MAX (16u << 20)
#define PATH_BYTES		256

void probe_syscall(struct ability_answer *a, uint32_t unused)
{
	int fd = probe_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1);

	if (fd == -ENOSYS)
		answer_no(a, fd, "this kernel was built without it, or a filter hides it");
	else
		answer_fd(a, fd, "creating an array");
}

/* Linux asks for capabilities in the first user namespace: those of another are worth nothing. */
static bool in_first_user_namespace(void)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long long inside = 1, outside = 1, count = 0;
	bool whole = !map || (fscanf(map, "%llu %llu %llu", &inside, &outside, &count) == 3 &&
			      !inside && !outside && count >= UINT32_MAX);

	if (map)
		fclose(map);
	return whole;
}

void probe_capability(struct ability_answer *a, uint32_t capability)
{
	bool general =
		capability == CAP_BPF || capability == CAP_PERFMON || capability == CAP_NET_ADMIN;

	if (!machine_capability(capability)) {
		if (general && machine_capability(CAP_SYS_ADMIN) && in_first_user_namespace())
			answer_yes(a, "CAP_SYS_ADMIN stands for it");
		else
			answer_no(a, -EPERM, "this process does not have it");
	} else if (!in_first_user_namespace()) {
		answer_no(a, -EPERM,
			  "held in a user namespace only, where bpf(2) does not count it");
	} else {
		answer_yes(a, "%s", "");
	}
}

void probe_unprivileged(struct ability_answer *a, uint32_t unused)
{
	int64_t value;
	int rc = machine_sysctl("/proc/sys/kernel/unprivileged_bpf_disabled", &value);

	if (rc)
		answer_no(a, rc, "kernel.unprivileged_bpf_disabled cannot be read: %s",
			  strerror(-rc));
	else if (value)
		answer_no(a, 0, "kernel.unprivileged_bpf_disabled is %lld%s", (long long)value,
			  value == 1 ? ", until the next boot" : "");
	else
		answer_yes(a, "socket filters and packets of cgroups only");
}

void probe_memlock(struct ability_answer *a, uint32_t unused)
{
	struct rlimit limit;
	uint32_t bytes;
	int fd;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur >= MEMLOCK_PROBE_BYTES_MAX) {
		answer_yes(a, "RLIMIT_MEMLOCK is %u MiB or more", MEMLOCK_PROBE_BYTES_MAX >> 20);
		return;
	}
	/* Since 5.11 memory of maps is counted by cgroup, and this limit no more. */
	bytes = (uint32_t)limit.rlim_cur + 4096;
	fd = probe_map(BPF_MAP_TYPE_ARRAY, 4, (bytes + 7) & ~7u, 1);
	if (probe_close(fd))
		answer_yes(a, "RLIMIT_MEMLOCK is %u KiB, and is not asked",
			   (unsigned)(limit.rlim_cur >> 10));
	else
		answer_no(a, fd, "an array of %u KiB, just above RLIMIT_MEMLOCK: %s", bytes >> 10,
			  strerror(-fd));
}

void probe_btf_file(struct ability_answer *a, uint32_t unused)
{
	int rc = probe_btf_id("task_struct", BTF_KIND_STRUCT);

	if (rc > 0)
		answer_yes(a, "%s", "");
	else
		answer_no(a, rc, VMLINUX_BTF_PATH ": %s", strerror(-rc));
}

static uint32_t count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint32_t n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

void probe_btf_modules(struct ability_answer *a, uint32_t unused)
{
	FILE *modules = fopen("/proc/modules", "re");
	uint32_t n = count_files("/sys/kernel/btf");
	int first = modules ? fgetc(modules) : EOF;

	if (modules)
		fclose(modules);
	if (n > 1)
		answer_yes(a, "of %u modules", n - 1);
	else if (first == EOF)
		answer_yes(a, "no module is loaded");
	else
		answer_no(a, -ENOENT, "modules are loaded, and /sys/kernel/btf has none of them");
}

/* Bytes of machine code of a program, or -errno. */
static int jited_bytes(void)
{
	struct probe_prog prog = { .type = BPF_PROG_TYPE_SOCKET_FILTER };
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };
	int fd = probe_load(&prog), rc;

	if (fd < 0)
		return fd;
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	rc = probe_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	probe_close(fd);
	return rc < 0 ? rc : (int)info.jited_prog_len;
}

void probe_jit(struct ability_answer *a, uint32_t unused)
{
	int n = jited_bytes();

	if (n > 0)
		answer_yes(a, "%s", "");
	else if (n < 0)
		answer_no(a, n, "loading a socket filter to see: %s", strerror(-n));
	else
		answer_no(a, 0,
			  "a program loaded has no machine code: it is interpreted, or hidden");
}

void probe_jit_open(struct ability_answer *a, uint32_t unused)
{
	int64_t value;
	int rc = machine_sysctl("/proc/sys/net/core/bpf_jit_harden", &value);

	if (rc)
		answer_no(a, rc, "net.core.bpf_jit_harden cannot be read: %s", strerror(-rc));
	else if (value == 2)
		answer_no(a, 0, "net.core.bpf_jit_harden is 2: slower code");
	else
		answer_yes(a, "net.core.bpf_jit_harden is %lld", (long long)value);
}

/* Lockdown is a security module: without it there is nothing to ask. */
void probe_no_lockdown(struct ability_answer *a, uint32_t unused)
{
	struct buffer modules = { 0 };
	char mode[32];
	int rc = machine_lockdown(mode, sizeof(mode));

	if (!rc && strcmp(mode, "none") == 0)
		answer_yes(a, "%s", "");
	else if (!rc)
		answer_no(a, -EPERM, "lockdown=%s: programs may not %s", mode,
			  *mode == 'c' ? "read kernel memory" : "write user memory");
	else if (!machine_lsm_list(&modules) && !strstr(buffer_string(&modules), "lockdown"))
		answer_yes(a, "it has no lockdown");
	else
		answer_no(a, rc, "how far cannot be read from securityfs: %s", strerror(-rc));
	buffer_deinit(&modules);
}

void probe_kallsyms(struct ability_answer *a, uint32_t unused)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long long address = 0;
	bool shown = false;

	/* The first symbols may be per-CPU offsets, which are 0. */
	for (int i = 0; symbols && !shown && i < 4096; i++) {
		if (fscanf(symbols, "%llx%*[^\n]", &address) != 1)
			break;
		shown = address != 0;
	}
	if (symbols)
		fclose(symbols);
	if (shown)
		answer_yes(a, "%s", "");
	else if (symbols)
		answer_no(a, -EPERM, "/proc/kallsyms shows this process no addresses");
	else
		answer_no(a, -ENOENT, "there is no /proc/kallsyms");
}

void probe_tracefs(struct ability_answer *a, uint32_t unused)
{
	const char *where;
	int dir = kernel_fs_root(KERNEL_FS_TRACE, &where);

	if (dir < 0)
		answer_no(a, dir, "it is not mounted, and opening it: %s", strerror(-dir));
	else if (!*where)
		answer_yes(a, "not mounted; opened for this process alone");
	else if (faccessat(dir, "events", R_OK | X_OK, 0))
		answer_no(a, -errno, "%s: %s", where, strerror(errno));
	else
		answer_yes(a, "%s", where);
}

void probe_bpffs(struct ability_answer *a, uint32_t unused)
{
	char path[PATH_BYTES];

	if (!machine_mount_point("bpf", path, sizeof(path)))
		answer_no(a, -ENOENT, "none is mounted");
	else if (access(path, W_OK))
		answer_no(a, -errno, "%s: %s", path, strerror(errno));
	else
		answer_yes(a, "%s", path);
}

void probe_cgroup2(struct ability_answer *a, uint32_t unused)
{
	char path[PATH_BYTES], old[PATH_BYTES];

	if (!machine_mount_point("cgroup2", path, sizeof(path)))
		answer_no(a, -ENOENT, "it is not mounted");
	else if (machine_mount_point("cgroup", old, sizeof(old)))
		answer_yes(a, "%s, beside v1", path);
	else
		answer_yes(a, "%s", path);
}

void probe_stats(struct ability_answer *a, uint32_t unused)
{
	union bpf_attr attr = { .enable_stats.type = BPF_STATS_RUN_TIME };

	answer_fd(a, probe_bpf(BPF_ENABLE_STATS, &attr), "asking for it");
}
