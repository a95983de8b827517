/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"
#include "kernel_fs.h"

#define SYS_LSM_LIST 461 /* lsm_list_modules(2), Linux 6.8 */
#define LSM_MAX	     32

/* lsm_list_modules() gives numbers: uapi linux/lsm.h, from LSM_ID_CAPABILITY on. */
static const char *const lsm_names[] = { "capability", "selinux", "smack",    "tomoyo",
					 "apparmor",   "yama",	  "loadpin",  "safesetid",
					 "lockdown",   "bpf",	  "landlock", "ima",
					 "evm",	       "ipe" };
#define LSM_ID_FIRST 100

bool machine_mount_point(const char *type, char *path, size_t bytes)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	bool found = false;

	while (mounts && !found && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, type) == 0 && strlen(m->mnt_dir) < bytes) {
			strcpy(path, m->mnt_dir);
			found = true;
		}
	if (mounts)
		endmntent(mounts);
	return found;
}

/* A short file beneath a directory, without its newline: 0 or -errno. */
static int read_word(int dir, const char *name, char *text, size_t bytes)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, bytes - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int lsm_list_by_call(struct buffer *names)
{
	uint64_t ids[LSM_MAX];
	uint32_t bytes = sizeof(ids);
	long n = syscall(SYS_LSM_LIST, ids, &bytes, 0);

	if (n < 0)
		return -errno;
	for (long i = 0; i < n && i < LSM_MAX; i++) {
		uint64_t id = ids[i] - LSM_ID_FIRST;

		buffer_text(names, i ? "," : "");
		if (id < sizeof(lsm_names) / sizeof(lsm_names[0]))
			buffer_text(names, lsm_names[id]);
		else
			buffer_format(names, "%llu", (unsigned long long)ids[i]);
	}
	return 0;
}

int machine_lsm_list(struct buffer *names)
{
	char text[512];
	int dir, rc = lsm_list_by_call(names);

	if (!rc)
		return 0;
	dir = kernel_fs_root(KERNEL_FS_SECURITY, NULL);
	rc = dir < 0 ? dir : read_word(dir, "lsm", text, sizeof(text));
	if (!rc)
		buffer_text(names, text);
	return rc;
}

/* "none [integrity] confidentiality" */
int machine_lockdown(char *mode, size_t bytes)
{
	char text[128], *begin, *end;
	int dir = kernel_fs_root(KERNEL_FS_SECURITY, NULL);
	int rc = dir < 0 ? dir : read_word(dir, "lockdown", text, sizeof(text));

	if (rc)
		return rc;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return -EINVAL;
	*end = '\0';
	snprintf(mode, bytes, "%s", begin + 1);
	return 0;
}

int machine_sysctl(const char *path, int64_t *value)
{
	char text[64], *end;
	int rc = read_word(AT_FDCWD, path, text, sizeof(text));

	if (rc)
		return rc;
	*value = strtoll(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

bool machine_capability(uint32_t capability)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[capability / 32].effective >> capability % 32 & 1;
}
