/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of bpf_trace_printk and bpf_trace_vprintk in one function's code: which argument registers
 * have been set on every way there, and which constant the format is. Found by going over the code
 * until nothing changes, as compilers do; linear but for loops. What it does not know it says so: a
 * register set on some ways only counts as not set, a format that is built at run time as unknown.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "elfcode.h"
#include "error.h"

#define PRINTK_INSNS_MAX 100000 /* of one function */

#define PRINTK_HELPER_TRACE  6
#define PRINTK_HELPER_VTRACE 177

struct printk_call {
	uint32_t insn;	       /* of its function */
	int32_t helper;	       /* PRINTK_HELPER_ */
	uint32_t n_args;       /* of trace_printk: r3... that are set */
	const char *format;    /* with its NUL, in the image; NULL: unknown */
	uint32_t format_bytes; /* up to the end of its section */
};

struct printk_calls {
	struct printk_call *calls;
	uint32_t n;
};

/*
 * @n_params: how many argument registers the function is called with. The calls are appended.
 * 0, or -EFBIG, -EINVAL (a jump out of the function) with a sentence.
 */
int printk_calls_find(const struct code_function *f, const struct buffer *image, uint32_t n_params,
		      struct printk_calls *calls, struct error *err);
void printk_calls_deinit(struct printk_calls *calls);
