/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of things: read and open the object (for its globals), read the command line, ask each program
 * whether it can be attached, send bpf_printk through a ring where that is possible, load, open the
 * rings, attach, wait. Whatever was attached is detached before the last records are taken, so that
 * shown and dropped are all there was.
 */
#include "attach/attach.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/args.h"
#include "attach/events.h"
#include "attach/kinds.h"
#include "attach/series.h"
#include "buffer.h"
#include "command.h"
#include "engine.h"
#include "hook/hook.h"
#include "hook/program.h"
#include "hook/tracing.h"
#include "json.h"
#include "object.h"
#include "options.h"
#include "outcome.h"
#include "printk/redirect.h"
#include "rejection.h"
#include "report.h"
#include "tool/cost.h"
#include "tool/loop.h"
#include "tool/metrics.h"

#define NAME		 "run --attach"
#define GONE_EVERY_NS	 500000000ull
#define ITER_CHUNK_BYTES 65536

struct attached {
	struct bpf_program *prog;
	struct hook *hook;
	bool is_iter;
	bool gone;
};

struct attach {
	struct attach_args args;
	struct buffer image;	  /* as the user gave it */
	struct buffer redirected; /* with bpf_printk through the ring; empty: not */
	struct object object;
	struct loop loop;
	struct cost cost;
	struct events *events;
	struct metrics *metrics; /* NULL: nobody asked */
	struct outcome maps; /* only its maps */
	struct attached *attached;
	uint32_t n_attached, n_iters, n_gone;
	bool trace_pipe;
	bool ran;  /* everything was attached */
	int pidfd; /* of the process asked for; -1: none */
	uint64_t gone_at_ns;
	uint64_t cost_at_ns;
};

bool attach_is_meant(int argc, char **argv)
{
	return attach_args_have(argc, argv, "--attach");
}

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	va_list args;

	fputs("skep " NAME ": ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* --- help ------------------------------------------------------------------------------------------------ */

static void list_setting(void *arg, const char *name, const char *type, const char *value,
			 const char *help)
{
	struct buffer *out = arg;
	char *option = xformat("--%s %s", name, type);

	buffer_format(out, "  %-32s %s%s(default %s)\n", option, help, *help ? " " : "", value);
	free(option);
}

static int show_help(struct attach *a)
{
	struct buffer out = { 0 };
	struct bpf_program *prog;
	size_t before;
	int rc;

	buffer_text(&out, attach_usage);
	buffer_format(&out, "\nPrograms of %s:\n", a->args.path);
	bpf_object__for_each_program(prog, a->object.bpf)
		buffer_format(&out, "  %-32s SEC(\"%s\")\n", bpf_program__name(prog),
			      bpf_program__section_name(prog));
	buffer_format(&out, "\nIts globals:\n");
	before = out.bytes;
	object_list_settings(&a->object, list_setting, &out);
	if (out.bytes == before)
		buffer_text(&out, "  it has no `const volatile` globals\n");
	rc = print_out(NAME, out.data);
	buffer_deinit(&out);
	return rc;
}

/* --- choosing and loading --------------------------------------------------------------------------------- */

static bool is_chosen(const struct attach *a, const struct bpf_program *prog)
{
	if (!a->args.n_programs)
		return true;
	for (uint32_t i = 0; i < a->args.n_programs; i++)
		if (strcmp(a->args.programs[i], bpf_program__name(prog)) == 0)
			return true;
	return false;
}

static bool has_tail_calls(const struct attach *a)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, a->object.bpf) if (bpf_map__type(map) ==
							 BPF_MAP_TYPE_PROG_ARRAY) return true;
	return false;
}

/* The programs that are attached, and, where there are tail calls, those that can be called so. */
static void select_programs(struct attach *a)
{
	bool tail_calls = has_tail_calls(a);
	struct bpf_program *prog, *other;

	bpf_object__for_each_program(prog, a->object.bpf)
	{
		bool load = is_chosen(a, prog);

		bpf_object__for_each_program(other, a->object.bpf) load =
			load || (tail_calls && is_chosen(a, other) &&
				 bpf_program__type(other) == bpf_program__type(prog));
		bpf_program__set_autoload(prog, load);
	}
}

static int check_programs(struct attach *a, struct error *err)
{
	struct bpf_program *prog = bpf_object__next_program(a->object.bpf, NULL);
	int rc = 0;

	if (!prog)
		return error_set(err, -ENOENT,
				 "%s has no program: a function in a section such as "
				 "SEC(\"xdp\") is one",
				 a->args.path);
	for (uint32_t i = 0; i < a->args.n_programs; i++)
		if (!object_choose(&a->object, a->args.programs[i], err))
			return -ENOENT;
	bpf_object__for_each_program(prog, a->object.bpf) if (!rc && is_chosen(a, prog)) rc =
		hook_check_program(prog, &a->args.target, err);
	return rc;
}

