/* SPDX-License-Identifier: BSD-2-Clause */
/* A command that is a table of subcommands, as `skep trace` is. */
#pragma once

#include <stdint.h>

struct tool_spec;

struct subcommand {
	const struct tool_spec *spec; /* its command is "COMMAND NAME" */
	int (*main)(int argc, char **argv);
};

struct subcommands {
	const char *command; /* "trace" */
	const char *usage;   /* the list of them is put behind it */
	const struct subcommand *rows;
	uint32_t n_rows;
	int width;			  /* of the names in the list */
	int (*unknown)(const char *word); /* complains; the exit code */
};

/* NAME of a row's "COMMAND NAME". */
const char *subcommand_name(const struct subcommands *table, uint32_t row);
/* Runs the one that is named, with its name as argv[0], or lists them. An exit code. */
int subcommands_main(const struct subcommands *table, int argc, char **argv);
