/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's verifier tests in C (progs/verifier_*.c of its selftests, and those of dynptrs and user ring
 * buffers), compiled by run-progs, through the engine: does it accept what the running kernel accepts,
 * with the same log, and run to the same result?
 *
 *   conformance-progs [-v] [-t TEXT] [-d LEVEL] [-l FOLDER] [-x N [-s SEED]] OBJECT…
 *     -v  show the ends of both logs of each difference
 *     -t  only programs with TEXT in their name (FILE:PROGRAM)
 *     -d  log level, where a test names none (1)
 *     -l  write each log to FOLDER/PROGRAM.{kernel,skep}.log
 *     -x  what both accept also in N versions with random changes (mutate.h); these are not run
 *
 * An unmodified libbpf loads each program alone, with those marked as auxiliary, first into the kernel
 * and, in other children, into the engine. What a test expects, it says in BTF declaration tags
 * ("comment:test_…"): they give flags, log level and messages; the verdict is the kernel's, or, where
 * bpf(2) is not allowed, what the tags say of Linux 6.12.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "children.h"
#include "mutate.h"
#include "result.h"
#include "skep/skep.h"
#include "tags.h"

enum {
	UNITS_MAX = 4096,
	LOG_BYTES = (1 << 24) - 1,
	TAIL_BYTES = 1500,
	TAIL_LINES = 14,
	DATA_BYTES = 64,
	LOG_STATS = 4,
	MUTATED_INSNS_MAX = 1000,
	ENOTSUPP = 524,
};

/* What a side made of a program. */
struct sight {
	bool seen, crashed, accepted, ran, messages_found;
	bool lacks; /* of the engine: something the program needs is not there */
	int err;    /* of the load */
	int run_err;
	uint32_t retval;
	long steps;
	uint64_t text_hash;
	char reason[RESULT_REASON_BYTES];
	char tail[TAIL_BYTES];
};

/* The same of a changed version: enough to compare. */
struct glance {
	bool accepted, lacks;
	long steps;
	uint64_t text_hash;
	char reason[RESULT_REASON_BYTES];
};

struct unit {
	const char *path;
	char name[128]; /* FILE:PROGRAM */
	char prog[96];
	struct tags tags;
};

static struct options {
	bool verbose;
	const char *text, *log_folder;
	uint32_t log_level, mutants;
	uint64_t seed;
} options = { .log_level = 1 };

static struct unit units[UNITS_MAX];
static uint32_t n_units;

static char log_buf[LOG_BYTES];
static char warning[RESULT_REASON_BYTES]; /* the last of libbpf's */
static bool without_btf;                  /* libbpf made a map without the BTF the engine refused */

static const char *const excuses[] = {
	"not supported by this engine",
	"no map of type ",
	"no programs of type ",
	NULL,
};

static int note_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char text[512];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	without_btf |= strstr(text, "Retrying without BTF") != NULL;
	if (!strstr(text, "failed to load object"))
		snprintf(warning, sizeof(warning), "%.*s", (int)sizeof(warning) - 1, text);
	return 0;
}

/* --- one program on one side --------------------------------------------------------------------------- */

/* Leaves out maps that cannot be made here: programs that use them are refused by libbpf, by name. */
static void choose_maps(struct bpf_object *object, struct sight *sight)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		enum bpf_map_type type = bpf_map__type(map);
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map));
		int fd;

		if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS ||
		    type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		fd = bpf_map_create(type, NULL, bpf_map__key_size(map), bpf_map__value_size(map),
				    bpf_map__max_entries(map) ? bpf_map__max_entries(map) : 1, &opts);
		if (fd >= 0) {
			close(fd);
			continue;
		}
		bpf_map__set_autocreate(map, false);
		sight->lacks = true;
		snprintf(sight->reason, sizeof(sight->reason), "no map of type %s",
			 libbpf_bpf_map_type_str(type));
	}
}

/* Loads the unit's program and the auxiliary ones of its file. The program, or NULL. */
static struct bpf_program *choose_programs(struct bpf_object *object, const struct unit *unit)
{
	struct bpf_program *prog, *chosen = NULL;
	uint32_t level = unit->tags.log_level;

	bpf_object__for_each_program(prog, object) {
		bool own = !strcmp(bpf_program__name(prog), unit->prog);
		struct tags tags;

		tags_read(bpf_object__btf(object), bpf_program__name(prog), &tags);
		bpf_program__set_autoload(prog, own || tags.auxiliary);
		if (own)
			chosen = prog;
		tags_free(&tags);
	}
	if (!chosen)
		return NULL;
	bpf_program__set_flags(chosen, bpf_program__flags(chosen) | unit->tags.flags);
	bpf_program__set_log_level(chosen, (level ? level : options.log_level) | LOG_STATS);
	log_buf[0] = '\0';
	bpf_program__set_log_buf(chosen, log_buf, sizeof(log_buf));
	return chosen;
}

