/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guard's program decides about one access, in plain C: the slow twin of guard.bpf.c, which
 * tests compare it with. It asks every rule, in order; it knows nothing of values in the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guard-api.bpf.h"
#include "ruleset.h"
#include "who/cgroup.h"

#define JUDGE_LEVELS_MAX 32
#define JUDGE_ROOT_ID	 1 /* of the root cgroup, on every kernel */

/* Who accesses. */
struct judge_task {
	char comm[GUARD_COMM_BYTES];
	uint32_t uid, pid;
	char cgroup[CGROUP_PATH_BYTES];	       /* below the mount; "" and "/" are the root */
	uint64_t cgroup_ids[JUDGE_LEVELS_MAX]; /* by level, the root's first */
	uint32_t n_cgroup_ids;		       /* 0: not known: it is in the root */
};

struct judge_access {
	const char *name; /* the kernel's */
	uint32_t kind;	  /* enum guard_access, one */
	uint32_t bytes;	  /* of a write */
	uint64_t file_pos;
};

struct judgement {
	uint32_t outcome; /* enum guard_outcome, 0: it goes on and nothing is logged */
	uint32_t rule;	  /* index in the set of the one that decides or logs, or GUARD_NO_RULE */
	uint32_t allowed_by; /* index of the allow rule that decided, or GUARD_NO_RULE */
};

/*
 * Reads "comm=NAME,uid=USER,pid=N,cgroup=PATH", each at most once, into what @task has already. 0, or
 * -EINVAL with a sentence.
 */
int judge_task_parse(const char *text, struct judge_task *task, struct error *err);

/* Some folder of a cgroup's path matches, as container= has it. */
bool judge_is_in_container(const char *cgroup, const char *pattern);
/* Whether a rule's conditions make it one about @who: @holds says of one clause whether it does. */
bool judge_is_about(const struct guard_rule *rule,
		    bool (*holds)(const struct guard_clause *clause, const void *who),
		    const void *who);
void judge(const struct ruleset *set, const struct judge_task *task,
	   const struct judge_access *access, struct judgement *out);
