/* SPDX-License-Identifier: BSD-2-Clause */
/* The suite as data: programs, packets, contents of maps. The same for every engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum suite_group { GROUP_BASE, GROUP_COMPUTE, GROUP_MAP, GROUP_CONTROL, GROUP_MAX };

enum suite_packet { PACKET_RANDOM, PACKET_FRAMES, PACKET_LINES };

enum suite_file {
#define BENCH_FILE(file) FILE_##file,
#include "programs.h"
	FILE_MAX
};

enum suite_program {
#define BENCH_PROGRAM(file, name, group, ops, packet) PROGRAM_##name,
#include "programs.h"
	PROGRAM_MAX
};

struct suite_entry {
	enum suite_file file;
	const char *name;
	enum suite_group group;
	uint32_t ops;
	enum suite_packet packet;
};

enum fill_kind { FILL_COUNTERS, FILL_FLOWS, FILL_PREFIXES, FILL_STAGES };

struct suite_fill {
	enum suite_file file;
	const char *map;
	enum fill_kind kind;
	uint32_t n;
};

enum { FILLS_MAX = 16, SUITE_PACKET_BYTES = 2048 + 16, RING_RUNS_MAX = 2000 };

/* As in the programs (progs/bench.h): first in every packet. */
struct suite_head {
	uint64_t seed;
	uint64_t sum;
};

extern const struct suite_entry suite_programs[PROGRAM_MAX];
extern const char *const suite_files[FILE_MAX];
extern const struct suite_fill suite_fills[FILLS_MAX]; /* ends with a NULL map */
extern const char *const suite_group_names[GROUP_MAX];

/* @only: NULL, or text in the names of the programs to be measured. The empty one always is. */
bool suite_program_is_wanted(enum suite_program program, const char *only);
bool suite_file_is_wanted(enum suite_file file, const char *only);

/* A packet for @program; other numbers, other bytes. */
void suite_packet(enum suite_program program, uint64_t number, uint8_t packet[SUITE_PACKET_BYTES]);

/* The @i-th key and value of a filled map, for map_update(key, value). */
union suite_key {
	uint32_t index;
	uint32_t words[4];
};

union suite_value {
	uint64_t words[2];
};

void suite_fill_elem(enum fill_kind kind, uint32_t i, union suite_key *key,
		     union suite_value *value);
