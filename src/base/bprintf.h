/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Format strings as bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf know them: %d %i %u %x %X with
 * l and ll, %c, %s, %p with nothing, K, x, s, S, B, ks, us, i4, I4, i6, I6; flags and width, no
 * precision. Source: kernel/bpf/helpers.c bpf_bprintf_prepare, lib/vsprintf.c bstr_printf.
 *
 * Unlike the kernel's, plain %p shows the number and not a hash of it, and there are no symbols:
 * %ps and its kin show 0x and the number.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BPRINTF_LINE_BYTES 1024 /* MAX_BPRINTF_BUF: longest line of trace_printk, with its NUL */
#define BPRINTF_ARGS_MAX 12     /* MAX_BPRINTF_VARARGS */
#define BPRINTF_COPY_BYTES 512  /* MAX_BPRINTF_BIN_ARGS: room for arguments, strings included */

/* Copies @bytes the program pointed to: 0, or -errno and they read as an empty string or zeros. */
typedef int (*bprintf_read_fn)(void *arg, void *dst, uint64_t addr, size_t bytes);

struct bprintf_args {
	const uint64_t *values;
	uint32_t n;
	bprintf_read_fn read;
	void *read_arg;
};

/*
 * Formats into @out (NUL-terminated when @out_bytes > 0, cut where it does not fit). Returns the
 * length it has or would have, -EINVAL (not a format, more conversions than arguments, no NUL within
 * @fmt_bytes) or -ENOSPC (arguments exceed BPRINTF_COPY_BYTES).
 */
int bprintf(char *out, size_t out_bytes, const char *fmt, size_t fmt_bytes,
	    const struct bprintf_args *args);

/* 0 when bprintf() with @n_args arguments would take @fmt, else -EINVAL. */
int bprintf_check(const char *fmt, size_t fmt_bytes, uint32_t n_args);
