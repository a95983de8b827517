/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench: the suite's programs on the running kernel's JIT, on skep's JIT and interpreter, and as native
 * code, side by side in one run. See docs/bench.md.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "report.h"

enum { ROUNDS = 25, BATCH_US = 1000, LOADS = 3, SMOKE_FILL_MAX = 1 << 13 };

static const char usage[] =
	"Usage: bench [OPTION...] OBJECTS-DIR\n"
	"\n"
	"      --rounds N     rounds over all programs (default 25)\n"
	"      --only TEXT    only programs with TEXT in their names\n"
	"      --smoke        run every program on every side, compare results, time nothing\n"
	"\n"
	"Exit codes: 0 done; 1 sides differ or a program is missing; 2 usage.\n";

static int start_all(struct bench *bench, const char *objects)
{
	for (int kind = 0; kind < SIDE_MAX; kind++) {
		struct side_options options = {
			.kind = kind,
			.objects = objects,
			.only = bench->options.only,
			.fill_max = bench->options.smoke ? SMOKE_FILL_MAX : 0,
			.loads = bench->options.smoke ? 0 : LOADS,
		};
		int err = child_start(&bench->children[kind], &options);

		if (err)
			return err;
		/* One after the other: loading is timed. */
		child_wait_ready(&bench->children[kind]);
	}
	return 0;
}

static int measure(struct bench *bench)
{
	int err = measure_loads(bench);

	if (!err)
		err = measure_rounds(bench);
	if (!err && !bench->options.smoke)
		err = measure_threads(bench);
	return err;
}

static void report(const struct bench *bench)
{
	report_head(bench);
	report_times(bench);
	report_loads(bench);
	report_threads(bench);
	report_closing(bench);
}

/* How many programs differ or are missing where their side is there. */
static int count_faults(const struct bench *bench)
{
	int faults = 0;

	for (int program = 0; program < PROGRAM_MAX; program++) {
		faults += bench->measurements[program].differs;
		for (int kind = 0; kind < SIDE_MAX; kind++) {
			if (!bench_has(bench, kind) || bench_has_program(bench, kind, program))
				continue;
			fprintf(stderr, "bench: %s: %s: %s\n", suite_programs[program].name,
				side_names[kind], bench->measurements[program].loads[kind].error);
			faults++;
		}
	}
	return faults;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'o' },
		{ "smoke", no_argument, NULL, 's' },
		{ 0 },
	};
	static struct bench bench = { .options = { .rounds = ROUNDS, .batch_us = BATCH_US } };
	int option, err, faults;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			bench.options.smoke = true;
		else if (option == 'o')
			bench.options.only = optarg;
		else if (option == 'r' && atoi(optarg) > 0)
			bench.options.rounds = (uint32_t)atoi(optarg);
		else
			return fputs(usage, stderr), 2;
	}
	if (optind + 1 != argc)
		return fputs(usage, stderr), 2;
	err = start_all(&bench, argv[optind]);
	if (!err)
		err = measure(&bench);
	faults = count_faults(&bench);
	if (!err && !bench.options.smoke)
		report(&bench);
	if (bench.options.smoke)
		printf("%d programs on %s%s: %u batches compared, %d faults\n", PROGRAM_MAX,
		       bench_has(&bench, SIDE_KERNEL) ? "kernel, " : "(no kernel) ",
		       "jit, interpreter and native code", bench.checked, faults);
	for (int kind = 0; kind < SIDE_MAX; kind++) {
		if (kind != SIDE_KERNEL && !bench_has(&bench, kind)) {
			fprintf(stderr, "bench: %s: %s\n", side_names[kind],
				bench.children[kind].why);
			faults++;
		}
		child_stop(&bench.children[kind]);
	}
	return err || faults ? 1 : 0;
}
