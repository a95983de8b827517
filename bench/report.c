/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities/"

/* --- head ------------------------------------------------------------------------------------------------- */

/* The first line of a file without its end; "unknown" where it cannot be read. */
static const char *line_of(const char *path, char line[256])
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(line, 256, file))
		strcpy(line, "unknown");
	line[strcspn(line, "\n")] = 0;
	if (file)
		fclose(file);
	return line;
}

static const char *cpu_name(char name[256])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	strcpy(name, "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "model name", 10) || !strchr(line, ':'))
			continue;
		strcpy(name, strchr(line, ':') + 2);
		name[strcspn(name, "\n")] = 0;
		break;
	}
	if (file)
		fclose(file);
	return name;
}

void report_head(const struct bench *bench)
{
	static const char *const mitigations[] = { "spectre_v1", "spectre_v2",
						   "spec_rstack_overflow", "retbleed" };
	struct utsname system;
	char line[256], when[64];
	time_t now = time(NULL);

	uname(&system);
	strftime(when, sizeof(when), "%F %T %Z", localtime(&now));
	printf("%s; %s, %ld CPUs online; %s %s; load %s\n", when, cpu_name(line),
	       sysconf(_SC_NPROCESSORS_ONLN), system.sysname, system.release,
	       line_of("/proc/loadavg", (char[256]){ 0 }));
	for (size_t i = 0; i < sizeof(mitigations) / sizeof(*mitigations); i++) {
		char path[128];

		snprintf(path, sizeof(path), VULNERABILITIES "%s", mitigations[i]);
		printf("%s: %s\n", mitigations[i], line_of(path, line));
	}
	printf("kernel JIT: net.core.bpf_jit_enable %s",
	       line_of("/proc/sys/net/core/bpf_jit_enable", line));
	printf(", bpf_jit_harden %s\n", line_of("/proc/sys/net/core/bpf_jit_harden", line));
	printf("BPF by %s -O2 -mcpu=v3, native by %s -O2\n", BENCH_COMPILER, BENCH_COMPILER);
	for (int kind = 0; kind < SIDE_MAX; kind++)
		if (!bench_has(bench, kind))
			printf("no %s column: %s\n", side_names[kind], bench->children[kind].why);
	printf("%u rounds, interleaved; results of %u batches of runs compared, %u differ\n",
	       bench->options.rounds, bench->checked, bench->differing);
}

/* --- times ------------------------------------------------------------------------------------------------ */

static void print_number(double value, int width, int digits)
{
	if (value)
		printf(" %*.*f", width, value < 100 ? digits : 0, value);
	else
		printf(" %*s", width, "-");
}

static double ratio(const struct bench *bench, enum suite_program program, enum side_kind of,
		    enum side_kind to)
{
	double a = measure_net_ns(bench, of, program), b = measure_net_ns(bench, to, program);

	return a && b ? a / b : 0;
}

static void print_program(const struct bench *bench, enum suite_program program)
{
	const struct measurement *m = &bench->measurements[program];

	printf("%-16s", suite_programs[program].name);
	for (int kind = 0; kind < SIDE_MAX; kind++) {
		print_number(measure_net_ns(bench, kind, program), 8, 1);
		if (kind == SIDE_JIT)
			print_number(m->times[kind].worst_ns, 8, 1);
	}
	print_number(ratio(bench, program, SIDE_JIT, SIDE_KERNEL), 10, 2);
	print_number(ratio(bench, program, SIDE_JIT, SIDE_NATIVE), 10, 2);
	print_number(ratio(bench, program, SIDE_INTERP, SIDE_JIT), 10, 1);
	printf("%s\n", m->differs ? "  DIFFERS" : "");
	for (int kind = 0; kind < SIDE_MAX; kind++)
		if (m->loads[kind].error[0])
			printf("    %s: %s\n", side_names[kind], m->loads[kind].error);
}

struct group_result {
	double mean; /* geometric; 0: nothing to compare */
	double worst;
	const char *worst_name;
	int n;
};

static struct group_result group_ratio(const struct bench *bench, enum suite_group group,
				       enum side_kind of, enum side_kind to)
{
	struct group_result result = { 0 };
	double logs = 0;

	for (int i = 0; i < PROGRAM_MAX; i++) {
		double r = suite_programs[i].group == group ? ratio(bench, i, of, to) : 0;

		if (!r)
			continue;
		logs += log(r);
		result.n++;
		if (r > result.worst) {
			result.worst = r;
			result.worst_name = suite_programs[i].name;
		}
	}
	result.mean = result.n ? exp(logs / result.n) : 0;
	return result;
}

