/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was seen of accesses, and the rules that allow just that: for each key a `deny` with an
 * `except` for each program, and container, that wrote it or an alias of it. Texts of others (names of
 * processes and devices, values) come out as rules that parse and comments that end with their line.
 *
 * A program is its name: one that calls itself the same is let through too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "guard-api.bpf.h"
#include "who/container.h"

#define LEARNT_MAX 65536 /* different things seen; more are counted as left out */

struct learnt {
	void *root; /* a tree of them (tsearch(3)) */
	uint32_t n;
	uint64_t n_events, n_left_out;
};

/* Adds an access by a process in a container (NULL: in none). True: it is the first of its like. */
bool learnt_add(struct learnt *l, const struct guard_event *event,
		const struct container *container);
/* The rules, sorted by key, with comments. */
void learnt_print(const struct learnt *l, struct buffer *out);
/* Makes text of others fit for one line of a terminal, in place. */
void learnt_printable(char *text);
void learnt_deinit(struct learnt *l);
