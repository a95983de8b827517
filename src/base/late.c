/* SPDX-License-Identifier: BSD-2-Clause */
/* mem_free_late() as it is but in the hostile build. */
#include <stdlib.h>

#include "base/alloc.h"

void mem_free_late(void *p)
{
	free(p);
}
