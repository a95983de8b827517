/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard status: the rules of the installed guard, and what they did. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/doors.h"
#include "guard/enforce.h"
#include "guard/guard.h"
#include "guard/lsm.h"
#include "guard/rule.h"
#include "guard/show.h"
#include "tool/tool.h"

#define NOT_IN_FORCE 1 /* the exit code */

struct guard_status {
	struct tool tool;
	const char *pins;
	bool aliases;
};

#define MEMBER(name) offsetof(struct guard_status, name)

/* clang-format off */
static const struct tool_option options[] = {
	{ 'a', "aliases", NULL, "also the rules that stand for a key's other names", OPTION_FLAG, MEMBER(aliases) },
	{ 0, "pins", "FOLDER", "where the guard is pinned (" ENFORCE_PINS ")", OPTION_TEXT, MEMBER(pins) },
};
/* clang-format on */

const struct tool_spec guard_status_spec = {
	.ability = &guard_ability,
	.command = "guard status",
	.summary = "the installed guard's rules, and what they did",
	.about =
		"Exit code 0: a guard is installed and in force; 1: it was taken off its cgroup; 2: there is none.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
};

enum {
	FIELD_HITS,
	FIELD_ACTION,
	FIELD_ACCESS,
	FIELD_KEY,
	FIELD_ALIAS,
	FIELD_WHERE,
	FIELD_DOORS,
	FIELD_RULE,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	[FIELD_HITS] = { "hits", "HITS", FIELD_U64, 8, FIELD_COUNTER, "skep_guard_rule_hits_total", "accesses the rule was applied to" },
	[FIELD_ACTION] = { "action", "ACTION", FIELD_STRING, -6, FIELD_LABEL, .help = "allow, deny, pin or audit" },
	[FIELD_ACCESS] = { "access", "ACCESS", FIELD_STRING, -10, FIELD_LABEL, .help = "read, write or both" },
	[FIELD_KEY] = { "key", "KEY", FIELD_STRING, -36, FIELD_LABEL, .help = "pattern of the keys it is about" },
	[FIELD_ALIAS] = { "alias", NULL, FIELD_STRING, -5, .help = "yes: for another name of the rule's key" },
	[FIELD_WHERE] = { "where", "WHERE", FIELD_STRING, -24, FIELD_LABEL, .help = "where the rule stands" },
	[FIELD_DOORS] = { "doors", NULL, FIELD_STRING, 0, .help = "other ways to the keys' values, which only `guard run` sees" },
	[FIELD_RULE] = { "rule", "RULE", FIELD_STRING, 0, .help = "as it is written" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

/* "netlink,syscall": of a rule that holds its keys. */
static void doors_of(const struct guard_rule *rule, struct buffer *out)
{
	if (rule->action != GUARD_DENY && rule->action != GUARD_PIN)
		return;
	for (enum door_kind kind = DOOR_NETLINK; kind < DOOR_UNKNOWN; kind++)
		if (doors_has(rule->pattern, kind))
			buffer_format(out, "%s%s", out->bytes ? "," : "", door_kind_name(kind));
}

static void show_rule(struct guard_status *s, const struct guard_rule *rule)
{
	struct cell cells[N_FIELDS] = { 0 };
	struct buffer kinds = { 0 };
	char key[GUARD_NAME_BYTES];

	rule_key_print(rule->pattern, key);
	doors_of(rule, &kinds);
	cells[FIELD_HITS] = cell_u64(rule->hits);
	cells[FIELD_ACTION] = cell_text(show_action(rule->action));
	cells[FIELD_ACCESS] = cell_text(show_access(rule->access));
	cells[FIELD_KEY] = cell_text(key);
	cells[FIELD_ALIAS] = cell_text(rule->is_alias ? "yes" : NULL);
	cells[FIELD_WHERE] = cell_text(rule->where);
	cells[FIELD_DOORS] = cell_text(kinds.bytes ? buffer_string(&kinds) : NULL);
	cells[FIELD_RULE] = cell_text(rule->text);
	output_row(&s->tool.output, cells);
	buffer_deinit(&kinds);
}

/* @n_open: rules about keys that have some. */
static void tell_doors(struct guard_status *s, const struct enforce *e, uint32_t n_open)
{
	uint32_t watcher = enforce_watcher(e);

	if (watcher)
		tool_note(&s->tool, "side doors are watched by process %u", watcher);
	else if (n_open)
		tool_note(&s->tool,
			  "%u of them %s about keys with side doors (`skep guard doors`): %snobody "
			  "watches them, as `skep guard run` does",
			  n_open, n_open == 1 ? "is" : "are",
			  lsm_is_pinned(s->pins) ? "BPF LSM denies what it can; " : "");
}

static void show_all(struct guard_status *s, struct enforce *e)
{
	const char *cgroup = enforce_cgroup(e);
	bool *is_open = xcalloc(GUARD_RULES_MAX, sizeof(*is_open)); /* by number, aliases or not */
	struct guard_rule rule;
	uint32_t n = 0, open = 0;

	for (uint32_t i = 0; enforce_rule(e, i, &rule) == 0; i++) {
		struct buffer kinds = { 0 };

		doors_of(&rule, &kinds);
		if (kinds.bytes && rule.number < GUARD_RULES_MAX && !is_open[rule.number]) {
			is_open[rule.number] = true;
			open++;
		}
		buffer_deinit(&kinds);
		n += !rule.is_alias;
		if (!rule.is_alias || s->aliases || s->tool.options.format != OUTPUT_COLUMNS)
			show_rule(s, &rule);
	}
	tool_note(&s->tool, "%u rule%s (set %llu) for cgroup %s; %llu events logged", n,
		  n == 1 ? "" : "s", (unsigned long long)enforce_generation(e),
		  *cgroup ? cgroup : "that is gone", (unsigned long long)enforce_log_end(e));
	tell_doors(s, e, open);
	free(is_open);
}

static int status(struct guard_status *s, struct error *err)
{
	struct enforce *e;
	int rc = enforce_open_pinned(s->pins, &e, err);

	if (rc)
		return rc;
	show_all(s, e);
	if (!enforce_is_attached(e)) {
		error_set(err, -ENOLINK, "the guard is NOT in force: it was taken off its cgroup%s",
			  *enforce_cgroup(e) ? "; `skep guard install` puts it back"
					     : ", which is gone");
		tool_fail(&s->tool, err);
		s->tool.code = NOT_IN_FORCE;
	}
	enforce_close(e);
	return 0;
}

int guard_status_main(int argc, char **argv)
{
	struct guard_status *s = xcalloc(1, sizeof(*s));
	struct error err;
	int code;

	s->pins = ENFORCE_PINS;
	if (tool_begin(&s->tool, &guard_status_spec, &output_spec, s, argc, argv, &code)) {
		s->tool.no_cost = true;
		if (status(s, &err))
			tool_fail(&s->tool, &err);
		code = tool_end(&s->tool);
	}
	free(s);
	return code;
}
