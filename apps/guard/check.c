/* SPDX-License-Identifier: BSD-2-Clause */
/* skep guard check: what rules would do, before they do it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/actor.h"
#include "guard/guard.h"
#include "guard/judge.h"
#include "guard/keys.h"
#include "guard/lint.h"
#include "guard/rule.h"
#include "guard/ruleset.h"
#include "guard/show.h"
#include "guard/sources.h"
#include "guard/sysctld.h"
#include "guard/trial.h"
#include "tool/tool.h"

#define AS_DEFAULT    "comm=systemd-sysctl,uid=0"
#define CHECK_REFUSED 1 /* exit code: something would be */
#define BLANKS	      " \t\n"

struct check {
	struct sources sources; /* first: sources_take_path() */
	const char *root;
	const char *as;
	struct tool_options options;
	struct ruleset rules;
	struct sysctld sysctld;
	struct key_list keys;
	struct judge_task task;
	struct output output;
	struct trial *trial;
	int rc; /* of what failed while rows were shown */
	struct error failed;
	uint32_t n_checked, n_refused, n_replaced, n_findings;
};

/* clang-format off */
static const struct tool_option options[] = {
	SOURCES_OPTIONS,
	{ 0, "as", "WHO", "who accesses: comm=NAME,uid=USER,pid=PID,cgroup=PATH (default " AS_DEFAULT ")",
	  OPTION_TEXT, offsetof(struct check, as) },
	{ 0, "root", "FOLDER", "sysctl.d and sysctl.conf of the system that is below it", OPTION_TEXT,
	  offsetof(struct check, root) },
};
/* clang-format on */

const struct tool_spec guard_check_spec = {
	.command = "guard check",
	.operands = "[RULE...]",
	.behind = "KEY[=VALUE]...",
	.summary = "what rules would do, before they do it",
	.about =
		"Reads rules, tells every mistake in them, and shows for each setting of sysctl.d(5) what they\n"
		"would do to it. Behind -- one access: KEY is read, KEY=VALUE is written. Nothing is written,\n"
		"and no privilege is needed. Exit codes: 0; 1 something would be refused; 2 usage, or a mistake\n"
		"in the rules.\n",
	.flags = TOOL_OPERANDS | TOOL_COMMAND | TOOL_STATIC,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep guard check\n"
		    "  skep guard check 'deny net.*' --as comm=NetworkManager,uid=0\n"
		    "  skep guard check -f new.conf -- vm.swappiness=10 kernel.hostname\n",
};

