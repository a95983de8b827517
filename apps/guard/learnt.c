/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/learnt.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/doors.h"
#include "guard/rule.h"

#define SHORT_ID 12

struct seen {
	char name[GUARD_NAME_BYTES];
	char comm[GUARD_COMM_BYTES];
	char container[CONTAINER_NAME_BYTES]; /* as a rule has it; "": in none */
	uint32_t access;
	uint32_t uid; /* of the last */
	uint64_t count;
	char old_value[GUARD_SHOWN_BYTES], new_value[GUARD_SHOWN_BYTES]; /* of the last */
};

/* By key, access, container, program: the order they are written in. */
static int compare(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	if (!rc)
		rc = (int)y->access - (int)x->access; /* writes first */
	if (!rc)
		rc = strcmp(x->container, y->container);
	return rc ? rc : strcmp(x->comm, y->comm);
}

/* --- what is seen --------------------------------------------------------------------------- */

static void keep_container(struct seen *s, const struct container *container)
{
	if (!container)
		return;
	if (container->id[0])
		snprintf(s->container, sizeof(s->container), "%.*s", SHORT_ID, container->id);
	else
		snprintf(s->container, sizeof(s->container), "%s",
			 container->name[0] ? container->name : container->pod);
}

bool learnt_add(struct learnt *l, const struct guard_event *event,
		const struct container *container)
{
	struct seen *s = xcalloc(1, sizeof(*s)), **found;
	bool is_new;

	snprintf(s->name, sizeof(s->name), "%.*s", (int)sizeof(event->name) - 1, event->name);
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)sizeof(event->comm) - 1, event->comm);
	s->access = event->access;
	keep_container(s, container);
	l->n_events++;
	found = l->n < LEARNT_MAX ? tsearch(s, &l->root, compare) : tfind(s, &l->root, compare);
	is_new = found && *found == s;
	if (!is_new)
		free(s);
	l->n += is_new;
	l->n_left_out += !found;
	if (!found)
		return false;
	s = *found;
	s->count++;
	s->uid = event->uid;
	memcpy(s->old_value, event->old_value, sizeof(s->old_value) - 1);
	memcpy(s->new_value, event->new_value, sizeof(s->new_value) - 1);
	return is_new;
}

void learnt_deinit(struct learnt *l)
{
	tdestroy(l->root, free);
	memset(l, 0, sizeof(*l));
}

/* --- words of a rule ------------------------------------------------------------------------ */

void learnt_printable(char *text)
{
	for (; *text; text++)
		if (*text == '\t')
			*text = ' '; /* between the numbers of a value */
		else if ((unsigned char)*text < 32 || *text == 127)
			*text = '?';
}

/* In a comment: what others named does not end the line. */
static void add_printable(struct buffer *out, const char *text)
{
	char *copy = xstrdup(text);

	learnt_printable(copy);
	buffer_text(out, copy);
	free(copy);
}

/* Where a rule cannot have the character, or it means more there, any one character is meant. */
static void add_key(struct buffer *out, const char *name)
{
	char shown[GUARD_NAME_BYTES];

	rule_key_print(name, shown);
	for (const char *c = shown; *c; c++)
		buffer_format(out, "%c",
			      (unsigned char)*c <= 32 || strchr("*=[]{}\"\\\x7f", *c) ? '?' : *c);
}

/* In quotes where it has to be. */
static void add_word(struct buffer *out, const char *text)
{
	bool quotes = strpbrk(text, " \"\\") != NULL;

	buffer_text(out, quotes ? "\"" : "");
	for (; *text; text++) {
		bool escaped = *text == '"' || *text == '\\';

		buffer_format(out, "%s%c", escaped ? "\\" : "",
			      (unsigned char)*text < 32 ? '?' : *text);
	}
	buffer_text(out, quotes ? "\"" : "");
}

/* "comm=x and container=y" */
static void add_subject(struct buffer *out, const struct seen *s)
{
	buffer_text(out, "comm=");
	add_word(out, s->comm);
	if (s->container[0]) {
		buffer_text(out, " and container=");
		add_word(out, s->container);
	}
}

static const char *access_word(uint32_t access)
{
	return access == GUARD_READ ? "read" : "write";
}

static bool is_rule(const char *line)
{
	struct rule_mistake mistake;
	struct guard_rule rule;

	return rule_parse(line, strlen(line), &rule, &mistake) == 1;
}

/* --- one key -------------------------------------------------------------------------------- */

/* Everything seen, in order; and of it what is about the key at hand. */
struct printing {
	const struct seen **all;
	uint32_t n;
	uint32_t first, end; /* accesses of the key, of one kind */
	char **subjects;     /* owned; each once */
	uint32_t n_subjects, n_by_alias;
	struct buffer *out;
};

static void add_once(struct printing *p, const struct seen *s)
{
	struct buffer subject = { 0 };

	if (!s->comm[0])
		return;
	add_subject(&subject, s);
	for (uint32_t i = 0; i < p->n_subjects; i++)
		if (strcmp(p->subjects[i], subject.data) == 0) {
			buffer_deinit(&subject);
			return;
		}
	array_grow(p->subjects, p->n_subjects);
	p->subjects[p->n_subjects++] = buffer_take(&subject);
}

