/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a tool costs: ns per run of its programs, and its own share of a CPU. The kernel's run-time
 * statistics slow every program down by two readings of a clock while they are on, so they are on
 * only for COST_WINDOW_NS of every COST_PERIOD_NS; the counts of the windows are a sample.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

#define COST_PROGRAMS_MAX 16
#define COST_WINDOW_NS	  50000000ull
#define COST_PERIOD_NS	  2000000000ull
/* Fewer say nothing: what runs seldom finds cold caches, and one interrupt is a multiple of a run. */
#define COST_RUNS_MIN 100

struct cost {
	int progs[COST_PROGRAMS_MAX]; /* owned duplicates */
	uint32_t n_progs;
	int stats; /* fd that keeps statistics on; -1: off */
	uint64_t start_ns;
	bool refused; /* statistics may not be switched on */
};

void cost_init(struct cost *cost);
/* Counts a program in; what is past COST_PROGRAMS_MAX is not measured. 0, or -errno. */
int cost_add(struct cost *cost, int prog_fd);
/* Opens and closes windows; a loop_chore_fn. */
uint64_t cost_chore(void *cost, uint64_t now_ns);

struct cost_measured {
	uint64_t runs, run_ns; /* in the windows, of all programs */
	bool has_programs, refused;
	double own_share; /* of a CPU */
};

/* "212 ns a run of its programs (a sample of 12345 runs), 0.30% of a CPU in the tool itself" */
void cost_text(const struct cost_measured *measured, struct buffer *out);
/* The same of what was measured until now. */
void cost_line(struct cost *cost, struct buffer *out);
/* Runs the kernel left out because the program was running on that CPU already. */
uint64_t cost_missed(const struct cost *cost);
void cost_deinit(struct cost *cost);
