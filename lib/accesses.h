/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to sysctls as they are given on a command line, one after another, and what a program that
 * judges them made of each. Nothing is written: a value that went through is what later accesses of the
 * same list find; what was there before is this machine's, where it can be read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define ACCESS_NAME_BYTES  4096
#define ACCESS_VALUE_BYTES 4096 /* as much as programs see */

struct access_value {
	char *bytes; /* owned; NULL: none */
	uint32_t n;
};

struct access {
	char *name; /* beneath /proc/sys, with slashes; owned */
	bool write;
	struct access_value value;   /* written, with the newline a shell ends it by */
	struct access_value current; /* found; none: it cannot be read */
	/* after it */
	bool done;
	int32_t retval; /* 0: it went through; else what read(2) or write(2) gives */
	int64_t file_pos;
	struct access_value written; /* what goes on in the value's place; none: the value itself */
};

struct accesses {
	struct access *list; /* owned */
	uint32_t n;
};

/* "NAME" or "NAME=VALUE", with dots or slashes as sysctl(8) takes them. 0, or -EINVAL with a sentence. */
int accesses_add(struct accesses *a, const char *text, struct error *err);
void accesses_deinit(struct accesses *a);
/* What access @i finds: sets its current value. */
void accesses_find_current(struct accesses *a, uint32_t i);
/* A copy, the caller's to free(). */
struct access_value access_value_of(const char *bytes, size_t n);
/* Text of a value without the newline at its end, what cannot be printed as \xNN: the caller's to free(). */
char *access_value_text(const struct access_value *value);
