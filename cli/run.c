/* SPDX-License-Identifier: BSD-2-Clause */
/* skep run: options, signals and the progress bar; the work is lib/job.h. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach/attach.h"
#include "compare.h"
#include "file.h"
#include "job.h"
#include "options.h"
#include "rejection.h"
#include "report.h"
#include "unit.h"

#define NAME	     "run"
#define SEED_DEFAULT 1
#define ROWS_DEFAULT 20
#define REPEAT_MAX   1000000000
#define BAR_CELLS    30
#define BAR_AFTER_NS 300000000ull /* shorter jobs show none */
#define BAR_EVERY_NS 100000000ull

const char run_usage[] =
	"Usage: skep run PROG [PROGRAM-NAME] --pcap FILE [OPTION...]\n"
	"\n"
	"Compiles PROG when it is C (x.bpf.c), loads it, runs it on every packet of the capture, and\n"
	"shows verdicts, time, maps, bpf_printk lines and ring-buffer records.\n"
	"\n"
	"  -r, --pcap FILE        packets to run it on; - is standard input\n"
	"  -w, --write FILE       write the packets that passed, as the program left them\n"
	"      --set NAME=VALUE   set a `const volatile` global before loading; may be repeated\n"
	"      --engine ENGINE    user (default, no privilege), kernel, or both and compare\n"
	"      --repeat N         run N times on each packet\n"
	"      --data FILE|HEX    run once, on this packet\n"
	"      --ctx FILE|HEX     the context, for programs that take no packets\n"
	"      --sysctl NAME[=VALUE]  an access, for SEC(\"cgroup/sysctl\"): read, or write; may be\n"
	"                         repeated; what it finds is this machine's, and nothing is written\n"
	"      --clock CLOCK      time the program reads: pcap (default), real, or nanoseconds\n"
	"      --seed N           of its random numbers (default 1)\n"
	"      --no-jit           interpret\n"
	"      --rows N           rows shown of each list (default 20; 0: all)\n"
	"      --json             one JSON document with everything\n"
	"  -v, --verbose          the whole verifier log of a rejection, and what libbpf says\n"
	"\n"
	"With --attach the program runs at its real hook, in the kernel: skep-run-attach(1).\n"
	"\n"
	"The clock and the seed are those of the user engine. --data and --ctx take the name of a\n"
	"file or hexadecimal digits.\n"
	"\n"
	"Exit codes: 0 done; 1 a difference or a rejection; 2 usage or input; 130 interrupted.\n"
	"\n"
	"  skep run examples/protocols.bpf.c --pcap examples/traffic.pcap\n"
	"  skep run examples/portfilter.bpf.c --set blocked_port=23 -r examples/traffic.pcap -w out.pcap\n";

enum {
	OPTION_REPEAT = OPTION_OWN,
	OPTION_DATA,
	OPTION_CTX,
	OPTION_SYSCTL,
	OPTION_CLOCK,
	OPTION_SEED,
	OPTION_NO_JIT,
	OPTION_ROWS,
};

static const struct option long_options[] = {
	{ "pcap", required_argument, NULL, 'r' },
	{ "write", required_argument, NULL, 'w' },
	OPTIONS_COMMON,
	{ "repeat", required_argument, NULL, OPTION_REPEAT },
	{ "data", required_argument, NULL, OPTION_DATA },
	{ "ctx", required_argument, NULL, OPTION_CTX },
	{ "sysctl", required_argument, NULL, OPTION_SYSCTL },
	{ "clock", required_argument, NULL, OPTION_CLOCK },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "no-jit", no_argument, NULL, OPTION_NO_JIT },
	{ "rows", required_argument, NULL, OPTION_ROWS },
	{ "verbose", no_argument, NULL, 'v' },
	{ 0 },
};

struct run_args {
	struct job_options job;
	struct common_args common;
	const char *data;
	const char *ctx;
	uint32_t rows;
	bool user_only; /* an option that only the user engine heeds was given */
	struct buffer image, data_bytes, ctx_bytes;
	struct accesses accesses;
};

