/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	CALIBRATION_RUNS = 64,
	RUNS_MAX = 1 << 18,
	EMPTY_EVERY = 8, /* programs: it is subtracted from all, so it is measured often */
	INTERP_SHARE = 24, /* the interpreter makes one run in so many */
	CROWD_SHARE = 8,   /* a batch with threads is so many batches long */
	BIG_TABLE_BATCHES = 4, /* longer, that caches and TLB are as cold as they stay */
};

#define NET_NS_MIN 0.2 /* where the empty program costs as much */

bool bench_has(const struct bench *bench, enum side_kind kind)
{
	return !bench->children[kind].why[0];
}

bool bench_has_program(const struct bench *bench, enum side_kind kind, enum suite_program program)
{
	return bench_has(bench, kind) && !bench->measurements[program].loads[kind].error[0];
}

static bool one_kind(enum side_kind kind, uint32_t kinds)
{
	return kinds >> kind & 1;
}

int measure_loads(struct bench *bench)
{
	for (int kind = 0; kind < SIDE_MAX; kind++) {
		if (!bench_has(bench, kind))
			continue;
		for (int program = 0; program < PROGRAM_MAX; program++) {
			int err = child_load_result(&bench->children[kind], program,
						    &bench->measurements[program].loads[kind]);

			if (err)
				return err;
		}
	}
	return 0;
}

static void note_time(struct timing *t, double ns)
{
	if (!t->best_ns || ns < t->best_ns)
		t->best_ns = ns;
	if (ns > t->worst_ns)
		t->worst_ns = ns;
}

/* A failed run, or a sum that is not the one others made of the same batch. */
static void check(struct bench *bench, enum side_kind kind, const struct child_run *run,
		  const struct child_result *result, const struct child_result *first)
{
	const char *name = suite_programs[run->program].name;

	bench->checked++;
	if (result->ns < 0)
		fprintf(stderr, "bench: %s: %s cannot run: error %d\n", name, side_names[kind],
			(int)-result->ns);
	else if (result->sum != first->sum)
		fprintf(stderr, "bench: %s: %s makes %016llx of packet %llu in %u runs, not %016llx\n",
			name, side_names[kind], (unsigned long long)result->sum,
			(unsigned long long)run->packet, run->runs, (unsigned long long)first->sum);
	else
		return;
	bench->measurements[run->program].differs = true;
	bench->differing++;
}

/* One batch on each side of the set @kinds; all must agree. Times are noted for those in @timed. */
static int batch(struct bench *bench, const struct child_run *run, uint32_t kinds, uint32_t timed)
{
	struct child_result first = { 0 };
	bool is_first = true;

	for (int kind = 0; kind < SIDE_MAX; kind++) {
		struct child_result result;
		int err;

		if (!one_kind(kind, kinds) || !bench_has_program(bench, kind, run->program))
			continue;
		err = child_run(&bench->children[kind], run, &result);
		if (err) {
			fprintf(stderr, "bench: %s: %s died\n", suite_programs[run->program].name,
				side_names[kind]);
			return err;
		}
		if (is_first)
			first = result;
		is_first = false;
		check(bench, kind, run, &result, &first);
		if (one_kind(kind, timed) && result.ns >= 0)
			note_time(&bench->measurements[run->program].times[kind],
				  result.ns / run->runs);
	}
	return 0;
}

#define ALL_SIDES ((1u << SIDE_MAX) - 1)
#define SLOW_SIDES (1u << SIDE_INTERP)
#define FAST_SIDES (ALL_SIDES & ~SLOW_SIDES)

