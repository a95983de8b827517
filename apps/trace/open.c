/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace open: files as they are opened. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "trace/feed.h"
#include "trace/open-api.bpf.h"
#include "trace/trace.h"

#include "open.skel.h" /* last: its .rodata has types of the headers above */

#define RING_KIB     512 /* twice that is mapped, and counted as resident */
#define FLAGS_BYTES  16

struct opens {
	struct tool tool;
	struct feed feed;
	struct open_bpf *bpf;
	uint64_t ring_kib;
	bool failed, extended, compat;
	struct bpf_link *compat_enter, *compat_exit; /* only then */
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 'x', "failed", NULL, "only calls that fail", OPTION_FLAG, offsetof(struct opens, failed) },
	{ 'e', "extended", NULL, "columns of flags and time taken", OPTION_FLAG, offsetof(struct opens, extended) },
	{ 0, "compat", NULL, "calls of 32-bit programs, too: costs each system call of the machine 0.2 us", OPTION_FLAG,
	  offsetof(struct opens, compat) },
	FEED_OPTIONS(struct opens, ring_kib, feed.rows_max),
};
/* clang-format on */

const struct ability_tool trace_open_ability = {
	.name = "trace open",
	.does = "files as they are opened",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_RINGBUF },
	.hooks = { { "tracepoint", { ABILITY_TRACEPOINT, ABILITY_TRACEFS } } },
};

const struct tool_spec trace_open_spec = {
	.ability = &trace_open_ability,
	.command = "trace open",
	.summary = "files as they are opened",
	.about = "One row for each return of open, openat, openat2 and creat, with the path as it was\n"
		 "given. Calls of 32-bit programs are shown with --compat. Files opened through io_uring are\n"
		 "counted, not shown.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace open -x\n"
		    "  skep trace open -p 1234 -e\n"
		    "  skep trace open --container 4f2a -o json\n",
};

enum {
	FIELD_FD = FIELD_OWN,
	FIELD_ERR,
	FIELD_FLAGS,
	FIELD_TOOK,
	FIELD_PATH,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_FD] = { "fd", "FD", FIELD_I64, 4, .help = "descriptor; -1 when the call failed" },
	[FIELD_ERR] = { "err", "ERR", FIELD_U64, 3, FIELD_LABEL, .help = "errno; 0 when it succeeded" },
	[FIELD_FLAGS] = { "flags", "FLAGS", FIELD_STRING, -8, .help = "O_*, octal" },
	[FIELD_TOOK] = { "took_ns", "US", FIELD_DURATION_NS, 8, FIELD_COUNTER, "skep_open_seconds_total",
			 "time spent opening files", 1000 },
	[FIELD_PATH] = { "path", "PATH", FIELD_STRING, 0, .help = "as it was given" },
};
/* clang-format on */

static const struct output_spec output_spec = {
	.fields = fields,
	.n_fields = N_FIELDS,
	.rows_metric = "skep_opens_total",
	.rows_help = "calls that open a file",
};

static int take_record(void *arg, void *data, size_t bytes)
{
	const struct open_record *record = data;
	struct cell cells[N_FIELDS] = { 0 };
	struct opens *o = arg;
	char flags[FLAGS_BYTES];

	if (!feed_wants_more(&o->feed) || bytes < OPEN_RECORD_HEAD ||
	    (bytes > OPEN_RECORD_HEAD && ((char *)data)[bytes - 1]))
		return 0;
	tool_cells(&o->tool, &record->head, cells);
	cells[FIELD_FD] = cell_i64(record->ret < 0 ? -1 : record->ret);
	cells[FIELD_ERR] = cell_u64(record->ret < 0 ? (uint64_t)-record->ret : 0);
	snprintf(flags, sizeof(flags), "%08o", record->flags);
	cells[FIELD_FLAGS] = cell_text(flags);
	cells[FIELD_TOOK] = cell_u64(record->took_ns);
	if (bytes > OPEN_RECORD_HEAD)
		cells[FIELD_PATH] = cell_text(record->path);
	output_row(&o->tool.output, cells);
	return feed_shown(&o->feed);
}

static const struct tracepoint_field enter_fields[] = { { "__syscall_nr", 8, 4 } };
static const struct tracepoint_field exit_fields[] = { { "ret", 16, 8 } };

/* Each call, where its name is; a kernel may be older than one of them. */
static const struct {
	const char *enter, *exit, *prog;
	struct tracepoint_field path;
} calls[] = {
	{ "syscalls/sys_enter_openat", "syscalls/sys_exit_openat", "openat_enter", { "filename", 24, 8 } },
	{ "syscalls/sys_enter_open", "syscalls/sys_exit_open", "open_enter", { "filename", 16, 8 } },
	{ "syscalls/sys_enter_openat2", "syscalls/sys_exit_openat2", "openat2_enter", { "filename", 24, 8 } },
	{ "syscalls/sys_enter_creat", "syscalls/sys_exit_creat", "creat_enter", { "pathname", 16, 8 } },
};

#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

