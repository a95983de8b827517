/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/rule.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "tool/filter.h"
#include "who/cgroup.h"

#define PROC_SYS	"/proc/sys/"
#define COMM_LENGTH_MAX (GUARD_COMM_BYTES - 1)
#define VALUE_MAX	(GUARD_VALUE_BYTES - 1) /* a newline is always behind it */
#define ID_DIGITS_MIN	12			/* what runtimes show of a container's id */
#define ID_DIGITS	64
#define POD_BYTES	36
#define ALTERNATIVES	3 /* folders a container's name may stand in */
#define WHY_BYTES	(ERROR_TEXT_BYTES / 2)

struct word {
	char text[RULE_LINE_BYTES + 1]; /* without quotes */
	size_t bytes;
	size_t at; /* where it begins in the line */
	bool quoted;
};

struct parser {
	const char *line;
	size_t bytes, at;
	struct word word;
	bool has_word; /* not yet taken */
	struct guard_rule *rule;
	struct rule_mistake *mistake;
};

/* --- keys ----------------------------------------------------------------------------------- */

struct key_fault {
	size_t at; /* in the text */
	struct error why;
};

static int key_fault(struct key_fault *fault, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int key_fault(struct key_fault *fault, size_t at, const char *fmt, ...)
{
	va_list args;

	fault->at = at;
	va_start(args, fmt);
	vsnprintf(fault->why.text, sizeof(fault->why.text), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* As sysctl(8) has it: the separator is the one that comes first, and the other means it literally. */
static char separator_of(const char *text)
{
	return text[strcspn(text, "./")] == '/' ? '/' : '.';
}

static int part_check(const char *name, size_t start, size_t end, size_t at,
		      struct key_fault *fault)
{
	if (end == start)
		return key_fault(fault, at,
				 "a part of the key is empty: two separators meet, or one is "
				 "at its beginning or end");
	if ((end - start == 1 && name[start] == '.') ||
	    (end - start == 2 && name[start] == '.' && name[start + 1] == '.'))
		return key_fault(fault, at, "'.' and '..' are no parts of a key");
	return 0;
}

/* What neither a key nor a pattern has in it. */
static int character_check(char c, size_t at, struct key_fault *fault)
{
	if (c == '=')
		return key_fault(fault, at,
				 "'=' stands in no key: a value stands behind a blank, as in "
				 "`pin vm.swappiness 10`");
	if (c == '[' || c == ']' || c == '{' || c == '}')
		return key_fault(fault, at,
				 "'%c': patterns know '*' (any characters of one part; at the "
				 "end, all below) and '?' (one character) only",
				 c);
	return 0;
}

/* @name has @n bytes of the kernel's spelling; @skipped were in front of it in the text. */
static int parts_check(const char *name, size_t n, size_t skipped, struct key_fault *fault)
{
	size_t start = 0;

	for (size_t i = 0; i <= n; i++) {
		int rc;

		if (i < n && name[i] != '/') {
			rc = character_check(name[i], skipped + i, fault);
			if (rc)
				return rc;
			continue;
		}
		rc = part_check(name, start, i, skipped + start, fault);
		if (rc)
			return rc;
		start = i + 1;
	}
	return 0;
}

static int key_parse(const char *text, char name[GUARD_NAME_BYTES], struct key_fault *fault)
{
	bool whole = strncmp(text, PROC_SYS, strlen(PROC_SYS)) == 0;
	size_t skipped = whole ? strlen(PROC_SYS) : 0, n = strlen(text + skipped), first;
	char spelt[GUARD_NAME_BYTES];
	char separator;
	int rc;

	text += skipped;
	if (!n)
		return key_fault(fault, 0, "the key is empty");
	if (n >= sizeof(spelt))
		return key_fault(fault, skipped + sizeof(spelt) - 1,
				 "the key is longer than %d bytes, which no key is",
				 GUARD_NAME_BYTES - 1);
	separator = whole ? '/' : separator_of(text);
	for (size_t i = 0; i <= n; i++)
		spelt[i] = separator == '/' ? text[i]
			   : text[i] == '.' ? '/'
			   : text[i] == '/' ? '.'
					    : text[i];
	rc = parts_check(spelt, n, skipped, fault);
	if (rc)
		return rc;
	/* Such a name could not be written with dots: which of them separate is told by the first. */
	first = strcspn(spelt, "./");
	if (spelt[first] == '.')
		return key_fault(fault, skipped + first,
				 "there is no key whose first part has a '%c' in it", text[first]);
	memcpy(name, spelt, n + 1);
	return 0;
}

int rule_key_parse(const char *text, char name[GUARD_NAME_BYTES], struct error *err)
{
	struct key_fault fault;
	int rc = key_parse(text, name, &fault);

	return rc ? error_set(err, rc, "'%.*s': %s", GUARD_NAME_BYTES, text, fault.why.text) : 0;
}

void rule_key_print(const char *name, char out[GUARD_NAME_BYTES])
{
	size_t i;

	for (i = 0; name[i] && i < GUARD_NAME_BYTES - 1; i++)
		out[i] = name[i] == '/' ? '.' : name[i] == '.' ? '/' : name[i];
	out[i] = '\0';
}

bool rule_pattern_matches(const char *pattern, const char *name)
{
	const char *start = pattern, *star = NULL, *again = NULL;

	while (*name) {
		if (*pattern == '*') {
			if (!pattern[1] && (pattern == start || pattern[-1] == '/'))
				return true; /* all that is below */
			star = pattern++;
			again = name;
		} else if (*pattern == *name || (*pattern == '?' && *name != '/')) {
			pattern++;
			name++;
		} else if (star && *again != '/') {
			pattern = star + 1; /* the last star takes one more */
			name = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* --- words ---------------------------------------------------------------------------------- */

static int mistake(struct parser *p, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int mistake(struct parser *p, size_t at, const char *fmt, ...)
{
	va_list args;

	p->mistake->column = (uint32_t)at + 1;
	va_start(args, fmt);
	vsnprintf(p->mistake->why.text, sizeof(p->mistake->why.text), fmt, args);
	va_end(args);
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* p->at stands behind an opening quote. */
static int take_quoted(struct parser *p)
{
	size_t opened = p->at - 1;

	for (; p->at < p->bytes && p->line[p->at] != '"'; p->at++) {
		if (p->line[p->at] == '\\') {
			if (p->at + 1 == p->bytes || !strchr("\"\\", p->line[p->at + 1]))
				return mistake(
					p, p->at,
					"in quotes a backslash stands before '\"' or '\\' only; "
					"for a backslash itself write two");
			p->at++;
		}
		p->word.text[p->word.bytes++] = p->line[p->at];
	}
	if (p->at == p->bytes)
		return mistake(p, opened, "this quote is not closed: put a '\"' behind the value");
	p->at++;
	return 0;
}

static bool at_comment(const struct parser *p)
{
	return p->line[p->at] == '#' || p->line[p->at] == ';';
}

/* The next word, which stays until it is taken. 1; 0: there is none; or -EINVAL. */
static int peek(struct parser *p)
{
	struct word *w = &p->word;

	if (p->has_word)
		return 1;
	while (p->at < p->bytes && is_blank(p->line[p->at]))
		p->at++;
	if (p->at == p->bytes || at_comment(p))
		return 0;
	w->at = p->at;
	w->bytes = 0;
	w->quoted = false;
	while (p->at < p->bytes && !is_blank(p->line[p->at])) {
		int rc;

		if (p->line[p->at] != '"') {
			w->text[w->bytes++] = p->line[p->at++];
			continue;
		}
		w->quoted = true;
		p->at++;
		rc = take_quoted(p);
		if (rc)
			return rc;
	}
	w->text[w->bytes] = '\0';
	p->has_word = true;
	return 1;
}

/* A word is not in quotes and is this. */
static bool word_is(const struct parser *p, const char *text)
{
	return p->has_word && !p->word.quoted && strcmp(p->word.text, text) == 0;
}

static void take(struct parser *p)
{
	p->has_word = false;
}

/* Where something missing would stand. */
static size_t end_of(const struct parser *p)
{
	size_t at = p->at;

	while (at && is_blank(p->line[at - 1]))
		at--;
	return at;
}

static const char *nearest_of(const char *word, const char *const *names, size_t n)
{
	struct nearest best;

	nearest_begin(&best, word);
	for (size_t i = 0; i < n; i++)
		nearest_add(&best, names[i]);
	return best.name;
}

/* " (did you mean 'deny'?)" or nothing. */
static const char *meant(char out[WHY_BYTES], const char *word, const char *const *names, size_t n)
{
	const char *name = nearest_of(word, names, n);

	snprintf(out, WHY_BYTES, "%s%s%s", name ? "; did you mean '" : "", name ? name : "",
		 name ? "'?" : "");
	return out;
}

/* --- action, key, access, value ------------------------------------------------------------- */

static const char *const actions[] = { "allow", "deny", "pin", "audit" };
static const uint32_t action_codes[] = { GUARD_ALLOW, GUARD_DENY, GUARD_PIN, GUARD_AUDIT };

#define N(array) (sizeof(array) / sizeof((array)[0]))

static bool looks_like_sysctl_conf(const struct parser *p)
{
	size_t i = p->at;

	if (strchr(p->word.text, '='))
		return true;
	while (i < p->bytes && is_blank(p->line[i]))
		i++;
	return i < p->bytes && p->line[i] == '=';
}

static int take_action(struct parser *p)
{
	char hint[WHY_BYTES];

	for (size_t i = 0; i < N(actions); i++)
		if (word_is(p, actions[i])) {
			p->rule->action = action_codes[i];
			take(p);
			return 0;
		}
	if (!p->word.quoted && strchr(p->word.text, '.') && looks_like_sysctl_conf(p))
		return mistake(
			p, p->word.at,
			"this is a line of sysctl.conf(5); a rule that holds the key at a value is "
			"`pin KEY VALUE`, as in `pin vm.swappiness 10`");
	return mistake(p, p->word.at,
		       "'%.40s' is no action: a rule begins with allow, deny, pin or audit%s",
		       p->word.text, meant(hint, p->word.text, actions, N(actions)));
}

/* Its star takes keys of any depth. */
static bool is_everything_below(const char *pattern)
{
	size_t n = strlen(pattern);

	return pattern[n - 1] == '*' && (n == 1 || pattern[n - 2] == '/');
}

static int take_key(struct parser *p)
{
	const char *action = actions[p->rule->action - GUARD_ALLOW];
	struct key_fault fault;
	int rc = peek(p);

	if (rc < 0)
		return rc;
	if (!rc)
		return mistake(p, end_of(p), "%s needs a key behind it, as in `%s vm.swappiness%s`",
			       action, action, p->rule->action == GUARD_PIN ? " 10" : "");
	if (word_is(p, "if") || word_is(p, "except") || word_is(p, "read") || word_is(p, "write") ||
	    word_is(p, "read,write"))
		return mistake(p, p->word.at,
			       "'%s' stands where the key should: it is ACTION KEY, then the rest; "
			       "`*` is every key",
			       p->word.text);
	rc = key_parse(p->word.text, p->rule->pattern, &fault);
	if (rc)
		return mistake(p, p->word.at + (p->word.quoted ? 0 : fault.at), "%s",
			       fault.why.text);
	if (p->rule->action == GUARD_PIN && is_everything_below(p->rule->pattern))
		return mistake(p, p->word.at,
			       "a value is for one key, or for the same one of every device "
			       "(`net.ipv4.conf.*.rp_filter`), not for all keys below");
	take(p);
	return 0;
}

static uint32_t access_of(const struct parser *p)
{
	if (word_is(p, "read"))
		return GUARD_READ;
	if (word_is(p, "write"))
		return GUARD_WRITE;
	if (word_is(p, "read,write") || word_is(p, "write,read"))
		return GUARD_READ | GUARD_WRITE;
	return 0;
}

/* What stands behind the key, where it may be an access. */
static int take_access(struct parser *p)
{
	uint32_t access;
	int rc = peek(p);

	p->rule->access = GUARD_WRITE;
	if (rc <= 0)
		return rc;
	access = access_of(p);
	if (!access)
		return 0;
	if (p->rule->action == GUARD_PIN && access != GUARD_WRITE)
		return mistake(p, p->word.at,
			       "pin is about writes only; to keep the key from being read, write a "
			       "second rule, `deny KEY read`");
	p->rule->access = access;
	take(p);
	return 0;
}

static int no_value(struct parser *p, size_t at)
{
	return mistake(
		p, at,
		"pin needs a value behind the key, as in `pin vm.swappiness 10`; one with blanks "
		"stands in double quotes, as do if, except, read and write");
}

static int take_value(struct parser *p)
{
	struct guard_rule *rule = p->rule;
	int rc = peek(p);

	if (rc < 0)
		return rc;
	if (!rc)
		return no_value(p, end_of(p));
	if (word_is(p, "if") || word_is(p, "except"))
		return no_value(p, p->word.at);
	if (word_is(p, "="))
		return mistake(p, p->word.at,
			       "there is no '=' between key and value: `pin KEY VALUE`");
	if (p->word.bytes > VALUE_MAX)
		return mistake(p, p->word.at,
			       "the value is %zu bytes long; %d are the most that can be pinned",
			       p->word.bytes, VALUE_MAX);
	memset(rule->value, '\n', sizeof(rule->value));
	memcpy(rule->value, p->word.text, p->word.bytes);
	rule->value_bytes = (uint32_t)p->word.bytes;
	take(p);
	return 0;
}

/* --- conditions ----------------------------------------------------------------------------- */

/* A clause while it is read: a container's name may stand in several kinds of folders. */
struct clause {
	struct guard_clause fixed;
	char containers[ALTERNATIVES][GUARD_FOLDER_BYTES];
	uint32_t n_containers;
};

static int take_comm(struct clause *c, const char *text, struct error *err)
{
	size_t n = strlen(text);

	if (n > COMM_LENGTH_MAX)
		return error_set(
			err, -EINVAL,
			"'%.60s' is longer than the %d bytes the kernel keeps of a process's "
			"name: write comm=%.*s",
			text, COMM_LENGTH_MAX, COMM_LENGTH_MAX, text);
	memcpy(c->fixed.comm, text, n + 1);
	return 0;
}

static int take_uid(struct clause *c, const char *text, struct error *err)
{
	return filter_user_parse(text, &c->fixed.uid, err) ? -EINVAL : 0;
}

static int take_pid(struct clause *c, const char *text, struct error *err)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || !number || number > INT32_MAX)
		return error_set(err, -EINVAL, "'%.60s' is not the number of a process", text);
	c->fixed.pid = (uint32_t)number;
	return 0;
}

static int take_cgroup(struct clause *c, const char *text, struct error *err)
{
	uint64_t id;
	uint32_t level;

	if (cgroup_id_of(text, &id, &level, err))
		return -EINVAL;
	c->fixed.cgroup = id;
	c->fixed.cgroup_level = level;
	return 0;
}

static void add_container(struct clause *c, const char *before, const char *name,
			  const char *behind)
{
	snprintf(c->containers[c->n_containers++], GUARD_FOLDER_BYTES, "%s%s%s", before, name,
		 behind);
}

static bool is_pod(const char *text)
{
	static const char shape[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";

	if (strlen(text) != POD_BYTES)
		return false;
	for (size_t i = 0; i < POD_BYTES; i++)
		if (shape[i] == '-' ? text[i] != '-' && text[i] != '_'
				    : !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* Its dashes are underscores in a slice's name. */
static void add_pod(struct clause *c, const char *text)
{
	char uid[POD_BYTES + 1];

	for (size_t i = 0; i <= POD_BYTES; i++)
		uid[i] = text[i] == '-' || text[i] == '_' ? '?' : text[i];
	add_container(c, "*pod", uid, "*");
}

static int take_container(struct clause *c, const char *text, struct error *err)
{
	size_t n = strlen(text), digits = strspn(text, "0123456789abcdef");

	if (strchr(text, '/'))
		return error_set(err, -EINVAL, "'%.80s' is a path: write cgroup=PATH for that",
				 text);
	if (is_pod(text)) {
		add_pod(c, text);
		return 0;
	}
	if (n == digits && n >= ID_DIGITS_MIN && n <= ID_DIGITS) {
		add_container(c, "*", text, "*");
		return 0;
	}
	if (n > GUARD_FOLDER_BYTES - sizeof("machine-.scope"))
		return error_set(err, -EINVAL,
				 "'%.80s' is longer than %zu bytes: write its beginning and a '*'",
				 text, GUARD_FOLDER_BYTES - sizeof("machine-.scope"));
	add_container(c, "", text, "");
	if (strpbrk(text, "*?"))
		return 0; /* a pattern is of the folder's whole name */
	add_container(c, "lxc.payload.", text, "");
	add_container(c, "machine-", text, ".scope");
	return 0;
}

static const struct {
	const char *name;
	uint32_t by;
	int (*take)(struct clause *c, const char *text, struct error *err);
} conditions[] = {
	{ "comm", GUARD_BY_COMM, take_comm },
	{ "uid", GUARD_BY_UID, take_uid },
	{ "pid", GUARD_BY_PID, take_pid },
	{ "cgroup", GUARD_BY_CGROUP, take_cgroup },
	{ "container", GUARD_BY_CONTAINER, take_container },
};

#define CONDITIONS "comm=NAME, uid=USER, pid=PID, cgroup=PATH or container=NAME"

static int unknown_condition(struct parser *p, const char *name)
{
	const char *names[N(conditions)];
	char hint[WHY_BYTES];

	for (size_t i = 0; i < N(conditions); i++)
		names[i] = conditions[i].name;
	return mistake(p, p->word.at, "there is no condition '%.40s': it is " CONDITIONS "%s", name,
		       meant(hint, name, names, N(names)));
}

/* The word at hand is one. */
static int take_condition(struct parser *p, struct clause *c)
{
	char *equals = strchr(p->word.text, '=');
	size_t value_at = p->word.at + (equals ? equals + 1 - p->word.text : 0);
	struct error err;

	if (!equals)
		return mistake(p, p->word.at, "'%.40s' is no condition: it is " CONDITIONS,
			       p->word.text);
	*equals = '\0';
	for (size_t i = 0; i < N(conditions); i++) {
		if (strcmp(conditions[i].name, p->word.text))
			continue;
		if (c->fixed.by & conditions[i].by)
			return mistake(
				p, p->word.at,
				"%s= stands twice in what must hold together; where either will "
				"do, begin a second `%s`",
				p->word.text, c->fixed.except ? "except" : "if");
		if (!equals[1])
			return mistake(p, value_at, "%s= needs a value right behind it",
				       p->word.text);
		c->fixed.by |= conditions[i].by;
		if (conditions[i].take(c, equals + 1, &err))
			return mistake(p, value_at, "%s", err.text);
		take(p);
		return 0;
	}
	return unknown_condition(p, p->word.text);
}

static int add_clause(struct parser *p, const struct clause *c, size_t at)
{
	struct guard_rule *rule = p->rule;
	uint32_t i = 0;

	do {
		if (rule->n_clauses == GUARD_CLAUSES_MAX)
			return mistake(
				p, at,
				"more than %d `if` and `except` are too many for one rule (a container's "
				"name counts as %d): write a second rule, or a pattern",
				GUARD_CLAUSES_MAX, ALTERNATIVES);
		rule->clauses[rule->n_clauses] = c->fixed;
		if (c->n_containers)
			memcpy(rule->clauses[rule->n_clauses].container, c->containers[i],
			       GUARD_FOLDER_BYTES);
		rule->n_clauses++;
	} while (++i < c->n_containers);
	return 0;
}

/* Behind `if` or `except`. */
static int take_clause(struct parser *p)
{
	struct clause c = { .fixed.except = word_is(p, "except") };
	size_t at = p->word.at;
	const char *before;
	int rc;

	do {
		before = word_is(p, "and") ? "and" : c.fixed.except ? "except" : "if";
		take(p);
		rc = peek(p);
		if (rc < 0)
			return rc;
		if (!rc)
			return mistake(p, end_of(p),
				       "`%s` needs a condition behind it: " CONDITIONS, before);
		rc = take_condition(p, &c);
		if (!rc)
			rc = peek(p);
		if (rc < 0)
			return rc;
	} while (word_is(p, "and"));
	return add_clause(p, &c, at);
}

/* A word that is neither `if` nor `except` where only they can stand. */
static int stray_word(struct parser *p)
{
	char hint[WHY_BYTES];
	const char *text = p->word.text;

	if (p->rule->n_clauses && word_is(p, "or"))
		return mistake(
			p, p->word.at,
			"there is no 'or': begin a second `if` (or `except`) for what will do "
			"as well");
	if (p->rule->n_clauses && strchr(text, '='))
		return mistake(p, p->word.at,
			       "between two conditions stands `and` where both must hold, `if` (or "
			       "`except`) where either will do");
	if (strcmp(text, "unless") == 0 || strcmp(text, "not") == 0)
		return mistake(p, p->word.at, "'%s' is no word of a rule; did you mean 'except'?",
			       text);
	if (p->rule->action == GUARD_PIN && !p->rule->n_clauses)
		return mistake(
			p, p->word.at,
			"'%.40s' stands behind the value: a value with blanks stands in double "
			"quotes, and what follows it begins with `if` or `except`",
			text);
	if (!p->rule->n_clauses)
		return mistake(p, p->word.at,
			       "'%.40s' is neither read, write, read,write nor `if` or `except`%s",
			       text,
			       meant(hint, text,
				     (const char *const[]){ "read", "write", "read,write", "if",
							    "except" },
				     5));
	return mistake(p, p->word.at, "'%.40s' stands where only `and`, `if` or `except` can%s",
		       text, meant(hint, text, (const char *const[]){ "and", "if", "except" }, 3));
}

static int take_clauses(struct parser *p)
{
	int rc;

	while ((rc = peek(p)) > 0) {
		if (!word_is(p, "if") && !word_is(p, "except"))
			return stray_word(p);
		rc = take_clause(p);
		if (rc)
			return rc;
	}
	return rc;
}

/* --- the line ------------------------------------------------------------------------------- */

static int characters_check(struct parser *p)
{
	if (p->bytes && p->line[p->bytes - 1] == '\r')
		p->bytes--;
	if (p->bytes > RULE_LINE_BYTES)
		return mistake(p, RULE_LINE_BYTES,
			       "the line is longer than %d bytes, which no rule is",
			       RULE_LINE_BYTES);
	for (size_t i = 0; i < p->bytes; i++)
		if ((unsigned char)p->line[i] < 32 && p->line[i] != '\t')
			return mistake(
				p, i,
				"there is a control character (byte %u) here: rules are plain text",
				(unsigned char)p->line[i]);
	return 0;
}

static int parse(struct parser *p)
{
	int rc = characters_check(p);

	if (!rc)
		rc = peek(p);
	if (rc <= 0)
		return rc;
	rc = take_action(p);
	if (!rc)
		rc = take_key(p);
	if (!rc)
		rc = take_access(p);
	if (!rc && p->rule->action == GUARD_PIN)
		rc = take_value(p);
	if (!rc)
		rc = take_clauses(p);
	return rc ? rc : 1;
}

int rule_parse(const char *line, size_t bytes, struct guard_rule *out,
	       struct rule_mistake *mistake_out)
{
	struct guard_rule rule = { 0 };
	struct parser p = { .line = line, .bytes = bytes, .rule = &rule, .mistake = mistake_out };
	int rc = parse(&p);

	if (rc == 1)
		*out = rule;
	return rc;
}
