/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The base BTF from a file: the machine's own (/sys/kernel/btf/vmlinux) or one given.
 *
 * The size is not asked for: sysfs may give any; reading ends where read(2) says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/macros.h"
#include "btf/btf.h"

#define VMLINUX_PATH "/sys/kernel/btf/vmlinux"
#define READ_FIRST   ((size_t)8 << 20) /* a kernel's BTF has some 5 MiB */

/* The whole file; -E2BIG when it is longer than any BTF. */
static int read_all(int fd, char **data, uint32_t *size)
{
	_cleanup_free_ char *buf = mem_alloc(READ_FIRST);
	size_t cap = READ_FIRST, len = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		n = read(fd, buf + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > BTF_MAX_SIZE)
			return -E2BIG;
		if (len == cap) {
			char *grown = mem_realloc(buf, cap * 2, 1);

			if (!grown)
				return -ENOMEM;
			buf = grown;
			cap *= 2;
		}
	}
	*data = take_ptr(buf);
	*size = (uint32_t)len;
	return 0;
}

int btf_load_base(const char *path, struct btf **out)
{
	_cleanup_close_ int fd = open(path ? path : VMLINUX_PATH, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	uint32_t size = 0;
	int err;

	if (fd < 0)
		return -errno;
	err = read_all(fd, &data, &size);
	return err ? err : btf_parse_base(data, size, NULL, out);
}