/* Opens one of the two images and makes it ready to load. */
static int open_image(struct attach *a, const struct buffer *image, struct error *err)
{
	struct bpf_program *prog;
	struct bpf_map *ring;
	int rc;

	object_close(&a->object);
	rc = object_open(&a->object, a->args.path, image, err);
	if (rc)
		return rc;
	a->args.target.bpf = a->object.bpf;
	hook_prepare_object(a->object.bpf);
	select_programs(a);
	bpf_object__for_each_program(prog, a->object.bpf) if (!rc && is_chosen(a, prog)) rc =
		hook_retarget_program(prog, &a->args.target, err);
	for (uint32_t i = 0; i < a->args.n_settings && !rc; i++)
		rc = object_set(&a->object, a->args.settings[i], err);
	ring = bpf_object__find_map_by_name(a->object.bpf, PRINTK_RING_MAP);
	if (ring && a->args.ring_bytes && !rc)
		rc = bpf_map__set_max_entries(ring, (uint32_t)a->args.ring_bytes);
	return rc;
}

static int load_redirected(struct attach *a, struct error *err)
{
	int rc = printk_redirect(&a->image, &a->redirected, err);

	if (!rc)
		rc = open_image(a, &a->redirected, err);
	if (!rc)
		rc = object_load_selected(&a->object, err);
	return rc;
}

/* With bpf_printk through the ring where that can be; else, if only that was the matter, as it is. */
static int load(struct attach *a, struct error *err)
{
	bool prints = printk_is_called(&a->image);
	struct error why;
	int rc;

	if (prints && !a->args.trace_pipe) {
		rc = load_redirected(a, &why);
		if (!rc)
			return 0;
	}
	rc = open_image(a, &a->image, err);
	if (!rc)
		rc = object_load_selected(&a->object, err);
	if (rc)
		return rc;
	a->trace_pipe = prints;
	if (prints && !a->args.trace_pipe)
		note("bpf_printk goes through the kernel's trace pipe, which loses lines and is shared "
		     "with all of the machine: %s",
		     why.text);
	return 0;
}

/* libbpf does not say that it is the target's name that is wrong. */
static void explain_missing(const struct attach *a, int rc, struct error *err)
{
	struct bpf_program *prog;

	if (rc == -EBADMSG || !a->object.bpf)
		return;
	bpf_object__for_each_program(
		prog, a->object.bpf) if (is_chosen(a, prog) &&
					 hook_target_is_missing(prog, &a->args.target, err)) return;
}

/* A kernel that has no such programs says no more than that it does not permit them. */
static void explain_refused(const struct attach *a, int rc, struct error *err)
{
	struct bpf_program *prog;
	enum attach_kind kind;
	struct error why;

	if (rc != -EPERM || !a->object.bpf)
		return;
	bpf_object__for_each_program(prog, a->object.bpf)
	{
		kind = is_chosen(a, prog) ? attach_kind_of(prog) : ATTACH_KINDS_MAX;
		if (kind == ATTACH_KINDS_MAX ||
		    ability_choose(&attach_kinds[kind], NULL, &why) >= 0)
			continue;
		error_set(err, rc, "program '%s': %s", bpf_program__name(prog), why.text);
		return;
	}
}

static int refuse_load(struct attach *a, int rc, struct error *err)
{
	struct buffer out = { 0 };
	struct rejection r;

	explain_refused(a, rc, err);
	explain_missing(a, rc, err);
	note("%s", err->text);
	if (rc != -EBADMSG)
		return EXIT_INPUT;
	rejection_parse(a->object.log, &r);
	rejection_print(&r, &out, "  ");
	fputs(buffer_string(&out), stderr);
	if (a->args.verbose)
		fprintf(stderr, "\n%s", a->object.log);
	else
		fprintf(stderr, "The verifier's whole log: -v\n");
	rejection_deinit(&r);
	buffer_deinit(&out);
	return EXIT_DIFFERENCE;
}

/* --- attaching ---------------------------------------------------------------------------------------------- */

