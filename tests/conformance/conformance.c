/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's verifier tests through the engine: does it accept what the running kernel accepts, and what
 * it accepts, does it run to the same result? Where bpf(2) is not allowed, what the table expects of
 * Linux 6.12 stands for the kernel.
 *
 *   conformance TABLE.so [-v] [-m] [-p] [-u] [-i] [-t TEXT] [-x N [-s SEED]] [FROM [TO]]
 *     -v  show both logs of each difference        -m  show messages that differ
 *     -u  without capabilities, against the table  -i  interpret instead of compiling
 *     -p  with CAP_BPF and CAP_NET_ADMIN only, so that pointers must not leak; speculative paths, which
 *         Linux then walks too, are not ours (ARCHITECTURE.md, trust): three tests differ by them
 *     -t  only tests with TEXT in their name
 *     -x  each test also in N versions with random changes (mutate.h); these are not run
 *
 * Exit 1 when something false was accepted, ran to another result, crashed or hung, and when something
 * was rejected for a reason that is none of excuses[].
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "btf/btf.h"
#include "children.h"
#include "mutate.h"
#include "result.h"
#include "side.h"
#include "skep/skep.h"

enum { LOG_LINES_SHOWN = 12, MUTATED_INSNS_MAX = 1000, ENOTSUPP = 524 };

static struct options {
	bool verbose, messages, unpriv, no_perfmon, interpret;
	const char *text;
	uint32_t from, to, mutants;
	uint64_t seed;
} options = { .to = UINT32_MAX };

static struct table {
	uint32_t (*count)(void);
	const struct table_test *(*get)(uint32_t i);
	const struct table_btf *(*map_btf)(void);
} table;

/* What skep has not got; a rejection that says so is no fault. */
static const char *const excuses[] = {
	"not supported by this engine",
	"no map of type ",
	"no programs of type ",
	NULL,
};

/* Every part of wanted, parted by tabs, in this order. */
static bool has_parts(const char *log, const char *wanted)
{
	char part[256];

	while (*wanted) {
		size_t bytes = strcspn(wanted, "\t");

		if (bytes >= sizeof(part))
			return false;
		memcpy(part, wanted, bytes);
		part[bytes] = '\0';
		log = strstr(log, part);
		if (!log)
			return false;
		log += bytes;
		wanted += bytes + (wanted[bytes] == '\t');
	}
	return true;
}

static void give_reason(struct result *result, const struct side *side, int err)
{
	if (side->failure[0])
		snprintf(result->reason, sizeof(result->reason), "%s", side->failure);
	else
		log_reason(result->reason, side->log, err);
}

static void print_tail(const struct side *side)
{
	printf("  --- log of %s%s%s\n%s", side->name, side->failure[0] ? ": " : "", side->failure,
	       log_tail(side->log, LOG_LINES_SHOWN));
}

/* --- one test ---------------------------------------------------------------------------------------- */

struct loaded {
	struct side_maps maps;
	int fd;
};

static void unload(struct loaded *loaded)
{
	if (loaded->fd >= 0)
		close(loaded->fd);
	side_maps_close(&loaded->maps);
}

static void compare_logs(const struct table_test *test, const struct side *kernel,
			 const struct side *own, bool accepted, struct result *result)
{
	const char *errstr = options.unpriv ? test->errstr_unpriv : test->errstr;

	result->hollow = own->failure[0] || strstr(own->log, excuses[0]);
	if (result->hollow)
		return;
	if (!accepted && errstr && (!kernel || has_parts(kernel->log, errstr))) {
		result->message_wanted = true;
		result->message_found = has_parts(own->log, errstr);
	}
	if (!accepted && kernel) {
		result->text_wanted = true;
		result->text_same = log_text_hash(kernel->log) == log_text_hash(own->log);
	}
	if (accepted && kernel) {
		result->steps_wanted = true;
		result->steps_same = log_steps(kernel->log) == log_steps(own->log);
	}
}

