/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where rules come from: -f FILE|FOLDER, operands, or the folder of the system; read as one set, and
 * again when one of them changes. Folders are watched, and those that files lie in: so a file that is
 * replaced by rename, or one a link points to elsewhere, is seen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guard/ruleset.h"

#define SOURCES_MAX 64

/* First in the struct of a tool with SOURCES_OPTIONS. */
struct sources {
	const char *paths[SOURCES_MAX];
	uint32_t n_paths;
	char **texts; /* rules of the command line */
	uint32_t n_texts;
};

/* A tool_option's take(). */
int sources_take_path(void *sources, const char *path, struct error *err);

#define SOURCES_OPTIONS                                                                            \
	{                                                                                          \
		'f', "file", "FILE|FOLDER",                                                        \
			"rules of this file, or of a folder's *.conf files; may be repeated",      \
			OPTION_CALL, .take = sources_take_path                                     \
	}

bool sources_given(const struct sources *sources);
/* The rules, into a set that is made here and is the caller's to deinit, also when it fails: then
 * set->mistakes says what is wrong where. 0, or -errno with a sentence. */
int sources_read(const struct sources *sources, struct ruleset *set, struct error *err);

/* An inotify descriptor that becomes readable when some of it may have changed. -errno with a
 * sentence. */
int sources_watch(const struct sources *sources, struct error *err);
/* Reads that descriptor empty, and watches what has come since. */
void sources_watch_again(const struct sources *sources, int fd);
