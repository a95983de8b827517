/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * What the guard's programs and its user side share: rules as the program matches them, and the log
 * of what happened, which any number of readers read where it stands.
 */
#pragma once

#include <linux/types.h>

#define GUARD_NAME_BYTES   128 /* of a key, with '/' between its parts, and its NUL */
#define GUARD_VALUE_BYTES  256 /* longest write that can be pinned to another value */
#define GUARD_TEXT_BYTES   160 /* of a rule as written, cut off behind it */
#define GUARD_WHERE_BYTES  64  /* "/etc/skep/guard.d/10-net.conf:3" */
#define GUARD_SHOWN_BYTES  64  /* of a value in the log, cut off behind it */
#define GUARD_COMM_BYTES   16
#define GUARD_FOLDER_BYTES 72 /* of a container's name in a cgroup folder's */
#define GUARD_CLAUSES_MAX  4  /* of one rule */
#define GUARD_RULES_MAX	   4096
#define GUARD_LOG_ENTRIES  4096 /* a power of two: as many events are kept */
#define GUARD_BELL_BYTES   4096
#define GUARD_NO_RULE	   0xffffffffu

enum guard_action {
	GUARD_ALLOW = 1, /* decides: no later rule is asked */
	GUARD_DENY,	 /* decides: EPERM */
	GUARD_PIN,	 /* decides: a write writes the rule's value */
	GUARD_AUDIT	 /* logged; the rules that follow decide */
};

enum guard_access {
	GUARD_READ = 1,
	GUARD_WRITE = 2
};

enum guard_by {
	GUARD_BY_COMM = 1,
	GUARD_BY_UID = 2,
	GUARD_BY_PID = 4,    /* the process, not the thread */
	GUARD_BY_CGROUP = 8, /* it or one below it */
	GUARD_BY_CONTAINER = 16
};

/* Who: all that is set must hold. */
struct guard_clause {
	__u32 by;     /* enum guard_by, or-ed */
	__u32 except; /* 1: where it holds the rule does not apply; 0: the rule applies only where one
			 of the clauses with 0 holds */
	__u32 uid;
	__u32 pid;
	__u64 cgroup;
	__u32 cgroup_level;
	__u32 unused;
	char comm[GUARD_COMM_BYTES];	    /* a pattern */
	char container[GUARD_FOLDER_BYTES]; /* a pattern, for any folder of the cgroup's path */
};

/*
 * Patterns: '*' is any run of characters other than '/', '?' one of them; "x/" followed by '*' at
 * the end is everything below x, at any depth; "*" alone is everything.
 */
struct guard_rule {
	char pattern[GUARD_NAME_BYTES];
	__u32 action, access;
	__u32 number;	/* of the rule as written, from 0: its aliases have the same */
	__u32 is_alias; /* it stands for another key's rule: a write of it changes that key */
	__u32 n_clauses;
	__u32 value_bytes; /* of GUARD_PIN */
	char value
		[GUARD_VALUE_BYTES]; /* behind it newlines to the end: what every proc handler skips */
	struct guard_clause clauses[GUARD_CLAUSES_MAX];
	char text[GUARD_TEXT_BYTES];
	char where[GUARD_WHERE_BYTES];
	__u64 hits; /* counted by the program */
};

enum guard_outcome {
	GUARD_AUDITED = 1, /* let through and logged */
	GUARD_DENIED,
	GUARD_PINNED,	   /* the rule's value was written in its place */
	GUARD_PIN_REFUSED, /* denied: shorter than the pinned value, longer than GUARD_VALUE_BYTES, or
			      not at the start of the file */
	/* by the watcher: */
	GUARD_REVERTED,	    /* changed by a side door, and set back */
	GUARD_NOT_REVERTED, /* changed by a side door; setting it back failed */
	GUARD_DETACHED,	    /* the program was taken off its cgroup, and put back */
	GUARD_DOOR_USED, /* a side door was used, and what was changed is not known: in another namespace, or it was changed back */
	GUARD_UNPINNED,	 /* pins of the installed guard were taken away, and put back */
	GUARD_KEPT	 /* taking the guard or its pins away was refused: new_value says how */
};

