/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verifier log says: of a rejection, where and why; of any verification, what it cost. */
#pragma once

#include <stdint.h>

#include "buffer.h"

struct verifier_stats {
	uint64_t insns_processed;
	uint64_t max_states_per_insn;
	uint64_t total_states;
	uint64_t peak_states;
	uint64_t time_us; /* UINT64_MAX: the log does not say */
};

struct rejection {
	char *source; /* the C line, "" when the object has no line information */
	char *insn;   /* "12: (61) r1 = *(u32 *)(r1 +0)" */
	char *reason; /* one or more lines */
};

/* Reads the closing lines of @log; fields it does not have are zero. */
void verifier_stats_parse(const char *log, struct verifier_stats *stats);
/* Reads the log of a rejected program, of level 1. Strings are never NULL. */
void rejection_parse(const char *log, struct rejection *r);
void rejection_deinit(struct rejection *r);
/* Three aligned lines: source, instruction, reason. */
void rejection_print(const struct rejection *r, struct buffer *out, const char *indent);
