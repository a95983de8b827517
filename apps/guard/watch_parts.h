/* SPDX-License-Identifier: BSD-2-Clause */
/* What the watcher's files share: watch.c wakes and sleeps, watch_change.c judges and sets back,
 * watch_space.c looks into other namespaces. */
#pragma once

#include "guard/actor.h"
#include "guard/guarded.h"
#include "guard/lsm.h"
#include "guard/watch.h"
#include "guard/watch-api.bpf.h"
#include "guard/watch_files.h"
#include "guard/watch_hooks.h"
#include "guard/watch_links.h"

#define WATCH_RECENT_MAX  64  /* doors gone through of late, to say who changed what */
#define WATCH_SPACES_MAX  128 /* other network namespaces remembered */
#define WATCH_LEVEL_BYTES 128

#define WATCH_MS	 1000000ull
#define WATCH_SETTLE_NS	 200000ull	   /* other news of the same moment is read first */
#define WATCH_UNKNOWN_NS (4 * WATCH_MS)	   /* so long who did it may still become known */
#define WATCH_TOLD_NS	 (25 * WATCH_MS)   /* where a program tells it: he may have lost the CPU */
#define WATCH_LATE_NS	 (1000 * WATCH_MS) /* and so long the log waits for his name */
#define WATCH_UNDONE_MAX 32		   /* changes that wait so */
#define WATCH_RECENT_NS	 (25 * WATCH_MS)
#define WATCH_USED_NS                                                                              \
	(100 * WATCH_MS) /* of each key a door used for nothing is told no more often */
#define WATCH_PASSED_NS	  (50 * WATCH_MS) /* a write let through is done within this */
#define WATCH_ATTACHED_NS (25 * WATCH_MS) /* looks whether the program is on its cgroup */
#define WATCH_SWEEP_NS	  (100 * WATCH_MS)
#define WATCH_FIND_NS	  (2000 * WATCH_MS) /* looks for keys of new devices */
#define WATCH_SWEEP_KEYS  512		    /* at most, of one sweep */
#define WATCH_BATCH_NS	  WATCH_MS	    /* news are read no more often */
#define WATCH_ALERTS_MAX  10		    /* sentences in a second */

struct watch_recent {
	struct actor actor;
	enum door_kind door;
	uint64_t ns, taken_ns; /* when it was done, and when that was read */
};

/* A change that was set back before it was known who had made it. */
struct watch_undone {
	char name[GUARD_NAME_BYTES];
	char old_value[GUARD_SHOWN_BYTES], new_value[GUARD_SHOWN_BYTES];
	uint32_t doors;
	uint64_t changed_ns;
	int rc;
};

struct watch {
	struct watch_setup setup;
	struct ruleset rules; /* a copy */
	struct guarded own;
	struct guarded *others; /* by network namespace */
	uint32_t n_others;
	struct lsm *lsm; /* NULL: this kernel has none, or --no-lsm */
	struct watch_hooks *hooks;
	struct watch_files *files;
	struct watch_links *links; /* NULL: no rule needs it */
	bool wants_netlink;
	uint32_t wants_calls;
	uint32_t told; /* kinds of doors of which a program tells, bits */
	struct watch_recent recent[WATCH_RECENT_MAX];
	uint32_t n_recent; /* counts on */
	struct watch_undone undone[WATCH_UNDONE_MAX];
	uint32_t n_undone;

	int epoll, timer;
	int hostname, domainname; /* polled; -1: not guarded */
	int net, uts;		  /* this process's namespaces */
	uint64_t net_cookie;
	uint32_t uts_inode;
	uint64_t timer_ns, decide_ns, sweep_ns, find_ns, attached_ns, batch_ns, batch_cost_ns;
	bool is_behind; /* records come faster than they are read: no pause between batches */
	uint32_t sweep_at;
	bool is_detached; /* and could not be put back: told once */

	uint64_t alerts_ns;
	uint32_t n_alerts, n_alerts_left_out;
	char level[DOOR_KINDS][WATCH_LEVEL_BYTES];
};

/* --- watch.c --- */
void watch_alert(struct watch *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void watch_remark(struct watch *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Has watch_decide() called at this time, if not earlier. */
void watch_decide_at(struct watch *w, uint64_t ns);

/* --- watch_change.c --- */
/* Looks at the keys with a door of one of these kinds (bits); those that changed are decided on later. */
void watch_look(struct watch *w, uint32_t kinds, uint64_t now_ns);
void watch_look_at(struct watch *w, struct guarded_key *key, uint64_t now_ns);
void watch_decide(struct watch *w, uint64_t now_ns);
/* The kernel has told of a device's values. */
void watch_passing(struct watch *w, const struct watch_link *link, uint64_t now_ns);
/* A door to the key was used by @actor: where a rule forbids it, that is told even if nothing has changed. */
void watch_used(struct watch *w, const char *name, const struct actor *actor, uint64_t now_ns);
/* Logs the changes of which it is still not known who made them. */
void watch_settle(struct watch *w);
/* Of the keys of a space all at once, changed by @actor. */
void watch_judge_space(struct watch *w, struct guarded *g, enum door_kind door,
		       const struct actor *actor);
/* Sets the keys that rules pin. */
void watch_set_pins(struct watch *w, struct guarded *g);
void watch_log(struct watch *w, const struct guard_rule *rule, const char *name,
	       const char *old_value, const char *new_value, enum door_kind door,
	       const struct actor *actor, uint32_t outcome);

/* --- watch_space.c --- */
/* Another network namespace's door was used. */
void watch_other_net(struct watch *w, const struct watch_record *r, const struct actor *actor);
void watch_other_uts(struct watch *w, const struct actor *actor);
/* Remembers the values of the namespaces there are. */
void watch_remember_spaces(struct watch *w);
void watch_forget_spaces(struct watch *w);
/* Of this thread's network namespace; 0: not told by this kernel. */
uint64_t watch_net_cookie(void);
