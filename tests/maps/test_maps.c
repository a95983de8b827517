/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: maps = the running kernel's maps: errno by errno, value by value. Method: random MAP_CREATE
 * attrs, then random commands on a map of each kind, the same on both sides (create.c, elements.c).
 *
 *   test_maps [STEPS-PER-MAP [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "twin.h"

enum { STEPS = 3000, CREATIONS = 8000, SKIP = 77 };

static int report(const char *what, const struct score *score, uint64_t good_percent_min)
{
	int failed = score->differences || score->good * 100 < score->calls * good_percent_min;

	printf("%s: %llu calls, %llu of them good on both, %llu differences\n", what,
	       (unsigned long long)score->calls, (unsigned long long)score->good,
	       (unsigned long long)score->differences);
	return failed;
}

int main(int argc, char **argv)
{
	uint32_t steps = argc > 1 ? (uint32_t)atoi(argv[1]) : STEPS;
	struct rng rng = { argc > 2 ? (uint64_t)atoll(argv[2]) : 1 };
	struct score creation = { 0 }, elements = { 0 };
	int failed;

	if (twin_open()) {
		printf("bpf(2) is not allowed here\n");
		return SKIP;
	}
	compare_creation(&rng, CREATIONS, &creation);
	compare_elements(&rng, steps, &elements);
	twin_close();
	failed = report("create", &creation, 10);
	failed |= report("elements", &elements, 15);
	return failed;
}
