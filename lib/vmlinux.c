/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmlinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#define VMLINUX_BYTES_MAX (256u << 20)

static struct {
	struct btf_image image;
	void *bytes; /* NULL: not read, or forgotten */
	size_t n;
} kernel;

/* A copy; MAP_FAILED with errno. */
static void *read_all(int fd, size_t n)
{
	char *bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t got = 0;

	if (bytes == MAP_FAILED)
		return MAP_FAILED;
	for (size_t at = 0; at < n; at += (size_t)got) {
		got = read(fd, bytes + at, n - at);
		if (got > 0)
			continue;
		munmap(bytes, n);
		errno = got ? errno : EINVAL;
		return MAP_FAILED;
	}
	return bytes;
}

/* What somebody mounted there may change or shrink once it was checked: that is not mapped. */
static bool is_kernels_own(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == SYSFS_MAGIC;
}

/* Mapped where the kernel does that (6.16), else a copy of it: 0 or -errno. */
static int map_file(void **bytes, size_t *n)
{
	int fd = open(VMLINUX_BTF_PATH, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_size <= 0 || st.st_size > VMLINUX_BYTES_MAX) {
		close(fd);
		return -EINVAL;
	}
	*n = (size_t)st.st_size;
	*bytes = is_kernels_own(fd) ? mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	if (*bytes == MAP_FAILED)
		*bytes = read_all(fd, *n);
	if (*bytes == MAP_FAILED)
		rc = -errno;
	close(fd);
	return rc;
}

int vmlinux_types(const struct btf_image **types)
{
	void *bytes;
	size_t n;
	int rc;

	if (!kernel.bytes) {
		rc = map_file(&bytes, &n);
		if (rc)
			return rc;
		rc = btf_image_open(&kernel.image, bytes, n);
		if (rc) {
			munmap(bytes, n);
			return rc;
		}
		kernel.bytes = bytes;
		kernel.n = n;
	}
	*types = &kernel.image;
	return 0;
}

void vmlinux_forget(void)
{
	if (!kernel.bytes)
		return;
	btf_image_close(&kernel.image);
	munmap(kernel.bytes, kernel.n);
	kernel.bytes = NULL;
}

int vmlinux_missing(const char *what, struct error *err)
{
	return error_set(err, -ENOENT,
			 "%s needs the types of the running kernel, and " VMLINUX_BTF_PATH
			 " cannot be read: it takes a kernel built with CONFIG_DEBUG_INFO_BTF",
			 what);
}
