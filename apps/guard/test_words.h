/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests that try every short pattern on every short name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The next of all words of up to @n of the letters, "" first; false behind the last. */
static inline bool next_word(char *word, const char *letters, size_t n)
{
	size_t i;

	for (i = 0; word[i]; i++) {
		const char *letter = strchr(letters, word[i]);

		if (letter[1]) {
			word[i] = letter[1];
			return true;
		}
		word[i] = letters[0];
	}
	if (i == n)
		return false;
	word[i] = letters[0];
	word[i + 1] = '\0';
	return true;
}
