/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/mount.h>

static const struct {
	const char *type;
	uint32_t magic;
	const char *paths[3]; /* where it usually is; NULL ends them */
} known[] = {
	[KERNEL_FS_TRACE] = { "tracefs",
			      TRACEFS_MAGIC,
			      { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" } },
	[KERNEL_FS_SECURITY] = { "securityfs", SECURITYFS_MAGIC, { "/sys/kernel/security" } },
};

/* A mount in no namespace. */
static int open_detached(const char *type)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), rc;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		rc = -errno;
	else if ((rc = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID)) < 0)
		rc = -errno;
	close(fs);
	return rc;
}

static int open_mounted(const char *path, uint32_t magic)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs info;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &info) == 0 && (uint32_t)info.f_type == magic)
		return fd;
	close(fd);
	return -ENOENT;
}

static int open_fs(enum kernel_fs fs, const char **where)
{
	for (const char *const *path = known[fs].paths; *path; path++) {
		int fd = open_mounted(*path, known[fs].magic);

		*where = *path;
		if (fd >= 0)
			return fd;
	}
	*where = "";
	return open_detached(known[fs].type);
}

int kernel_fs_root(enum kernel_fs fs, const char **where)
{
	static struct {
		bool is_open;
		int fd;
		const char *where;
	} kept[sizeof(known) / sizeof(known[0])];

	if (!kept[fs].is_open)
		kept[fs].fd = open_fs(fs, &kept[fs].where);
	kept[fs].is_open = kept[fs].fd >= 0;
	if (where)
		*where = kept[fs].where;
	return kept[fs].fd;
}
