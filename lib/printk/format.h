/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A record of the printk sink as the line the kernel would have printed: same text, but %p shows the
 * number and not its hash, and %ps, %pS, %pB the number and no symbol. Records come from a ring that only
 * the kernel writes, and are checked all the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* Whether a conversion of the format shows what its argument points to (%s, %pks, %pus, %pI4...). */
bool printk_format_points(const char *format, uint32_t bytes);

struct printk_line {
	uint64_t ktime_ns; /* CLOCK_MONOTONIC */
	uint32_t cpu;
};

/*
 * Appends the line, without a newline at its end, and says when and where. 0; -EBADMSG: it is no record;
 * -EINVAL, -ENOSPC: the kernel would have printed nothing, for the format is wrong or the arguments are
 * too long.
 */
int printk_format(const void *record, size_t bytes, struct buffer *out, struct printk_line *line);
