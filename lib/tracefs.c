/* SPDX-License-Identifier: BSD-2-Clause */
#include "tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kernel_fs.h"

int tracefs_read(const char *path, struct buffer *out)
{
	int folder = kernel_fs_root(KERNEL_FS_TRACE, NULL), fd, rc = 0;
	char chunk[4096];
	ssize_t n;

	if (folder < 0)
		return folder;
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? -errno : 0;
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