static void run(const struct unit *unit, int fd, struct sight *sight)
{
	static char in[DATA_BYTES], out[4 * DATA_BYTES];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	if (!unit->tags.execute)
		return;
	sight->run_err = bpf_prog_test_run_opts(fd, &opts);
	if (sight->run_err == -EINVAL) { /* a type that takes no packet */
		LIBBPF_OPTS(bpf_test_run_opts, empty);

		sight->run_err = bpf_prog_test_run_opts(fd, &empty);
		opts.retval = empty.retval;
	}
	sight->ran = true;
	sight->retval = opts.retval;
}

/* mutant: 1 …, or 0 for the program itself. */
static void write_log(const struct unit *unit, uint32_t mutant, bool kernel)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s%.0u.%s.log", options.log_folder, unit->prog,
		 mutant ? ".x" : "", mutant, kernel ? "kernel" : "skep");
	file = fopen(path, "w");
	if (!file)
		return;
	fwrite(log_buf, 1, log_text_bytes(log_buf), file);
	fclose(file);
}

static void look_at_log(const struct unit *unit, struct sight *sight)
{
	sight->steps = log_steps(log_buf);
	sight->text_hash = log_text_hash(log_buf);
	sight->messages_found = tags_messages_found(&unit->tags, log_buf);
	snprintf(sight->tail, sizeof(sight->tail), "%s", log_tail(log_buf, TAIL_LINES));
	if (!sight->lacks)
		log_reason(sight->reason, log_buf, sight->err);
	if (!log_buf[0] && !sight->lacks && warning[0])
		snprintf(sight->reason, sizeof(sight->reason), "%s", warning);
}

/* One changed version: without BTF, so that functions have no names. */
static void load_mutant(const struct bpf_program *prog, const struct bpf_insn *insns,
			struct glance *glance)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = bpf_program__expected_attach_type(prog),
		    .prog_flags = bpf_program__flags(prog),
		    .log_level = options.log_level | LOG_STATS, .log_buf = log_buf,
		    .log_size = sizeof(log_buf));
	int fd;

	log_buf[0] = '\0';
	fd = bpf_prog_load(bpf_program__type(prog), "mutant", "GPL", insns,
			   bpf_program__insn_cnt(prog), &opts);
	glance->accepted = fd >= 0;
	glance->lacks = strstr(log_buf, excuses[0]) || strstr(log_buf, "verifier bug");
	glance->steps = log_steps(log_buf);
	glance->text_hash = log_text_hash(log_buf);
	log_reason(glance->reason, log_buf, fd);
	if (fd >= 0)
		close(fd);
}

static void load_mutants(const struct unit *unit, bool kernel, const struct bpf_program *prog,
			 struct glance *glances)
{
	size_t n = bpf_program__insn_cnt(prog);
	struct bpf_insn *insns;

	if (n > MUTATED_INSNS_MAX)
		return;
	insns = malloc(n * sizeof(*insns));
	for (uint32_t k = 0; insns && k < options.mutants; k++) {
		memcpy(insns, bpf_program__insns(prog), n * sizeof(*insns));
		mutate(insns, (uint32_t)n, options.seed + k + (log_text_hash(unit->name) << 16));
		load_mutant(prog, insns, &glances[k]);
		if (options.log_folder)
			write_log(unit, k + 1, kernel);
		alarm(CHILD_TEST_SECONDS_MAX);
	}
	free(insns);
}

static void load(const struct unit *unit, bool kernel, struct sight *sight, struct glance *glances)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_program *prog;
	struct bpf_object *object;

	warning[0] = log_buf[0] = '\0';
	without_btf = false;
	sight->seen = true;
	object = bpf_object__open_file(unit->path, &opts);
	if (!object) {
		sight->err = -errno;
		snprintf(sight->reason, sizeof(sight->reason), "not opened: %s", warning);
		return;
	}
	if (!kernel)
		choose_maps(object, sight);
	prog = choose_programs(object, unit);
	if (!kernel && prog && libbpf_probe_bpf_prog_type(bpf_program__type(prog), NULL) == 0) {
		sight->lacks = true;
		snprintf(sight->reason, sizeof(sight->reason), "no programs of type %s",
			 libbpf_bpf_prog_type_str(bpf_program__type(prog)));
	}
	sight->err = prog ? bpf_object__load(object) : -ENOENT;
	sight->accepted = !sight->err;
	if (!kernel && without_btf) {
		sight->lacks = true;
		snprintf(sight->reason, sizeof(sight->reason), "no map of type with these fields");
	}
	look_at_log(unit, sight);
	if (options.log_folder)
		write_log(unit, 0, kernel);
	if (sight->accepted)
		run(unit, bpf_program__fd(prog), sight);
	if (sight->accepted && glances)
		load_mutants(unit, kernel, prog, glances);
	bpf_object__close(object);
}

