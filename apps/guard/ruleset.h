/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules from files, folders and the command line, in order, with the rules for their aliases behind
 * each: what is handed to the program as one. All mistakes are told, each with file, line and
 * column; with any of them there is no set.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "guard-api.bpf.h"

#define RULESET_FOLDER	     "/etc/skep/guard.d" /* *.conf in it, sorted by name */
#define RULESET_FILE_BYTES   (1u << 20)
#define RULESET_MISTAKES_MAX 1000 /* told; all are counted */

struct ruleset {
	struct guard_rule *rules; /* owned */
	uint32_t n_rules;	  /* aliases among them: at most GUARD_RULES_MAX */
	uint32_t n_written;	  /* without aliases */
	uint32_t n_mistakes;
	struct buffer
		mistakes; /* "FILE:LINE:COLUMN: sentence\n" each, RULESET_MISTAKES_MAX of them */
	uint32_t n_texts; /* from the command line so far */
	bool too_many;	  /* a rule had no room */
};

void ruleset_init(struct ruleset *set);
void ruleset_deinit(struct ruleset *set);

/* Appends the rules of a file, or of a folder's *.conf files; the mistakes in them go to
 * set->mistakes. 0, or -errno with a sentence: it cannot be read. */
int ruleset_add_path(struct ruleset *set, const char *path, struct error *err);
/* One rule from the command line; its place is "rule N". 0: a mistake is among set->mistakes. */
int ruleset_add_text(struct ruleset *set, const char *text, struct error *err);

/*
 * When all are added: puts the rules for aliases (doors.h) behind the rules they stand for: a deny
 * rule for each alias of a key with deny or pin, an audit rule where it is audit of writes, and none
 * where it is allow: to let one key be written is not to let another. 0, or
 * -EINVAL with a sentence: there were mistakes ("3 mistakes; no rule is applied"), or too many
 * rules.
 */
int ruleset_finish(struct ruleset *set, struct error *err);

/* What stands before the rules in the guard's map. */
void ruleset_head(const struct ruleset *set, uint64_t generation, struct guard_rules_head *head);