static bool option_clock(const char *text, struct engine_setup *setup)
{
	uint64_t ns;

	if (strcmp(text, "pcap") == 0)
		setup->clock = ENGINE_CLOCK_PCAP;
	else if (strcmp(text, "real") == 0)
		setup->clock = ENGINE_CLOCK_REAL;
	else if (*text >= '0' && *text <= '9' &&
		 option_number(NAME, "--clock", text, 0, UINT64_MAX, &ns)) {
		setup->clock = ENGINE_CLOCK_FIXED;
		setup->fixed_ns = ns;
	} else {
		complain(NAME, "--clock '%s': it is pcap, real or a number of nanoseconds", text);
		return false;
	}
	return true;
}

static bool add_access(struct run_args *args, const char *text)
{
	struct error err;

	if (!accesses_add(&args->accesses, text, &err))
		return true;
	complain(NAME, "%s", err.text);
	return false;
}

static bool take_number(struct run_args *args, int option, const char *text)
{
	uint64_t value = 0;

	switch (option) {
	case OPTION_REPEAT:
		if (!option_number(NAME, "--repeat", text, 1, REPEAT_MAX, &value))
			return false;
		args->job.repeat = value;
		return true;
	case OPTION_SEED:
		args->user_only = true;
		return option_number(NAME, "--seed", text, 0, UINT64_MAX, &args->job.engine.seed);
	default:
		if (!option_number(NAME, "--rows", text, 0, UINT32_MAX, &value))
			return false;
		args->rows = value;
		return true;
	}
}

/* false after a complaint */
static bool take_option(struct run_args *args, int option, const char *text)
{
	switch (option) {
	case 'r':
		args->job.capture = text;
		return true;
	case 'w':
		args->job.output = text;
		return true;
	case OPTION_DATA:
		args->data = text;
		return true;
	case OPTION_CTX:
		args->ctx = text;
		return true;
	case OPTION_SYSCTL:
		return add_access(args, text);
	case OPTION_CLOCK:
		args->user_only = true;
		return option_clock(text, &args->job.engine);
	case OPTION_NO_JIT:
		args->user_only = true;
		return args->job.engine.no_jit = true;
	case OPTION_REPEAT:
	case OPTION_SEED:
	case OPTION_ROWS:
		return take_number(args, option, text);
	default:
		return option_common(NAME, option, text, true, &args->common);
	}
}

static bool parse(int argc, char **argv, struct run_args *args)
{
	int option;

	argv[0] = (char *)"skep run";
	while ((option = getopt_long(argc, argv, "r:w:v", long_options, NULL)) != -1)
		if (!take_option(args, option, optarg))
			return false;
	if (optind == argc) {
		complain(NAME, "which program? Give a C file or an object");
		complain_usage(NAME);
		return false;
	}
	args->job.path = argv[optind];
	if (optind + 1 < argc)
		args->job.program = argv[optind + 1];
	if (optind + 2 < argc) {
		complain(NAME, "'%s' is one argument too many: packets are given with --pcap FILE",
			 argv[optind + 2]);
		return false;
	}
	if (args->job.output && strcmp(args->job.output, "-") == 0) {
		complain(NAME, "-w -: standard output is for the report; give a file");
		return false;
	}
	if (args->common.engine == CHOICE_BOTH && args->job.capture && strcmp(args->job.capture, "-") == 0) {
		complain(NAME, "--pcap -: --engine both reads the capture twice; give a file");
		return false;
	}
	if (args->common.engine == CHOICE_KERNEL && args->user_only)
		complain(NAME, "note: the kernel does not heed --clock, --seed and --no-jit");
	if (args->common.engine != CHOICE_USER && args->accesses.n) {
		complain(NAME, "--sysctl is for --engine user: the kernel runs such programs at their "
			       "hook only (skep run --attach)");
		return false;
	}
	if (args->data && args->job.capture) {
		complain(NAME, "--pcap and --data exclude each other");
		return false;
	}
	return true;
}

