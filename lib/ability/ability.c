/* SPDX-License-Identifier: BSD-2-Clause */
#include "ability.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <skep/skep.h>
#include <string.h>

#include "machine.h"
#include "probe.h"
#include "trial.h"
#include "types.h"

#define TYPES_MAX 64

struct cached {
	struct ability_answer answer;
	bool asked;
};

/* All answers of this process. */
static struct {
	struct cached quick[ABILITY_MAX], tried[ABILITY_MAX];
	struct cached prog[TYPES_MAX], map[TYPES_MAX];
} cache;

/* clang-format off */
static const struct {
	const char *key, *title;
	enum ability_group group;
} words[] = {
	[ABILITY_NONE] = { "", "", ABILITY_GROUP_MAX },
#define ABILITY(name, key, group, title) [ABILITY_##name] = { key, title, ABILITY_GROUP_##group },
#include "ability/abilities.h"
};

static const char *const group_titles[] = {
	[ABILITY_GROUP_PRIVILEGE] = "this process",
	[ABILITY_GROUP_KERNEL]	  = "the kernel",
	[ABILITY_GROUP_PROGRAM]	  = "programs",
	[ABILITY_GROUP_TRACE]	  = "tracing",
	[ABILITY_GROUP_NETWORK]	  = "network",
	[ABILITY_GROUP_CGROUP]	  = "cgroups",
};
/* clang-format on */

_Static_assert(sizeof(words) / sizeof(words[0]) == ABILITY_MAX, "a row for each");
_Static_assert(sizeof(group_titles) / sizeof(group_titles[0]) == ABILITY_GROUP_MAX, "a title each");

/* --- one ability ------------------------------------------------------------------------------ */

static bool lacks_privilege(void)
{
	return !ability_has(ABILITY_CAP_BPF) || !ability_has(ABILITY_CAP_PERFMON) ||
	       !ability_has(ABILITY_CAP_NET_ADMIN);
}

/* What to do about a no: where privilege is missing, nothing else is known yet. */
static const char *remedy_of(enum ability a, const struct ability_answer *answer)
{
	const struct ability_row *row = &ability_rows[a];

	if (answer->has)
		return "";
	if (a > ABILITY_UNPRIVILEGED_BPF && !skep_engine_installed() &&
	    (answer->err == -EPERM || answer->err == -EACCES) && lacks_privilege())
		return "run it as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";
	if (answer->remedy)
		return answer->remedy;
	return row->remedy ? row->remedy : "";
}

const struct ability_answer *ability_ask(enum ability a)
{
	struct cached *c = &cache.quick[a];

	assert(a > ABILITY_NONE && a < ABILITY_MAX);
	if (!c->asked) {
		c->answer = (struct ability_answer){ 0 };
		ability_rows[a].probe(&c->answer, ability_rows[a].arg);
		c->answer.remedy = remedy_of(a, &c->answer);
		c->asked = true;
	}
	return &c->answer;
}

bool ability_has(enum ability a)
{
	return ability_ask(a)->has;
}

bool ability_has_trial(enum ability a)
{
	return ability_rows[a].trial && !skep_engine_installed();
}

const struct ability_answer *ability_try(enum ability a)
{
	const struct ability_answer *quick = ability_ask(a);
	struct cached *c = &cache.tried[a];

	if (!quick->has || !ability_has_trial(a))
		return quick;
	if (!c->asked) {
		c->answer = *quick;
		trial_run(&ability_rows[a], &c->answer);
		c->answer.remedy = remedy_of(a, &c->answer);
		c->asked = true;
	}
	return &c->answer;
}

const char *ability_key(enum ability a)
{
	return words[a].key;
}

const char *ability_title(enum ability a)
{
	return words[a].title;
}

enum ability_group ability_group_of(enum ability a)
{
	return words[a].group;
}

const char *ability_group_title(enum ability_group group)
{
	return group_titles[group];
}

enum ability ability_by_key(const char *key)
{
	for (enum ability a = ABILITY_NONE + 1; a < ABILITY_MAX; a++)
		if (strcmp(words[a].key, key) == 0)
			return a;
	return ABILITY_NONE;
}

/* --- types -------------------------------------------------------------------------------------- */

typedef void ask_type_fn(uint32_t type, struct ability_answer *a);

static const struct ability_answer *ask_type(struct cached *all, ask_type_fn *ask, uint32_t type)
{
	static const struct ability_answer unknown = {
		.err = -EINVAL, .why = "Linux 6.18 has no type of this number", .remedy = ""
	};
	struct cached *c;

	if (type >= TYPES_MAX)
		return &unknown;
	c = &all[type];
	if (!c->asked) {
		c->answer = (struct ability_answer){ .remedy = "" };
		ask(type, &c->answer);
		c->asked = true;
	}
	return &c->answer;
}

const struct ability_answer *ability_prog_type(uint32_t type)
{
	return ask_type(cache.prog, types_ask_prog, type);
}

const struct ability_answer *ability_map_type(uint32_t type)
{
	return ask_type(cache.map, types_ask_map, type);
}

void ability_forget(void)
{
	memset(&cache, 0, sizeof(cache));
}

/* --- a tool's choice ----------------------------------------------------------------------------- */

/* The first need that is not there, ABILITY_NONE when all are. */
static enum ability missing(const enum ability *needs)
{
	for (uint32_t i = 0; i < ABILITY_NEEDS_MAX && needs[i]; i++)
		if (!ability_has(needs[i]))
			return needs[i];
	return ABILITY_NONE;
}

static void add_sentence(struct buffer *out, const char *name, enum ability a)
{
	const struct ability_answer *answer = ability_ask(a);

	buffer_format(out, "%s%s is not to be had: %s: %s", buffer_string(out)[0] ? "; " : "", name,
		      ability_key(a), answer->why);
}

static int refuse(const struct ability_tool *tool, enum ability a, const char *reasons,
		  struct error *err)
{
	const char *remedy = ability_ask(a)->remedy;

	return error_set(err, lacks_privilege() ? -EPERM : -EOPNOTSUPP,
			 "%s cannot work here: %s%s%s", tool->name, reasons, *remedy ? "; " : "",
			 remedy);
}

int ability_choose(const struct ability_tool *tool, struct buffer *passed, struct error *err)
{
	enum ability lack = missing(tool->needs), last = ABILITY_NONE;
	struct buffer reasons = { 0 };
	int rc = -EOPNOTSUPP;

	if (lack) {
		buffer_format(&reasons, "%s: %s", ability_key(lack), ability_ask(lack)->why);
		rc = refuse(tool, lack, buffer_string(&reasons), err);
		buffer_deinit(&reasons);
		return rc;
	}
	for (int i = 0; i < ABILITY_HOOKS_MAX && tool->hooks[i].name; i++) {
		last = missing(tool->hooks[i].needs);
		if (!last) {
			rc = i;
			break;
		}
		add_sentence(&reasons, tool->hooks[i].name, last);
	}
	if (rc < 0 && last)
		rc = refuse(tool, last, buffer_string(&reasons), err);
	else if (rc < 0)
		rc = 0; /* a tool with needs and no choice */
	else if (passed)
		buffer_text(passed, buffer_string(&reasons));
	buffer_deinit(&reasons);
	return rc;
}