/* --- all of them on one side ---------------------------------------------------------------------------- */

struct side {
	bool kernel;
	struct sight *sights;
	struct glance *glances; /* options.mutants for each unit, or NULL */
};

static int run_side(struct children *children, uint32_t first)
{
	struct side *side = children->arg;
	struct skep_engine *engine = NULL;
	int err = 0;

	if (!side->kernel) {
		err = skep_engine_new(NULL, &engine);
		if (!err)
			err = skep_engine_install(engine);
	}
	if (err) {
		fprintf(stderr, "conformance-progs: no engine: %s\n", strerror(-err));
		return 2;
	}
	for (uint32_t i = first; i <= children->last; i++) {
		child_at(children, i);
		load(&units[i], side->kernel, &side->sights[i],
		     side->glances ? side->glances + (size_t)i * options.mutants : NULL);
	}
	return 0;
}

static void note_crash(struct children *children, uint32_t i, const char *how)
{
	struct side *side = children->arg;
	struct sight *sight = &side->sights[i];

	sight->seen = sight->crashed = true;
	snprintf(sight->reason, sizeof(sight->reason), "%s", how);
}

static struct side look(bool kernel)
{
	struct side side = { kernel, shared_new(n_units * sizeof(*side.sights)), NULL };
	struct children children = {
		.last = n_units - 1, .run = run_side, .crashed = note_crash, .arg = &side,
	};

	if (options.mutants)
		side.glances = shared_new((size_t)n_units * options.mutants * sizeof(*side.glances));
	if (children_run(&children)) {
		fprintf(stderr, "conformance-progs: no child could begin\n");
		exit(2);
	}
	return side;
}

/* --- comparison ------------------------------------------------------------------------------------------ */

