/* SPDX-License-Identifier: BSD-2-Clause */
/* skep check: every program of every object through the verifier, one at a time. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "json.h"
#include "object.h"
#include "options.h"
#include "rejection.h"
#include "table.h"
#include "unit.h"

#define NAME	  "check"
#define LOG_LINES 1
#define LOG_STATS 4

const char check_usage[] =
	"Usage: skep check OBJ... [OPTION...]\n"
	"\n"
	"Verifies every program of each object (x.bpf.o, or x.bpf.c, compiled first) and prints a row\n"
	"for each: verdict, instructions, instructions the verifier processed, states, time. Of a\n"
	"rejected program, the C line, the instruction and the reason.\n"
	"\n"
	"      --engine ENGINE    user (default, no privilege) or kernel\n"
	"      --set NAME=VALUE   set a `const volatile` global first; may be repeated\n"
	"      --json             one JSON document\n"
	"  -v, --verbose          the whole verifier log of a rejection\n"
	"\n"
	"Exit codes: 0 all accepted; 1 a rejection; 2 usage or input.\n";

static const struct option long_options[] = {
	OPTIONS_COMMON,
	{ "verbose", no_argument, NULL, 'v' },
	{ 0 },
};

enum verdict {
	ACCEPTED,
	REJECTED,
	NOT_LOADED
};

static const char *const verdict_names[] = { "accepted", "rejected", "not loaded" };

/* One program's row. */
struct row {
	const char *object;
	char *name;
	uint32_t type;
	uint32_t n_insns;
	enum verdict verdict;
	struct verifier_stats stats;
	struct rejection rejection; /* REJECTED */
	char *log;		    /* REJECTED */
	char *why;		    /* NOT_LOADED: a sentence */
};

struct rows {
	struct row *row;
	uint32_t n;
};

/* --- verifying -------------------------------------------------------------------------------------- */

static int load_at(const struct common_args *args, const char *path, const struct buffer *image,
		   const char *name, uint32_t log_level, struct row *row)
{
	struct object obj;
	struct error err;
	struct bpf_program *prog;
	int rc = object_open(&obj, path, image, &err);

	for (uint32_t i = 0; !rc && i < args->n_settings; i++)
		rc = object_set(&obj, args->settings[i], &err);
	prog = rc ? NULL : object_choose(&obj, name, &err);
	if (prog)
		rc = object_load(&obj, prog, log_level, &err);
	verifier_stats_parse(obj.log ? obj.log : "", &row->stats);
	row->verdict = rc == -EBADMSG ? REJECTED : rc ? NOT_LOADED : ACCEPTED;
	if (row->verdict == REJECTED)
		row->log = xstrdup(obj.log);
	if (row->verdict == NOT_LOADED)
		row->why = xstrdup(err.text);
	object_close(&obj);
	return rc;
}

static void check_program(const struct common_args *args, const char *path,
			  const struct buffer *image, struct row *row)
{
	struct verifier_stats stats;

	if (load_at(args, path, image, row->name, LOG_STATS, row) != -EBADMSG)
		return;
	/* Once more for the log: with it, verifying takes many times as long. */
	stats = row->stats;
	free(row->log);
	row->log = NULL;
	load_at(args, path, image, row->name, LOG_LINES, row);
	if (row->verdict == REJECTED)
		rejection_parse(row->log, &row->rejection);
	row->stats = stats;
}

static void list_rows(struct rows *rows, const char *path, const struct object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj->bpf)
	{
		array_grow(rows->row, rows->n);
		rows->row[rows->n++] = (struct row){
			.object = path,
			.name = xstrdup(bpf_program__name(prog)),
			.type = bpf_program__type(prog),
			.n_insns = bpf_program__insn_cnt(prog),
		};
	}
}

/* 0, or -errno after a complaint */
static int check_object(const struct common_args *args, const char *path, struct rows *rows)
{
	struct buffer image = { 0 };
	struct object obj = { 0 };
	uint32_t first = rows->n;
	struct error err;
	int rc = object_read(path, &image, &err);

	if (!rc)
		rc = object_open(&obj, path, &image, &err);
	for (uint32_t i = 0; !rc && i < args->n_settings; i++)
		rc = object_set(&obj, args->settings[i], &err);
	if (!rc) {
		list_rows(rows, path, &obj);
		if (rows->n == first)
			rc = error_set(&err, -ENOENT, "%s has no program", path);
	}
	object_close(&obj);
	for (uint32_t i = first; !rc && i < rows->n; i++)
		check_program(args, path, &image, &rows->row[i]);
	if (rc)
		complain(NAME, "%s", err.text);
	buffer_deinit(&image);
	return rc;
}

/* --- showing ----------------------------------------------------------------------------------------- */

static void put_row(const struct row *row, bool with_object, struct table *t)
{
	const struct verifier_stats *s = &row->stats;
	char time[UNIT_BYTES];

	table_row(t);
	if (with_object)
		table_cell(t, "%s", row->object);
	table_cell(t, "%s", row->name);
	table_cell(t, "%s", object_type_name(row->type));
	table_cell(t, "%s", verdict_names[row->verdict]);
	table_cell(t, "%u", row->n_insns);
	if (row->verdict == NOT_LOADED)
		return;
	table_cell(t, "%llu", (unsigned long long)s->insns_processed);
	table_cell(t, "%llu", (unsigned long long)s->total_states);
	table_cell(t, "%s", s->time_us == UINT64_MAX ? "" : unit_ns(s->time_us * 1e3, time));
}

