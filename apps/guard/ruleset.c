/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/ruleset.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "guard/doors.h"
#include "guard/rule.h"

#define ENDING ".conf"

void ruleset_init(struct ruleset *set)
{
	memset(set, 0, sizeof(*set));
}

void ruleset_deinit(struct ruleset *set)
{
	free(set->rules);
	buffer_deinit(&set->mistakes);
	ruleset_init(set);
}

static void add_mistake(struct ruleset *set, const char *where, const struct rule_mistake *mistake)
{
	if (set->n_mistakes++ < RULESET_MISTAKES_MAX)
		buffer_format(&set->mistakes, "%s:%u: %s\n", where, mistake->column,
			      mistake->why.text);
}

static void append(struct ruleset *set, const struct guard_rule *rule)
{
	set->too_many |= set->n_rules == GUARD_RULES_MAX;
	if (set->too_many)
		return;
	array_grow(set->rules, set->n_rules);
	set->rules[set->n_rules++] = *rule;
}

/* As it was written, without the blanks around it. */
static void keep_text(struct guard_rule *rule, const char *line, size_t bytes)
{
	while (bytes && strchr(" \t", *line)) {
		line++;
		bytes--;
	}
	while (bytes && strchr(" \t\r", line[bytes - 1]))
		bytes--;
	snprintf(rule->text, sizeof(rule->text), "%.*s", (int)bytes, line);
}

/* Its end is what tells places apart. */
static void keep_where(struct guard_rule *rule, const char *where)
{
	size_t n = strlen(where), most = sizeof(rule->where) - 1;

	snprintf(rule->where, sizeof(rule->where), "%s", n > most ? where + n - most : where);
}

/* Of the shell's words each is taken for a rule: what that leads to says little. */
static void teach_quotes(const char *line, size_t bytes, struct rule_mistake *mistake)
{
	static const char lesson[] = "; in the shell a rule stands in quotes: 'deny vm.swappiness'";
	size_t n = strlen(mistake->why.text);

	if (!memchr(line, ' ', bytes) && n + sizeof(lesson) <= sizeof(mistake->why.text))
		memcpy(mistake->why.text + n, lesson, sizeof(lesson));
}

/* False: there is no rule in the line. */
static bool add_line(struct ruleset *set, const char *where, const char *line, size_t bytes,
		     bool of_shell)
{
	struct rule_mistake mistake;
	struct guard_rule rule;
	int rc = rule_parse(line, bytes, &rule, &mistake);

	if (rc < 0 && of_shell)
		teach_quotes(line, bytes, &mistake);
	if (rc < 0)
		add_mistake(set, where, &mistake);
	if (rc <= 0)
		return rc != 0;
	rule.number = set->n_written++;
	keep_text(&rule, line, bytes);
	keep_where(&rule, where);
	append(set, &rule);
	return true;
}

static void add_lines(struct ruleset *set, const char *path, const char *text, size_t bytes)
{
	uint32_t number = 0;

	while (bytes) {
		const char *end = memchr(text, '\n', bytes);
		size_t n = end ? (size_t)(end - text) : bytes;
		char *where = xformat("%s:%u", path, ++number);

		add_line(set, where, text, n, false);
		free(where);
		n += end != NULL;
		text += n;
		bytes -= n;
	}
}

static int add_file(struct ruleset *set, const char *path, struct error *err)
{
	/* Not to wait for who might write into a pipe: who does is there, or nobody does. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	struct buffer text = { 0 };
	struct stat st;

	if (fd < 0)
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = fcntl(fd, F_SETFL, 0) || fstat(fd, &st) ? -errno : 0;
	if (rc)
		error_set(err, rc, "cannot read %s: %s", path, strerror(-rc));
	else
		rc = file_read_fd(fd, path, RULESET_FILE_BYTES, &text, err);
	if (rc == -EFBIG)
		error_set(err, rc, "%s is longer than %u KiB, which no file of rules is", path,
			  RULESET_FILE_BYTES >> 10);
	if (!rc && S_ISFIFO(st.st_mode) && !text.bytes)
		rc = error_set(err, -EINVAL, "%s is a pipe, and nobody writes rules into it", path);
	if (!rc)
		add_lines(set, path, buffer_string(&text), text.bytes);
	close(fd);
	buffer_deinit(&text);
	return rc;
}

static int is_rules(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name), m = strlen(ENDING);

	return entry->d_name[0] != '.' && n > m && strcmp(entry->d_name + n - m, ENDING) == 0;
}

/* Not by the locale: the order of rules is the same everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A link to /dev/null takes a file away, as systemd has it; so does any other that is no file. */
static int add_entry(struct ruleset *set, const char *folder, const char *name, struct error *err)
{
	bool slash = *folder && folder[strlen(folder) - 1] == '/';
	char *path = xformat("%s%s%s", folder, slash ? "" : "/", name);
	struct stat st;
	int rc = 0;

	if (stat(path, &st))
		rc = error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	else if (S_ISREG(st.st_mode))
		rc = add_file(set, path, err);
	free(path);
	return rc;
}

static int add_folder(struct ruleset *set, const char *path, struct error *err)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_rules, by_name), rc = 0;

	if (n < 0)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = add_entry(set, path, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int ruleset_add_path(struct ruleset *set, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st))
		return error_set(err, -errno,
				 "there are no rules at %s: %s; -f names others, or give a RULE",
				 path, strerror(errno));
	return S_ISDIR(st.st_mode) ? add_folder(set, path, err) : add_file(set, path, err);
}

