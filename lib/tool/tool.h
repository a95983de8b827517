/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a tool's main is made of. In order:
 *
 *	struct tool tool;
 *	int code;
 *
 *	if (!tool_begin(&tool, &spec, &output_spec, &self, argc, argv, &code))
 *		return code;
 *	x = x_bpf__open_opts(tool_open_options(&tool));	x_bpf__open() where no type of the kernel's is needed
 *	x->rodata->filter = tool.settings;
 *	tool_load(&tool, x->obj, &err), x_bpf__attach(x)
 *	tool_watch(&tool, x->obj);			what it costs is measured from here
 *	loop_add_ring(&tool.loop, ring_fd, fn, &self, &err);
 *	do { more = loop_wait(&tool.loop); show } while (more);
 *	detach; loop_drain(&tool.loop);
 *	tool_account(&tool, account_fd, shown);
 *	return tool_end(&tool);
 *
 * Data go to tool.output's stream, sentences to tool.notes; both are handed in by the application.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "tool/account.h"
#include "tool/cost.h"
#include "tool/event-api.bpf.h"
#include "tool/loop.h"
#include "tool/metrics.h"
#include "tool/options.h"
#include "tool/output.h"
#include "who/who.h"

/* Exit codes: those of the command line (cli/command.h). */
enum {
	TOOL_DONE = 0,
	TOOL_FAILED = 2
};

struct bpf_object;
struct bpf_object_open_opts;
struct kernel_types;

struct tool {
	const struct tool_spec *spec;
	struct tool_options options;
	struct filter_settings settings; /* for the program's .rodata */
	struct output output;
	struct metrics *metrics; /* NULL: nobody asked */
	struct loop loop;
	struct cost cost;
	struct who *who;
	char *cgroup_path; /* of the cgroup asked for, below the mount; NULL: none */
	struct kernel_types *types; /* NULL: none are needed, or libbpf looks for them */
	FILE *notes;
	int code;		/* what tool_end() returns */
	bool no_cost;		/* it only asked: tool_end() does not say what that cost */
	struct account counted; /* what the metrics have of it */
};

/*
 * Reads the command line, checks for privilege, resolves the filter, opens output, metrics and loop.
 * False: @code is the exit code, everything is said and undone.
 */
bool tool_begin(struct tool *tool, const struct tool_spec *spec, const struct output_spec *fields,
		void *self, int argc, char **argv, int *code);
/* "skep trace x: sentence" on the notes; what tool_end() returns becomes TOOL_FAILED, returned. */
int tool_fail(struct tool *tool, const struct error *err);
/* "skep trace x: sentence", and nothing else happens. */
void tool_note(struct tool *tool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, only with -v. */
void tool_say(struct tool *tool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * For a tool that counts, and so has rows at intervals only: --listen would answer nothing until the
 * end. Without an interval it gets one of a second where nothing is shown (-o prom), else -EINVAL.
 */
int tool_answer_live(struct tool *tool, struct error *err);

/*
 * Has cgroups reported from now on, when rows will show them (@always: whatever the format): a tool
 * that calls tool_cells() or who_cgroup() calls it before it attaches. What is refused is said with
 * -v, and is no failure.
 */
void tool_want_names(struct tool *tool, bool always);

/* What an object is opened with whose programs relocate against the kernel's types, or are tp_btf: they
 * are found by kernel_types.h. One such object at a time; it is destroyed before tool_end(). */
const struct bpf_object_open_opts *tool_open_options(struct tool *tool);

/*
 * Loads an opened object: 0, or -errno with a sentence: what of spec->ability is missing, or else
 * that it was refused (libbpf, with -v, says why).
 */
int tool_load(struct tool *tool, struct bpf_object *obj, struct error *err);
/* The programs of a loaded object are measured from here on. 0, or -errno. */
int tool_watch(struct tool *tool, const struct bpf_object *obj);

/* The common cells of a row about the task in @head. Texts live until the next call. */
void tool_cells(struct tool *tool, const struct event_head *head, struct cell *cells);

/*
 * Says what was lost: "N events: M shown, K dropped (ring full)", when K is not 0 or with -v, and how
 * often the kernel did not run a program because it was running. To be called when the programs are
 * detached and rings drained. 0, or -errno with a sentence.
 */
int tool_account(struct tool *tool, int account_fd, uint64_t shown);

/* Brings skep_events_total and skep_events_dropped_total up to date, where there are metrics. */
void tool_count_losses(struct tool *tool, const struct account *account);

/* Flushes, writes the page of metrics, says the cost, frees everything: the exit code. */
int tool_end(struct tool *tool);