enum {
	FIELD_VERDICT,
	FIELD_KEY,
	FIELD_VALUE,
	FIELD_CURRENT,
	FIELD_RULE,
	FIELD_FILE,
	FIELD_NOTE,
	FIELD_SUBJECT,
	FIELD_ACCESS,
	FIELD_TEXT,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	[FIELD_VERDICT] = { "verdict", "VERDICT", FIELD_STRING, -13, .help = "what becomes of it" },
	[FIELD_KEY] = { "key", "KEY", FIELD_STRING, -34, .help = "as sysctl(8) has it" },
	[FIELD_VALUE] = { "value", "VALUE", FIELD_STRING, -10, .help = "that would be written" },
	[FIELD_CURRENT] = { "current", "NOW", FIELD_STRING, -10, .help = "the key's value now" },
	[FIELD_RULE] = { "rule", "RULE", FIELD_STRING, -28, .help = "place of the rule that decides, or logs" },
	[FIELD_FILE] = { "file", "SETTING", FIELD_STRING, -32, .help = "place of the setting" },
	[FIELD_NOTE] = { "note", "NOTE", FIELD_STRING, 0, .help = "in words" },
	[FIELD_SUBJECT] = { "subject", NULL, FIELD_STRING, -8, .help = "setting, access, pin, rule" },
	[FIELD_ACCESS] = { "access", NULL, FIELD_STRING, -5, .help = "read or write" },
	[FIELD_TEXT] = { "text", NULL, FIELD_STRING, 0, .help = "the rule as written" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

/* --- one access ----------------------------------------------------------------------------- */

/* One thing to be checked. */
struct subject {
	const char *name;		       /* the kernel's */
	const char *value;		       /* NULL: it is read */
	const struct sysctld_setting *setting; /* NULL: from the command line */
};

/* What the guard's own program says, on our engine. The newline is what writers put behind a value. */
static int check_verdict(const struct check *c, const struct subject *s, const char *current,
			 struct judgement *out, struct error *err)
{
	char *value = s->value ? xformat("%s\n", s->value) : NULL;
	char *now = current ? xformat("%s\n", current) : NULL;
	struct judge_access access = {
		.name = s->name,
		.kind = value ? GUARD_WRITE : GUARD_READ,
		.bytes = value ? (uint32_t)strlen(value) : 0,
	};
	int rc = trial_access(c->trial, &access, value, now, out, err);

	free(value);
	free(now);
	return rc;
}

static const struct guard_rule *rule_of(const struct check *c, const struct judgement *j)
{
	uint32_t i = j->rule != GUARD_NO_RULE ? j->rule : j->allowed_by;

	return i != GUARD_NO_RULE ? &c->rules.rules[i] : NULL;
}

/* The rule was written for another key, of which this is an alias. */
static const struct guard_rule *original_of(const struct check *c, const struct guard_rule *rule)
{
	while (rule->is_alias && rule > c->rules.rules)
		rule--;
	return rule;
}

/* Numbers of a value may stand apart by any blanks. */
static bool same_words(const char *a, const char *b)
{
	for (;;) {
		size_t n, m;

		a += strspn(a, BLANKS);
		b += strspn(b, BLANKS);
		n = strcspn(a, BLANKS);
		m = strcspn(b, BLANKS);
		if (n != m || memcmp(a, b, n) != 0)
			return false;
		if (!n)
			return true;
		a += n;
		b += n;
	}
}

/* The value a pin writes is not what was to be written. */
static bool is_replaced(const struct guard_rule *pin, const char *value)
{
	char pinned[GUARD_VALUE_BYTES];

	snprintf(pinned, sizeof(pinned), "%.*s", (int)pin->value_bytes, pin->value);
	return !same_words(pinned, value);
}

static void note_pin(const struct guard_rule *rule, const char *value, struct buffer *note)
{
	if (is_replaced(rule, value))
		buffer_format(note, "'%.*s' is written in its place", (int)rule->value_bytes,
			      rule->value);
	else
		buffer_text(note, "to the same value");
}

static void note_refused_pin(const struct guard_rule *rule, const char *value, struct buffer *note)
{
	if (strlen(value) + 1 > GUARD_VALUE_BYTES)
		buffer_format(note, "a write of more than %d bytes cannot be pinned",
			      GUARD_VALUE_BYTES);
	else
		buffer_format(note, "the pinned value '%.*s' is longer than what is written",
			      (int)rule->value_bytes, rule->value);
}

static void note_no_key(const struct check *c, const struct subject *s, struct buffer *note)
{
	const char *near = key_list_nearest(&c->keys, s->name);
	char shown[GUARD_NAME_BYTES] = "";

	if (near)
		rule_key_print(near, shown);
	buffer_format(note, "%sthere is no such key here%s%s%s", note->bytes ? "; " : "",
		      near ? "; did you mean " : "", shown, near ? "?" : "");
}

static bool is_refused(const struct judgement *j)
{
	return j->outcome == GUARD_DENIED || j->outcome == GUARD_PIN_REFUSED;
}

static void note(const struct check *c, const struct subject *s, const struct judgement *j,
		 const char *current, struct buffer *out)
{
	const struct guard_rule *rule = rule_of(c, j);
	char shown[GUARD_NAME_BYTES];

	if (j->outcome == GUARD_PINNED)
		note_pin(rule, s->value, out);
	if (j->outcome == GUARD_PIN_REFUSED)
		note_refused_pin(rule, s->value, out);
	if (rule && rule->is_alias) {
		rule_key_print(original_of(c, rule)->pattern, shown);
		buffer_format(out, "%sit changes %s too", out->bytes ? "; " : "", shown);
	}
	if (!key_list_has(&c->keys, s->name))
		note_no_key(c, s, out);
	if (is_refused(j) && s->value && current && same_words(current, s->value))
		buffer_format(out, "%sit is the value now", out->bytes ? "; " : "");
	if (is_refused(j) && s->setting && s->setting->ignores_failure)
		buffer_format(out, "%s'-' hides the failure", out->bytes ? "; " : "");
}

/* Of several numbers, one blank stands between two. NULL stays. */
static const char *one_line(char *value)
{
	for (char *c = value; c && *c; c++)
		if (strchr(BLANKS, *c))
			*c = ' ';
	return value;
}

/* NULL: it cannot be read. */
static char *current_of(const struct check *c, const char *name, char value[KEYS_VALUE_BYTES])
{
	return key_list_has(&c->keys, name) && key_read(name, value) == 0 ? value : NULL;
}

static void count(struct check *c, const struct subject *s, const struct judgement *j)
{
	c->n_checked++;
	c->n_refused += is_refused(j);
	c->n_replaced += j->outcome == GUARD_PINNED && is_replaced(rule_of(c, j), s->value);
}

static void show_judged(struct check *c, const struct subject *s, const struct judgement *j,
			char *current)
{
	char key[GUARD_NAME_BYTES], *wanted = s->value ? xstrdup(s->value) : NULL;
	char *file = s->setting ? xformat("%s:%u", s->setting->path, s->setting->line) : NULL;
	const struct guard_rule *rule = rule_of(c, j);
	struct cell cells[N_FIELDS] = { 0 };
	struct buffer words = { 0 };

	rule_key_print(s->name, key);
	note(c, s, j, current, &words);
	cells[FIELD_SUBJECT] = cell_text(s->setting ? "setting" : "access");
	cells[FIELD_ACCESS] = cell_text(s->value ? "write" : "read");
	cells[FIELD_VERDICT] = cell_text(show_outcome(j->outcome));
	cells[FIELD_KEY] = cell_text(key);
	cells[FIELD_VALUE] = cell_text(one_line(wanted));
	cells[FIELD_CURRENT] = cell_text(one_line(current));
	cells[FIELD_RULE] = cell_text(rule ? rule->where : NULL);
	cells[FIELD_TEXT] = cell_text(rule ? rule->text : NULL);
	cells[FIELD_FILE] = cell_text(file);
	cells[FIELD_NOTE] = cell_text(words.bytes ? words.data : NULL);
	output_row(&c->output, cells);
	count(c, s, j);
	buffer_deinit(&words);
	free(wanted);
	free(file);
}

/* The first failure stays in c->failed, and nothing more is tried. */
static void show_verdict(struct check *c, const struct subject *s)
{
	char value[KEYS_VALUE_BYTES];
	char *current = current_of(c, s->name, value);
	struct judgement j;

	if (!c->rc)
		c->rc = check_verdict(c, s, current, &j, &c->failed);
	if (!c->rc)
		show_judged(c, s, &j, current);
}

static void show_setting(void *arg, const struct sysctld_setting *setting, const char *name)
{
	struct subject s = { name, setting->value, setting };

	show_verdict(arg, &s);
}

/* All keys that match a pattern, or the one key. */
static int show_keys(struct check *c, const char *name, const char *value, struct error *err)
{
	struct subject s = { name, value, NULL };
	uint32_t n = c->n_checked;
	char shown[GUARD_NAME_BYTES];

	if (!strpbrk(name, "*?")) {
		show_verdict(c, &s);
		return 0;
	}
	for (uint32_t i = 0; i < c->keys.n; i++) {
		s.name = c->keys.names[i];
		if (rule_pattern_matches(name, s.name))
			show_verdict(c, &s);
	}
	rule_key_print(name, shown);
	return c->n_checked > n || c->rc
		       ? 0
		       : error_set(err, -EINVAL, "'%s': no key here matches", shown);
}

static int check_access(struct check *c, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');
	char *key = equals ? xstrndup(text, (size_t)(equals - text)) : xstrdup(text);
	char name[GUARD_NAME_BYTES];
	int rc = rule_key_parse(key, name, err);

	free(key);
	return rc ? rc : show_keys(c, name, equals ? equals + 1 : NULL, err);
}

static void show_finding(void *arg, const struct finding *finding)
{
	static const char *const names[] = { "no-key", "unreachable", "contradiction" };
	struct check *c = arg;
	const struct guard_rule *rule = &c->rules.rules[finding->rule];
	struct cell cells[N_FIELDS] = { 0 };
	char key[GUARD_NAME_BYTES];

	rule_key_print(rule->pattern, key);
	cells[FIELD_SUBJECT] = cell_text("rule");
	cells[FIELD_VERDICT] = cell_text(names[finding->kind]);
	cells[FIELD_KEY] = cell_text(key);
	cells[FIELD_RULE] = cell_text(rule->where);
	cells[FIELD_TEXT] = cell_text(rule->text);
	cells[FIELD_NOTE] = cell_text(finding->why.text);
	output_row(&c->output, cells);
	c->n_findings++;
}

/* Keys that have another value than they are pinned to: `run` sets them when it starts. */
static void show_pins(struct check *c)
{
	for (uint32_t i = 0; i < c->keys.n; i++) {
		const struct guard_rule *rule = actor_guarded(&c->rules, c->keys.names[i]);
		char key[GUARD_NAME_BYTES], value[KEYS_VALUE_BYTES], pinned[GUARD_VALUE_BYTES + 1];
		struct cell cells[N_FIELDS] = { 0 };

		if (!rule || rule->action != GUARD_PIN || key_read(c->keys.names[i], value))
			continue;
		actor_pinned_value(rule, pinned);
		if (same_words(pinned, value))
			continue;
		rule_key_print(c->keys.names[i], key);
		cells[FIELD_SUBJECT] = cell_text("pin");
		cells[FIELD_VERDICT] = cell_text("set");
		cells[FIELD_KEY] = cell_text(key);
		cells[FIELD_VALUE] = cell_text(pinned);
		cells[FIELD_CURRENT] = cell_text(one_line(value));
		cells[FIELD_RULE] = cell_text(rule->where);
		cells[FIELD_TEXT] = cell_text(rule->text);
		cells[FIELD_NOTE] = cell_text("by `skep guard run`, when it starts");
		output_row(&c->output, cells);
	}
}

/* --- what is read --------------------------------------------------------------------------- */

static int read_rules(struct check *c, struct error *err)
{
	int rc;

	c->sources.texts = c->options.operands;
	c->sources.n_texts = c->options.n_operands;
	rc = sources_read(&c->sources, &c->rules, err);
	fputs(buffer_string(&c->rules.mistakes), stderr);
	return rc;
}

static int read_all(struct check *c, struct error *err)
{
	char *const *accesses = c->options.command;
	int rc = judge_task_parse(AS_DEFAULT ",cgroup=/", &c->task, err);

	if (rc) /* where there is no cgroup v2 */
		rc = judge_task_parse(AS_DEFAULT, &c->task, err);
	if (!rc && c->as)
		rc = judge_task_parse(c->as, &c->task, err);
	if (!rc)
		rc = read_rules(c, err);
	if (!rc)
		rc = key_list_read(&c->keys, err);
	if (!rc)
		rc = trial_begin(&c->rules, &c->task, &c->trial, err);
	if (!rc && !accesses)
		rc = sysctld_read(&c->sysctld, c->root ? c->root : "", err);
	return rc;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int show(struct check *c, struct error *err)
{
	char *const *text = c->options.command;
	int rc = 0;

	for (; text && *text && !rc; text++)
		rc = check_access(c, *text, err);
	if (rc)
		return rc;
	sysctld_each(&c->sysctld, c->keys.names, c->keys.n, show_setting, c);
	if (c->rc)
		return error_set(err, c->rc, "%s", c->failed.text);
	if (!c->options.command)
		show_pins(c);
	if (!c->options.command)
		lint_rules(&c->rules, &c->keys, show_finding, c);
	rc = output_flush(&c->output);
	return rc ? error_set(err, rc, "cannot write to standard output: %s", strerror(-rc)) : 0;
}

static void say_summary(const struct check *c)
{
	const char *things = c->options.command ? "access" : "setting";
	const char *plural = c->options.command ? "es" : "s";

	fputs(buffer_string(&c->sysctld.complaints), stderr);
	fprintf(stderr,
		"skep guard check: %u rule%s; %u %s%s: %u refused, %u written with another value",
		c->rules.n_written, c->rules.n_written == 1 ? "" : "s", c->n_checked, things,
		c->n_checked == 1 ? "" : plural, c->n_refused, c->n_replaced);
	if (!c->options.command)
		fprintf(stderr, "; %u thing%s odd about the rules", c->n_findings,
			c->n_findings == 1 ? "" : "s");
	fputs("\n", stderr);
}

static int run(struct check *c, struct error *err)
{
	int rc =
		c->options.format == OUTPUT_PROM
			? error_set(
				  err, -EINVAL,
				  "--output prom: there is nothing to measure here; it is columns, json or csv")
			: read_all(c, err);

	if (rc)
		return rc;
	output_init(&c->output, &output_spec, c->options.format, stdout);
	c->output.no_header = c->options.no_header;
	if (c->options.command)
		output_hide(&c->output, FIELD_FILE);
	rc = show(c, err);
	output_deinit(&c->output);
	if (!rc)
		say_summary(c);
	return rc;
}

static int usage(void)
{
	struct buffer text = { 0 };

	options_usage(&guard_check_spec, &text);
	fputs(text.data, stdout);
	buffer_deinit(&text);
	return TOOL_DONE;
}

int guard_check_main(int argc, char **argv)
{
	struct check *c = xcalloc(1, sizeof(*c));
	struct error err;
	int rc = options_parse(&guard_check_spec, c, argc, argv, &c->options, &err), code;

	if (rc == 1) {
		free(c);
		return usage();
	}
	if (!rc)
		rc = run(c, &err);
	if (rc)
		fprintf(stderr, "skep guard check: %s\n", err.text);
	code = rc ? TOOL_FAILED : c->n_refused ? CHECK_REFUSED : TOOL_DONE;
	trial_end(c->trial);
	ruleset_deinit(&c->rules);
	sysctld_deinit(&c->sysctld);
	key_list_deinit(&c->keys);
	free(c);
	return code;
}
