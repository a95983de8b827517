/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies from and to addresses a client gave, in this process: a fault inside them ends the copy
 * instead of the process (base/fault.h). The routines are in copy_x86_64.c; other machines, and
 * hosts that want no handler, ask the kernel to copy (copy_kernel.c).
 */
#pragma once

#include <stddef.h>

/* Registers the routines' fault range: 0 or -errno. Once per process is enough; more do no harm. */
int seam_copy_init(void);

/* 0, or -EFAULT: part of it may have been copied. */
int seam_copy(void *dst, const void *src, size_t bytes);

/* Copies up to and with the NUL: its length, @max when none came in @max bytes, or -EFAULT. */
long seam_copy_str(char *dst, const char *src, size_t max);

/* The same by system calls (process_vm_readv on ourselves, about 1 us each). */
int seam_kernel_copy(void *dst, const void *src, size_t bytes);
long seam_kernel_copy_str(char *dst, const char *src, size_t max);
