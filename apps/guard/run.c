/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard run: guards until Ctrl-C, with rules of its own; or looks on while the installed guard does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guard/enforce.h"
#include "guard/guard.h"
#include "guard/lsm.h"
#include "guard/show.h"
#include "guard/sources.h"
#include "guard/watch.h"
#include "tool/tool.h"

#define LOOK_NS 250000000l /* how often the guard's own state is looked at */

struct guard_run {
	struct sources sources; /* first: sources_take_path() */
	struct tool tool;
	struct show show;
	struct enforce *enforce;
	uint64_t generation;  /* of an installed guard's rules */
	struct watch *watch;  /* NULL: --no-doors */
	struct ruleset rules; /* in force */
	const char *cgroup, *pins;
	int changes, timer; /* descriptors; -1: none */
	bool no_doors, no_lsm;
	bool installed;	  /* it is not ours: we look on */
	bool lsm_pinned;  /* what closes side doors is, too */
	bool pins_missed; /* they could not be put back: that was said */
};

/* clang-format off */
static const struct tool_option options[] = {
	SOURCES_OPTIONS,
	{ 0, "cgroup", "PATH", "guard against processes in this cgroup (v2) or below it (default: all)", OPTION_TEXT, offsetof(struct guard_run, cgroup) },
	{ 0, "pins", "FOLDER", "where the installed guard is pinned (" ENFORCE_PINS ")", OPTION_TEXT, offsetof(struct guard_run, pins) },
	{ 0, "no-doors", NULL, "do not watch other ways to the keys' values (`skep guard doors`)", OPTION_FLAG, offsetof(struct guard_run, no_doors) },
	{ 0, "no-lsm", NULL, "do not close them by BPF LSM, where it could", OPTION_FLAG, offsetof(struct guard_run, no_lsm) },
};
/* clang-format on */

const struct tool_spec guard_run_spec = {
	.ability = &guard_ability,
	.command = "guard run",
	.operands = "[RULE...]",
	.summary = "guard until Ctrl-C, and show what happens",
	.about =
		"Rules are operands, or come from -f; without either, an installed guard is looked after,\n"
		"or else the rules of " RULESET_FOLDER
		" are taken. Files are read again when they change;\n"
		"with any mistake in them the rules stay as they were. The guard ends with the command,\n"
		"however that ends; `skep guard install` makes one that stays.\n"
		"A read in several calls is one row.\n",
	.flags = TOOL_OPERANDS,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep guard run 'deny net.ipv4.ip_forward except comm=NetworkManager'\n"
		    "  skep guard run 'audit *' -o json\n"
		    "  skep guard run -f rules.conf --listen 127.0.0.1:9435\n",
};

/* --- rules ---------------------------------------------------------------------------------- */

static void say_mistakes(struct guard_run *r, const struct ruleset *set)
{
	output_flush(&r->tool.output);
	fputs(buffer_string(&set->mistakes), r->tool.notes);
}

/* The same words at the same places: the time of a file has changed, and nothing else. */
static bool same_rules(const struct ruleset *a, const struct ruleset *b)
{
	return a->n_rules == b->n_rules &&
	       (!a->n_rules || memcmp(a->rules, b->rules, a->n_rules * sizeof(*a->rules)) == 0);
}

static void rules_said(struct guard_run *r)
{
	tool_note(&r->tool, "%u rule%s in force for cgroup %s%s", r->rules.n_written,
		  r->rules.n_written == 1 ? "" : "s", enforce_cgroup(r->enforce),
		  r->rules.n_rules > r->rules.n_written ? ", and for the keys' other names" : "");
}

/* Files have changed: reads them again as one; what is wrong leaves the rules as they are. */
static void reload(void *arg)
{
	struct guard_run *r = arg;
	struct ruleset set;
	struct error err;
	int rc;

	sources_watch_again(&r->sources, r->changes);
	rc = sources_read(&r->sources, &set, &err);
	if (!rc && same_rules(&set, &r->rules)) {
		ruleset_deinit(&set);
		return;
	}
	if (!rc)
		rc = enforce_replace_rules(r->enforce, &set, &err);
	if (rc) {
		say_mistakes(r, &set);
		tool_note(&r->tool, "%s: the old rules stay in force", err.text);
		ruleset_deinit(&set);
		return;
	}
	ruleset_deinit(&r->rules);
	r->rules = set;
	rules_said(r);
	if (r->watch && watch_set_rules(r->watch, &r->rules, &err))
		tool_note(&r->tool, "%s", err.text);
}

/* --- looking after it ----------------------------------------------------------------------- */

