/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An object whose bpf_printk goes through a ring buffer: before libbpf opens it, the sink (sink.bpf.c)
 * is linked to it, with its types and lines, by libbpf's own linker, and every call of bpf_trace_printk
 * and bpf_trace_vprintk becomes a call of one of the sink's functions. libbpf then treats them as
 * subprograms the user wrote.
 *
 * What changes for the program: the value such a call returns (the length of the format instead of that
 * of the line), one more frame of the call stack (at most 8), and up to 96 bytes of stack.
 */
#pragma once

#include <stdbool.h>

#include "buffer.h"
#include "error.h"

#define PRINTK_RING_MAP "skep_printk"
#define PRINTK_LOST_MAP "skep_printk_lost"

/* Whether any function of the object calls bpf_printk's helpers. */
bool printk_is_called(const struct buffer *image);

/*
 * Appends to @out the object with its calls redirected. 0; or -errno with a sentence that says why it
 * cannot be, as a clause: "function f has more than ..."; @image can then be used as it is.
 */
int printk_redirect(const struct buffer *image, struct buffer *out, struct error *err);
