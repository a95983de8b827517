/* SPDX-License-Identifier: BSD-2-Clause */
#include "subcommands.h"

#include <stdio.h>
#include <string.h>

#include "tool/tool.h"

const char *subcommand_name(const struct subcommands *table, uint32_t row)
{
	return table->rows[row].spec->command + strlen(table->command) + 1;
}

static void overview(const struct subcommands *table, FILE *stream)
{
	fprintf(stream, "%s\n", table->usage);
	for (uint32_t i = 0; i < table->n_rows; i++)
		fprintf(stream, "  skep %s %-*s %s\n", table->command, table->width,
			subcommand_name(table, i), table->rows[i].spec->summary);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int subcommands_main(const struct subcommands *table, int argc, char **argv)
{
	if (argc < 2) {
		overview(table, stderr);
		return TOOL_FAILED;
	}
	if (is_help(argv[1])) {
		overview(table, stdout);
		return TOOL_DONE;
	}
	for (uint32_t i = 0; i < table->n_rows; i++)
		if (strcmp(subcommand_name(table, i), argv[1]) == 0)
			return table->rows[i].main(argc - 1, argv + 1);
	return table->unknown(argv[1]);
}
