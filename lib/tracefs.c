/* SPDX-License-Identifier: BSD-2-Clause */
#include "tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int open_unmounted(void)
{
	int fs = syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	int root = -1, rc = 0;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		rc = -errno;
	else
		root = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (!rc && root < 0)
		rc = -errno;
	close(fs);
	return rc ? rc : root;
}

int tracefs_open(void)
{
	static const char *const paths[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct statfs fs;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == TRACEFS_MAGIC)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return open_unmounted();
}

int tracefs_read(const char *path, struct buffer *out)
{
	int folder = tracefs_open(), fd, rc = 0;
	char chunk[4096];
	ssize_t n;

	if (folder < 0)
		return folder;
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? -errno : 0;
	close(folder);
	while (!rc && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			buffer_add(out, chunk, n);
		else if (errno != EINTR)
			rc = -errno;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}
