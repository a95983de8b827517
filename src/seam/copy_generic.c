/* SPDX-License-Identifier: BSD-2-Clause */
/* See copy.h: machines without routines of their own. */
#include "seam/copy.h"

int seam_copy_init(void)
{
	return 0;
}

int seam_copy(void *dst, const void *src, size_t bytes)
{
	return seam_kernel_copy(dst, src, bytes);
}

long seam_copy_str(char *dst, const char *src, size_t max)
{
	return seam_kernel_copy_str(dst, src, max);
}
