/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard learn: looks on, and writes rules that allow just what happened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/enforce.h"
#include "guard/guard.h"
#include "guard/learnt.h"
#include "guard/rule.h"
#include "guard/show.h"
#include "tool/tool.h"

struct guard_learn {
	struct tool tool;
	struct show show;
	struct enforce *enforce;
	struct learnt learnt;
	const char *cgroup;
	bool reads;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 'r', "reads", NULL, "learn who reads, too", OPTION_FLAG, offsetof(struct guard_learn, reads) },
	{ 0, "cgroup", "PATH", "look on at processes in this cgroup (v2) or below it (default: all)", OPTION_TEXT, offsetof(struct guard_learn, cgroup) },
};
/* clang-format on */

const struct tool_spec guard_learn_spec = {
	.ability = &guard_ability,
	.command = "guard learn",
	.summary = "look on, and write rules that allow just what happened",
	.about =
		"Until Ctrl-C, or for -d seconds, every write of a key is let through and remembered; then\n"
		"rules go to standard output: each key that was written is denied, except to the programs, and\n"
		"containers, that wrote it. What is new is told as it happens. Look the rules over, and try them\n"
		"with `skep guard check -f FILE`.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep guard learn -d 3600 > rules.conf\n"
		    "  skep guard learn --reads --container 4f2a9c81d0b3\n",
};

static void say_new(struct guard_learn *l, const struct guard_event *event)
{
	bool is_write = event->access == GUARD_WRITE;
	char key[GUARD_NAME_BYTES];
	struct buffer line = { 0 };

	rule_key_print(event->name, key);
	buffer_format(&line, "%s %s by %s (pid %u)", key, is_write ? "written" : "read",
		      event->comm, event->tgid);
	if (is_write)
		buffer_format(&line, ": %s -> %s", event->old_value, event->new_value);
	learnt_printable(line.data);
	tool_note(&l->tool, "%s", line.data);
	buffer_deinit(&line);
}

static void take_events(void *arg)
{
	struct guard_learn *l = arg;
	struct guard_event event;
	uint64_t end;

	enforce_bell_clear(l->enforce);
	end = enforce_log_end(l->enforce); /* more may come as fast as they are read */
	while (l->show.seq < end && show_next(&l->show, &event)) {
		const struct who_cgroup *cgroup = who_cgroup(l->tool.who, event.cgroup);
		bool in_container = cgroup->container.id[0] || cgroup->container.name[0] ||
				    cgroup->container.pod[0];

		if (learnt_add(&l->learnt, &event, in_container ? &cgroup->container : NULL))
			say_new(l, &event);
	}
}

static int check_options(const struct tool_options *o, struct error *err)
{
	if (o->format != OUTPUT_COLUMNS || o->listen)
		return error_set(
			err, -EINVAL,
			"it writes rules, in the one form they have: leave --output and --listen out");
	if (o->interval_ns)
		return error_set(err, -EINVAL,
				 "--interval: rules are written once, at the end; -d says when");
	if (o->filter.netns)
		return error_set(err, -EINVAL, "--netns: a rule knows no network namespace");
	return 0;
}

static int load(struct guard_learn *l, struct error *err)
{
	struct ruleset set;
	int rc;

	ruleset_init(&set);
	ruleset_add_text(&set, l->reads ? "audit * read,write" : "audit * write", err);
	rc = ruleset_finish(&set, err);
	if (!rc)
		rc = enforce_load(&l->enforce, err);
	if (!rc)
		rc = enforce_replace_rules(l->enforce, &set, err);
	if (!rc)
		rc = enforce_attach(l->enforce, l->cgroup ? l->cgroup : "/", err);
	ruleset_deinit(&set);
	return rc;
}

static int start(struct guard_learn *l, struct error *err)
{
	int rc = check_options(&l->tool.options, err);

	if (rc)
		return rc;
	tool_want_names(&l->tool, true);
	rc = load(l, err);
	if (!rc)
		rc = show_begin(&l->show, &l->tool, l->enforce, 0, err);
	if (rc)
		return rc;
	rc = enforce_bell_fd(l->enforce);
	if (rc < 0)
		return error_set(err, rc, "cannot wait for events: %s", strerror(-rc));
	rc = loop_add_fd(&l->tool.loop, rc, take_events, l, err);
	if (rc)
		return rc;
	cost_add(&l->tool.cost, enforce_program_fd(l->enforce));
	l->tool.loop.chore = cost_chore;
	l->tool.loop.chore_arg = &l->tool.cost;
	tool_note(&l->tool, "looking on at cgroup %s; Ctrl-C ends it and writes the rules",
		  enforce_cgroup(l->enforce));
	return 0;
}

static void write_rules(struct guard_learn *l)
{
	uint64_t missing = l->show.lost + l->learnt.n_left_out;
	double seconds = (double)(loop_now_ns() - l->tool.loop.start_ns) / TOOL_NS_PER_SECOND;
	FILE *stream = l->tool.output.stream;
	char time[OUTPUT_TIME_BYTES];
	struct buffer out = { 0 };
	struct error err;

	buffer_format(&out, "# Learnt by skep guard learn until %s, in %.1f s: %llu accesses.\n",
		      output_time(loop_realtime_ns(loop_now_ns()), time), seconds,
		      (unsigned long long)l->learnt.n_events);
	if (missing)
		buffer_format(
			&out,
			"# %llu more came faster than they could be read: something may be missing.\n",
			(unsigned long long)missing);
	learnt_print(&l->learnt, &out);
	fputs(out.data, stream);
	if (fflush(stream)) {
		error_set(&err, -errno, "cannot write to standard output: %s", strerror(errno));
		tool_fail(&l->tool, &err);
	}
	buffer_deinit(&out);
}

static void go(struct guard_learn *l)
{
	while (loop_wait(&l->tool.loop))
		;
	take_events(l);
	write_rules(l);
	show_losses(&l->show);
}

int guard_learn_main(int argc, char **argv)
{
	struct guard_learn *l = xcalloc(1, sizeof(*l));
	struct error err;
	int code;

	if (tool_begin(&l->tool, &guard_learn_spec, &show_output, l, argc, argv, &code)) {
		if (start(l, &err))
			tool_fail(&l->tool, &err);
		else
			go(l);
		show_end(&l->show);
		enforce_close(l->enforce);
		learnt_deinit(&l->learnt);
		code = tool_end(&l->tool);
	}
	free(l);
	return code;
}
