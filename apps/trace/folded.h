/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of stacks, in the form flame graphs are made from: frames from the outermost to the innermost
 * joined by ';', and how often. Equal texts are one entry. O(1) for each addition.
 */
#pragma once

#include <stdint.h>

#include "buffer.h"

struct folded_entry {
	char *text;
	uint64_t count;
};

struct folded {
	struct folded_entry *entries;
	uint32_t n;
	uint32_t *slots; /* indexes into entries + 1, by hash; 0: free */
	uint32_t n_slots;
	uint64_t total;
};

void folded_add(struct folded *f, const char *text, uint64_t count);
/* By frames, so that common beginnings stand together. */
void folded_sort(struct folded *f);
/* "a;b;c 12\n" each. */
void folded_print(const struct folded *f, struct buffer *out);
void folded_deinit(struct folded *f);