/* Who writes an alias of the key is refused by the key's rule, unless it is let through there too. */
static int add_writers_of(void *arg, const char *alias)
{
	struct printing *p = arg;

	for (uint32_t i = 0; i < p->n; i++)
		if (p->all[i]->access == GUARD_WRITE &&
		    rule_pattern_matches(alias, p->all[i]->name))
			add_once(p, p->all[i]);
	return 0;
}

static void gather_subjects(struct printing *p)
{
	const struct seen *key = p->all[p->first];

	p->n_subjects = 0;
	p->subjects = NULL;
	for (uint32_t i = p->first; i < p->end; i++)
		add_once(p, p->all[i]);
	p->n_by_alias = p->n_subjects;
	if (key->access == GUARD_WRITE)
		doors_each_alias(key->name, add_writers_of, p);
	p->n_by_alias = p->n_subjects - p->n_by_alias;
}

static void free_subjects(struct printing *p)
{
	for (uint32_t i = 0; i < p->n_subjects; i++)
		free(p->subjects[i]);
	free(p->subjects);
}

static void comment(struct printing *p, const struct seen *s)
{
	buffer_format(p->out, "# %llu %s%s by ", (unsigned long long)s->count,
		      access_word(s->access), s->count == 1 ? "" : "s");
	if (s->comm[0])
		add_printable(p->out, s->comm);
	else
		buffer_text(p->out, "a process without a name, which no rule can let through");
	buffer_format(p->out, ", uid %u", s->uid);
	if (s->container[0]) {
		buffer_text(p->out, ", in ");
		add_printable(p->out, s->container);
	}
	if (s->access == GUARD_WRITE) {
		buffer_text(p->out, "; the last: ");
		add_printable(p->out, s->old_value);
		buffer_text(p->out, " -> ");
		add_printable(p->out, s->new_value);
	}
	buffer_text(p->out, "\n");
}

/* "deny KEY ACCESS" */
static void begin_rule(struct buffer *line, const char *action, const struct seen *key)
{
	buffer_reset(line);
	buffer_format(line, "%s ", action);
	add_key(line, key->name);
	buffer_format(line, " %s", access_word(key->access));
}

/* All subjects behind one deny: false when they are too many for one rule. */
static bool print_as_one(struct printing *p, const struct seen *key)
{
	struct buffer line = { 0 };
	bool fits;

	begin_rule(&line, "deny", key);
	for (uint32_t i = 0; i < p->n_subjects; i++)
		buffer_format(&line, " except %s", p->subjects[i]);
	fits = is_rule(line.data);
	if (fits)
		buffer_format(p->out, "%s\n", line.data);
	buffer_deinit(&line);
	return fits;
}

/* As many to a line of allow as it takes, then deny. */
static void print_as_many(struct printing *p, const struct seen *key)
{
	struct buffer line = { 0 }, longer = { 0 };

	for (uint32_t i = 0; i < p->n_subjects; i++) {
		buffer_reset(&longer);
		buffer_format(&longer, "%s if %s", buffer_string(&line), p->subjects[i]);
		if (!line.bytes || !is_rule(longer.data)) {
			if (line.bytes)
				buffer_format(p->out, "%s\n", line.data);
			begin_rule(&line, "allow", key);
			buffer_format(&line, " if %s", p->subjects[i]);
			continue;
		}
		buffer_reset(&line);
		buffer_text(&line, longer.data);
	}
	if (line.bytes)
		buffer_format(p->out, "%s\n", line.data);
	begin_rule(&line, "deny", key);
	buffer_format(p->out, "%s\n", line.data);
	buffer_deinit(&line);
	buffer_deinit(&longer);
}

static void print_key(struct printing *p)
{
	const struct seen *key = p->all[p->first];

	buffer_text(p->out, "\n");
	for (uint32_t i = p->first; i < p->end; i++)
		comment(p, p->all[i]);
	gather_subjects(p);
	if (p->n_by_alias)
		buffer_format(p->out, "# and %u more who write%s it by another key\n",
			      p->n_by_alias, p->n_by_alias == 1 ? "s" : "");
	if (!print_as_one(p, key))
		print_as_many(p, key);
	free_subjects(p);
}

/* --- all of them ---------------------------------------------------------------------------- */

static void take_node(const void *node, VISIT visit, void *arg)
{
	struct printing *p = arg;

	if (visit == postorder || visit == leaf)
		p->all[p->n++] = *(const struct seen *const *)node;
}

void learnt_print(const struct learnt *l, struct buffer *out)
{
	struct printing p = { .all = xcalloc(l->n, sizeof(*p.all)), .out = out };

	twalk_r(l->root, take_node, &p);
	for (p.first = 0; p.first < p.n; p.first = p.end) {
		const struct seen *key = p.all[p.first];

		for (p.end = p.first; p.end < p.n; p.end++)
			if (strcmp(p.all[p.end]->name, key->name) ||
			    p.all[p.end]->access != key->access)
				break;
		print_key(&p);
	}
	free(p.all);
}
