/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard doors: the other ways to a key's value, from the table or by experiment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/doors.h"
#include "guard/experiment.h"
#include "guard/guard.h"
#include "guard/rule.h"
#include "tool/tool.h"

struct doors_show {
	struct tool_options options;
	struct output output;
	bool try, whole_machine;
	char pattern[GUARD_NAME_BYTES];
	uint32_t n_shown;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 0, "try", NULL, "find them by experiment here; what the table lacks fails", OPTION_FLAG, offsetof(struct doors_show, try) },
	{ 0, "whole-machine", NULL, "with --try: also what is not of a namespace. Disturbs the machine", OPTION_FLAG, offsetof(struct doors_show, whole_machine) },
};
/* clang-format on */

const struct tool_spec guard_doors_spec = {
	.command = "guard doors",
	.operands = "[KEY]",
	.summary = "the other ways to a key's value",
	.about =
		"By what a key's value changes that is no write of the key: writes of other keys,\n"
		"messages of rtnetlink, system calls, writes of other files. KEY may be a pattern. The\n"
		"table is what was found by experiment; --try does the experiment again, in a scratch\n"
		"network, UTS and IPC namespace (as root), and shows whether the table has what it finds.\n"
		"With --whole-machine it also writes all other keys, module parameters and the like, and\n"
		"calls syslog(2): for a machine that is thrown away afterwards.\n",
	.flags = TOOL_OPERANDS | TOOL_STATIC,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep guard doors net.ipv4.ip_forward\n"
		    "  skep guard doors 'net.ipv6.*' -o json\n"
		    "  skep guard doors --try\n",
};

enum {
	FIELD_KEY,
	FIELD_DOOR,
	FIELD_WAY,
	FIELD_TABLE,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	[FIELD_KEY] = { "key", "KEY", FIELD_STRING, -48, .help = "a key, or a pattern" },
	[FIELD_DOOR] = { "door", "DOOR", FIELD_STRING, -8, .help = "alias, netlink, syscall or file" },
	[FIELD_WAY] = { "way", "WAY", FIELD_STRING, -40, .help = "what changes it; '*' is what it is in the key" },
	[FIELD_TABLE] = { "table", "TABLE", FIELD_STRING, 0, .help = "whether the shipped table has it: known or new" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

static void show_door(struct doors_show *s, const char *key, enum door_kind kind, const char *way,
		      const char *table)
{
	struct cell cells[N_FIELDS] = { 0 };
	char printed[GUARD_NAME_BYTES], printed_way[GUARD_NAME_BYTES];

	rule_key_print(key, printed);
	cells[FIELD_KEY] = cell_text(printed);
	cells[FIELD_DOOR] = cell_text(door_kind_name(kind));
	if (kind == DOOR_ALIAS)
		rule_key_print(way, printed_way);
	cells[FIELD_WAY] = cell_text(kind == DOOR_ALIAS ? printed_way : way);
	cells[FIELD_TABLE] = cell_text(table);
	output_row(&s->output, cells);
	s->n_shown++;
}

static void show_table(struct doors_show *s)
{
	for (enum door_kind kind = DOOR_ALIAS; kind < DOOR_UNKNOWN; kind++) {
		const struct door *door = NULL;

		while ((door = doors_next(s->pattern, kind, door)))
			show_door(s, door->key, kind, door->way, NULL);
	}
}

static int show_experiment(struct doors_show *s, struct error *err)
{
	struct experiment x;
	uint32_t n_new = 0;
	int rc = experiment_run(s->whole_machine, s->pattern, &x, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < x.n_findings; i++) {
		const struct experiment_finding *f = &x.findings[i];
		bool known = doors_knows(f->key, f->kind, f->way);

		n_new += !known;
		show_door(s, f->key, f->kind, f->way, known ? "known" : "new");
	}
	if (s->options.verbose)
		fprintf(stderr,
			"skep guard doors: %u things done, %u keys looked at each time, %u doors "
			"found\n",
			x.n_attempts, x.n_keys, x.n_findings);
	experiment_deinit(&x);
	if (n_new)
		return error_set(err, -ENOENT,
				 "%u doors that the table does not have: rules do not "
				 "close them",
				 n_new);
	return 0;
}

static int show(struct doors_show *s, struct error *err)
{
	const struct tool_options *given = &s->options;

	if (given->n_operands > 1)
		return error_set(err, -EINVAL, "one KEY at most, but there is '%s' too",
				 given->operands[1]);
	if (rule_key_parse(given->n_operands ? given->operands[0] : "*", s->pattern, err))
		return -EINVAL;
	if (s->whole_machine && !s->try)
		return error_set(err, -EINVAL, "--whole-machine is for --try");
	if (s->try)
		return show_experiment(s, err);
	output_hide(&s->output, FIELD_TABLE);
	show_table(s);
	if (!s->n_shown)
		fputs("skep guard doors: the table has no door to such a key\n", stderr);
	return 0;
}

static int usage(void)
{
	struct buffer text = { 0 };

	options_usage(&guard_doors_spec, &text);
	fputs(text.data, stdout);
	buffer_deinit(&text);
	return TOOL_DONE;
}

int guard_doors_main(int argc, char **argv)
{
	struct doors_show *s = xcalloc(1, sizeof(*s));
	struct error err;
	int rc = options_parse(&guard_doors_spec, s, argc, argv, &s->options, &err), flushed = 0;

	if (rc == 0) {
		output_init(&s->output, &output_spec, s->options.format, stdout);
		s->output.no_header = s->options.no_header;
		rc = show(s, &err);
		flushed = output_flush(&s->output);
		output_deinit(&s->output);
		if (!rc && flushed)
			rc = error_set(&err, flushed, "cannot write: %s", strerror(-flushed));
	}
	free(s);
	if (rc == 1)
		return usage();
	if (rc)
		fprintf(stderr, "skep guard doors: %s\n", err.text);
	return rc ? TOOL_FAILED : TOOL_DONE;
}