static int calibrate(struct bench *bench, enum suite_program program)
{
	struct measurement *m = &bench->measurements[program];
	struct child_run run = { program, CALIBRATION_RUNS, 1, 0 };
	double slowest = 1, runs;
	int err = batch(bench, &run, FAST_SIDES, 0);

	run.packet = 1;
	if (!err)
		err = batch(bench, &run, FAST_SIDES, FAST_SIDES);
	for (int kind = 0; kind < SIDE_MAX; kind++)
		slowest = fmax(slowest, m->times[kind].best_ns);
	memset(m->times, 0, sizeof(m->times));
	runs = bench->options.batch_us * 1000 / slowest;
	if (program == PROGRAM_m_hash_1m_hit || program == PROGRAM_m_hash_1m_miss)
		runs *= BIG_TABLE_BATCHES;
	m->runs = (uint32_t)fmin(fmax(runs, CALIBRATION_RUNS), RUNS_MAX);
	if (program == PROGRAM_m_ringbuf && m->runs > RING_RUNS_MAX)
		m->runs = RING_RUNS_MAX;
	return err;
}

static int round_of(struct bench *bench, enum suite_program program, uint32_t round)
{
	struct child_run run = { program, bench->measurements[program].runs, 1, round + 2 };
	int err = batch(bench, &run, FAST_SIDES, FAST_SIDES);

	/* All sides on as many runs as the interpreter has time for. */
	run.runs = run.runs / INTERP_SHARE + 1;
	return err ? err : batch(bench, &run, ALL_SIDES, SLOW_SIDES);
}

static int smoke(struct bench *bench)
{
	int err = 0;

	for (int program = 0; program < PROGRAM_MAX && !err; program++) {
		struct child_run run = { program, 1, 1, 2 };

		err = batch(bench, &run, ALL_SIDES, 0);
		run.runs = CALIBRATION_RUNS;
		if (!err)
			err = batch(bench, &run, ALL_SIDES, 0);
	}
	return err;
}

int measure_rounds(struct bench *bench)
{
	int err = 0;

	if (bench->options.smoke)
		return smoke(bench);
	for (int program = 0; program < PROGRAM_MAX && !err; program++)
		if (suite_program_is_wanted(program, bench->options.only))
			err = calibrate(bench, program);
	for (uint32_t round = 0; round < bench->options.rounds && !err; round++) {
		for (int program = 0; program < PROGRAM_MAX && !err; program++) {
			if (program && program % EMPTY_EVERY == 0)
				err = round_of(bench, PROGRAM_empty, round);
			if (!err && suite_program_is_wanted(program, bench->options.only))
				err = round_of(bench, program, round);
		}
	}
	return err;
}

/* The native tables are for one thread, and the interpreter's time is not the tables'. */
static int crowd(struct bench *bench, enum suite_program program, uint32_t threads)
{
	static const enum side_kind kinds[] = { SIDE_KERNEL, SIDE_JIT };
	struct measurement *m = &bench->measurements[program];
	struct child_run run = { program, m->runs * CROWD_SHARE, threads, 1000 };
	int err = 0;

	if (program == PROGRAM_m_ringbuf)
		run.runs = RING_RUNS_MAX / threads;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !err; i++) {
		double *rate = &m->rates[kinds[i]][threads - 1];
		struct child_result result = { 0 };

		if (!bench_has_program(bench, kinds[i], program))
			continue;
		err = child_run(&bench->children[kinds[i]], &run, &result);
		if (!err && result.ns > 0)
			*rate = fmax(*rate, run.runs * 1e9 * threads *
						    suite_programs[program].ops / result.ns);
	}
	return err;
}

int measure_threads(struct bench *bench)
{
	int err = 0;

	for (uint32_t round = 0; round < 5; round++)
		for (int program = 0; program < PROGRAM_MAX; program++)
			for (uint32_t n = 1; n <= MEASURE_THREADS_MAX && !err; n++)
				if (suite_programs[program].group == GROUP_MAP &&
				    suite_program_is_wanted(program, bench->options.only))
					err = crowd(bench, program, n);
	return err;
}

double measure_net_ns(const struct bench *bench, enum side_kind kind, enum suite_program program)
{
	double ns = bench->measurements[program].times[kind].best_ns;
	double empty = bench->measurements[PROGRAM_empty].times[kind].best_ns;

	return ns ? fmax(ns - empty, NET_NS_MIN) : 0;
}
