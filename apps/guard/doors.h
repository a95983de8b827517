/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Side doors: the other ways to a key's value. Each row says by what a key changes that is not a
 * write of the key itself. The rows are what `skep guard doors` finds by experiment (experiment.h)
 * in a scratch namespace, and for keys that are not of a namespace in a guest; a test runs it
 * again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard-api.bpf.h"

enum door_kind {
	DOOR_NONE,
	DOOR_ALIAS,   /* a write of another key, way */
	DOOR_NETLINK, /* a message of rtnetlink, way names it ("RTM_SETNEIGHTBL") */
	DOOR_SYSCALL, /* a system call, way names it ("sethostname") */
	DOOR_FILE,    /* a write of another file, way is its path */
	DOOR_UNKNOWN, /* found changed by nothing that is known */
	DOOR_KINDS
};

struct door {
	const char *
		key; /* a pattern (guard-api.bpf.h); what a '*' stands for in it, it stands for in way */
	enum door_kind kind;
	const char *way;
};

/* Ended by a row without key. */
extern const struct door doors[];

const char *door_kind_name(enum door_kind kind);

/*
 * The aliases of the keys @pattern matches, as patterns, each once and not @pattern's own: calls
 * @fn for each. 0, or what @fn returned first other than 0.
 */
int doors_each_alias(const char *pattern, int (*fn)(void *arg, const char *alias), void *arg);
/* Whether some key that @pattern matches has a door of this kind. */
bool doors_has(const char *pattern, enum door_kind kind);
/* The next door of this kind of some key @pattern matches, behind @after (NULL: the first); or NULL. */
const struct door *doors_next(const char *pattern, enum door_kind kind, const struct door *after);
/* Whether the table has a row for this: @key and @way may be of one device or of all ('*'). */
bool doors_knows(const char *key, enum door_kind kind, const char *way);
