/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/doors.h"
#include "guard/rule.h"
#include "tool/fields.h"
#include "who/cgroup.h"

enum {
	FIELD_OUTCOME = FIELD_OWN,
	FIELD_ACCESS,
	FIELD_KEY,
	FIELD_OLD,
	FIELD_NEW,
	FIELD_DOOR,
	FIELD_WHERE,
	FIELD_RULE,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_OUTCOME] = { "outcome", "OUTCOME", FIELD_STRING, -12, FIELD_LABEL, .help = "what became of it" },
	[FIELD_ACCESS] = { "access", "ACCESS", FIELD_STRING, -6, FIELD_LABEL, .help = "read or write" },
	[FIELD_KEY] = { "key", "KEY", FIELD_STRING, -32, .help = "as sysctl(8) writes it" },
	[FIELD_OLD] = { "old", "OLD", FIELD_STRING, -12, .help = "value before, its first bytes" },
	[FIELD_NEW] = { "new", "NEW", FIELD_STRING, -12, .help = "value that was written, its first bytes; of kept what was tried" },
	[FIELD_DOOR] = { "door", "DOOR", FIELD_STRING, -8, FIELD_LABEL, .help = "other way than the key by which it was changed" },
	[FIELD_WHERE] = { "where", "RULE", FIELD_STRING, 0, FIELD_LABEL, .help = "where the rule stands" },
	[FIELD_RULE] = { "rule", NULL, FIELD_STRING, 0, .help = "the rule" },
};
/* clang-format on */

const struct output_spec show_output = {
	.fields = fields,
	.n_fields = N_FIELDS,
	.rows_metric = "skep_guard_events_total",
	.rows_help = "accesses to guarded keys",
};

const char *show_outcome(uint32_t outcome)
{
	static const char *const names[] = {
		[0] = "allowed",
		[GUARD_AUDITED] = "audited",
		[GUARD_DENIED] = "denied",
		[GUARD_PINNED] = "pinned",
		[GUARD_PIN_REFUSED] = "pin-refused",
		[GUARD_REVERTED] = "reverted",
		[GUARD_NOT_REVERTED] = "not-reverted",
		[GUARD_DETACHED] = "detached",
		[GUARD_DOOR_USED] = "door-used",
		[GUARD_UNPINNED] = "unpinned",
		[GUARD_KEPT] = "kept",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == GUARD_KEPT + 1, "each has a name");

	return outcome <= GUARD_KEPT ? names[outcome] : "?";
}

const char *show_access(uint32_t access)
{
	static const char *const names[] = { "-", "read", "write", "read,write" };

	return names[access & (GUARD_READ | GUARD_WRITE)];
}

const char *show_action(uint32_t action)
{
	static const char *const names[] = { "?", "allow", "deny", "pin", "audit" };

	return names[action <= GUARD_AUDIT ? action : 0];
}

/* --- rules by number ------------------------------------------------------------------------ */

static void rules_forget(struct show *s)
{
	free(s->rules);
	s->rules = NULL;
	s->n_rules = 0;
}

static void rules_read(struct show *s)
{
	struct guard_rule rule;

	rules_forget(s);
	s->generation = enforce_generation(s->enforce);
	for (uint32_t i = 0; enforce_rule(s->enforce, i, &rule) == 0; i++) {
		if (rule.number < s->n_rules)
			continue; /* an alias, of the same words */
		array_grow(s->rules, s->n_rules);
		memcpy(s->rules[s->n_rules].where, rule.where, sizeof(rule.where));
		memcpy(s->rules[s->n_rules].text, rule.text, sizeof(rule.text));
		s->n_rules++;
	}
}

/* The rule of an event, or NULL: there was none, or it is no longer in force. */
static const struct show_rule *rule_of(struct show *s, const struct guard_event *event)
{
	if (event->generation != s->generation)
		rules_read(s);
	if (event->generation != s->generation || event->rule >= s->n_rules)
		return NULL;
	return &s->rules[event->rule];
}

