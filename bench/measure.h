/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is measured: every program on every side in interleaved rounds, so that a busy moment of the
 * machine falls on all of them. Every run is checked: after each batch all sides that made as many runs
 * must have the same sum.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "child.h"

enum { MEASURE_THREADS_MAX = 2 };

struct measure_options {
	uint32_t rounds;
	double batch_us; /* of the slowest side but the interpreter */
	const char *only; /* text in the names of the programs wanted; NULL: all */
	bool smoke;      /* each program once on every side, nothing timed */
};

struct timing {
	double best_ns;  /* per run, least of the rounds; 0: not measured */
	double worst_ns; /* most */
};

struct measurement {
	uint32_t runs; /* of a batch */
	struct timing times[SIDE_MAX];
	struct side_load loads[SIDE_MAX];
	double rates[SIDE_MAX][MEASURE_THREADS_MAX]; /* map operations per s by threads - 1 */
	bool differs; /* sides did not agree */
};

struct bench {
	struct measure_options options;
	struct child children[SIDE_MAX];
	struct measurement measurements[PROGRAM_MAX];
	uint32_t checked, differing; /* batches compared */
};

bool bench_has(const struct bench *bench, enum side_kind kind);
bool bench_has_program(const struct bench *bench, enum side_kind kind, enum suite_program program);

/* Each 0 or -errno: a side died. Differences are in the measurements, and said on stderr. */
int measure_loads(struct bench *bench);
int measure_rounds(struct bench *bench);
int measure_threads(struct bench *bench);

/* Per run without what the empty program costs; 0: not measured. */
double measure_net_ns(const struct bench *bench, enum side_kind kind, enum suite_program program);
