/* SPDX-License-Identifier: BSD-2-Clause */
/* The nearest of many names to a word that is none of them, by edit distance: "did you mean". */
#pragma once

#include <stdint.h>

#define NEAREST_WORD_MAX 128 /* longer ones are near nothing */

struct nearest {
	const char *word;
	const char *name; /* the nearest so far, borrowed from nearest_add(); NULL: none is near */
	uint32_t distance;
};

void nearest_begin(struct nearest *n, const char *word);
void nearest_add(struct nearest *n, const char *name);
