/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs about dynptrs, as text (isa/asm.h) for the maps of both.h: most steps are sound by
 * what the generator remembers, some are not, some are skipped on one path.
 */
#pragma once

#include <stdint.h>

#include "random_text.h"

#define RANDOM_DYNPTR_SIGS "vv" /* of the functions there are, for both_btf_make() */

/* Writes @t anew; always the same for one seed. */
void random_dynptr_make(struct random_text *t, uint64_t seed);
