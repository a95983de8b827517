/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is odd about rules that have no mistake: keys that are not there, rules that are never asked,
 * pins that contradict each other. What it says is so; it does not find all (several rules that
 * together cover a later one). Costs rules squared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "ruleset.h"

/* Keys that there are: the kernel's names, sorted. */
struct key_list {
	char **names; /* owned, as are they */
	uint32_t n;
};

enum finding_kind {
	FINDING_NO_KEY,	      /* no key here matches */
	FINDING_UNREACHABLE,  /* an earlier rule decides all it is about */
	FINDING_CONTRADICTION /* an earlier one pins a key to another value */
};

struct finding {
	enum finding_kind kind;
	uint32_t rule;	/* index in the set */
	uint32_t other; /* index of the earlier rule, or GUARD_NO_RULE */
	struct error why;
};

/* Keys of /proc/sys. 0, or -errno with a sentence. */
int key_list_read(struct key_list *keys, struct error *err);
void key_list_deinit(struct key_list *keys);
bool key_list_has(const struct key_list *keys, const char *name);
/* The nearest key to one that is not there, NULL when none is near. Borrowed. */
const char *key_list_nearest(const struct key_list *keys, const char *name);

/* Every name @inner matches, @outer matches; false also when that is not seen. */
bool lint_pattern_covers(const char *outer, const char *inner);
/* Calls @fn for each finding, by rule. */
void lint_rules(const struct ruleset *set, const struct key_list *keys,
		void (*fn)(void *arg, const struct finding *finding), void *arg);