static bool read_inputs(struct run_args *args)
{
	struct error err;

	if (args->data && file_or_hex("--data", args->data, &args->data_bytes, &err)) {
		complain(NAME, "%s", err.text);
		return false;
	}
	if (args->ctx && file_or_hex("--ctx", args->ctx, &args->ctx_bytes, &err)) {
		complain(NAME, "%s", err.text);
		return false;
	}
	args->job.data = args->data ? &args->data_bytes : NULL;
	args->job.ctx = args->ctx ? &args->ctx_bytes : NULL;
	if (object_read(args->job.path, &args->image, &err)) {
		complain(NAME, "%s", err.text);
		return false;
	}
	args->job.image = &args->image;
	return true;
}

/* --- while it runs ------------------------------------------------------------------------------- */

static void on_signal(int signo)
{
	job_interrupt();
}

/* The first signal ends the job after the packet at hand, the second ends the tool. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

struct progress {
	uint64_t began_ns;
	uint64_t drawn_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void draw(void *arg, double done, uint64_t packet)
{
	struct progress *p = arg;
	uint64_t now = now_ns();
	int cells = done < 0 ? 0 : (int)(done * BAR_CELLS);

	if (done >= 1) {
		if (p->drawn_ns)
			fputs("\r\033[K", stderr);
		return;
	}
	if (now - p->began_ns < BAR_AFTER_NS || now - p->drawn_ns < BAR_EVERY_NS)
		return;
	p->drawn_ns = now;
	if (done < 0)
		fprintf(stderr, "\r%llu packets", (unsigned long long)packet);
	else
		fprintf(stderr, "\r[%.*s%*s] %3.0f %%  %llu packets", cells,
			"##############################", BAR_CELLS - cells, "", done * 100,
			(unsigned long long)packet);
}

/* --- what it came to -------------------------------------------------------------------------------- */

static int show_rejection(const struct run_args *args, const char *log, const char *sentence)
{
	struct rejection r;
	struct buffer out = { 0 };

	rejection_parse(log, &r);
	rejection_print(&r, &out, "  ");
	complain(NAME, "%s", sentence);
	fputs(buffer_string(&out), stderr);
	if (args->common.verbose)
		fprintf(stderr, "\n%s", log);
	else
		fprintf(stderr, "The verifier's whole log: -v\n");
	buffer_deinit(&out);
	rejection_deinit(&r);
	return EXIT_DIFFERENCE;
}

static void put_comparison_text(const struct comparison *c, struct buffer *out)
{
	char packets[UNIT_BYTES];

	buffer_format(out, "\ncompared: %s", unit_count(c->n_compared, "packet", "packets", packets));
	if (c->lines_unread)
		buffer_text(out, " (but not bpf_printk: the kernel's lines may not be read)");
	if (c->not_comparable)
		buffer_format(out, "\nnot comparable: %s", c->not_comparable);
	if (c->difference)
		buffer_format(out, "\nDIFFERENCE at %s\n", c->difference);
	else if (c->n_compared)
		buffer_text(out, "\nno difference between the engines\n");
	else
		buffer_text(out, "\n");
}

static void put_comparison_json(const struct comparison *c, struct json *j)
{
	json_object_begin(j, "comparison");
	json_uint(j, "packets", c->n_compared);
	json_bool(j, "equal", !c->difference);
	if (c->difference) {
		json_string(j, "difference", c->difference);
		json_uint(j, "packet", c->first_differing);
	}
	if (c->not_comparable)
		json_string(j, "not_comparable", c->not_comparable);
	json_bool(j, "printk_compared", !c->lines_unread);
	json_object_end(j);
}

/* @c: NULL when one engine ran. */
static int show(const struct run_args *args, const struct report *report,
		const struct comparison *c)
{
	struct buffer out = { 0 };
	struct json j = { 0 };
	int rc;

	if (args->common.json) {
		json_object_begin(&j, NULL);
		report_json(report, &j);
		if (c)
			put_comparison_json(c, &j);
		json_object_end(&j);
		buffer_text(&j.out, "\n");
		out = j.out;
	} else {
		report_text(report, &out);
		if (c)
			put_comparison_text(c, &out);
	}
	rc = print_out(NAME, buffer_string(&out));
	buffer_deinit(&out);
	return rc;
}