static bool kernel_allowed(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, 4, 1, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void compare_agreeing(const struct unit *unit, const struct sight *theirs,
			     const struct sight *ours, struct result *result)
{
	result->message_wanted = unit->tags.n_messages && theirs->messages_found;
	result->message_found = result->message_wanted && ours->messages_found;
	result->text_wanted = true;
	result->text_same = theirs->text_hash == ours->text_hash;
	if (!theirs->accepted)
		return;
	result->steps_wanted = true;
	result->steps_same = theirs->steps == ours->steps;
	if (!theirs->ran || theirs->run_err == -ENOTSUPP || unit->tags.returns_pointer)
		return;
	result->ran = true;
	if (theirs->run_err == ours->run_err && theirs->retval == ours->retval)
		return;
	result->outcome = RAN_DIFFERENTLY;
	snprintf(result->reason, sizeof(result->reason), "kernel: %d, result %#x; skep: %d, result %#x",
		 theirs->run_err, theirs->retval, ours->run_err, ours->retval);
}

static bool says_lacking(const struct sight *ours)
{
	return ours->lacks || strstr(ours->reason, excuses[0]);
}

static void judge(const struct unit *unit, const struct sight *theirs, const struct sight *ours,
		  struct result *result)
{
	memcpy(result->reason, ours->reason, sizeof(result->reason));
	if (ours->crashed || theirs->crashed) {
		result->outcome = CRASHED;
	} else if (theirs->accepted && !ours->accepted) {
		result->outcome = FALSE_REJECT;
	} else if (!theirs->accepted && ours->accepted && !ours->lacks) {
		result->outcome = FALSE_ACCEPT;
		memcpy(result->reason, theirs->reason, sizeof(result->reason));
	} else if (theirs->accepted != ours->accepted) {
		result->outcome = SKIPPED;
	} else {
		result->outcome = AGREE;
		result->hollow = !theirs->accepted && says_lacking(ours);
		if (!result->hollow)
			compare_agreeing(unit, theirs, ours, result);
	}
}

static void print_difference(const struct unit *unit, const struct sight *theirs,
			     const struct sight *ours, const struct result *result)
{
	const char *outcome = outcome_str(result->outcome);

	if (!outcome && result->text_wanted && !result->text_same)
		outcome = "other log";
	if (!outcome && result->message_wanted && !result->message_found)
		outcome = "other message";
	if (!outcome && result->steps_wanted && !result->steps_same)
		outcome = "other number of steps";
	if (!outcome || (!options.verbose && (result->outcome == FALSE_REJECT || result->outcome == AGREE)))
		return;
	printf("%s: %s: %s\n", unit->name, outcome, result->reason);
	if (options.verbose)
		printf("  --- log of kernel\n%s  --- log of skep\n%s", theirs->tail, ours->tail);
}

/* 1 when a version was falsely accepted or, for no known lack, falsely rejected. */
static int compare_mutants(const struct side *theirs, const struct side *ours)
{
	uint32_t n = 0, accepted = 0, differ = 0, logs = 0, lacks = 0;

	for (size_t i = 0; i < (size_t)n_units * options.mutants; i++) {
		const struct glance *a = &theirs->glances[i], *b = &ours->glances[i];
		const struct unit *unit = &units[i / options.mutants];
		bool same = a->accepted == b->accepted;

		if (!theirs->sights[i / options.mutants].accepted ||
		    !ours->sights[i / options.mutants].accepted)
			continue;
		n++;
		accepted += a->accepted;
		lacks += a->lacks || b->lacks;
		if (a->lacks || b->lacks || (same && a->text_hash == b->text_hash && a->steps == b->steps))
			continue;
		differ += !same;
		logs += same;
		printf("%s x%zu: %s: %s\n", unit->name, i % options.mutants + 1,
		       same ? "other log" : b->accepted ? "FALSE ACCEPT" : "false reject",
		       b->accepted ? a->reason : b->reason);
	}
	printf("changed versions: %u, %u accepted by the kernel, %u verdicts differ, %u logs or steps "
	       "differ, %u not compared\n", n, accepted, differ, logs, lacks);
	return differ != 0;
}

/* What the tags expect of Linux, where it cannot be asked. */
static struct sight *expected(void)
{
	struct sight *sights = shared_new(n_units * sizeof(*sights));

	for (uint32_t i = 0; i < n_units; i++)
		sights[i].accepted = !units[i].tags.expect_failure;
	return sights;
}

/* --- main -------------------------------------------------------------------------------------------------- */

static void add_unit(const char *path, const struct btf *btf, const char *prog)
{
	struct unit *unit = &units[n_units];
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (n_units == UNITS_MAX)
		return;
	unit->path = path;
	snprintf(unit->prog, sizeof(unit->prog), "%s", prog);
	snprintf(unit->name, sizeof(unit->name), "%.*s:%s", (int)strcspn(file, "."), file, prog);
	if (options.text && !strstr(unit->name, options.text))
		return;
	tags_read(btf, prog, &unit->tags);
	if (unit->tags.other_arch || unit->tags.unpriv_only) {
		tags_free(&unit->tags);
		return;
	}
	n_units++;
}

static void add_units(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;

	if (!object) {
		printf("%s: libbpf cannot open it: %s\n", path, warning);
		return;
	}
	bpf_object__for_each_program(prog, object)
		add_unit(path, bpf_object__btf(object), bpf_program__name(prog));
	bpf_object__close(object);
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "vt:d:l:x:s:")) != -1) {
		options.verbose |= c == 'v';
		if (c == 't')
			options.text = optarg;
		if (c == 'd')
			options.log_level = (uint32_t)strtoul(optarg, NULL, 0);
		if (c == 'x')
			options.mutants = (uint32_t)strtoul(optarg, NULL, 0);
		if (c == 's')
			options.seed = strtoull(optarg, NULL, 0);
		if (c == 'l')
			options.log_folder = optarg;
		if (c == '?')
			exit(2);
	}
}

int main(int argc, char **argv)
{
	struct side theirs = { .kernel = true }, ours;
	struct result *results;
	int differ = 0;

	libbpf_set_print(note_warning);
	read_options(argc, argv);
	for (int i = optind; i < argc; i++)
		add_units(argv[i]);
	if (!n_units) {
		fprintf(stderr, "usage: conformance-progs [-v] [-t TEXT] [-d LEVEL] [-l FOLDER] "
			"[-x N [-s SEED]] OBJECT…\n");
		return 2;
	}
	if (kernel_allowed()) {
		theirs = look(true);
	} else {
		printf("bpf(2) is not allowed here: the tests' expectations stand for the kernel\n");
		theirs.sights = expected();
	}
	ours = look(false);
	results = shared_new(n_units * sizeof(*results));
	for (uint32_t i = 0; i < n_units; i++) {
		judge(&units[i], &theirs.sights[i], &ours.sights[i], &results[i]);
		print_difference(&units[i], &theirs.sights[i], &ours.sights[i], &results[i]);
	}
	if (theirs.glances)
		differ = compare_mutants(&theirs, &ours);
	return differ | results_report("conformance-progs", results, n_units, excuses);
}
