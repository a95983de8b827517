/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard log: what the installed guard keeps of what happened. Any number may read at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/enforce.h"
#include "guard/guard.h"
#include "guard/show.h"
#include "tool/fields.h"
#include "tool/tool.h"

#define LOOK_NS 200000000ull /* how often the log is looked at when no bell rings */

struct guard_log {
	struct tool tool;
	struct show show;
	struct enforce *enforce;
	const char *pins;
	uint64_t last;
	bool follow;
};

#define MEMBER(name) offsetof(struct guard_log, name)

/* clang-format off */
static const struct tool_option options[] = {
	{ 'f', "follow", NULL, "go on with what happens, until Ctrl-C", OPTION_FLAG, MEMBER(follow) },
	{ 'n', "last", "NUMBER", "begin with so many of the last events (default: all that are kept)", OPTION_NUMBER, MEMBER(last), 0, GUARD_LOG_ENTRIES },
	{ 0, "pins", "FOLDER", "where the guard is pinned (" ENFORCE_PINS ")", OPTION_TEXT, MEMBER(pins) },
};
/* clang-format on */

const struct tool_spec guard_log_spec = {
	.ability = &guard_ability,
	.command = "guard log",
	.summary = "what the installed guard did and saw",
	.about =
		"The last 4096 events are kept, whether or not anybody looks; how many were overwritten before\n"
		"they were read is said.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep guard log\n"
		    "  skep guard log -f -n 0 -o json\n",
};

static void bell(void *arg)
{
	struct guard_log *l = arg;

	enforce_bell_clear(l->enforce);
	show_events(&l->show);
}

/* A watcher's events ring no bell. */
static uint64_t look(void *arg, uint64_t now_ns)
{
	struct guard_log *l = arg;

	show_events(&l->show);
	return now_ns + LOOK_NS;
}

static int follow(struct guard_log *l, struct error *err)
{
	int rc = enforce_bell_fd(l->enforce);

	if (rc < 0)
		return error_set(err, rc, "cannot wait for events: %s", strerror(-rc));
	rc = loop_add_fd(&l->tool.loop, rc, bell, l, err);
	if (rc)
		return rc;
	l->tool.loop.chore = look;
	l->tool.loop.chore_arg = l;
	while (loop_wait(&l->tool.loop))
		;
	return 0;
}

static int show(struct guard_log *l, struct error *err)
{
	uint64_t end, from;
	int rc = enforce_open_pinned(l->pins, &l->enforce, err);

	if (rc)
		return rc;
	end = enforce_log_end(l->enforce);
	from = end > l->last ? end - l->last : 0;
	rc = show_begin(&l->show, &l->tool, l->enforce, l->last == GUARD_LOG_ENTRIES ? 0 : from,
			err);
	if (rc)
		return rc;
	l->tool.output.hidden &= ~(1ull << FIELD_TS);
	show_events(&l->show);
	if (l->follow)
		rc = follow(l, err);
	show_events(&l->show);
	if (!rc && !l->tool.code)
		show_losses(&l->show);
	return rc;
}

int guard_log_main(int argc, char **argv)
{
	struct guard_log *l = xcalloc(1, sizeof(*l));
	struct error err;
	int code;

	l->pins = ENFORCE_PINS;
	l->last = GUARD_LOG_ENTRIES;
	if (tool_begin(&l->tool, &guard_log_spec, &show_output, l, argc, argv, &code)) {
		l->tool.no_cost = true;
		if (show(l, &err))
			tool_fail(&l->tool, &err);
		show_end(&l->show);
		enforce_close(l->enforce);
		code = tool_end(&l->tool);
	}
	free(l);
	return code;
}
