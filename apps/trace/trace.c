/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace: one command, a table of subcommands. */
#include "trace/trace.h"

#include <stdio.h>

#include "subcommands.h"
#include "tool/tool.h"

static const struct subcommand rows[] = {
#define ROW(name) { &trace_##name##_spec, trace_##name##_main },
	TRACE_SUBCOMMANDS(ROW)
#undef ROW
};

const char trace_usage[] =
	"Usage: skep trace WHAT [OPTION...] [ARGUMENT...]\n\n"
	"Look at what the running kernel and its processes do. `skep trace` lists what there is,\n"
	"`skep trace WHAT --help` says how.\n";

static int unknown(const char *word)
{
	fprintf(stderr, "skep trace: there is no '%s' to trace\nTry `skep trace --help`.\n", word);
	return TOOL_FAILED;
}

static const struct subcommands table = {
	.command = "trace",
	.usage = trace_usage,
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.width = 9,
	.unknown = unknown,
};

int trace_main(int argc, char **argv)
{
	return subcommands_main(&table, argc, argv);
}
