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

/* Values of long options that have no letter begin here. */
enum {
	OPTION_FIRST = 256
};

/* "skep COMMAND: sentence" on standard error; returns EXIT_INPUT. */
int complain(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for an option getopt_long() has just complained about. */
int complain_usage(const char *command);

/* Each reads one option's argument: true, or false after a complaint. */
bool option_engine(const char *command, const char *text, bool both_allowed,
		   enum engine_choice *choice);
bool option_number(const char *command, const char *option, const char *text, uint64_t min,
		   uint64_t max, uint64_t *value);

/* Writes all of @text to standard output: EXIT_DONE, or EXIT_INPUT after a complaint. */
int print_out(const char *command, const char *text);

/* The nearest of the names, NULL when none is near (nearest.h). */
const char *nearest(const char *word, const char *const *names, uint32_t n);
