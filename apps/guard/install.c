/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard install and remove: a guard that needs no process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ability/ability.h"
#include "guard/enforce.h"
#include "guard/guard.h"
#include "guard/lsm.h"
#include "guard/show.h"
#include "guard/sources.h"
#include "tool/tool.h"
#include "who/cgroup.h"

struct guard_install {
	struct sources sources; /* first: sources_take_path() */
	struct tool tool;
	const char *cgroup, *pins;
	bool no_lsm;
};

#define MEMBER(name) offsetof(struct guard_install, name)

/* clang-format off */
static const struct tool_option install_options[] = {
	SOURCES_OPTIONS,
	{ 0, "cgroup", "PATH", "guard against processes in this cgroup (v2) or below it (default: all)", OPTION_TEXT, MEMBER(cgroup) },
	{ 0, "pins", "FOLDER", "where to pin it (" ENFORCE_PINS ")", OPTION_TEXT, MEMBER(pins) },
	{ 0, "no-lsm", NULL, "do not close other ways to the keys' values by BPF LSM, where it could", OPTION_FLAG, MEMBER(no_lsm) },
};

static const struct tool_option remove_options[] = {
	{ 0, "pins", "FOLDER", "where it is pinned (" ENFORCE_PINS ")", OPTION_TEXT, MEMBER(pins) },
};
/* clang-format on */

const struct tool_spec guard_install_spec = {
	.ability = &guard_ability,
	.command = "guard install",
	.operands = "[RULE...]",
	.summary = "guard from now on, without a process; again: replace the rules",
	.about =
		"Rules are operands, come from -f, or from " RULESET_FOLDER
		". The guard is there until\n"
		"`skep guard remove`, or until the machine starts again: `skep guard install` when it does.\n"
		"`skep guard run` looks after it: side doors, and that it stays where it is.\n",
	.flags = TOOL_OPERANDS,
	.options = install_options,
	.n_options = sizeof(install_options) / sizeof(install_options[0]),
	.examples = "  skep guard install 'pin vm.swappiness 10'\n"
		    "  skep guard install -f /etc/skep/guard.d\n",
};

const struct tool_spec guard_remove_spec = {
	.ability = &guard_ability,
	.command = "guard remove",
	.summary = "take the installed guard away",
	.options = remove_options,
	.n_options = sizeof(remove_options) / sizeof(remove_options[0]),
};

static bool same_cgroup(const char *path, struct enforce *e, struct error *err)
{
	char of[CGROUP_PATH_BYTES];
	uint32_t level;
	uint64_t id;

	if (!path)
		return true;
	if (cgroup_id_of(path, &id, &level, err))
		return false;
	if (cgroup_path_of(id, of) == 0 && strcmp(of, enforce_cgroup(e)) == 0)
		return true;
	error_set(err, -EBUSY,
		  "a guard is installed for cgroup '%s': remove it first, or pin this one "
		  "elsewhere with --pins",
		  enforce_cgroup(e));
	return false;
}

/* There is one: it gets the rules, and is put back where it belongs. */
static int replace(struct guard_install *i, struct enforce *e, const struct ruleset *set,
		   struct error *err)
{
	int rc;

	if (!same_cgroup(i->cgroup, e, err))
		return -EBUSY;
	rc = enforce_replace_rules(e, set, err);
	if (rc || (enforce_is_attached(e) && enforce_is_pinned(e)))
		return rc;
	return enforce_reattach(e, err);
}

static int make(struct guard_install *i, struct enforce **e, const struct ruleset *set,
		struct error *err)
{
	int rc = enforce_load(e, err);

	if (!rc)
		rc = enforce_replace_rules(*e, set, err);
	if (!rc)
		rc = enforce_attach(*e, i->cgroup ? i->cgroup : "/", err);
	return rc ? rc : enforce_pin(*e, i->pins, err);
}

static int install_set(struct guard_install *i, struct enforce **e, const struct ruleset *set,
		       struct error *err)
{
	int rc = enforce_open_pinned(i->pins, e, err);

	if (rc == -ENOENT) {
		rc = make(i, e, set, err);
		if (rc != -EEXIST)
			return rc;
		/* Somebody else installed one meanwhile. */
		enforce_close(*e);
		*e = NULL;
		rc = enforce_open_pinned(i->pins, e, err);
	}
	return rc ? rc : replace(i, *e, set, err);
}

/* What closes them takes the place of what did. */
static int replace_lsm(struct guard_install *i, struct enforce *e, const struct ruleset *set,
		       struct error *err)
{
	struct lsm *lsm;
	int rc;

	lsm_unpin(i->pins);
	if (i->no_lsm)
		return 0;
	rc = lsm_start(e, set, &lsm, err);
	if (rc) {
		tool_say(&i->tool, "%s", err->text);
		return 0;
	}
	rc = lsm_pin(lsm, i->pins, err);
	lsm_stop(lsm);
	if (!rc)
		tool_say(&i->tool, "side doors are closed by BPF LSM");
	return rc;
}

/* Side doors, where this kernel closes them without a process. */
static int close_doors(struct guard_install *i, struct enforce *e, const struct ruleset *set,
		       struct error *err)
{
	struct enforce_change *change;
	int rc = enforce_change_begin(i->pins, &change, err);

	if (rc)
		return rc;
	rc = replace_lsm(i, e, set, err);
	enforce_change_end(change);
	return rc;
}

static int install(struct guard_install *i, struct error *err)
{
	struct enforce *e = NULL;
	struct ruleset set;
	struct error no_lsm;
	int rc = sources_read(&i->sources, &set, err);

	/* The answer is kept. It takes the most memory of all: where that is short, nothing is pinned yet. */
	if (!rc && !i->no_lsm)
		ability_choose(&guard_lsm_ability, NULL, &no_lsm);
	if (rc)
		fputs(buffer_string(&set.mistakes), i->tool.notes);
	else
		rc = install_set(i, &e, &set, err);
	if (!rc)
		rc = close_doors(i, e, &set, err);
	if (!rc)
		tool_note(&i->tool, "%u rule%s in force for cgroup %s, until `skep guard remove`",
			  set.n_written, set.n_written == 1 ? "" : "s", enforce_cgroup(e));
	enforce_close(e);
	ruleset_deinit(&set);
	return rc;
}

static int take_away(struct guard_install *i, struct error *err)
{
	struct enforce_change *change;
	int rc = enforce_change_begin(i->pins, &change, err);

	if (rc)
		return rc;
	lsm_unpin(i->pins);
	rc = enforce_unpin(change, err);
	enforce_change_end(change);
	if (!rc)
		tool_note(&i->tool, "the guard of %s is removed", i->pins);
	return rc;
}

static int run_main(const struct tool_spec *spec, int (*fn)(struct guard_install *, struct error *),
		    int argc, char **argv)
{
	struct guard_install *i = xcalloc(1, sizeof(*i));
	struct error err;
	int code;

	i->pins = ENFORCE_PINS;
	if (tool_begin(&i->tool, spec, &show_output, i, argc, argv, &code)) {
		i->tool.no_cost = true;
		i->sources.texts = i->tool.options.operands;
		i->sources.n_texts = i->tool.options.n_operands;
		if (fn(i, &err))
			tool_fail(&i->tool, &err);
		code = tool_end(&i->tool);
	}
	free(i);
	return code;
}

int guard_install_main(int argc, char **argv)
{
	return run_main(&guard_install_spec, install, argc, argv);
}

int guard_remove_main(int argc, char **argv)
{
	return run_main(&guard_remove_spec, take_away, argc, argv);
}
