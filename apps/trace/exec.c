/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace exec: processes as they start a program, with its arguments, and as they end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "trace/feed.h"
#include "trace/exec-api.bpf.h"
#include "trace/trace.h"

#include "exec.skel.h" /* last: its .rodata has types of the headers above */

#define RING_KIB 512 /* twice that is mapped, and counted as resident */

struct exec {
	struct tool tool;
	struct feed feed;
	struct exec_bpf *bpf;
	uint64_t ring_kib;
	bool failed, no_exits;
	struct buffer args;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 'x', "failed", NULL, "calls of execve that fail, too", OPTION_FLAG, offsetof(struct exec, failed) },
	{ 0, "no-exits", NULL, "only starts", OPTION_FLAG, offsetof(struct exec, no_exits) },
	FEED_OPTIONS(struct exec, ring_kib, feed.rows_max),
};
/* clang-format on */

const struct ability_tool trace_exec_ability = {
	.name = "trace exec",
	.does = "processes as they start a program, and as they end",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_RINGBUF },
	.hooks = { { "raw_tp", { ABILITY_BTF, ABILITY_RAW_TP, ABILITY_PROBE_READ } } },
};

const struct tool_spec trace_exec_spec = {
	.ability = &trace_exec_ability,
	.command = "trace exec",
	.summary = "processes as they start a program, and as they end",
	.about = "One row for each program started, with its arguments, and one for each process that\n"
		 "ends, with its exit code or the signal that ended it, and how old it was.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace exec -T -C\n"
		    "  skep trace exec --no-exits -x -u 1000\n"
		    "  skep trace exec -o json -d 60\n",
};

enum {
	FIELD_PPID = FIELD_OWN,
	FIELD_EVENT,
	FIELD_RET,
	FIELD_SIGNAL,
	FIELD_AGE,
	FIELD_ARGS,
	FIELD_ARGS_LEFT,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_PPID] = { "ppid", "PPID", FIELD_U64, 7, .help = "its parent" },
	[FIELD_EVENT] = { "event", "EVENT", FIELD_STRING, -5, FIELD_LABEL, .help = "exec, fail or exit" },
	[FIELD_RET] = { "ret", "RET", FIELD_I64, 4, .help = "0, or -errno of execve; the exit code" },
	[FIELD_SIGNAL] = { "signal", "SIG", FIELD_U64, 3, .help = "the signal that ended it" },
	[FIELD_AGE] = { "age_ns", "AGE(ms)", FIELD_DURATION_NS, 10, .help = "since the process was made",
			.unit_ns = 1000000 },
	[FIELD_ARGS] = { "args", "ARGS", FIELD_STRING, 0, .help = "arguments, quoted where they need it" },
	[FIELD_ARGS_LEFT] = { "args_left_bytes", NULL, FIELD_BYTES, 0, .help = "arguments that were cut" },
};
/* clang-format on */

static const struct output_spec output_spec = {
	.fields = fields,
	.n_fields = N_FIELDS,
	.rows_metric = "skep_exec_events_total",
	.rows_help = "programs started, processes ended",
};

static void put_arg(struct buffer *out, const char *arg, size_t bytes)
{
	bool quoted = !bytes || strcspn(arg, " \t\n\"'\\") < bytes;

	if (out->bytes)
		buffer_text(out, " ");
	if (!quoted) {
		buffer_add(out, arg, bytes);
		return;
	}
	buffer_text(out, "\"");
	for (size_t i = 0; i < bytes; i++) {
		if (arg[i] == '"' || arg[i] == '\\')
			buffer_text(out, "\\");
		buffer_add(out, arg + i, 1);
	}
	buffer_text(out, "\"");
}

/* Arguments one behind the other, each ended by NUL; the last may be cut. */
static const char *join_args(struct buffer *out, const char *args, size_t bytes)
{
	size_t n;

	buffer_reset(out);
	for (size_t at = 0; at < bytes; at += n + 1) {
		n = strnlen(args + at, bytes - at);
		put_arg(out, args + at, n);
	}
	return buffer_string(out);
}

static void ended_cells(const struct exec_record *record, struct cell *cells)
{
	uint32_t signal = (uint32_t)record->ret & 0x7f;

	if (signal)
		cells[FIELD_SIGNAL] = cell_u64(signal);
	else
		cells[FIELD_RET] = cell_i64(record->ret >> 8 & 0xff);
	cells[FIELD_AGE] = cell_u64(record->age_ns);
}

