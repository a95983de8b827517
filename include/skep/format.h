/* SPDX-License-Identifier: BSD-2-Clause */
/* Text as bpf_trace_printk makes it of a format and its arguments. */
#ifndef SKEP_FORMAT_H
#define SKEP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include <skep/export.h>

#define SKEP_FORMAT_ARGS_MAX 12

/* Copies @bytes from @addr, which an argument gave: 0, or -errno and they read as zeros. */
typedef int (*skep_format_read)(void *arg, void *dst, uint64_t addr, size_t bytes);

/*
 * Formats into @out, NUL-terminated and cut where it does not fit. The length the text has or would have;
 * -EINVAL: no NUL within @format_bytes, an unknown conversion, more conversions than @n_values;
 * -ENOSPC: the arguments take more room than the kernel has for them (512 bytes). %p shows the number and
 * not its hash; %ps, %pS and %pB show no symbol.
 */
SKEP_API int skep_format(char *out, size_t out_bytes, const char *format, size_t format_bytes,
			 const uint64_t *values, uint32_t n_values, skep_format_read read,
			 void *read_arg);

#endif