static int attach_call(struct opens *o, size_t i, struct error *err)
{
	struct tracepoint_field enter[] = { enter_fields[0], calls[i].path };
	const struct bpf_program *prog =
		bpf_object__find_program_by_name(o->bpf->obj, calls[i].prog);
	int rc;

	/* The return first: a call that is entered is sure to be seen returning. */
	rc = feed_tracepoint(&o->feed, o->bpf->progs.open_exit, calls[i].exit, exit_fields, 1, err);
	return rc ? rc : feed_tracepoint(&o->feed, prog, calls[i].enter, enter, 2, err);
}

/* Before Linux 6.2 it was called after the queue's entry. */
static const char *const uring_events[] = { "io_uring/io_uring_submit_req",
					    "io_uring/io_uring_submit_sqe" };
static const struct tracepoint_field uring_fields[] = { { "opcode", 32, 1 } };

/* What goes through io_uring is counted, where that can be. */
static void attach_uring(struct opens *o)
{
	struct error err;

	for (size_t i = 0; i < sizeof(uring_events) / sizeof(uring_events[0]); i++)
		if (feed_tracepoint(&o->feed, o->bpf->progs.uring_submit, uring_events[i],
				    uring_fields, 1, &err) == 0)
			return;
	tool_say(&o->tool, "opens through io_uring are not counted: %s", err.text);
}

static int attach_compat(struct opens *o, struct error *err)
{
	o->compat_exit = bpf_program__attach(o->bpf->progs.compat_exit);
	o->compat_enter = o->compat_exit ? bpf_program__attach(o->bpf->progs.compat_enter) : NULL;
	if (!o->compat_enter)
		return error_set(err, -errno, "cannot attach to raw_tp:sys_enter and sys_exit: %s",
				 strerror(errno));
	tool_say(&o->tool, "hook: raw_tp:sys_enter, sys_exit, for 32-bit programs");
	return 0;
}

static void detach_compat(void *arg)
{
	struct opens *o = arg;

	bpf_link__destroy(o->compat_enter);
	bpf_link__destroy(o->compat_exit);
	o->compat_enter = o->compat_exit = NULL;
}

static int attach(struct opens *o, struct error *err)
{
	int rc = o->compat ? attach_compat(o, err) : 0;

	if (rc)
		return rc;
	attach_uring(o);
	for (size_t i = 0; i < N_CALLS; i++) {
		rc = attach_call(o, i, err);

		if (rc && i == 0)
			return rc;
		if (rc)
			tool_say(&o->tool, "not seen: %s", err->text);
		else
			tool_say(&o->tool, "hook: tracepoint %s, %s", calls[i].enter, calls[i].exit);
	}
	return tool_watch(&o->tool, o->bpf->obj);
}

static void say_unseen(struct opens *o)
{
	int n_cpus = libbpf_num_possible_cpus();
	uint64_t *counts = xcalloc(n_cpus > 0 ? (size_t)n_cpus : 1, sizeof(*counts)), sum = 0;
	uint32_t zero = 0;

	if (n_cpus > 0 && !bpf_map_lookup_elem(bpf_map__fd(o->bpf->maps.unseen), &zero, counts))
		for (int cpu = 0; cpu < n_cpus; cpu++)
			sum += counts[cpu];
	free(counts);
	if (sum)
		tool_note(&o->tool, "%" PRIu64 " more were opened through io_uring, which are not shown",
			  sum);
}

static int start(struct opens *o, struct error *err)
{
	int rc;

	o->bpf = open_bpf__open();
	if (!o->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&o->bpf->rodata->filter, &o->tool.settings, sizeof(o->tool.settings));
	o->bpf->rodata->failed_only = o->failed;
	bpf_program__set_autoload(o->bpf->progs.compat_enter, o->compat);
	bpf_program__set_autoload(o->bpf->progs.compat_exit, o->compat);
	feed_open(&o->feed, &o->tool, o->bpf->obj, o->ring_kib);
	rc = tool_load(&o->tool, o->bpf->obj, err);
	if (rc)
		return rc;
	tool_want_names(&o->tool, false);
	rc = feed_listen(&o->feed, take_record, o, err);
	return rc ? rc : attach(o, err);
}

static void run(struct opens *o)
{
	feed_run(&o->feed, detach_compat, o);
	say_unseen(o);
}

int trace_open_main(int argc, char **argv)
{
	struct opens *o = xcalloc(1, sizeof(*o));
	struct error err;
	int code;

	o->ring_kib = RING_KIB;
	if (tool_begin(&o->tool, &trace_open_spec, &output_spec, o, argc, argv, &code)) {
		if (!o->extended && o->tool.options.format == OUTPUT_COLUMNS) {
			output_hide(&o->tool.output, FIELD_FLAGS);
			output_hide(&o->tool.output, FIELD_TOOK);
		}
		if (start(o, &err))
			tool_fail(&o->tool, &err);
		else
			run(o);
		detach_compat(o);
		feed_close(&o->feed);
		open_bpf__destroy(o->bpf);
		code = tool_end(&o->tool);
	}
	free(o);
	return code;
}
