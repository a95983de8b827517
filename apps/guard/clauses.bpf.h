/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Whom a rule is about, and which keys: patterns and clauses of guard-api.bpf.h matched by a program, about
 * the task that runs. Patterns are matched by bpf_loop, one character a step, so that the verifier sees
 * each step once; rule_pattern_matches() (rule.h) is the same in plain C. The two questions are global
 * functions, verified once each, whoever asks them.
 *
 * Folders of cgroups are found by offsets its user side takes from the kernel's BTF (struct guard_kernel):
 * without them no clause about a container holds, and enforce.c refuses such rules. The program itself
 * needs no BTF of the kernel.
 */
#pragma once

#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "guard/guard-api.bpf.h"

#define MATCH_STEPS_MAX	  (GUARD_NAME_BYTES * GUARD_NAME_BYTES)
#define CLAUSE_LEVELS_MAX 16 /* folders of a cgroup's path that are looked at */
#define COMM_WORDS	  (GUARD_COMM_BYTES / 8)

const volatile struct guard_kernel kernel = { 0 };

/*
 * Zero, which a verifier does not know. That of Linux 6.1 looks at a bpf_loop() callback once, with what
 * is on the stack at the call: a branch on a constant known there is dead to it, and taken out. What a
 * callback changes and branches on begins with this.
 */
volatile __u8 nought = 0;

/*
 * Where a match stands. The positions are single bytes, none at an eighth one: a verifier forgets their
 * values on the stack, and need not follow every step of every pattern.
 */
struct match {
	const char *pattern;
	const char *name; /* or, of match_folder_step, an address of the kernel's */
	__u8 unused;
	__u8 p, n;
	__u8 star;  /* behind the last one; 0: there was none */
	__u8 again; /* what it has taken ends here */
	__u8 matches;
};

static __always_inline void match_begin(struct match *m)
{
	m->p = m->n = m->star = m->again = m->matches = nought;
}

/* The star takes one more character, or the match has failed: 0, or 1 to end it. */
static __always_inline long match_again(struct match *m, char at_again)
{
	if (!m->star || at_again == '/')
		return 1;
	m->p = m->star;
	m->again++;
	m->n = m->again;
	return 0;
}

/* One character of the name that is not its end. */
static __always_inline long match_character(struct match *m, __u64 p, __u64 n, char c,
					    char at_again)
{
	char q = m->pattern[p];

	if (q == '*') {
		m->matches = !m->pattern[p + 1] &&
			     (p == 0 || m->pattern[(p - 1) & (GUARD_NAME_BYTES - 1)] == '/');
		m->star = m->p = p + 1;
		m->again = n;
		return m->matches; /* all that is below */
	}
	if (q != c && (q != '?' || c == '/'))
		return match_again(m, at_again);
	m->p = p + 1;
	m->n = n + 1;
	return 0;
}

/* The name has ended at @p. */
static __always_inline long match_end(struct match *m, __u64 p)
{
	char q = m->pattern[p];

	m->p = p + 1;
	m->matches = !q;
	return q != '*';
}

/* @bytes is a power of two: names and patterns end before it, so nothing is lost by the masks. */
static __always_inline long match_step_in(struct match *m, __u64 bytes)
{
	__u64 p = m->p & (GUARD_NAME_BYTES - 1), n = m->n & (bytes - 1);
	char c = m->name[n];

	return c ? match_character(m, p, n, c, m->name[m->again & (bytes - 1)]) : match_end(m, p);
}

static long match_name_step(__u32 i, struct match *m)
{
	return match_step_in(m, GUARD_NAME_BYTES);
}

static long match_comm_step(__u32 i, struct match *m)
{
	return match_step_in(m, GUARD_COMM_BYTES);
}

static long match_folder_step(__u32 i, struct match *m)
{
	__u64 p = m->p & (GUARD_NAME_BYTES - 1), n = m->n;
	char c = 0;

	bpf_probe_read_kernel(&c, sizeof(c), m->name + n);
	return c ? match_character(m, p, n, c, 0) : match_end(m, p);
}