static void print_group(const struct bench *bench, enum suite_group group, enum side_kind of,
			enum side_kind to)
{
	struct group_result r = group_ratio(bench, group, of, to);

	if (r.n)
		printf("%-8s %6s/%-6s geometric mean %6.2f of %2d programs, worst %6.2f (%s)\n",
		       suite_group_names[group], side_names[of], side_names[to], r.mean, r.n,
		       r.worst, r.worst_name);
}

void report_times(const struct bench *bench)
{
	const struct measurement *empty = &bench->measurements[PROGRAM_empty];

	printf("\nns per run: best of the rounds, without the empty program; jit worst: its worst round, "
	       "with it\n%-16s %8s %8s %8s %8s %8s %10s %10s %10s\n",
	       "", "kernel", "jit", "worst", "interp", "clang", "jit/kernel", "jit/clang",
	       "interp/jit");
	printf("%-16s", "(empty)");
	for (int kind = 0; kind < SIDE_MAX; kind++) {
		print_number(empty->times[kind].best_ns, 8, 1);
		if (kind == SIDE_JIT)
			print_number(empty->times[kind].worst_ns, 8, 1);
	}
	printf("\n");
	for (int i = 0; i < PROGRAM_MAX; i++)
		if (suite_programs[i].group != GROUP_BASE)
			print_program(bench, i);
	printf("\n");
	for (int group = GROUP_COMPUTE; group < GROUP_MAX; group++) {
		print_group(bench, group, SIDE_JIT, SIDE_KERNEL);
		print_group(bench, group, SIDE_JIT, SIDE_NATIVE);
		print_group(bench, group, SIDE_KERNEL, SIDE_NATIVE);
		print_group(bench, group, SIDE_INTERP, SIDE_JIT);
	}
}

/* --- loading, threads --------------------------------------------------------------------------------------- */

void report_loads(const struct bench *bench)
{
	double logs = 0;
	int n = 0;

	printf("\nload (verify): µs of BPF_PROG_LOAD, of which the verifier says it took\n"
	       "%-16s %6s %19s %19s %9s\n",
	       "", "insns", "kernel", "jit", "ours/kern");
	for (int i = 0; i < PROGRAM_MAX; i++) {
		const struct side_load *kernel = &bench->measurements[i].loads[SIDE_KERNEL];
		const struct side_load *jit = &bench->measurements[i].loads[SIDE_JIT];

		printf("%-16s %6u %9.0f (%7.0f) %9.0f (%7.0f)", suite_programs[i].name, jit->insns,
		       kernel->load_us, kernel->verify_us, jit->load_us, jit->verify_us);
		if (kernel->load_us && jit->load_us) {
			logs += log(jit->load_us / kernel->load_us);
			n++;
			printf(" %9.2f", jit->load_us / kernel->load_us);
		}
		printf("\n");
	}
	if (n)
		printf("load time, ours/kernel: geometric mean %.2f\n", exp(logs / n));
}

void report_threads(const struct bench *bench)
{
	static const enum side_kind kinds[] = { SIDE_KERNEL, SIDE_JIT };

	printf("\nmillions of map operations per second, all threads together (program around them "
	       "included)\n%-16s",
	       "");
	for (size_t k = 0; k < 2; k++)
		for (int n = 1; n <= MEASURE_THREADS_MAX; n++)
			printf(" %6s x%d", side_names[kinds[k]], n);
	printf("\n");
	for (int i = 0; i < PROGRAM_MAX; i++) {
		if (suite_programs[i].group != GROUP_MAP)
			continue;
		printf("%-16s", suite_programs[i].name);
		for (size_t k = 0; k < 2; k++)
			for (int n = 0; n < MEASURE_THREADS_MAX; n++)
				print_number(bench->measurements[i].rates[kinds[k]][n] / 1e6, 8, 1);
		printf("\n");
	}
}

void report_closing(const struct bench *bench)
{
	struct group_result compute = group_ratio(bench, GROUP_COMPUTE, SIDE_JIT, SIDE_KERNEL);
	struct group_result map = group_ratio(bench, GROUP_MAP, SIDE_JIT, SIDE_KERNEL);

	if (compute.n && map.n && !bench->options.only)
		printf("\nbench: jit/kernel %.2f, map/kernel %.2f\n", compute.mean, map.mean);
	else
		printf("\nbench: jit/kernel not measured, map/kernel not measured: %s\n",
		       bench->options.only ? "only some programs were asked for" :
					     bench->children[SIDE_KERNEL].why);
}
