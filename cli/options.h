/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share in reading their options and in answering for what went wrong. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

enum engine_choice {
	CHOICE_USER,
	CHOICE_KERNEL,
	CHOICE_BOTH
};

/* What run, check and dump are all told. */
struct common_args {
	enum engine_choice engine;
	bool json, verbose;
	const char **settings; /* of --set; an array to free() */
	uint32_t n_settings;
};

/* Values of long options that have no letter; a command's own begin at OPTION_OWN. */
enum {
	OPTION_ENGINE = 256,
	OPTION_SET,
	OPTION_JSON,
	OPTION_OWN
};

/* Their rows in a table for getopt_long(); --verbose is 'v', of those that have it. */
#define OPTIONS_COMMON                                                                             \
	{ "engine", required_argument, NULL, OPTION_ENGINE },                                      \
		{ "set", required_argument, NULL, OPTION_SET },                                    \
	{                                                                                          \
		"json", no_argument, NULL, OPTION_JSON                                             \
	}

/* "skep COMMAND: sentence" on standard error; returns EXIT_INPUT. */
int complain(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for an option getopt_long() has just complained about. */
int complain_usage(const char *command);

/* Whether help is asked for among the words behind the first. */
bool option_help(int argc, char **argv);
/* Takes one of the common options, or complains of one nobody knows: false after a complaint. */
bool option_common(const char *command, int option, const char *text, bool both_allowed,
		   struct common_args *args);
/* Each reads one option's argument: true, or false after a complaint. */
bool option_engine(const char *command, const char *text, bool both_allowed,
		   enum engine_choice *choice);
bool option_number(const char *command, const char *option, const char *text, uint64_t min,
		   uint64_t max, uint64_t *value);

/* Writes all of @text to standard output: EXIT_DONE, or EXIT_INPUT after a complaint. */
int print_out(const char *command, const char *text);

/* The nearest of the names, NULL when none is near (nearest.h). */
const char *nearest(const char *word, const char *const *names, uint32_t n);