static void log_taken(struct guard_run *r, uint32_t outcome)
{
	struct guard_event event = {
		.outcome = outcome,
		.rule = GUARD_NO_RULE,
		.cgroup = 0,
		.tgid = (uint32_t)getpid(),
		.pid = (uint32_t)getpid(),
		.uid = getuid(),
		.comm = "skep",
	};

	enforce_log_add(r->enforce, &event);
	show_events(&r->show);
}

static void stop_with(struct guard_run *r, const struct error *err)
{
	tool_fail(&r->tool, err);
	loop_stop(&r->tool.loop);
}

static void look_at_link(struct guard_run *r)
{
	struct error err;
	int rc;

	if (enforce_is_attached(r->enforce))
		return;
	rc = enforce_reattach(r->enforce, &err);
	if (rc && !enforce_is_attached(r->enforce)) {
		stop_with(r, &err);
		return;
	}
	tool_note(&r->tool, "ALERT: the guard was taken off cgroup %s; it is back",
		  enforce_cgroup(r->enforce));
	if (rc)
		tool_note(&r->tool, "%s", err.text);
	log_taken(r, GUARD_DETACHED);
}

/* 0, or -errno with a sentence. */
static int pin_again(struct guard_run *r, struct error *err)
{
	int rc;

	if (!enforce_pins_mounted(r->pins))
		return error_set(err, -ENODEV, "the bpf file system of %s was unmounted", r->pins);
	rc = enforce_pin_again(r->enforce, err);
	if (!rc && r->watch && r->lsm_pinned)
		rc = watch_pin_lsm(r->watch, r->pins, err);
	return rc;
}

/* Pins of an installed guard are gone. It was removed; or somebody took them away, or their file system. */
static void look_at_pins(struct guard_run *r)
{
	bool known = r->pins_missed;
	struct error err;
	int rc;

	if (!r->installed || enforce_is_whole(r->enforce)) {
		r->pins_missed = false;
		return;
	}
	if (enforce_is_removed(r->enforce)) {
		tool_note(&r->tool, "the guard of %s was removed", r->pins);
		loop_stop(&r->tool.loop);
		return;
	}
	rc = pin_again(r, &err);
	if (rc == -EAGAIN || (rc && known))
		return;
	r->pins_missed = rc != 0;
	if (rc)
		tool_note(&r->tool, "ALERT: %s: the guard ends with this command", err.text);
	else
		tool_note(&r->tool,
			  "ALERT: pins of the guard were taken away from %s; they are back",
			  r->pins);
	if (!known)
		log_taken(r, GUARD_UNPINNED);
}

/* The rules of the installed guard, as a set. */
static void copy_rules(struct guard_run *r)
{
	struct guard_rule rule;

	ruleset_init(&r->rules);
	for (uint32_t i = 0; enforce_rule(r->enforce, i, &rule) == 0; i++) {
		rule.hits = 0;
		array_grow(r->rules.rules, r->rules.n_rules);
		r->rules.rules[r->rules.n_rules++] = rule;
		r->rules.n_written += !rule.is_alias;
	}
}

/* `skep guard install` gave it other rules. */
static void look_at_rules(struct guard_run *r)
{
	uint64_t generation = r->installed ? enforce_generation(r->enforce) : 0;
	struct error err;

	if (generation == r->generation)
		return;
	r->generation = generation;
	ruleset_deinit(&r->rules);
	copy_rules(r);
	rules_said(r);
	if (r->watch && watch_set_rules(r->watch, &r->rules, &err))
		tool_note(&r->tool, "%s", err.text);
}

static void look(void *arg)
{
	struct guard_run *r = arg;
	uint64_t times;

	if (read(r->timer, &times, sizeof(times)) < 0)
		return;
	look_at_pins(r);
	if (!r->tool.loop.stopped) {
		look_at_link(r);
		look_at_rules(r);
	}
	show_events(&r->show);
}

static void bell(void *arg)
{
	struct guard_run *r = arg;

	enforce_bell_clear(r->enforce);
	show_events(&r->show);
}

