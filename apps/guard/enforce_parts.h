/* SPDX-License-Identifier: BSD-2-Clause */
/* What enforce.c, pins.c and events.c share: the insides of struct enforce. */
#pragma once

#include "guard/enforce.h"
#include "who/cgroup.h"

struct guard_bpf;
struct ring_buffer;

/* In the order of their pins, the link's behind them: while it is missing, nothing is guarded. */
enum enforce_pin {
	PIN_PROGRAM,
	PIN_RULES,
	PIN_EVENTS,
	PIN_STATE,
	PIN_BELL,
	PIN_PASSED,
	PIN_ALLOWED,
	PIN_LINK,
	N_PINS
};

#define PIN_FIRST_MAP PIN_RULES
#define PIN_LAST_MAP  PIN_ALLOWED

extern const char *const enforce_pin_names[N_PINS];

struct enforce {
	struct guard_bpf *bpf;	   /* NULL: opened by its pins */
	int fds[N_PINS];	   /* -1: none. Of @bpf the object's, but the link's */
	struct guard_state *state; /* mapped */
	struct guard_event *events;
	int rules_fd; /* the set in force, or -1 */
	uint32_t rules_id;
	int bell;		  /* an epoll that holds the rings; -1: nobody asked */
	int pause;		  /* a timer in it, or -1 */
	uint64_t armed_ns;	  /* when the bell was armed last */
	uint64_t *bell_begin;	  /* positions of its ring: of what readers have had, */
	const uint64_t *bell_end; /* and of what was written */
	struct ring_buffer *passed_ring;
	void (*passed)(void *arg, const struct guard_passed *passed);
	void *passed_arg;
	uint32_t n_passed; /* handed over in this turn */
	uint64_t renewed_ns;
	bool exempt;	    /* by this process */
	const char *pinned; /* the folder, owned; NULL: not pinned */
	char cgroup[CGROUP_PATH_BYTES];
};

/* Goes on being exempt; called wherever a watcher comes by. */
void enforce_renew(struct enforce *e);
struct enforce *enforce_new(void);
void enforce_bell_close(struct enforce *e);
/* Maps state and events. 0, or -errno with a sentence. */
int enforce_map(struct enforce *e, struct error *err);
/* A link of the program on the cgroup: its fd, or -errno with a sentence. */
int enforce_link(struct enforce *e, const char *path, struct error *err);
/* Takes the link that is pinned now for the one held: whether there is one. */
bool enforce_open_link(struct enforce *e);
/* Puts the link in the place of the one that is pinned. 0, or -errno with a sentence. */
int enforce_pin_link(struct enforce *e, struct error *err);
