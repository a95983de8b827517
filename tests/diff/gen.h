/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A generator of XDP programs that behave the same wherever they run: arithmetic on registers and
 * stack, branches, loops, calls, tail calls, atomics, packet and map accesses, all with operands
 * at the edges. Driven by tbl/insns.h, so that an instruction added there is generated.
 *
 * A program's result is all it can see: R0, the packet, and the maps; before its end it stores
 * every register and a bit per branch (which way it went) to the `out` map.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tbl/uapi.h"

enum {
	GEN_INSNS_MAX = 4096,
	GEN_BRANCHES_MAX = 30,
	GEN_PACKET_BYTES = 64,
	GEN_OUT_WORDS = 16, /* of 8 bytes: 0..9 registers, 10 branch bits */
	GEN_KEYS = 8,       /* keys 0..7 are used in every map */
	GEN_REG_OUT = 10,
	GEN_FUNCS_MAX = 5,
};

/* The maps of a program, by role; each side fills in fds. All values are 8 bytes, keys 4. */
enum gen_map {
	GEN_MAP_OUT, /* array, one value of GEN_OUT_WORDS words */
	GEN_MAP_ARRAY,
	GEN_MAP_HASH,
	GEN_MAP_PERCPU_ARRAY,
	GEN_MAP_PERCPU_HASH,
	GEN_MAP_LRU,
	GEN_MAP_PROGS, /* program array: slot 1 holds a program, 0 is empty */
	GEN_MAPS,
};

struct gen_prog {
	struct bpf_insn insns[GEN_INSNS_MAX];
	uint32_t n;
	uint32_t starts[GEN_FUNCS_MAX]; /* of its functions, by rising pc; the first is 0 */
	uint32_t n_funcs;
	uint32_t branches;
	uint16_t branch_row[GEN_BRANCHES_MAX]; /* row of tbl/insns.h it is made of */
};

/* What a run of the generator reached, by row of tbl/insns.h. */
struct gen_stats {
	uint32_t emitted[256];   /* by row */
	uint32_t edge[256];      /* with an operand at an edge */
	uint32_t taken[256];     /* conditional jumps: ways seen, in accepted programs */
	uint32_t fallen[256];
	uint32_t calls, loops, tail_calls, callbacks, dynptrs, spills, packet_reads, packet_writes;
	uint32_t map_ops[GEN_MAPS];
};

/* The program of @seed. @maps: fd per role. Programs are the same but for the fds. */
void gen_program(uint64_t seed, const int maps[GEN_MAPS], struct gen_prog *prog,
		 struct gen_stats *stats);

/* Packet bytes for a seed. */
void gen_packet(uint64_t seed, uint8_t packet[GEN_PACKET_BYTES]);

uint32_t gen_rows(void);
const char *gen_row_name(uint32_t row);
bool gen_row_is_wanted(uint32_t row); /* the generator can and must reach it */
bool gen_row_is_branch(uint32_t row);
