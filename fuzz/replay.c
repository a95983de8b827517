/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target over the files of a folder, in the order of their names, and over a few inputs
 * that every target must survive (empty, zeros, ones). Says how many it ran; fails when the folder
 * holds none, so that a lost corpus is seen. It judges nothing itself: the target aborts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* Corpus files are small; a bigger one is refused, not truncated. */
#define INPUT_BYTES_MAX (1u << 20)

static uint8_t input[INPUT_BYTES_MAX + 1];

static int run_file(const char *folder, const char *name)
{
	char path[4096];
	size_t size;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "rb");
	if (!file)
		return -errno;
	size = fread(input, 1, sizeof(input), file);
	fclose(file);
	if (size > INPUT_BYTES_MAX)
		return -EFBIG;
	printf("%s: %zu bytes\n", name, size);
	fflush(stdout);
	LLVMFuzzerTestOneInput(input, size);
	return 0;
}

static void run_plain_inputs(void)
{
	static const int fills[] = { 0x00, 0xff, 0x55 };
	static const size_t sizes[] = { 0, 1, 7, 8, 64, 4096 };

	for (size_t f = 0; f < sizeof(fills) / sizeof(fills[0]); f++) {
		memset(input, fills[f], sizeof(input));
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			LLVMFuzzerTestOneInput(input, sizes[s]);
	}
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int failed = 0;
	int n;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	run_plain_inputs();
	n = scandir(argv[1], &entries, not_hidden, alphasort);
	if (n <= 0) {
		fprintf(stderr, "%s: %s\n", argv[1], n < 0 ? strerror(errno) : "no inputs");
		return 1;
	}
	for (int i = 0; i < n; i++) {
		int err = run_file(argv[1], entries[i]->d_name);

		if (err) {
			fprintf(stderr, "%s: %s\n", entries[i]->d_name, strerror(-err));
			failed = 1;
		}
		free(entries[i]);
	}
	free(entries);
	printf("%d inputs\n", n);
	return failed;
}