static int attach_one(struct attach *a, struct bpf_program *prog, struct error *err)
{
	struct attached one = { .prog = prog };
	int rc = hook_attach_program(prog, &a->args.target, &one.hook, err);

	if (rc)
		return rc;
	one.is_iter = bpf_program__type(prog) == BPF_PROG_TYPE_TRACING &&
		      bpf_program__expected_attach_type(prog) == BPF_TRACE_ITER;
	array_grow(a->attached, a->n_attached);
	a->attached[a->n_attached++] = one;
	a->n_iters += one.is_iter;
	if (a->args.verbose)
		note("%s: %s", bpf_program__name(prog), one.hook->what);
	if (a->args.target.pid > 0 && !hook_is_for_processes(prog))
		note("note: --pid does not concern program '%s': it sees every process",
		     bpf_program__name(prog));
	cost_add(&a->cost, bpf_program__fd(prog));
	return 0;
}

static int attach_all(struct attach *a, struct error *err)
{
	struct bpf_program *prog;
	int rc = 0;

	bpf_object__for_each_program(prog, a->object.bpf) if (!rc && is_chosen(a, prog)) rc =
		attach_one(a, prog, err);
	return rc;
}

/* Last first: what came last may lean on what came first. */
static void detach_all(struct attach *a)
{
	while (a->n_attached)
		hook_detach(a->attached[--a->n_attached].hook);
}

/* --- while it runs -------------------------------------------------------------------------------------------- */

static void look_for_gone(struct attach *a)
{
	for (uint32_t i = 0; i < a->n_attached; i++) {
		struct attached *one = &a->attached[i];

		if (one->gone || !hook_is_gone(one->hook))
			continue;
		one->gone = true;
		a->n_gone++;
		note("%s: what it was attached to has vanished (%s)", bpf_program__name(one->prog),
		     one->hook->what);
	}
	if (a->n_gone == a->n_attached)
		loop_stop(&a->loop);
}

static void process_ended(void *arg)
{
	struct attach *a = arg;

	note("process %d has ended", (int)a->args.target.pid);
	loop_stop(&a->loop);
}

/* A tool that is for one process ends with it. */
static int watch_process(struct attach *a, struct error *err)
{
	if (a->args.target.pid <= 0)
		return 0;
	a->pidfd = (int)syscall(SYS_pidfd_open, a->args.target.pid, 0);
	if (a->pidfd < 0)
		return error_set(err, -errno, "--pid %d: %s", (int)a->args.target.pid,
				 strerror(errno));
	return loop_add_fd(&a->loop, a->pidfd, process_ended, a, err);
}

static uint64_t chore(void *arg, uint64_t now_ns)
{
	struct attach *a = arg;

	if (now_ns >= a->gone_at_ns) {
		look_for_gone(a);
		a->gone_at_ns = now_ns + GONE_EVERY_NS;
	}
	if (a->cost_at_ns && now_ns >= a->cost_at_ns)
		a->cost_at_ns = cost_chore(&a->cost, now_ns);
	return a->cost_at_ns && a->cost_at_ns < a->gone_at_ns ? a->cost_at_ns : a->gone_at_ns;
}

static int read_iter(struct attach *a, const struct attached *one, struct error *err)
{
	int fd = hook_iter_open(one->hook);
	char chunk[ITER_CHUNK_BYTES];
	ssize_t n = 1;

	if (fd < 0)
		return error_set(err, fd, "%s: %s", one->hook->what, strerror(-fd));
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			break;
		if (n > 0 && a->args.format != OUTPUT_PROM)
			events_text(a->events, chunk, (size_t)n);
	}
	if (n < 0)
		error_set(err, -errno, "%s: %s", one->hook->what, strerror(errno));
	close(fd);
	return n < 0 ? -EIO : 0;
}

static int read_iters(struct attach *a, struct error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < a->n_attached && !rc; i++)
		if (a->attached[i].is_iter)
			rc = read_iter(a, &a->attached[i], err);
	return rc;
}

/* --- maps ------------------------------------------------------------------------------------------------------- */

static bool is_own_map(const struct mapshot *m)
{
	return strcmp(m->name, PRINTK_RING_MAP) == 0 || strcmp(m->name, PRINTK_LOST_MAP) == 0;
}

/* Its contents are worth showing: constants are not, and rings show themselves. */
static bool is_shown(const struct mapshot *m)
{
	return m->is_readable && !m->is_readonly && !is_own_map(m);
}

static bool has_shown_maps(const struct attach *a)
{
	for (uint32_t i = 0; i < a->maps.n_maps; i++)
		if (is_shown(&a->maps.maps[i]))
			return true;
	return false;
}

static void read_maps(struct attach *a)
{
	struct bpf_map *map;
	uint32_t i = 0;

	bpf_object__for_each_map(map, a->object.bpf)
	{
		struct mapshot *m = &a->maps.maps[i++];

		if (bpf_map__fd(map) >= 0 && is_shown(m))
			mapshot_read(m, bpf_map__fd(map));
	}
}

