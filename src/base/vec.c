/* SPDX-License-Identifier: BSD-2-Clause */
/* See vec.h. */
#include <errno.h>

#include "base/alloc.h"
#include "base/hostile.h"
#include "base/vec.h"

enum { VEC_CAP_MIN = TUNE_CAP_MIN / 8 + 1 };

int vec_reserve_raw(void **data, size_t *cap, size_t need, size_t elem_bytes)
{
	size_t want = *cap > (size_t)-1 / 2 ? need : *cap * 2;
	void *grown;

	if (need <= *cap)
		return 0;
	if (want < VEC_CAP_MIN)
		want = VEC_CAP_MIN;
	if (want < need)
		want = need;
	grown = mem_realloc(*data, want, elem_bytes);
	if (!grown)
		return -ENOMEM;
	*data = grown;
	*cap = want;
	return 0;
}
