/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool/loop.h"

#define COMM_LENGTH_MAX (FILTER_COMM_BYTES - 1)
#define LONG_FIRST	256 /* getopt's values: LONG_FIRST + row */
#define HELP_COLUMN	30

int options_seconds_parse(const char *text, uint64_t *ns)
{
	char *end;
	double seconds;

	if (!isdigit((unsigned char)*text) && *text != '.')
		return -EINVAL;
	errno = 0;
	seconds = strtod(text, &end);
	if (end == text || *end || errno || !isfinite(seconds) ||
	    seconds > (double)TOOL_SECONDS_MAX || seconds * 1e9 < 1)
		return -EINVAL;
	*ns = (uint64_t)(seconds * 1e9 + 0.5);
	return 0;
}

static int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || *value < min || *value > max)
		return -EINVAL;
	return 0;
}

static int take_pid(const char *text, uint32_t *pid, const char *what, struct error *err)
{
	uint64_t number;

	if (number_parse(text, 1, INT32_MAX, &number))
		return error_set(err, -EINVAL, "'%s' is not the number of a %s", text, what);
	*pid = (uint32_t)number;
	return 0;
}

static int take_process(void *self, const char *text, struct error *err)
{
	return take_pid(text, &((struct tool_options *)self)->filter.pid, "process", err);
}

static int take_thread(void *self, const char *text, struct error *err)
{
	return take_pid(text, &((struct tool_options *)self)->filter.tid, "thread", err);
}

static int take_comm(void *self, const char *text, struct error *err)
{
	struct tool_options *options = self;

	if (!*text)
		return error_set(err, -EINVAL, "the name of a process is not empty");
	if (strlen(text) > COMM_LENGTH_MAX)
		return error_set(err, -EINVAL,
				 "'%s' is longer than the %d bytes the kernel keeps of a process's "
				 "name: give the first %d",
				 text, COMM_LENGTH_MAX, COMM_LENGTH_MAX);
	options->filter.comm = text;
	return 0;
}

static int take_user(void *self, const char *text, struct error *err)
{
	struct tool_options *options = self;

	options->filter.has_uid = true;
	return filter_user_parse(text, &options->filter.uid, err);
}

static int take_format(void *self, const char *text, struct error *err)
{
	struct tool_options *options = self;

	if (output_format_parse(text, &options->format))
		return error_set(err, -EINVAL, "'%s': it is columns, json, csv or prom", text);
	return 0;
}

static int take_engine(void *self, const char *text, struct error *err)
{
	struct tool_options *options = self;

	if (strcmp(text, "kernel") == 0)
		options->engine = ENGINE_KERNEL;
	else if (strcmp(text, "user") == 0)
		options->engine = ENGINE_USER;
	else
		return error_set(err, -EINVAL, "'%s': it is kernel or user", text);
	return 0;
}

#define MEMBER(name) offsetof(struct tool_options, name)

/* clang-format off */
static const struct tool_option common[] = {
	{ 'p', "pid", "PID", "only this process", OPTION_CALL, .take = take_process },
	{ 't', "tid", "TID", "only this thread", OPTION_CALL, .take = take_thread },
	{ 'c', "comm", "NAME", "only processes of this name (its first 15 bytes)", OPTION_CALL, .take = take_comm },
	{ 'u', "uid", "USER", "only processes of this user, a number or a name", OPTION_CALL, .take = take_user },
	{ 0, "cgroup", "PATH", "only processes in this cgroup (v2) or below it", OPTION_TEXT, MEMBER(filter.cgroup) },
	{ 0, "container", "NAME", "only processes in this container or pod: its name, id or uid", OPTION_TEXT,
	  MEMBER(filter.container) },
	{ 0, "netns", "PATH|PID", "only processes in this network namespace", OPTION_TEXT, MEMBER(filter.netns) },
	{ 'd', "duration", "SECONDS", "end after this time", OPTION_SECONDS, MEMBER(duration_ns) },
	{ 'i', "interval", "SECONDS", "show every so often, not only at the end", OPTION_SECONDS, MEMBER(interval_ns) },
	{ 0, "count", "NUMBER", "end after so many intervals", OPTION_NUMBER, MEMBER(count), 1, UINT64_MAX },
	{ 'o', "output", "FORMAT", "columns (default), json, csv or prom", OPTION_CALL, .take = take_format },
	{ 0, "listen", "ADDR:PORT", "answer Prometheus at this address as well", OPTION_TEXT, MEMBER(listen) },
	{ 'T', "timestamp", NULL, "a column of times", OPTION_FLAG, MEMBER(timestamps) },
	{ 'C', "containers", NULL, "columns of container and pod", OPTION_FLAG, MEMBER(containers) },
	{ 0, "no-header", NULL, "no line of titles", OPTION_FLAG, MEMBER(no_header) },
	{ 'v', "verbose", NULL, "say which hooks were chosen, and all that was counted", OPTION_FLAG, MEMBER(verbose) },
	{ 0, "engine", "ENGINE", "who runs the programs: kernel (default) or user", OPTION_CALL, .take = take_engine },
	{ 'h', "help", NULL, "show this", OPTION_FLAG },
};
/* clang-format on */

