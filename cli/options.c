/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "nearest.h"

int complain(const char *command, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "skep%s%s: ", *command ? " " : "", command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_INPUT;
}

int complain_usage(const char *command)
{
	fprintf(stderr, "Try `skep help%s%s`.\n", *command ? " " : "", command);
	return EXIT_INPUT;
}

bool option_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

bool option_engine(const char *command, const char *text, bool both_allowed,
		   enum engine_choice *choice)
{
	if (strcmp(text, "user") == 0)
		*choice = CHOICE_USER;
	else if (strcmp(text, "kernel") == 0)
		*choice = CHOICE_KERNEL;
	else if (strcmp(text, "both") == 0 && both_allowed)
		*choice = CHOICE_BOTH;
	else {
		complain(command, "--engine '%s': it is user%s kernel%s", text,
			 both_allowed ? "," : " or", both_allowed ? " or both" : "");
		return false;
	}
	return true;
}

bool option_common(const char *command, int option, const char *text, bool both_allowed,
		   struct common_args *args)
{
	switch (option) {
	case 'v':
		return args->verbose = true;
	case OPTION_JSON:
		return args->json = true;
	case OPTION_ENGINE:
		return option_engine(command, text, both_allowed, &args->engine);
	case OPTION_SET:
		array_grow(args->settings, args->n_settings);
		args->settings[args->n_settings++] = text;
		return true;
	}
	complain_usage(command);
	return false;
}

bool option_number(const char *command, const char *option, const char *text, uint64_t min,
		   uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || *value < min || *value > max) {
		complain(command, "%s '%s': it is a number from %llu to %llu", option, text,
			 (unsigned long long)min, (unsigned long long)max);
		return false;
	}
	return true;
}

int print_out(const char *command, const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return complain(command, "cannot write to standard output: %s", strerror(errno));
	return EXIT_DONE;
}

const char *nearest(const char *word, const char *const *names, uint32_t n)
{
	struct nearest best;

	nearest_begin(&best, word);
	for (uint32_t i = 0; i < n; i++)
		nearest_add(&best, names[i]);
	return best.name;
}