struct guard_event {
	__u64 seq;	/* its number + 1, written last; 0 while the rest is being written */
	__u64 left_out; /* number + 1 of one that found its place being written: it is lost */
	__u64 ns;	/* CLOCK_MONOTONIC */
	__u64 cgroup;
	__u64 generation; /* of the rules */
	__u32 tgid, pid, uid;
	__u32 rule;    /* guard_rule.number, or GUARD_NO_RULE */
	__u32 access;  /* enum guard_access, one */
	__u32 outcome; /* enum guard_outcome */
	__u32 door;    /* enum door_kind (doors.h), 0: through /proc/sys itself */
	__u32 busy;    /* who writes it has set it to 1 */
	char comm[GUARD_COMM_BYTES];
	char name[GUARD_NAME_BYTES];
	char old_value[GUARD_SHOWN_BYTES]; /* no newline at the end */
	char new_value[GUARD_SHOWN_BYTES]; /* what the caller wrote; "" of a read */
};

#define GUARD_LAST_BYTES 32   /* of a key's last part, cut off behind it, with its NUL */
#define GUARD_LASTS	 4096 /* a power of two: bits for them */

/* Entry 0 of each set of rules has this in the place of a rule. */
struct guard_rules_head {
	__u64 generation; /* counts sets, from 1 */
	__u32 n_rules;	  /* that follow */
	__u32 by_last; /* 1: each pattern ends in a last part without '*' and '?', whose bit is set below */
	__u64 lasts[GUARD_LASTS / 64]; /* no rule is about a key whose last part's bit is not set */
};

/* The bit of a last part, behind which all bytes are 0. */
static inline __u32 guard_last_bit(const __u64 words[GUARD_LAST_BYTES / 8])
{
	__u64 hash = 0;

	for (int i = 0; i < GUARD_LAST_BYTES / 8; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	return (__u32)hash & (GUARD_LASTS - 1);
}

/* What program and user sides keep for each other: one entry of the map "state", which is mapped. */
struct guard_state {
	__u64 log_next;	  /* number of the next event */
	__u64 generation; /* the last given to a set of rules */
	__u64 cgroup;	  /* id of where it is attached */
	/*
	 * Accesses of this process are neither judged nor logged: the watcher, which renews it. When it
	 * began tells it from who has its number next, where the program can read that (guard_kernel).
	 */
	__u64 exempt_until_ns; /* CLOCK_MONOTONIC */
	__u64 exempt_start;    /* in ticks since boot, as process_start() (who/process.h) says it */
	__u32 exempt_tgid;
	__u32 armed;	    /* 1: somebody sleeps, and wants the bell rung at the next event */
	__u32 by_container; /* the program knows of containers */
	__u32 removed;	    /* 1: `skep guard remove` took the pins away: nobody puts them back */
	/* The process that may change the pins, and when it began: `skep guard install`, `remove`. */
	__u64 changer_start;
	__u32 changer_tgid; /* 0: none */
	__u32 unused;
};

/*
 * A write that went through although a rule to deny or pin is about its key: an earlier rule allowed it,
 * or a clause did not hold. Told while there is a watcher only (guard_state.exempt_until_ns).
 */
struct guard_passed {
	__u64 ns; /* CLOCK_MONOTONIC, just before the write */
	__u32 tgid, pid;
	char name[GUARD_NAME_BYTES];
};

#define GUARD_TICK_NS 10000000ull /* of /proc: USER_HZ is 100 wherever BPF is */

/* Offsets in bytes, from the running kernel's BTF: of what clauses about containers read, and of when a
 * process began. */
struct guard_kernel {
	__u32 by_container;   /* 0: those of containers are not known */
	__u32 task_cgroups;   /* task_struct.cgroups */
	__u32 css_set_cgroup; /* css_set.dfl_cgrp */
	__u32 cgroup_kn, cgroup_level, cgroup_ancestors;
	__u32 kernfs_name;
	__u32 by_start;	   /* 0: the next two are not known */
	__u32 task_leader; /* task_struct.group_leader */
	__u32 task_start;  /* task_struct.start_boottime, ns */
};
