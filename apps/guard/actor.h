/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rules say of a write by somebody, in plain C: as the guard's program decides it
 * (guard.bpf.c, clauses.bpf.h), for writes that come by a side door.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/doors.h"
#include "guard/guard-api.bpf.h"
#include "guard/ruleset.h"

struct actor {
	bool known; /* false: nobody knows who; then every condition counts against him */
	uint32_t tgid, pid, uid;
	uint64_t cgroup;
	char comm[GUARD_COMM_BYTES];
};

/*
 * The rule to deny or pin that decides; NULL: the write is allowed. Rules for aliases are not asked:
 * the key they stand for is.
 */
const struct guard_rule *actor_judge(const struct ruleset *rules, const char *name,
				     const struct actor *actor);
/* The first rule to deny or pin that is about the key, whoever writes; NULL: it is not guarded. */
const struct guard_rule *actor_guarded(const struct ruleset *rules, const char *name);
/* The value of a rule that pins, without what is behind it. */
void actor_pinned_value(const struct guard_rule *rule, char value[GUARD_VALUE_BYTES + 1]);
/* The first rule to deny or pin that is about the actor and some key with such a door; NULL: none. */
const struct guard_rule *actor_concerned(const struct ruleset *rules, enum door_kind door,
					 const struct actor *actor);
/* What /proc says of a process. False: it is gone. */
bool actor_of_process(uint32_t tgid, struct actor *actor);
/* Whether it is in the cgroup of this path, or below it. */
bool actor_is_in(const struct actor *actor, const char *cgroup);