static int take_record(void *arg, void *data, size_t bytes)
{
	static const char *const events[] = { "exec", "fail", "exit" };
	const struct exec_record *record = data;
	struct cell cells[N_FIELDS] = { 0 };
	struct exec *e = arg;

	if (!feed_wants_more(&e->feed) || bytes < EXEC_RECORD_HEAD || record->kind > EXEC_ENDED)
		return 0;
	tool_cells(&e->tool, &record->head, cells);
	cells[FIELD_PPID] = cell_u64(record->ppid);
	cells[FIELD_EVENT] = cell_text(events[record->kind]);
	if (record->kind == EXEC_ENDED) {
		ended_cells(record, cells);
	} else {
		cells[FIELD_RET] = cell_i64(record->ret);
		cells[FIELD_ARGS] =
			cell_text(join_args(&e->args, record->args, bytes - EXEC_RECORD_HEAD));
	}
	if (record->args_left)
		cells[FIELD_ARGS_LEFT] = cell_u64(record->args_left);
	output_row(&e->tool.output, cells);
	return feed_shown(&e->feed);
}

static const struct {
	const char *event, *prog;
} tracepoints[] = {
	{ "syscalls/sys_enter_execve", "execve_enter" },
	{ "syscalls/sys_enter_execveat", "execveat_enter" },
	{ "syscalls/sys_exit_execve", "execve_exit" },
	{ "syscalls/sys_exit_execveat", "execveat_exit" },
};

#define N_TRACEPOINTS (sizeof(tracepoints) / sizeof(tracepoints[0]))

static struct bpf_program *prog_of(struct exec *e, size_t i)
{
	return bpf_object__find_program_by_name(e->bpf->obj, tracepoints[i].prog);
}

static int load(struct exec *e, struct error *err)
{
	e->bpf = exec_bpf__open_opts(tool_open_options(&e->tool));
	if (!e->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&e->bpf->rodata->filter, &e->tool.settings, sizeof(e->tool.settings));
	feed_open(&e->feed, &e->tool, e->bpf->obj, e->ring_kib);
	for (size_t i = 0; i < N_TRACEPOINTS; i++) {
		bpf_program__set_autoload(prog_of(e, i), e->failed);
		bpf_program__set_autoattach(prog_of(e, i), false);
	}
	bpf_program__set_autoload(e->bpf->progs.exec_ended, !e->no_exits);
	return tool_load(&e->tool, e->bpf->obj, err);
}

static int attach(struct exec *e, struct error *err)
{
	int rc = exec_bpf__attach(e->bpf);

	if (rc)
		return error_set(err, rc, "cannot attach to raw_tp:sched_process_exec: %s",
				 strerror(-rc));
	for (size_t i = 0; i < N_TRACEPOINTS && e->failed && !rc; i++)
		rc = feed_tracepoint(&e->feed, prog_of(e, i), tracepoints[i].event, NULL, 0, err);
	if (rc)
		return rc;
	tool_say(&e->tool, "hooks: raw_tp:sched_process_exec%s%s",
		 e->no_exits ? "" : ", raw_tp:sched_process_exit",
		 e->failed ? ", tracepoint:syscalls:sys_{enter,exit}_execve{,at}" : "");
	return tool_watch(&e->tool, e->bpf->obj);
}

static void detach(void *arg)
{
	exec_bpf__detach(((struct exec *)arg)->bpf);
}

static int start(struct exec *e, struct error *err)
{
	int rc = load(e, err);

	if (rc)
		return rc;
	tool_want_names(&e->tool, false);
	rc = feed_listen(&e->feed, take_record, e, err);
	return rc ? rc : attach(e, err);
}

int trace_exec_main(int argc, char **argv)
{
	struct exec *e = xcalloc(1, sizeof(*e));
	struct error err;
	int code;

	e->ring_kib = RING_KIB;
	if (tool_begin(&e->tool, &trace_exec_spec, &output_spec, e, argc, argv, &code)) {
		if (e->no_exits) {
			output_hide(&e->tool.output, FIELD_SIGNAL);
			output_hide(&e->tool.output, FIELD_AGE);
		}
		if (start(e, &err))
			tool_fail(&e->tool, &err);
		else
			feed_run(&e->feed, detach, e);
		feed_close(&e->feed);
		exec_bpf__destroy(e->bpf);
		code = tool_end(&e->tool);
	}
	buffer_deinit(&e->args);
	free(e);
	return code;
}
