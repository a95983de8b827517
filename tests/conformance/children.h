/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests in a child process, one after another: when one brings the child down or hangs, that is its
 * outcome, and a new child goes on behind it.
 */
#pragma once

#include <stdint.h>

enum { CHILD_TEST_SECONDS_MAX = 120 };

struct children {
	uint32_t first, last;
	/*
	 * In a child: run the tests first … last, calling child_at() before each. Returns 0, or another
	 * exit status when there is no testing at all.
	 */
	int (*run)(struct children *children, uint32_t first);
	/* In the parent: test i ended like this. */
	void (*crashed)(struct children *children, uint32_t i, const char *how);
	void *arg;
	uint32_t *at; /* shared: the test going on */
};

/* 0, or -errno: no child, or it could not begin. */
int children_run(struct children *children);

/* The child is at test i; it has CHILD_TEST_SECONDS_MAX for it. */
void child_at(struct children *children, uint32_t i);
