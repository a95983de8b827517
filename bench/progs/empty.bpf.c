/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* empty: what every program costs before it does anything; subtracted from the others. */
#include "bench.h"

BENCH(empty)
{
	return seed;
}
