/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twin PATTERNS NAMES: for each line of NAMES the number (from 1) of the first line of PATTERNS that matches it,
 * 0 for none, by rule_pattern_matches(): what skep guard's program is compared with.
 */
#include <stdio.h>
#include <string.h>

#include "guard/rule.h"

#define LINES_MAX 8192

/* Lines of a file into @lines: how many. */
static size_t read_lines(const char *path, char lines[][GUARD_NAME_BYTES])
{
	FILE *file = fopen(path, "r");
	size_t n = 0;

	while (file && n < LINES_MAX && fgets(lines[n], GUARD_NAME_BYTES, file)) {
		lines[n][strcspn(lines[n], "\n")] = '\0';
		n++;
	}
	if (file)
		fclose(file);
	return n;
}

int main(int argc, char **argv)
{
	static char patterns[LINES_MAX][GUARD_NAME_BYTES], names[LINES_MAX][GUARD_NAME_BYTES];
	size_t n_patterns, n_names;

	if (argc != 3)
		return 2;
	n_patterns = read_lines(argv[1], patterns);
	n_names = read_lines(argv[2], names);
	for (size_t i = 0; i < n_names; i++) {
		size_t first = 0;

		while (first < n_patterns && !rule_pattern_matches(patterns[first], names[i]))
			first++;
		printf("%s %zu\n", names[i], first < n_patterns ? first + 1 : 0);
	}
	return 0;
}