#define N_COMMON (sizeof(common) / sizeof(common[0]))

/* The tool's rows, then the common ones that it does not hide. */
struct rows {
	const struct tool_option *row[TOOL_OPTIONS_MAX];
	char letter[TOOL_OPTIONS_MAX]; /* 0: none, or taken by an earlier row */
	uint32_t n, n_own;
};

static bool rows_have(const struct rows *rows, char letter, const char *name)
{
	for (uint32_t i = 0; i < rows->n; i++)
		if ((letter && rows->letter[i] == letter) ||
		    (name && strcmp(rows->row[i]->name, name) == 0))
			return true;
	return false;
}

static void rows_add(struct rows *rows, const struct tool_option *row)
{
	if (rows_have(rows, 0, row->name))
		return;
	assert(rows->n < TOOL_OPTIONS_MAX);
	rows->letter[rows->n] = rows_have(rows, row->letter, NULL) ? 0 : row->letter;
	rows->row[rows->n++] = row;
}

/* Of the common ones: those that are not about events. */
static bool is_static(const struct tool_option *row)
{
	static const char *const names[] = { "output", "no-header", "verbose", "help" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], row->name) == 0)
			return true;
	return false;
}

static void rows_gather(struct rows *rows, const struct tool_spec *spec)
{
	rows->n = 0;
	for (uint32_t i = 0; i < spec->n_options; i++)
		rows_add(rows, &spec->options[i]);
	rows->n_own = rows->n;
	for (size_t i = 0; i < N_COMMON; i++)
		if (!(spec->flags & TOOL_STATIC) || is_static(&common[i]))
			rows_add(rows, &common[i]);
}

static int take(const struct tool_option *row, void *self, const char *text, struct error *err)
{
	char *member = (char *)self + row->offset;
	struct error inner;
	int rc;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)member = text;
		return 0;
	case OPTION_NUMBER:
		if (number_parse(text, row->min, row->max, (uint64_t *)member) == 0)
			return 0;
		return error_set(err, -EINVAL, "--%s '%s': it is a number from %llu to %llu",
				 row->name, text, (unsigned long long)row->min,
				 (unsigned long long)row->max);
	case OPTION_SECONDS:
		if (options_seconds_parse(text, (uint64_t *)member) == 0)
			return 0;
		return error_set(err, -EINVAL, "--%s '%s': it is a number of seconds, more than 0",
				 row->name, text);
	case OPTION_CALL:
		rc = row->take(self, text, &inner);
		return rc ? error_set(err, rc, "--%s %s", row->name, inner.text) : 0;
	}
	return -EINVAL;
}

/* The tables as getopt_long() wants them. */
struct getopt_tables {
	char letters[2 * TOOL_OPTIONS_MAX + 3];
	struct option names[TOOL_OPTIONS_MAX + 1];
};

static void tables_make(const struct rows *rows, struct getopt_tables *tables)
{
	char *letter = tables->letters;

	memset(tables, 0, sizeof(*tables));
	*letter++ = ':'; /* complaints are ours */
	for (uint32_t i = 0; i < rows->n; i++) {
		tables->names[i] = (struct option){
			.name = rows->row[i]->name,
			.has_arg = rows->row[i]->argument ? required_argument : no_argument,
			.val = LONG_FIRST + (int)i,
		};
		if (!rows->letter[i])
			continue;
		*letter++ = rows->letter[i];
		if (rows->row[i]->argument)
			*letter++ = ':';
	}
}

static uint32_t row_of(const struct rows *rows, int value)
{
	if (value >= LONG_FIRST)
		return (uint32_t)(value - LONG_FIRST);
	for (uint32_t i = 0; i < rows->n; i++)
		if (rows->letter[i] == value)
			return i;
	assert(false);
	return 0;
}

static int refuse(const struct rows *rows, int value, const char *word, struct error *err)
{
	if (value == ':' && optopt >= LONG_FIRST)
		return error_set(err, -EINVAL, "%s needs %s behind it", word,
				 rows->row[optopt - LONG_FIRST]->argument);
	if (value == ':')
		return error_set(err, -EINVAL, "-%c needs %s behind it", optopt,
				 rows->row[row_of(rows, optopt)]->argument);
	if (optopt >= LONG_FIRST)
		return error_set(err, -EINVAL, "--%s takes no argument",
				 rows->row[optopt - LONG_FIRST]->name);
	if (optopt)
		return error_set(err, -EINVAL, "there is no option -%c", optopt);
	return error_set(err, -EINVAL, "there is no option %s, or it is the beginning of several",
			 word);
}

