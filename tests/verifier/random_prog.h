/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random_prog: structured random programs that walk the verifier's main roads: arithmetic and
 * comparisons in both widths, spills, variable stack offsets, map lookups, packet bounds, memory
 * given to helpers, bounded loops, bpf-to-bpf calls; now and then something forbidden. From a seed,
 * always the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tbl/uapi.h"

#define RANDOM_PROG_INSNS_MAX 1024
#define RANDOM_PROG_VALUE_BYTES 48 /* of the one map: an array of 4 with 4-byte keys */
#define RANDOM_PROG_ENTRIES 4

struct random_prog {
	struct bpf_insn insns[RANDOM_PROG_INSNS_MAX];
	uint32_t n;
	uint32_t type;	/* enum bpf_prog_type: socket filter or XDP */
	uint32_t flags; /* BPF_F_* of PROG_LOAD */
	uint64_t rng;
	int map_fd;
	uint32_t depth;	   /* of nested blocks */
	uint32_t subprogs; /* to be generated */
	uint32_t calls[8]; /* pcs of calls, by callee */
	uint32_t n_calls;
	uint8_t callee[8];
	int busy;  /* register that counts a loop, -1: none */
	bool in_subprog, pure;
	int wrong; /* one statement in so many is forbidden; 0: none */
	const uint8_t *choices; /* used up before rng is asked */
	size_t n_choices;
};

/* pure: what it does hangs on context, packet and map alone. */
void random_prog_make(struct random_prog *p, uint64_t seed, int map_fd, bool pure);

/* Every choice is a byte of @choices, as long as there are any; not pure. */
void random_prog_choose(struct random_prog *p, const uint8_t *choices, size_t n, int map_fd);
