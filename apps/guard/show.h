/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard's events as rows: run, log and learn show them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/enforce.h"
#include "tool/tool.h"

extern const struct output_spec show_output;

/* What a rule was in the set of a generation. */
struct show_rule {
	char where[GUARD_WHERE_BYTES];
	char text[GUARD_TEXT_BYTES];
};

struct show {
	struct tool *tool;
	struct enforce *enforce;
	uint64_t seq;		 /* of the next event */
	uint64_t lost;		 /* overwritten before they were read */
	uint64_t n_read;	 /* shown, or not asked for */
	uint64_t generation;	 /* of rules */
	struct show_rule *rules; /* by number; owned */
	uint32_t n_rules;
};

/* Events are shown from number @seq on. 0, or -EINVAL with a sentence: a filter that does not apply. */
int show_begin(struct show *s, struct tool *tool, struct enforce *e, uint64_t seq,
	       struct error *err);
/* The next event that the tool's filter asks for: 1; 0: there is none yet. */
int show_next(struct show *s, struct guard_event *event);
/* Shows those events that are there now. */
void show_events(struct show *s);
/* Says what was lost, if anything was or with -v. */
void show_losses(struct show *s);
void show_end(struct show *s);

/* "denied", of enum guard_outcome; "allowed" of 0. */
const char *show_outcome(uint32_t outcome);
/* "read", "write", "read,write". */
const char *show_access(uint32_t access);
/* "deny", of enum guard_action. */
const char *show_action(uint32_t action);
