/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_DISTANCE_MAX 2
#define WORD_MAX	     32

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

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein distance of two words of at most WORD_MAX characters. */
static uint32_t distance(const char *a, const char *b)
{
	uint32_t row[WORD_MAX + 1], above, left;
	size_t n = strlen(b);

	if (strlen(a) > WORD_MAX || n > WORD_MAX)
		return UINT32_MAX;
	for (uint32_t j = 0; j <= n; j++)
		row[j] = j;
	for (uint32_t i = 1; a[i - 1]; i++) {
		above = row[0];
		row[0] = i;
		for (uint32_t j = 1; j <= n; j++) {
			left = row[j];
			row[j] = min3(above + (a[i - 1] != b[j - 1]), row[j] + 1, row[j - 1] + 1);
			above = left;
		}
	}
	return row[n];
}

const char *nearest(const char *word, const char *const *names, uint32_t n)
{
	uint32_t best = NEAREST_DISTANCE_MAX + 1;
	const char *name = NULL;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t d = distance(word, names[i]);

		/* A beginning of a name means it. */
		if (*word && strncmp(names[i], word, strlen(word)) == 0)
			d = 1;
		if (d < best) {
			best = d;
			name = names[i];
		}
	}
	return name;
}
