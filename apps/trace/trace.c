/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace: one command, a table of subcommands. */
#include "trace/trace.h"

#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "tool/tool.h"

static const struct {
	const struct tool_spec *spec; /* its command is "trace NAME" */
	int (*main)(int argc, char **argv);
} subcommands[] = {
#define ROW(name) { &trace_##name##_spec, trace_##name##_main },
	TRACE_SUBCOMMANDS(ROW)
#undef ROW
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

const char trace_usage[] =
	"Usage: skep trace WHAT [OPTION...] [ARGUMENT...]\n\n"
	"Look at what the running kernel and its processes do. `skep trace` lists what there is,\n"
	"`skep trace WHAT --help` says how.\n";

static const char *name_of(size_t i)
{
	return subcommands[i].spec->command + strlen("trace ");
}

static void overview(FILE *stream)
{
	fputs(trace_usage, stream);
	fputs("\n", stream);
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		fprintf(stream, "  skep trace %-9s %s\n", name_of(i), subcommands[i].spec->summary);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int trace_main(int argc, char **argv)
{
	if (argc < 2) {
		overview(stderr);
		return TOOL_FAILED;
	}
	if (is_help(argv[1])) {
		overview(stdout);
		return TOOL_DONE;
	}
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (strcmp(name_of(i), argv[1]) == 0)
			return subcommands[i].main(argc - 1, argv + 1);
	fprintf(stderr, "skep trace: there is no '%s' to trace\nTry `skep trace --help`.\n", argv[1]);
	return TOOL_FAILED;
}