static void put_table(const struct rows *rows, bool with_object, struct buffer *out)
{
	struct table t = { 0 };

	if (with_object)
		table_column(&t, "object", TABLE_LEFT);
	table_column(&t, "program", TABLE_LEFT);
	table_column(&t, "type", TABLE_LEFT);
	table_column(&t, "verdict", TABLE_LEFT);
	table_column(&t, "insns", TABLE_RIGHT);
	table_column(&t, "processed", TABLE_RIGHT);
	table_column(&t, "states", TABLE_RIGHT);
	table_column(&t, "time", TABLE_RIGHT);
	for (uint32_t i = 0; i < rows->n; i++)
		put_row(&rows->row[i], with_object, &t);
	table_print(&t, out, "");
	table_deinit(&t);
}

static void put_text(const struct common_args *args, const struct rows *rows, bool with_object,
		     struct buffer *out)
{
	bool rejected = false;

	put_table(rows, with_object, out);
	for (uint32_t i = 0; i < rows->n; i++) {
		const struct row *row = &rows->row[i];

		if (row->verdict == ACCEPTED)
			continue;
		buffer_format(out, "\n%s: %s, %s\n", row->object, row->name,
			      verdict_names[row->verdict]);
		if (row->verdict == NOT_LOADED) {
			buffer_format(out, "  %s\n", row->why);
			continue;
		}
		rejected = true;
		rejection_print(&row->rejection, out, "  ");
		if (args->verbose)
			buffer_format(out, "\n%s", row->log);
	}
	if (rejected && !args->verbose)
		buffer_text(out, "\nThe verifier's whole log: -v\n");
}

static void put_json_row(const struct row *row, struct json *j)
{
	const struct verifier_stats *s = &row->stats;

	json_object_begin(j, NULL);
	json_string(j, "object", row->object);
	json_string(j, "program", row->name);
	json_string(j, "type", object_type_name(row->type));
	json_string(j, "verdict", verdict_names[row->verdict]);
	json_uint(j, "instructions", row->n_insns);
	json_uint(j, "instructions_processed", s->insns_processed);
	json_uint(j, "states", s->total_states);
	json_uint(j, "states_peak", s->peak_states);
	json_uint(j, "states_per_instruction_max", s->max_states_per_insn);
	if (s->time_us == UINT64_MAX)
		json_null(j, "time_us");
	else
		json_uint(j, "time_us", s->time_us);
	if (row->verdict == REJECTED) {
		json_string(j, "source", row->rejection.source);
		json_string(j, "instruction", row->rejection.insn);
		json_string(j, "reason", row->rejection.reason);
		json_string(j, "log", row->log);
	} else if (row->verdict == NOT_LOADED) {
		json_string(j, "reason", row->why);
	}
	json_object_end(j);
}

static int show(const struct common_args *args, const struct rows *rows, bool with_object)
{
	struct buffer out = { 0 };
	struct json j = { 0 };
	int rc;

	if (args->json) {
		json_object_begin(&j, NULL);
		json_string(&j, "engine", args->engine == CHOICE_KERNEL ? "kernel" : "user");
		json_array_begin(&j, "programs");
		for (uint32_t i = 0; i < rows->n; i++)
			put_json_row(&rows->row[i], &j);
		json_array_end(&j);
		json_object_end(&j);
		buffer_text(&j.out, "\n");
		out = j.out;
	} else {
		put_text(args, rows, with_object, &out);
	}
	rc = print_out(NAME, buffer_string(&out));
	buffer_deinit(&out);
	return rc;
}

static void free_rows(struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++) {
		free(rows->row[i].name);
		free(rows->row[i].log);
		free(rows->row[i].why);
		rejection_deinit(&rows->row[i].rejection);
	}
	free(rows->row);
}

/* --- the command --------------------------------------------------------------------------------------- */

static int worst_of(const struct rows *rows)
{
	int worst = EXIT_DONE;

	for (uint32_t i = 0; i < rows->n; i++) {
		if (rows->row[i].verdict == NOT_LOADED)
			return EXIT_INPUT;
		if (rows->row[i].verdict == REJECTED)
			worst = EXIT_DIFFERENCE;
	}
	return worst;
}

static int check_all(const struct common_args *args, char **paths, int n_paths)
{
	struct engine_setup setup = {
		.kind = args->engine == CHOICE_KERNEL ? ENGINE_KERNEL : ENGINE_USER,
	};
	struct rows rows = { 0 };
	struct error err;
	int rc = EXIT_DONE;

	if (engine_enter(&setup, &err))
		return complain(NAME, "%s", err.text);
	for (int i = 0; i < n_paths; i++)
		if (check_object(args, paths[i], &rows))
			rc = EXIT_INPUT;
	if (rows.n && show(args, &rows, n_paths > 1))
		rc = EXIT_INPUT;
	if (rc == EXIT_DONE)
		rc = worst_of(&rows);
	free_rows(&rows);
	engine_leave();
	return rc;
}

int check_main(int argc, char **argv)
{
	struct common_args args = { 0 };
	int option, rc = EXIT_INPUT;

	argv[0] = (char *)"skep check";
	while ((option = getopt_long(argc, argv, "v", long_options, NULL)) != -1) {
		if (!option_common(NAME, option, optarg, false, &args)) {
			free(args.settings);
			return EXIT_INPUT;
		}
	}
	if (optind == argc) {
		complain(NAME, "which objects? Give at least one");
		complain_usage(NAME);
	} else {
		rc = check_all(&args, argv + optind, argc - optind);
	}
	free(args.settings);
	return rc;
}