struct guard_name {
	__u64 words[GUARD_NAME_BYTES / 8];
};

/* 1: the rule's pattern matches the name. */
__noinline int rule_matches_name(const struct guard_rule *rule, const struct guard_name *name)
{
	struct match m = { 0 };

	if (!rule || !name)
		return 0;
	match_begin(&m);
	m.pattern = rule->pattern;
	m.name = (const char *)name;
	bpf_loop(MATCH_STEPS_MAX, match_name_step, &m, 0);
	return m.matches;
}

static __always_inline bool comm_matches(const char *pattern)
{
	__u64 comm[COMM_WORDS] = { 0 };
	struct match m = { .pattern = pattern, .name = (char *)comm };

	match_begin(&m);
	bpf_get_current_comm(comm, sizeof(comm));
	bpf_loop(MATCH_STEPS_MAX, match_comm_step, &m, 0);
	return m.matches;
}

static __always_inline __u64 pointer_at(__u64 address, __u32 offset)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)(address + offset));
	return value;
}

static __always_inline bool folder_matches(const char *pattern, __u64 cgroup)
{
	struct match m = { .pattern = pattern };
	__u64 folder = pointer_at(cgroup, kernel.cgroup_kn);

	match_begin(&m);
	if (folder)
		m.name = (void *)pointer_at(folder, kernel.kernfs_name);
	if (m.name)
		bpf_loop(MATCH_STEPS_MAX, match_folder_step, &m, 0);
	return m.matches;
}

/* Some folder of the path of the task's cgroup (v2) matches. */
static __always_inline bool container_matches(const char *pattern)
{
	__u64 set, cgroup, above;
	__u32 levels = 0;

	if (!kernel.by_container)
		return false;
	set = pointer_at(bpf_get_current_task(), kernel.task_cgroups);
	cgroup = pointer_at(set, kernel.css_set_cgroup);
	bpf_probe_read_kernel(&levels, sizeof(levels), (void *)(cgroup + kernel.cgroup_level));
	for (__u32 i = 1; i <= CLAUSE_LEVELS_MAX; i++) {
		if (i > levels)
			break;
		above = pointer_at(cgroup, kernel.cgroup_ancestors + i * sizeof(above));
		if (folder_matches(pattern, above))
			return true;
	}
	return false;
}

/* All that the clause asks for holds of the running task. */
static __always_inline bool clause_holds(const struct guard_clause *c)
{
	if (c->by & GUARD_BY_UID && c->uid != (__u32)bpf_get_current_uid_gid())
		return false;
	if (c->by & GUARD_BY_PID && c->pid != bpf_get_current_pid_tgid() >> 32)
		return false;
	if (c->by & GUARD_BY_CGROUP &&
	    bpf_get_current_ancestor_cgroup_id((int)c->cgroup_level) != c->cgroup)
		return false;
	if (c->by & GUARD_BY_COMM && !comm_matches(c->comm))
		return false;
	return !(c->by & GUARD_BY_CONTAINER) || container_matches(c->container);
}

/* The clauses of one rule. */
struct clauses {
	const struct guard_rule *rule;
	__u64 wanted, found, excepted;
};

static long clause_step(__u32 i, struct clauses *all)
{
	const struct guard_clause *c;

	if (i >= GUARD_CLAUSES_MAX)
		return 1;
	c = &all->rule->clauses[i];
	if (!c->except)
		all->wanted = 1;
	if (!clause_holds(c))
		return 0;
	if (c->except)
		all->excepted = 1;
	else
		all->found = 1;
	return c->except != 0;
}

/* 1: the rule is about the running task, by its clauses. */
__noinline int rule_is_about_task(const struct guard_rule *rule)
{
	struct clauses all = { .rule = rule };

	if (!rule)
		return 0;
	if (!rule->n_clauses)
		return 1;
	all.wanted = all.found = all.excepted = nought;
	bpf_loop(rule->n_clauses, clause_step, &all, 0);
	return !all.excepted && (all.found || !all.wanted);
}
