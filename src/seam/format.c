/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/format.h: the formatter of the printk helpers, for whoever has their arguments. */
#include "skep/format.h"

#include "base/bprintf.h"

_Static_assert(SKEP_FORMAT_ARGS_MAX == BPRINTF_ARGS_MAX, "the public limit is the formatter's");

int skep_format(char *out, size_t out_bytes, const char *format, size_t format_bytes,
		const uint64_t *values, uint32_t n_values, skep_format_read read, void *read_arg)
{
	struct bprintf_args args = {
		.values = values,
		.n = n_values,
		.read = read,
		.read_arg = read_arg,
	};

	return bprintf(out, out_bytes, format, format_bytes, &args);
}