/* Runs of the program on each side; kernel may be NULL. */
static void compare_runs(const struct table_test *test, struct side *kernel, int kernel_fd,
			 struct side *own, int own_fd, struct result *result)
{
	for (int i = 0; i < test->n_runs; i++) {
		uint32_t wanted = test->runs[i].expect_retval, found;
		int err = kernel ? side_run(kernel, kernel_fd, test->runs[i].data, &wanted) : 0;
		int own_err;

		if (err == -ENOTSUPP || (!kernel && wanted == TABLE_RETVAL_ANY))
			continue;
		own_err = side_run(own, own_fd, test->runs[i].data, &found);
		if (!kernel && own_err == -ENOTSUPP)
			continue;
		result->ran = true;
		if (err == own_err && (err || wanted == found ||
				       test->runs[i].expect_retval == TABLE_RETVAL_ANY))
			continue;
		result->outcome = RAN_DIFFERENTLY;
		snprintf(result->reason, sizeof(result->reason), "run %d: %s: %d, result %#x; skep: %d, result %#x",
			 i, kernel ? "kernel" : "table", err, wanted, own_err, found);
		return;
	}
}

static void print_difference(uint32_t i, uint32_t mutant, const struct table_test *test, const struct side *kernel,
			     const struct side *own, const struct result *result)
{
	const char *outcome = outcome_str(result->outcome);
	bool message = options.messages && result->text_wanted && !result->text_same;

	if (!outcome && !message)
		return;
	if (!options.verbose && !message && result->outcome == FALSE_REJECT)
		return;
	printf("#%u%s%.0u %s: %s%s%s\n", i, mutant ? "x" : "", mutant, test->descr,
	       outcome ? outcome : "other message", result->reason[0] ? ": " : "", result->reason);
	if (options.verbose || message) {
		if (kernel)
			print_tail(kernel);
		print_tail(own);
	}
}

static void judge(const struct table_test *test, struct side *kernel, struct side *own,
		  struct result *result)
{
	struct loaded theirs = { .fd = -1 }, ours = { .fd = -1 };
	bool accept = options.unpriv ? test->expect_accept_unpriv : test->expect_accept;

	memset(&theirs.maps, 0xff, sizeof(theirs.maps));
	if (kernel) {
		theirs.fd = side_load(kernel, test, &theirs.maps);
		accept = theirs.fd >= 0;
	}
	if (kernel && (kernel->failure[0] || theirs.fd == -ENOTSUPP ||
		       strstr(kernel->log, "verifier bug"))) {
		result->outcome = SKIPPED;
		give_reason(result, kernel, theirs.fd);
		unload(&theirs);
		return;
	}
	ours.fd = side_load(own, test, &ours.maps);
	result->outcome = AGREE;
	if (accept && ours.fd < 0) {
		result->outcome = FALSE_REJECT;
		give_reason(result, own, ours.fd);
	} else if (!accept && ours.fd >= 0) {
		result->outcome = FALSE_ACCEPT;
		give_reason(result, kernel ? kernel : own, theirs.fd);
	} else {
		compare_logs(test, kernel, own, accept, result);
		if (accept && !options.unpriv)
			compare_runs(test, kernel, theirs.fd, own, ours.fd, result);
	}
	unload(&theirs);
	unload(&ours);
}

/* --- all of them, in children --------------------------------------------------------------------------- */

/* Without privilege Linux lets only these two types be loaded. */
static bool is_wanted(const struct table_test *test)
{
	if (options.text && !strstr(test->descr, options.text))
		return false;
	return !options.unpriv || test->prog_type == BPF_PROG_TYPE_SOCKET_FILTER ||
	       test->prog_type == BPF_PROG_TYPE_CGROUP_SKB;
}

static uint32_t caps(void)
{
	if (options.unpriv)
		return 0;
	return options.no_perfmon ? SKEP_CAP_BPF | SKEP_CAP_NET_ADMIN : SKEP_CAP_ALL;
}

/* Test i in versions nobody wrote: results[0 … options.mutants - 1]. */
static void judge_mutants(uint32_t i, const struct table_test *test, struct side *kernel,
			  struct side *own, struct result *results)
{
	struct table_test version = *test;
	struct bpf_insn *insns = malloc(test->n_insns * sizeof(*insns));

	if (!insns)
		abort();
	version.insns = insns;
	version.n_runs = 0;
	version.errstr = NULL;
	for (uint32_t k = 0; k < options.mutants; k++) {
		memcpy(insns, test->insns, test->n_insns * sizeof(*insns));
		mutate(insns, test->n_insns, options.seed + ((uint64_t)i << 32) + k);
		results[k].outcome = CRASHED; /* should it */
		judge(&version, kernel, own, &results[k]);
		print_difference(i, k + 1, &version, kernel, own, &results[k]);
		alarm(CHILD_TEST_SECONDS_MAX);
	}
	free(insns);
}