int ruleset_add_text(struct ruleset *set, const char *text, struct error *err)
{
	struct rule_mistake nothing = { .column = 1, .why.text = "there is no rule in this" };
	char where[GUARD_WHERE_BYTES];

	(void)err;
	snprintf(where, sizeof(where), "rule %u", ++set->n_texts);
	if (!add_line(set, where, text, strlen(text), true))
		add_mistake(set, where, &nothing);
	return 0;
}

/* --- aliases -------------------------------------------------------------------------------- */

struct aliases {
	struct ruleset *set;
	const struct guard_rule *rule;
};

static int add_alias(void *arg, const char *pattern)
{
	struct aliases *aliases = arg;
	struct guard_rule alias = *aliases->rule;

	assert(strlen(pattern) < sizeof(alias.pattern));
	memset(alias.pattern, 0, sizeof(alias.pattern));
	memcpy(alias.pattern, pattern, strlen(pattern));
	alias.is_alias = 1;
	alias.access = GUARD_WRITE;
	if (alias.action == GUARD_PIN) {
		/* What is written there is another value, or of many keys. */
		alias.action = GUARD_DENY;
		alias.value_bytes = 0;
		memset(alias.value, 0, sizeof(alias.value));
	}
	append(aliases->set, &alias);
	return 0;
}

/* A key that is read by another name is not written by it. */
static bool wants_aliases(const struct guard_rule *rule)
{
	return rule->action != GUARD_ALLOW && (rule->access & GUARD_WRITE);
}

static void add_aliases(struct ruleset *set)
{
	struct ruleset whole = *set;

	whole.rules = NULL;
	whole.n_rules = 0;
	for (uint32_t i = 0; i < set->n_rules; i++) {
		struct aliases aliases = { &whole, &set->rules[i] };

		append(&whole, &set->rules[i]);
		if (wants_aliases(&set->rules[i]))
			doors_each_alias(set->rules[i].pattern, add_alias, &aliases);
	}
	free(set->rules);
	*set = whole;
}

int ruleset_finish(struct ruleset *set, struct error *err)
{
	if (set->n_mistakes)
		return error_set(err, -EINVAL, "%u mistake%s%s; no rule is applied",
				 set->n_mistakes, set->n_mistakes == 1 ? "" : "s",
				 set->n_mistakes > RULESET_MISTAKES_MAX
					 ? ", of which the first are told"
					 : "");
	add_aliases(set);
	if (set->too_many)
		return error_set(
			err, -EINVAL,
			"%u rules and those for their aliases are more than %u; no rule is applied: "
			"one with '*' does for many keys",
			set->n_written, GUARD_RULES_MAX);
	return 0;
}

/* --- for the program -------------------------------------------------------------------------- */

/* The last part of what a pattern matches. False: it is not the same of all. */
static bool last_part(const char *pattern, __u64 words[GUARD_LAST_BYTES / 8])
{
	const char *slash = strrchr(pattern, '/'), *last = slash ? slash + 1 : pattern;
	size_t bytes = strnlen(last, GUARD_LAST_BYTES - 1);

	if (strpbrk(last, "*?"))
		return false;
	memset(words, 0, GUARD_LAST_BYTES);
	memcpy(words, last, bytes);
	return true;
}

void ruleset_head(const struct ruleset *set, uint64_t generation, struct guard_rules_head *head)
{
	__u64 words[GUARD_LAST_BYTES / 8];

	*head = (struct guard_rules_head){ .generation = generation,
					   .n_rules = set->n_rules,
					   .by_last = 1 };
	for (uint32_t i = 0; i < set->n_rules && head->by_last; i++) {
		uint32_t bit;

		head->by_last = last_part(set->rules[i].pattern, words);
		bit = head->by_last ? guard_last_bit(words) : 0;
		head->lasts[bit / 64] |= 1ull << bit % 64;
	}
}