static int start_timer(struct guard_run *r, struct error *err)
{
	struct itimerspec every = { { 0, LOOK_NS }, { 0, LOOK_NS } };

	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (r->timer < 0 || timerfd_settime(r->timer, 0, &every, NULL))
		return error_set(err, -errno, "cannot have a timer: %s", strerror(errno));
	return loop_add_fd(&r->tool.loop, r->timer, look, r, err);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* A guard of our own. */
static int load(struct guard_run *r, struct error *err)
{
	int rc = sources_read(&r->sources, &r->rules, err);

	if (rc) {
		say_mistakes(r, &r->rules);
		return rc;
	}
	rc = enforce_load(&r->enforce, err);
	if (!rc)
		rc = enforce_replace_rules(r->enforce, &r->rules, err);
	if (!rc)
		rc = enforce_attach(r->enforce, r->cgroup ? r->cgroup : "/", err);
	return rc;
}

static int open_guard(struct guard_run *r, struct error *err)
{
	struct error none;
	int rc;

	if (sources_given(&r->sources) || r->cgroup)
		return load(r, err);
	rc = enforce_open_pinned(r->pins, &r->enforce, &none);
	if (rc == -ENOENT || rc == -EOPNOTSUPP)
		return load(r, err);
	if (rc)
		return error_set(err, rc, "%s", none.text);
	r->installed = true;
	r->lsm_pinned = lsm_is_pinned(r->pins);
	r->generation = enforce_generation(r->enforce);
	copy_rules(r);
	return 0;
}

static void say_of_watch(void *arg, const char *sentence)
{
	struct guard_run *r = arg;

	show_events(&r->show);
	tool_note(&r->tool, "%s", sentence);
}

static int watch_doors(struct guard_run *r, struct error *err)
{
	const struct watch_setup setup = {
		.enforce = r->enforce,
		.loop = &r->tool.loop,
		.rules = &r->rules,
		.no_lsm = r->no_lsm,
		.say = say_of_watch,
		.arg = r,
		.verbose = r->tool.options.verbose,
	};

	int fds[COST_PROGRAMS_MAX], rc;

	if (r->no_doors)
		return 0;
	rc = watch_begin(&setup, &r->watch, err);
	if (rc == -EBUSY || rc == -EXDEV) {
		tool_note(&r->tool, "%s; %s", err->text,
			  rc == -EBUSY ? "this one only shows what happens"
				       : "the keys themselves are guarded");
		return 0;
	}
	if (rc)
		return rc;
	for (uint32_t i = watch_programs(r->watch, fds, COST_PROGRAMS_MAX); i--;)
		cost_add(&r->tool.cost, fds[i]);
	return 0;
}

static int listen_all(struct guard_run *r, struct error *err)
{
	int rc = enforce_bell_fd(r->enforce);

	if (rc < 0)
		return error_set(err, rc, "cannot wait for events: %s", strerror(-rc));
	rc = loop_add_fd(&r->tool.loop, rc, bell, r, err);
	if (!rc)
		rc = start_timer(r, err);
	if (rc || r->installed)
		return rc;
	r->changes = sources_watch(&r->sources, err);
	if (r->changes < 0)
		return r->changes;
	return loop_add_fd(&r->tool.loop, r->changes, reload, r, err);
}

static int start(struct guard_run *r, struct error *err)
{
	int rc = open_guard(r, err);

	if (rc)
		return rc;
	tool_want_names(&r->tool, false);
	rc = show_begin(&r->show, &r->tool, r->enforce, enforce_log_end(r->enforce), err);
	if (!rc)
		rc = listen_all(r, err);
	if (!rc)
		rc = watch_doors(r, err);
	if (rc)
		return rc;
	cost_add(&r->tool.cost, enforce_program_fd(r->enforce));
	r->tool.loop.chore = cost_chore;
	r->tool.loop.chore_arg = &r->tool.cost;
	rules_said(r);
	return 0;
}

static void go(struct guard_run *r)
{
	while (loop_wait(&r->tool.loop))
		show_events(&r->show);
	enforce_detach(r->enforce);
	show_events(&r->show);
	if (!r->tool.code)
		show_losses(&r->show);
}

int guard_run_main(int argc, char **argv)
{
	struct guard_run *r = xcalloc(1, sizeof(*r));
	struct error err;
	int code;

	r->pins = ENFORCE_PINS;
	r->changes = r->timer = -1;
	if (tool_begin(&r->tool, &guard_run_spec, &show_output, r, argc, argv, &code)) {
		r->sources.texts = r->tool.options.operands;
		r->sources.n_texts = r->tool.options.n_operands;
		if (start(r, &err))
			tool_fail(&r->tool, &err);
		else
			go(r);
		watch_end(r->watch);
		show_end(&r->show);
		enforce_close(r->enforce);
		ruleset_deinit(&r->rules);
		if (r->changes >= 0)
			close(r->changes);
		if (r->timer >= 0)
			close(r->timer);
		code = tool_end(&r->tool);
	}
	free(r);
	return code;
}
