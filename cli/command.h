/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the tool: a table in main.c, a function and a usage text in each command's file. */
#pragma once

#include <stdbool.h>

#include "error.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_DIFFERENCE = 1, /* or a rejection */
	EXIT_INPUT = 2,	     /* or usage */
	EXIT_INTERRUPTED = 130,
};

struct command {
	const char *name;
	const char *summary;
	const char *usage; /* printed by `skep help NAME` */
	int (*main)(int argc, char **argv);
	bool has_own_help; /* `skep NAME ... --help` is for it to answer */
};

int run_main(int argc, char **argv);
int check_main(int argc, char **argv);
int dump_main(int argc, char **argv);
int doctor_main(int argc, char **argv);

extern const char run_usage[];
extern const char check_usage[];
extern const char dump_usage[];
extern const char doctor_usage[];
