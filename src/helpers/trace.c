/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that format text: bpf_trace_printk, bpf_trace_vprintk, bpf_snprintf. */
#include <errno.h>
#include <string.h>

#include "base/bprintf.h"
#include "base/macros.h"
#include "helpers/call.h"
#include "helpers/probe.h"

static int read_arg(void *arg, void *dst, uint64_t addr, size_t bytes)
{
	return probe_read_bytes(dst, addr, bytes);
}

static int64_t trace_line(const char *fmt, uint32_t fmt_bytes, const uint64_t *values, uint32_t n)
{
	struct bprintf_args args = { .values = values, .n = n, .read = read_arg };
	char line[BPRINTF_LINE_BYTES];
	int len = bprintf(line, sizeof(line), fmt, fmt_bytes, &args);
	size_t shown;

	if (len < 0)
		return len;
	shown = MIN((size_t)len, sizeof(line) - 1);
	if (shown && line[shown - 1] == '\n')
		shown--;
	run_printk(run_current()->engine, line, shown);
	return len;
}

/* How many arguments @bytes at @values are, or -EINVAL. */
static int count_args(const void *values, uint32_t bytes)
{
	if (bytes % 8 || bytes > BPRINTF_ARGS_MAX * 8 || (bytes && !values))
		return -EINVAL;
	return (int)(bytes / 8);
}

HELPER_CALL(trace_printk)
{
	uint64_t values[] = { r3, r4, r5 };

	return ret(trace_line(ptr(r1), (uint32_t)r2, values, ARRAY_SIZE(values)));
}

HELPER_CALL(trace_vprintk)
{
	int n = count_args(ptr(r3), (uint32_t)r4);

	return n < 0 ? ret(n) : ret(trace_line(ptr(r1), (uint32_t)r2, ptr(r3), (uint32_t)n));
}

HELPER_CALL(snprintf_helper)
{
	int n = count_args(ptr(r4), (uint32_t)r5);
	struct bprintf_args args = { .values = ptr(r4), .n = (uint32_t)n, .read = read_arg };
	const char *fmt = ptr(r3);

	if (n < 0)
		return ret(n);
	n = bprintf(ptr(r1), (uint32_t)r2, fmt, strlen(fmt) + 1, &args);
	return n < 0 ? ret(n) : (uint64_t)n + 1;
}

#define NUMBER .ret_type = RET_INTEGER, .gpl_only = true

HELPER_PROTO(trace_printk, NUMBER, ARGS(ARG_MEM_READ, ARG_CONST_SIZE));
HELPER_PROTO(trace_vprintk, NUMBER,
	     ARGS(ARG_MEM_READ, ARG_CONST_SIZE, ARG_MEM_READ_OR_NULL, ARG_CONST_SIZE_OR_ZERO));
HELPER_PROTO_AS(snprintf, snprintf, snprintf_helper, NUMBER,
		ARGS(ARG_PTR_TO_MEM | PTR_MAYBE_NULL | MEM_WRITE, ARG_CONST_SIZE_OR_ZERO,
		     ARG_PTR_TO_CONST_STR, ARG_MEM_READ_OR_NULL, ARG_CONST_SIZE_OR_ZERO));
