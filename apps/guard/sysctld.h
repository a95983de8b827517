/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings of sysctl.d(5) as systemd-sysctl(8) has them: files of /etc, /run, /usr/local/lib and
 * /usr/lib in the order of their names, of which one stands for all of the same name (the first of
 * these folders has it); then /etc/sysctl.conf, unless it was one of them by a link. A later
 * assignment of a key takes an earlier one's place, '-' in front ignores failure, without '=' it
 * keeps a key from being set by a pattern, and what is set by its own name is not set by a pattern.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

struct sysctld_setting {
	char *key;   /* the kernel's name, or a pattern of glob(7) */
	char *value; /* NULL: keeps patterns away */
	bool ignores_failure;
	const char *path; /* of the file, under the root */
	uint32_t line;
};

struct sysctld {
	struct sysctld_setting *settings; /* owned; in the order they are applied */
	uint32_t n_settings;
	char **paths; /* owned; of the files, in the order they were read */
	uint32_t n_paths;
	struct buffer complaints; /* "FILE:LINE: sentence\n" each: lines that are skipped */
};

/* Reads what is below @root ("" usually). 0, or -errno with a sentence: a file cannot be read. */
int sysctld_read(struct sysctld *s, const char *root, struct error *err);
void sysctld_deinit(struct sysctld *s);
/* Lines of one file: as read, for sysctld_read() and tests. @path is kept. */
void sysctld_read_text(struct sysctld *s, const char *path, const char *text);

/*
 * What is written, in order: calls @fn for each with the key's name, those that patterns match among
 * @keys.
 */
void sysctld_each(const struct sysctld *s, char *const *keys, uint32_t n_keys,
		  void (*fn)(void *arg, const struct sysctld_setting *setting, const char *name),
		  void *arg);