static void put_maps_json(struct attach *a, const struct report *r)
{
	struct json j = { .flat = true };
	uint64_t ts = loop_realtime_ns(loop_now_ns());
	char time[OUTPUT_TIME_BYTES];

	json_object_begin(&j, NULL);
	json_uint(&j, "ts", ts);
	json_string(&j, "time", output_time(ts, time));
	json_array_begin(&j, "maps");
	for (uint32_t i = 0; i < a->maps.n_maps; i++)
		if (is_shown(&a->maps.maps[i]))
			report_json_map(r, i, &j);
	json_array_end(&j);
	json_object_end(&j);
	events_text(a->events, buffer_string(&j.out), j.out.bytes);
	events_text(a->events, "\n", 1);
	buffer_deinit(&j.out);
}

static void show_maps(struct attach *a)
{
	struct report r = {
		.outcome = &a->maps,
		.btf = bpf_object__btf(a->object.bpf),
		.rows_max = a->args.rows,
		.other_ns = -1,
	};
	struct buffer out = { 0 };

	if (a->args.no_maps || a->args.format == OUTPUT_CSV || a->args.format == OUTPUT_PROM ||
	    !has_shown_maps(a))
		return;
	read_maps(a);
	if (a->args.format == OUTPUT_JSON) {
		put_maps_json(a, &r);
		return;
	}
	for (uint32_t i = 0; i < a->maps.n_maps; i++)
		if (!is_own_map(&a->maps.maps[i]))
			report_map(&r, i, &out);
	events_text(a->events, buffer_string(&out), out.bytes);
	buffer_deinit(&out);
}

/* --- metrics ---------------------------------------------------------------------------------------------------- */

/* What there is now: elements that are gone from a map go from the page. */
static void fill_metrics(struct attach *a)
{
	struct events_count count = events_count(a->events);

	metrics_clear(a->metrics);
	series_add_counts(a->metrics, &count);
	if (a->args.no_maps)
		return;
	read_maps(a);
	for (uint32_t i = 0; i < a->maps.n_maps; i++)
		if (is_shown(&a->maps.maps[i]))
			series_add_map(a->metrics, bpf_object__btf(a->object.bpf),
				       &a->maps.maps[i]);
}

static void answer(void *arg)
{
	struct attach *a = arg;

	fill_metrics(a);
	metrics_serve(a->metrics);
}

static int open_metrics(struct attach *a, struct error *err)
{
	int rc;

	if (a->args.format != OUTPUT_PROM && !a->args.listen)
		return 0;
	a->metrics = metrics_new();
	if (!a->args.listen)
		return 0;
	rc = metrics_listen(a->metrics, a->args.listen, err);
	return rc ? rc : loop_add_fd(&a->loop, metrics_fd(a->metrics), answer, a, err);
}

