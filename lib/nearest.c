/* SPDX-License-Identifier: BSD-2-Clause */
#include "nearest.h"

#include <string.h>

#define SHORT_DISTANCE_MAX 2
#define LETTERS_PER_ERROR  5 /* of long words */

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein distance of two words of at most NEAREST_WORD_MAX characters. */
static uint32_t distance(const char *a, const char *b)
{
	uint32_t row[NEAREST_WORD_MAX + 1], above, left;
	size_t n = strlen(b);

	if (strlen(a) > NEAREST_WORD_MAX || n > NEAREST_WORD_MAX)
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

void nearest_begin(struct nearest *n, const char *word)
{
	uint32_t most = strlen(word) / LETTERS_PER_ERROR;

	n->word = word;
	n->name = NULL;
	n->distance = (most > SHORT_DISTANCE_MAX ? most : SHORT_DISTANCE_MAX) + 1;
}

void nearest_add(struct nearest *n, const char *name)
{
	uint32_t d = distance(n->word, name);

	/* A beginning of a name means it. */
	if (*n->word && d > 1 && strncmp(name, n->word, strlen(n->word)) == 0)
		d = 1;
	if (d < n->distance) {
		n->distance = d;
		n->name = name;
	}
}