static int interval_operands(char **operands, uint32_t n, struct tool_options *options,
			     struct error *err)
{
	if (n > 2)
		return error_set(err, -EINVAL, "'%s': only an interval and a count are taken here",
				 operands[2]);
	if (n > 0 && options_seconds_parse(operands[0], &options->interval_ns))
		return error_set(err, -EINVAL,
				 "interval '%s': it is a number of seconds, more than 0",
				 operands[0]);
	if (n > 1 && number_parse(operands[1], 1, UINT64_MAX, &options->count))
		return error_set(err, -EINVAL, "count '%s': it is a number, more than 0",
				 operands[1]);
	return 0;
}

static int take_operands(const struct tool_spec *spec, int argc, char **argv, int end,
			 struct tool_options *options, struct error *err)
{
	uint32_t n = (uint32_t)(end - optind);

	options->operands = argv + optind;
	options->n_operands = n;
	if (end < argc) {
		if (!(spec->flags & TOOL_COMMAND))
			return error_set(err, -EINVAL, "it takes no command to run behind --");
		if (end + 1 == argc)
			return error_set(err, -EINVAL, "there is nothing behind --");
		options->command = argv + end + 1;
	}
	if (spec->flags & TOOL_INTERVAL)
		return interval_operands(options->operands, n, options, err);
	if (n && !(spec->flags & TOOL_OPERANDS))
		return error_set(err, -EINVAL, "'%s': it takes no operands", argv[optind]);
	return 0;
}

/* Where "--" stands, argc when nowhere: arguments behind it are not ours. */
static int command_at(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

static int options_check(struct tool_options *options, struct error *err)
{
	if (options->count && !options->interval_ns)
		return error_set(err, -EINVAL, "a count of intervals needs an interval");
	if (options->engine == ENGINE_USER)
		return error_set(err, -EINVAL,
				 "--engine user: what this tool looks at happens in the kernel, so "
				 "only the kernel's engine can run it");
	return 0;
}

int options_parse(const struct tool_spec *spec, void *self, int argc, char **argv,
		  struct tool_options *options, struct error *err)
{
	int end = command_at(argc, argv), value, rc;
	struct getopt_tables tables;
	struct rows rows;

	rows_gather(&rows, spec);
	tables_make(&rows, &tables);
	memset(options, 0, sizeof(*options));
	options->engine = ENGINE_KERNEL;
	optind = 0;
	while ((value = getopt_long(end, argv, tables.letters, tables.names, NULL)) != -1) {
		uint32_t i;

		if (value == '?' || value == ':')
			return refuse(&rows, value, argv[optind - 1], err);
		i = row_of(&rows, value);
		if (strcmp(rows.row[i]->name, "help") == 0)
			return 1;
		rc = take(rows.row[i], i < rows.n_own ? self : options, optarg, err);
		if (rc)
			return rc;
	}
	rc = take_operands(spec, argc, argv, end, options, err);
	return rc ? rc : options_check(options, err);
}

static void usage_row(const struct rows *rows, uint32_t i, struct buffer *out)
{
	const struct tool_option *row = rows->row[i];
	size_t start = out->bytes;

	buffer_text(out, "  ");
	if (rows->letter[i])
		buffer_format(out, "-%c, ", rows->letter[i]);
	else
		buffer_text(out, "    ");
	buffer_format(out, "--%s%s%s", row->name, row->argument ? " " : "",
		      row->argument ? row->argument : "");
	do
		buffer_text(out, " ");
	while (out->bytes - start < HELP_COLUMN);
	buffer_format(out, "%s\n", row->help);
}

void options_usage(const struct tool_spec *spec, struct buffer *out)
{
	struct rows rows;

	rows_gather(&rows, spec);
	buffer_format(out, "Usage: skep %s [OPTION...]", spec->command);
	if (spec->flags & TOOL_INTERVAL)
		buffer_text(out, " [INTERVAL [COUNT]]");
	else if (spec->operands)
		buffer_format(out, " %s", spec->operands);
	if (spec->flags & TOOL_COMMAND)
		buffer_format(out, " [-- %s]", spec->behind ? spec->behind : "COMMAND [ARGUMENT...]");
	buffer_format(out, "\n\n%c%s.\n", toupper((unsigned char)spec->summary[0]),
		      spec->summary + 1);
	if (spec->about)
		buffer_format(out, "\n%s", spec->about);
	if (rows.n_own)
		buffer_text(out, "\nOptions:\n");
	for (uint32_t i = 0; i < rows.n_own; i++)
		usage_row(&rows, i, out);
	buffer_text(out, "\nOptions of every tool:\n");
	for (uint32_t i = rows.n_own; i < rows.n; i++)
		usage_row(&rows, i, out);
	if (spec->examples)
		buffer_format(out, "\nExamples:\n%s", spec->examples);
}