static void show_metrics(struct attach *a)
{
	struct buffer page = { 0 };

	fill_metrics(a);
	metrics_page(a->metrics, &page);
	events_text(a->events, buffer_string(&page), page.bytes);
	buffer_deinit(&page);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void say_counts(const struct attach *a)
{
	struct events_count c = events_count(a->events);

	if (c.prints && (c.lines_shown || c.lines_lost || a->args.verbose))
		note("bpf_printk: %llu lines, %llu shown, %llu dropped%s",
		     (unsigned long long)(c.lines_shown + c.lines_hidden + c.lines_lost +
					  c.lines_wrong),
		     (unsigned long long)c.lines_shown, (unsigned long long)c.lines_lost,
		     !c.lost_is_exact ? " as far as the trace pipe says"
		     : c.lines_lost   ? " (the ring was full: --ring makes it larger)"
				      : "");
	if (c.lines_hidden)
		note("%llu lines are not shown: -o csv has the records only",
		     (unsigned long long)c.lines_hidden);
	if (c.lines_wrong)
		note("%llu calls of bpf_printk had a format it does not take, and print nothing",
		     (unsigned long long)c.lines_wrong);
	if (c.records_lost)
		note("%llu records were dropped, a perf buffer was full",
		     (unsigned long long)c.records_lost);
}

static void say_cost(struct attach *a)
{
	struct buffer line = { 0 };

	cost_line(&a->cost, &line);
	if (line.bytes)
		note("cost: %s", line.data);
	buffer_deinit(&line);
}

/* Until the end; what is shown between, and after it. */
static int run(struct attach *a, struct error *err)
{
	bool only_iters =
		a->n_iters == a->n_attached && !a->args.interval_ns && !a->args.duration_ns;
	bool more = !only_iters;
	int rc = 0;

	if (a->n_iters)
		rc = read_iters(a, err);
	while (!rc && more) {
		more = loop_wait(&a->loop);
		if (more && a->n_iters)
			rc = read_iters(a, err);
		if (more && !rc)
			show_maps(a);
		events_flush(a->events);
	}
	return rc;
}

static int watch(struct attach *a, struct error *err)
{
	struct loop_setup loop = {
		.duration_ns = a->args.duration_ns,
		.interval_ns = a->args.interval_ns,
	};
	struct events_setup events = {
		.bpf = a->object.bpf,
		.loop = &a->loop,
		.format = a->args.format,
		.no_header = a->args.no_header,
		.trace_pipe = a->trace_pipe,
		.stream = stdout,
	};
	int rc = loop_init(&a->loop, &loop, err);

	if (rc)
		return rc;
	a->loop.chore = chore;
	a->loop.chore_arg = a;
	rc = events_open(&events, &a->events, err);
	if (!rc)
		rc = open_metrics(a, err);
	if (!rc)
		rc = watch_process(a, err);
	if (!rc)
		rc = attach_all(a, err);
	a->cost_at_ns = loop_now_ns();
	a->ran = !rc;
	if (!rc)
		rc = run(a, err);
	detach_all(a);
	if (!a->events)
		return rc;
	events_drain(a->events);
	if (!rc && a->args.format == OUTPUT_PROM)
		show_metrics(a);
	else if (!rc)
		show_maps(a);
	if (events_flush(a->events) && !rc)
		rc = error_set(err, -EPIPE, "cannot write to standard output");
	return rc;
}

static int enter_netns(const char *name, struct error *err)
{
	char *path = strspn(name, "0123456789") == strlen(name) ? xformat("/proc/%s/ns/net", name)
								: xstrdup(name);
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		rc = error_set(err, -errno, "--netns %s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* --- the command ---------------------------------------------------------------------------------------------- */

/* Reads the program, so that its globals are known, and then the command line. An exit code, -1: go on. */
static int prepare(struct attach *a, int argc, char **argv, struct error *err)
{
	const char *path = attach_args_path(argc, argv);

	if (!path && (attach_args_have(argc, argv, "--help") || attach_args_have(argc, argv, "-h")))
		return print_out(NAME, attach_usage);
	if (!path) {
		note("which program? Give a C file or an object");
		fprintf(stderr, "Try `skep run --attach --help`.\n");
		return EXIT_INPUT;
	}
	if (object_read(path, &a->image, err) || object_open(&a->object, path, &a->image, err)) {
		note("%s", err->text);
		return EXIT_INPUT;
	}
	hook_prepare_object(a->object.bpf);
	if (attach_args_parse(&a->args, argc, argv, &a->object, err)) {
		note("%s", err->text);
		return EXIT_INPUT;
	}
	a->args.path = path;
	return a->args.help ? show_help(a) : -1;
}

static int attach_run(struct attach *a, struct error *err)
{
	struct engine_setup engine = { .kind = ENGINE_KERNEL, .only_kernel = true };
	struct bpf_program *first = bpf_object__next_program(a->object.bpf, NULL);
	int rc = a->args.netns ? enter_netns(a->args.netns, err) : 0;

	if (!rc)
		rc = check_programs(a, err);
	if (!rc)
		rc = engine_enter(&engine, err);
	if (!rc) {
		rc = load(a, err);
		if (rc)
			return refuse_load(a, rc, err);
		first = bpf_object__next_program(a->object.bpf, NULL);
		outcome_init(&a->maps, a->object.bpf, first);
		rc = watch(a, err);
		engine_leave();
	}
	if (rc)
		note("%s", err->text);
	if (a->ran) {
		say_counts(a);
		say_cost(a);
	}
	return rc ? EXIT_INPUT : a->n_gone ? EXIT_DIFFERENCE : EXIT_DONE;
}

int attach_main(int argc, char **argv)
{
	struct attach *a = xcalloc(1, sizeof(*a));
	struct error err = { 0 };
	int code;

	cost_init(&a->cost);
	a->pidfd = -1;
	code = prepare(a, argc, argv, &err);
	if (code < 0)
		code = attach_run(a, &err);
	events_close(a->events);
	a->metrics = metrics_free(a->metrics);
	loop_deinit(&a->loop);
	cost_deinit(&a->cost);
	outcome_deinit(&a->maps);
	object_close(&a->object);
	attach_args_deinit(&a->args);
	free(a->attached);
	if (a->pidfd >= 0)
		close(a->pidfd);
	buffer_deinit(&a->image);
	buffer_deinit(&a->redirected);
	free(a);
	return code;
}