/* --- which events --------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return strncmp(path, above, n) == 0 && (!path[n] || path[n] == '/' || n == 1);
}

static bool in_cgroup(struct show *s, const struct guard_event *event)
{
	const struct filter_settings *wanted = &s->tool->settings;
	const char *path = who_cgroup(s->tool->who, event->cgroup)->path;
	char above[CGROUP_PATH_BYTES];

	if (wanted->follows)
		return container_above(path, s->tool->options.filter.container);
	return !wanted->has_cgroup || wanted->cgroup_id == event->cgroup ||
	       (cgroup_path_of(wanted->cgroup_id, above) == 0 && is_below(path, above));
}

static bool is_wanted(struct show *s, const struct guard_event *event)
{
	const struct filter_settings *wanted = &s->tool->settings;

	if ((wanted->tgid && wanted->tgid != event->tgid) ||
	    (wanted->tid && wanted->tid != event->pid))
		return false;
	if ((wanted->has_uid && wanted->uid != event->uid) ||
	    (*wanted->comm && strncmp(wanted->comm, event->comm, sizeof(event->comm))))
		return false;
	return in_cgroup(s, event);
}

/* --- rows ----------------------------------------------------------------------------------- */

static struct cell value_cell(const char *value, bool is_there)
{
	return cell_text(is_there ? value : NULL);
}

static void show_event(struct show *s, const struct guard_event *event)
{
	const struct show_rule *rule = rule_of(s, event);
	struct cell cells[N_FIELDS] = { 0 };
	struct event_head head = {
		.ktime_ns = event->ns,
		.cgroup_id = event->cgroup,
		.pid = event->tgid,
		.tid = event->pid,
		.uid = event->uid,
	};
	char key[GUARD_NAME_BYTES];
	bool has_new = event->access == GUARD_WRITE && event->outcome != GUARD_DETACHED &&
		       event->outcome != GUARD_UNPINNED;
	bool has_old = event->outcome != GUARD_DETACHED && event->outcome != GUARD_UNPINNED &&
		       event->outcome != GUARD_KEPT;

	memcpy(head.comm, event->comm, sizeof(head.comm));
	tool_cells(s->tool, &head, cells);
	rule_key_print(event->name, key);
	cells[FIELD_OUTCOME] = cell_text(show_outcome(event->outcome));
	cells[FIELD_ACCESS] = cell_text(show_access(event->access));
	cells[FIELD_KEY] = cell_text(*key ? key : NULL);
	cells[FIELD_OLD] = value_cell(event->old_value, has_old);
	cells[FIELD_NEW] = value_cell(event->new_value, has_new);
	cells[FIELD_DOOR] = cell_text(event->door ? door_kind_name(event->door) : NULL);
	cells[FIELD_WHERE] = cell_text(rule ? rule->where : NULL);
	cells[FIELD_RULE] = cell_text(rule ? rule->text : NULL);
	output_row(&s->tool->output, cells);
}

/* What a process of another user or the maps' holder wrote there ends all the same. */
static void end_texts(struct guard_event *event)
{
	event->comm[sizeof(event->comm) - 1] = '\0';
	event->name[sizeof(event->name) - 1] = '\0';
	event->old_value[sizeof(event->old_value) - 1] = '\0';
	event->new_value[sizeof(event->new_value) - 1] = '\0';
}

int show_begin(struct show *s, struct tool *tool, struct enforce *e, uint64_t seq,
	       struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->tool = tool;
	s->enforce = e;
	s->seq = seq;
	if (tool->options.filter.netns)
		return error_set(
			err, -EINVAL,
			"--netns: the log does not say in which network namespace an access was");
	return 0;
}

int show_next(struct show *s, struct guard_event *event)
{
	while (enforce_log_next(s->enforce, &s->seq, event, &s->lost) > 0) {
		end_texts(event);
		s->n_read++;
		if (is_wanted(s, event))
			return 1;
	}
	return 0;
}

/* Those that were there when it was called: more may come as fast as they are shown. */
void show_events(struct show *s)
{
	uint64_t end = enforce_log_end(s->enforce);
	struct account account;
	struct guard_event event;

	while (s->seq < end && !s->tool->code && show_next(s, &event))
		show_event(s, &event);
	account = (struct account){ .occurred = s->n_read + s->lost, .dropped = s->lost };
	tool_count_losses(s->tool, &account);
}

void show_losses(struct show *s)
{
	if (s->lost || s->tool->options.verbose)
		tool_note(s->tool, "%llu events: %llu read, %llu lost%s",
			  (unsigned long long)(s->n_read + s->lost), (unsigned long long)s->n_read,
			  (unsigned long long)s->lost,
			  s->lost ? " (overwritten before they were read)" : "");
}

void show_end(struct show *s)
{
	rules_forget(s);
}
