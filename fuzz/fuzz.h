/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every fuzz target shares: the entry point's declaration, a check that stays when assertions are
 * compiled out, and the count of inputs that came through the first gate, printed at exit. A target
 * whose inputs are all refused tests nothing: look at that line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static struct {
	unsigned long inputs;
	unsigned long accepted;
} fuzz_counts;

static void fuzz_print_counts(void)
{
	fprintf(stderr, "accepted %lu of %lu inputs\n", fuzz_counts.accepted, fuzz_counts.inputs);
}

/* Call once for each input. */
static inline void fuzz_count(bool accepted)
{
	if (!fuzz_counts.inputs++)
		atexit(fuzz_print_counts);
	fuzz_counts.accepted += accepted;
}
