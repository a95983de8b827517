/* SPDX-License-Identifier: BSD-2-Clause */
/* See copy.h: the kernel copies within this process, so that a bad address is its error. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/macros.h"
#include "seam/copy.h"

#define PAGE_BYTES 4096

int seam_kernel_copy(void *dst, const void *src, size_t bytes)
{
	struct iovec to = { dst, bytes }, from = { (void *)src, bytes };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

/* Page by page: what lies behind the string need not be there. */
long seam_kernel_copy_str(char *dst, const char *src, size_t max)
{
	for (size_t n = 0; n < max;) {
		uintptr_t from = (uintptr_t)src + n; /* a client's number: perhaps no pointer */
		size_t chunk = PAGE_BYTES - from % PAGE_BYTES;
		const char *nul;

		chunk = MIN(chunk, max - n);
		if (seam_kernel_copy(dst + n, (const void *)from, chunk))
			return -EFAULT;
		nul = memchr(dst + n, '\0', chunk);
		if (nul)
			return nul - dst;
		n += chunk;
	}
	return (long)max;
}