static struct report make_report(const struct run_args *args, const struct outcome *outcome,
				 const struct btf *btf)
{
	return (struct report){
		.outcome = outcome,
		.btf = btf,
		.object = args->job.path,
		.capture = args->job.capture,
		.output = args->job.output,
		.accesses = args->job.accesses,
		.engine = engine_name(args->job.engine.kind),
		.other_ns = -1,
		.rows_max = args->rows,
		.bars = isatty(STDOUT_FILENO),
	};
}

/* What is shown also after a job that ended early. */
static int finish(const struct run_args *args, const struct report *report,
		  const struct comparison *c)
{
	const struct outcome *o = report->outcome;
	int rc = show(args, report, c);

	if (o->capture_error)
		return complain(NAME, "%s; what came before it was run", o->capture_error);
	if (o->interrupted) {
		complain(NAME, "interrupted after packet %llu", (unsigned long long)o->n_packets);
		return EXIT_INTERRUPTED;
	}
	return rc == EXIT_DONE && c && c->difference ? EXIT_DIFFERENCE : rc;
}

static void watch_progress(struct job *job, struct progress *progress)
{
	progress->began_ns = now_ns();
	if (!isatty(STDERR_FILENO))
		return;
	job->progress = draw;
	job->progress_arg = progress;
}

static int run_both(const struct run_args *args)
{
	struct job job = { 0 };
	struct comparison c = { 0 };
	struct progress progress = { 0 };
	struct report report;
	struct error err;
	int rc = job_open(&job, &args->job, &err);

	watch_progress(&job, &progress);
	catch_signals();
	if (!rc)
		rc = compare_run(&job, &c, &err);
	if (rc == -EBADMSG && c.rejection_log) {
		rc = show_rejection(args, c.rejection_log, err.text);
	} else if (rc) {
		rc = complain(NAME, "%s", err.text);
	} else {
		report = make_report(args, &c.outcome, bpf_object__btf(job.object.bpf));
		report.engine = "both";
		report.other = "kernel";
		report.other_ns = c.other_ns;
		rc = finish(args, &report, &c);
	}
	comparison_deinit(&c);
	job_close(&job);
	return rc;
}

static int run_one(const struct run_args *args)
{
	struct job job = { 0 };
	struct progress progress = { 0 };
	struct report report;
	struct error err;
	int rc = job_open(&job, &args->job, &err);

	watch_progress(&job, &progress);
	if (!rc)
		rc = job_load(&job, &err);
	if (rc == -EBADMSG) {
		rc = show_rejection(args, job.object.log, err.text);
		job_close(&job);
		return rc;
	}
	if (!rc) {
		catch_signals();
		rc = job_run(&job, &err);
	}
	if (rc) {
		rc = complain(NAME, "%s", err.text);
	} else {
		report = make_report(args, &job.outcome, bpf_object__btf(job.object.bpf));
		rc = finish(args, &report, NULL);
	}
	job_close(&job);
	return rc;
}

int run_main(int argc, char **argv)
{
	struct run_args args = {
		.job = { .repeat = 1, .hook = true, .engine = { .seed = SEED_DEFAULT } },
		.rows = ROWS_DEFAULT,
	};
	int rc = EXIT_INPUT;

	args.job.accesses = &args.accesses;
	if (attach_is_meant(argc, argv))
		return attach_main(argc, argv);
	if (option_help(argc, argv))
		return print_out(NAME, run_usage);
	if (parse(argc, argv, &args) && read_inputs(&args)) {
		object_verbose(args.common.verbose);
		args.job.settings = args.common.settings;
		args.job.n_settings = args.common.n_settings;
		args.job.engine.kind = args.common.engine == CHOICE_KERNEL ? ENGINE_KERNEL : ENGINE_USER;
		rc = args.common.engine == CHOICE_BOTH ? run_both(&args) : run_one(&args);
	}
	free(args.common.settings);
	buffer_deinit(&args.image);
	buffer_deinit(&args.data_bytes);
	buffer_deinit(&args.ctx_bytes);
	accesses_deinit(&args.accesses);
	return rc;
}