static int run_tests(struct children *children, uint32_t first)
{
	struct result *results = children->arg;
	static struct side kernel, own;
	struct btf *vmlinux = NULL;
	bool has_kernel = !options.unpriv && !side_open_kernel(&kernel);
	int err = side_open_engine(&own, caps(), options.interpret);

	if (err) {
		fprintf(stderr, "conformance: no engine: %s\n", strerror(-err));
		return 2;
	}
	btf_load_base(NULL, &vmlinux);
	if (options.no_perfmon)
		err = side_drop_caps();
	if (err)
		return 2;
	kernel.vmlinux = own.vmlinux = vmlinux;
	kernel.map_btf = own.map_btf = table.map_btf();
	kernel.log_level = own.log_level = options.verbose ? BPF_LOG_LEVEL1 : 0;
	if (has_kernel)
		own.prog_flags_known = kernel.prog_flags_known;
	for (uint32_t i = first; i <= children->last; i++) {
		const struct table_test *test = table.get(i);

		if (!is_wanted(test))
			continue;
		child_at(children, i);
		judge(test, has_kernel ? &kernel : NULL, &own, &results[i]);
		print_difference(i, 0, test, has_kernel ? &kernel : NULL, &own, &results[i]);
		if (has_kernel && options.mutants && !own.failure[0] && test->n_insns < MUTATED_INSNS_MAX)
			judge_mutants(i, test, &kernel, &own,
				      results + table.count() + (size_t)i * options.mutants);
		fflush(stdout);
	}
	side_close(&own);
	if (has_kernel)
		side_close(&kernel);
	btf_free(vmlinux);
	return 0;
}

static void note_crash(struct children *children, uint32_t i, const char *how)
{
	struct result *result = (struct result *)children->arg + i;

	result->outcome = CRASHED;
	snprintf(result->reason, sizeof(result->reason), "%s", how);
	printf("#%u %s: CRASHED: %s\n", i, table.get(i)->descr, how);
}

/* --- main -------------------------------------------------------------------------------------------------- */

static void load_table(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (object) {
		table.count = (uint32_t(*)(void))dlsym(object, "table_count");
		table.get = (const struct table_test *(*)(uint32_t))dlsym(object, "table_get");
		table.map_btf = (const struct table_btf *(*)(void))dlsym(object, "table_map_btf");
	}
	if (!object || !table.count || !table.get || !table.map_btf) {
		fprintf(stderr, "conformance: %s\n", dlerror());
		exit(2);
	}
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "vmpuit:x:s:")) != -1) {
		options.verbose |= c == 'v';
		options.messages |= c == 'm';
		options.unpriv |= c == 'u';
		options.no_perfmon |= c == 'p';
		options.interpret |= c == 'i';
		if (c == 't')
			options.text = optarg;
		if (c == 'x')
			options.mutants = (uint32_t)strtoul(optarg, NULL, 0);
		if (c == 's')
			options.seed = strtoull(optarg, NULL, 0);
		if (c == '?')
			exit(2);
	}
	if (optind >= argc) {
		fprintf(stderr, "usage: conformance TABLE.so [-v] [-m] [-p] [-u] [-i] [-t TEXT] "
		"[-x N [-s SEED]] [FROM [TO]]\n");
		exit(2);
	}
	load_table(argv[optind++]);
	if (optind < argc) {
		options.from = (uint32_t)strtoul(argv[optind++], NULL, 0);
		options.to = optind < argc ? (uint32_t)strtoul(argv[optind], NULL, 0) : options.from;
	}
}

/* Says so where the kernel cannot be asked. */
static void probe_kernel(void)
{
	struct side probe;
	int err = side_open_kernel(&probe);

	if (!err)
		side_close(&probe);
	else if (!options.unpriv)
		printf("bpf(2) is not allowed here (%s): the table's expectations stand for the kernel\n",
		       strerror(-err));
}

int main(int argc, char **argv)
{
	struct children children = { .run = run_tests, .crashed = note_crash };
	uint32_t n;
	int err;

	read_options(argc, argv);
	n = table.count() * (1 + options.mutants);
	probe_kernel();
	children.first = options.from;
	children.last = MIN(options.to, table.count() - 1);
	children.arg = shared_new(n * sizeof(struct result));
	err = children_run(&children);
	if (err) {
		fprintf(stderr, "conformance: %s\n", strerror(-err));
		return 2;
	}
	return results_report("conformance", children.arg, n, excuses);
}
