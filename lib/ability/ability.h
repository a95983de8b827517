/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this kernel and this user allow: asked of the kernel by trying, never by its version. Answers
 * are found when first asked for and kept for the life of the process. A probe makes what it needs
 * (a map, a program, a file descriptor) and leaves nothing behind; asking costs 20 us to 1 ms, and a
 * TRIAL (attach, cause the event, see that the program ran) up to 200 ms, in a forked child.
 *
 * Everything goes through the process's bpf(2): with the user engine entered (engine.h) the answers
 * are that engine's. One thread asks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

#define ABILITY_WHY_BYTES 400
#define ABILITY_NEEDS_MAX 8 /* of a hook, its end among them */
#define ABILITY_HOOKS_MAX 8 /* of a tool, its end among them */

enum ability {
	ABILITY_NONE, /* ends a list of needs */
#define ABILITY(name, key, group, title) ABILITY_##name,
#include "ability/abilities.h"
	ABILITY_MAX
};

enum ability_group {
	ABILITY_GROUP_PRIVILEGE,
	ABILITY_GROUP_KERNEL,
	ABILITY_GROUP_PROGRAM,
	ABILITY_GROUP_TRACE,
	ABILITY_GROUP_NETWORK,
	ABILITY_GROUP_CGROUP,
	ABILITY_GROUP_MAX
};

struct ability_answer {
	bool has;
	int err;		     /* 0; or the -errno that said no, where it was an errno */
	char why[ABILITY_WHY_BYTES]; /* no: what was tried and what came of it; yes: "" or a
					  detail ("/sys/kernel/tracing") */
	const char *remedy;	     /* no: how to get it, "" when nothing helps */
};

/* --- one ability ---------------------------------------------------------------------------- */

bool ability_has(enum ability a);
/* Never NULL; valid as long as the process. */
const struct ability_answer *ability_ask(enum ability a);
/*
 * Attaches a program there, in a cgroup or network namespace of its own where the hook has one,
 * causes the event and sees that the program ran (for LSM: that it denied). Same as ability_ask()
 * for an ability that has no trial (ability_has_trial()), or that is not there.
 */
const struct ability_answer *ability_try(enum ability a);
bool ability_has_trial(enum ability a);

const char *ability_key(enum ability a);
const char *ability_title(enum ability a);
enum ability_group ability_group_of(enum ability a);
const char *ability_group_title(enum ability_group group);
/* ABILITY_NONE: there is none of this name. */
enum ability ability_by_key(const char *key);

/* --- a tool's choice ------------------------------------------------------------------------- */

/* One way of doing a tool's work. */
struct ability_hook {
	const char *name;		       /* as -v shows it: "fentry"; NULL ends a list */
	enum ability needs[ABILITY_NEEDS_MAX]; /* all of them */
	const char *loses;		       /* what is not to be had this way, or NULL */
};

/*
 * A tool: what it needs in any case, then its ways, best first. Each tool's file exports one const
 * struct per subcommand, and apps/doctor/tools.c lists it, so that `skep doctor` shows what the tool
 * itself will choose.
 */
struct ability_tool {
	const char *name;		       /* "trace syscalls" */
	const char *does;		       /* in a few words */
	enum ability needs[ABILITY_NEEDS_MAX]; /* whichever way is taken */
	struct ability_hook hooks[ABILITY_HOOKS_MAX];
	bool optional; /* one of several things of the same tool: to lack it is told, and no failure */
};

/*
 * The first hook of which all needs are there: its index. To @passed (may be NULL) a sentence is
 * added for each hook before it, saying why it is not taken; for -v. -EPERM when it is privilege
 * that is missing, else -EOPNOTSUPP: *err is the sentence that names what is missing for each
 * way and the way out.
 */
int ability_choose(const struct ability_tool *tool, struct buffer *passed, struct error *err);

/* --- types and helpers by number ------------------------------------------------------------- */

/* Whether a program of this type can be loaded (for an attach type and target that suit it). */
const struct ability_answer *ability_prog_type(uint32_t type);
/* Whether a map of this type can be created. */
const struct ability_answer *ability_map_type(uint32_t type);
/* Whether programs of @type may call helper @id: by loading a call of it. Not cached. */
bool ability_helper(uint32_t type, uint32_t id);

uint32_t ability_n_prog_types(void);
uint32_t ability_n_map_types(void);
uint32_t ability_n_helpers(void);
const char *ability_prog_type_name(uint32_t type);
const char *ability_map_type_name(uint32_t type);
/* "map_lookup_elem" */
const char *ability_helper_name(uint32_t id);

/* Forgets all answers: after engine_enter() chose another engine, or privileges were dropped. */
void ability_forget(void);
