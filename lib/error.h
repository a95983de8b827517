/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, in one sentence for a person: what, where, what to do. Library functions fill it
 * in and return -errno; only the tool prints it.
 */
#pragma once

#define ERROR_TEXT_BYTES 1024

struct error {
	char text[ERROR_TEXT_BYTES];
};

/* Formats the sentence and returns @code (< 0), so that failing is one statement. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
