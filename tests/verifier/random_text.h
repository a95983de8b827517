/* SPDX-License-Identifier: BSD-2-Clause */
/* A random program being written, as text (isa/asm.h): what follows from one seed is always the same. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RANDOM_TEXT_BYTES 16384

struct random_text {
	char text[RANDOM_TEXT_BYTES];
	size_t used;
	uint64_t seed;
	unsigned labels; /* given out so far: the writer counts them */
};

/* A number below @n. */
uint32_t random_text_pick(struct random_text *t, uint32_t n);

/* Appends to the text; aborts where it is full. */
__attribute__((format(printf, 2, 3))) void random_text_put(struct random_text *t, const char *fmt,
							   ...);
