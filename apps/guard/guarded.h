/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys that rules guard in one network namespace, and the values they had. A value is text as
 * it was read. Keys that are of no network namespace are with those of this process's own only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/actor.h"
#include "guard/doors.h"
#include "guard/ruleset.h"

#define GUARDED_NUMBER_BYTES 12	 /* "-2147483648" */
#define GUARDED_FDS_MAX	     400 /* keys of the own namespace that stay open */

struct guarded_key {
	char name[GUARD_NAME_BYTES];
	int fd;		       /* kept open for reading; -1: it is not */
	char *value;	       /* owned; NULL: cannot be read */
	uint32_t doors;	       /* bit for each enum door_kind it has */
	uint64_t passed_ns;    /* when a write of it, or of an alias, was let through; 0: never */
	uint64_t explained_ns; /* the last of these that a change was put down to */
	uint64_t changed_ns;   /* when it was seen changed, and nothing decided yet; 0: it is not */
	bool failed;	       /* its value could not be set back: told once */
	struct actor used;     /* who a rule forbids it went through a door to it */
	uint64_t used_ns;      /* when; 0: nobody, or that is told */
	enum door_kind used_door;
	char used_value[GUARDED_NUMBER_BYTES]; /* to which; "": not known */
	uint64_t passing_ns; /* when the kernel told of another value; 0: it did not */
	int32_t passing;     /* that value */
	int32_t undone;	     /* the last value that was undone, */
	uint64_t undone_ns;  /* and when */
	uint64_t told_ns;    /* when such a thing was told last */
};

struct guarded {
	uint64_t cookie;	    /* of the network namespace */
	uint64_t used_ns, found_ns; /* when it was last asked for, and looked through for keys */
	bool own;		    /* this process's */
	struct guarded_key *keys;   /* sorted by name */
	uint32_t n_keys;
};

void guarded_init(struct guarded *g, uint64_t cookie, bool own);
void guarded_deinit(struct guarded *g);
/*
 * Finds the keys that rules guard in the network namespace this thread is in, and reads the values of
 * those that are new; the others keep theirs. Some ms.
 */
void guarded_find(struct guarded *g, const struct ruleset *rules);
void guarded_remember(struct guarded_key *key, const char *value);
/* What the key says now, by its descriptor where that is good: 0 or -errno. */
int guarded_read(const struct guarded_key *key, char *value);
