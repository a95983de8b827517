/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard in the kernel: its program loaded, given rules, attached to a cgroup, pinned, found
 * again. The rules are replaced as one: an access is judged by the old set or by the new. One
 * thread of a process; several processes may hold the same pinned guard.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guard-api.bpf.h"
#include "ruleset.h"

#define ENFORCE_PINS	       "/sys/fs/bpf/skep/guard"
#define ENFORCE_EXEMPT_SECONDS 10

struct enforce;

/* Loads the program, with no rule. -EPERM, -EOPNOTSUPP, ... with a sentence. */
int enforce_load(struct enforce **out, struct error *err);
/* The one pinned in this folder of a bpf file system. -ENOENT: none is, or one that is not whole. */
int enforce_open_pinned(const char *pins, struct enforce **out, struct error *err);
/* Not pinned: it goes from its cgroup now. Pinned: it stays. NULL is fine. */
void enforce_close(struct enforce *e);

/* 0, or -errno with a sentence: the old rules stay. */
int enforce_replace_rules(struct enforce *e, const struct ruleset *set, struct error *err);
/* @cgroup: path of it (who/cgroup.h), "/" the root. */
int enforce_attach(struct enforce *e, const char *cgroup, struct error *err);
/* The program, maps and link into a folder that is made. All or nothing. -EEXIST: a guard is there. */
int enforce_pin(struct enforce *e, const char *pins, struct error *err);
/*
 * Who changes an installed guard's pins says so before and after: one at a time, and nothing of the guard's
 * refuses it (lsm.bpf.c). *@change is for the end. -ENOENT: there is no such folder.
 */
struct enforce_change;
int enforce_change_begin(const char *pins, struct enforce_change **change, struct error *err);
void enforce_change_end(struct enforce_change *change);
/* Takes the pins of a folder away, and the folder: for good, no watcher puts them back. In a change of
 * that folder. -ENOENT: none is there; -ENOTEMPTY: the guard is gone, and the folder stays for what else
 * is in it. */
int enforce_unpin(struct enforce_change *change, struct error *err);

/* Takes it off its cgroup, unless it is pinned: what its log then has is all. */
void enforce_detach(struct enforce *e);
/* Whether the link is on its cgroup; and putting it back there when it was taken off. */
bool enforce_is_attached(struct enforce *e);
int enforce_reattach(struct enforce *e, struct error *err);
/* The folder it was opened by, or pinned to; NULL: none. Whether its link's pin is still there, whether all
 * it held are; whether they were taken away by enforce_unpin(); and whether a bpf file system is there. */
const char *enforce_pins(const struct enforce *e);
bool enforce_is_pinned(struct enforce *e);
bool enforce_is_whole(struct enforce *e);
bool enforce_is_removed(const struct enforce *e);
bool enforce_pins_mounted(const char *pins);
/* Puts pins that are missing back. -EAGAIN: somebody changes them now. */
int enforce_pin_again(struct enforce *e, struct error *err);
/* The cgroup's path; "" when it is gone. Valid until the next call. */
const char *enforce_cgroup(struct enforce *e);

/* The rules in force: a copy of rule @i, aliases among them, with its hits. -ENOENT behind the last. */
int enforce_rule(struct enforce *e, uint32_t i, struct guard_rule *out);
uint64_t enforce_generation(struct enforce *e);

/*
 * Accesses of this process (tgid; 0: of none any more) are neither judged nor logged. It is known by when it
 * began, too, so that one that was killed leaves no hole for who has its number next. Where the kernel has no
 * types for that, the hole is closed by its lapsing ENFORCE_EXEMPT_SECONDS after the functions of this file
 * were last called. -EBUSY: another process that lives is exempt.
 */
int enforce_exempt(struct enforce *e, uint32_t tgid);
/* The process that is exempt, and lives; 0: none. */
uint32_t enforce_watcher(const struct enforce *e);
/* @fn is called by enforce_bell_clear() for each write that went through although a rule to deny or pin
 * is about its key: told while somebody is exempt. One listener of a guard. */
int enforce_on_passed(struct enforce *e, void (*fn)(void *arg, const struct guard_passed *passed),
		      void *arg);

/* When (CLOCK_MONOTONIC) such a write of this key was last, told or not; 0: never. */
uint64_t enforce_passed_ns(struct enforce *e, const char *name);

/* --- the log -------------------------------------------------------------------------------- */

/* Number of the next event; the last GUARD_LOG_ENTRIES are kept. */
uint64_t enforce_log_end(struct enforce *e);
/*
 * Copies event *@seq and goes on to the next. 1; 0: there is none yet. Those overwritten before
 * they were read are added to *@lost and *@seq goes on to the oldest kept.
 */
int enforce_log_next(struct enforce *e, uint64_t *seq, struct guard_event *out, uint64_t *lost);
/* Appends an event of the watcher's. ns, seq and generation are filled in. */
void enforce_log_add(struct enforce *e, struct guard_event *event);
/* Becomes readable (epoll) when events were added by a program; clears it, and then the log is read. -errno
 * when there is none. Events of other processes' watchers ring no bell. */
int enforce_bell_fd(struct enforce *e);
void enforce_bell_clear(struct enforce *e);

/* --- for what stands beside it --------------------------------------------------------------- */

/* The object's program, for the cost (tool/cost.h). */
int enforce_program_fd(struct enforce *e);
/* The id of its link; 0: it is not attached. */
uint32_t enforce_link_id(struct enforce *e);
/* "rules", "events", "state", "bell", "passed". */
int enforce_map_fd(struct enforce *e, const char *name);
/* Offsets for a program with clauses (clauses.bpf.h): by_container 0 where this kernel has no BTF,
 * and on our own engine. */
void enforce_kernel(struct guard_kernel *kernel);
