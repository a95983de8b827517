/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct result: what one test came to, and the report over all of them.
 *
 * Results live in memory that the process which reports shares with the children which test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESULT_REASON_BYTES = 160 };

enum outcome { NOT_RUN, AGREE, FALSE_ACCEPT, FALSE_REJECT, RAN_DIFFERENTLY, SKIPPED, CRASHED, OUTCOMES };

struct result {
	enum outcome outcome;
	bool hollow;                        /* both reject, skep because it lacks something */
	bool ran;                           /* results of runs were compared */
	bool message_wanted, message_found; /* the test's part of the log, which the kernel prints */
	bool text_wanted, text_same;        /* the whole log without its statistics */
	bool steps_wanted, steps_same;      /* "processed N insns" of an accepted program */
	char reason[RESULT_REASON_BYTES];
};

/* n zeroed bytes that children share; ends the program where there are none. */
void *shared_new(size_t bytes);

/* --- logs ----------------------------------------------------------------------------------------- */

/* How much of log stands before the statistics at its end. */
size_t log_text_bytes(const char *log);

/* A hash of this text in which all addresses are the same. */
uint64_t log_text_hash(const char *log);

/* N of "processed N insns", or -1. */
long log_steps(const char *log);

/* The last line with # for each number, so that one cause gives one text; err when there is none. */
void log_reason(char reason[RESULT_REASON_BYTES], const char *log, int err);

/* Where the last lines begin. */
const char *log_tail(const char *log, int lines);

/* --- report --------------------------------------------------------------------------------------- */

/*
 * Prints why tests were skipped and programs rejected, the most frequent reason first, the counts, and
 * as the last line `NAME: T tests, A agree, F false accepts, R false rejects, S skipped`. 0 when nothing
 * was accepted falsely, ran to another result, crashed or hung, and every false reject has one of the
 * excuses (NULL-terminated; each part of a reason); else 1.
 */
int results_report(const char *name, const struct result *results, uint32_t n,
		   const char *const *excuses);

/* "FALSE ACCEPT", …, or NULL for an outcome that is no difference. */
const char *outcome_str(enum outcome outcome);
