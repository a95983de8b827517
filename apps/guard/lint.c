/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/keys.h"
#include "guard/rule.h"
#include "nearest.h"

/* --- keys ----------------------------------------------------------------------------------- */

static int add_key(void *arg, const char *name, unsigned int mode)
{
	struct key_list *keys = arg;

	(void)mode;
	array_grow(keys->names, keys->n);
	keys->names[keys->n++] = xstrdup(name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int key_list_read(struct key_list *keys, struct error *err)
{
	int rc;

	memset(keys, 0, sizeof(*keys));
	rc = keys_walk(add_key, keys);
	if (rc)
		return error_set(err, rc, "cannot read " KEYS_FOLDER ": %s: is proc mounted?",
				 strerror(-rc));
	if (keys->n)
		qsort(keys->names, keys->n, sizeof(*keys->names), by_name);
	return 0;
}

void key_list_deinit(struct key_list *keys)
{
	for (uint32_t i = 0; i < keys->n; i++)
		free(keys->names[i]);
	free(keys->names);
	memset(keys, 0, sizeof(*keys));
}

bool key_list_has(const struct key_list *keys, const char *name)
{
	return keys->n && bsearch(&name, keys->names, keys->n, sizeof(*keys->names), by_name);
}

const char *key_list_nearest(const struct key_list *keys, const char *name)
{
	struct nearest best;

	nearest_begin(&best, name);
	for (uint32_t i = 0; i < keys->n; i++)
		nearest_add(&best, keys->names[i]);
	return best.name;
}

static bool is_matched(const struct key_list *keys, const char *pattern)
{
	if (!strpbrk(pattern, "*?"))
		return key_list_has(keys, pattern);
	for (uint32_t i = 0; i < keys->n; i++)
		if (rule_pattern_matches(pattern, keys->names[i]))
			return true;
	return false;
}

/* Keys are below what matches: it is meant to be a folder. */
static bool is_folder(const struct key_list *keys, const char *pattern)
{
	char below[GUARD_NAME_BYTES + 2];

	snprintf(below, sizeof(below), "%s/*", pattern);
	return is_matched(keys, below);
}

/* --- which patterns cover which ------------------------------------------------------------- */

/* All that is below: a '*' at the end of a pattern, alone in its part. */
static bool is_below(const char *whole, const char *at)
{
	return at[0] == '*' && !at[1] && (at == whole || at[-1] == '/');
}

/*
 * As rule_pattern_matches() of @inner as if it were a name; but a star of it is more than one
 * character, which only a star takes in, and all that is below is taken in only by the like.
 */
bool lint_pattern_covers(const char *outer, const char *inner)
{
	const char *start = outer, *inner_start = inner, *star = NULL, *again = NULL;

	while (*inner) {
		if (is_below(start, outer))
			return true;
		if (*outer == '*') {
			star = outer++;
			again = inner;
		} else if (*inner != '*' &&
			   (*outer == *inner || (*outer == '?' && *inner != '/'))) {
			outer++;
			inner++;
		} else if (star && *again != '/' && !is_below(inner_start, again)) {
			outer = star + 1;
			inner = ++again;
		} else {
			return false;
		}
	}
	while (*outer == '*')
		outer++;
	return !*outer;
}

/* Wherever @rule is asked and applies, @earlier did. */
static bool covers(const struct guard_rule *earlier, const struct guard_rule *rule)
{
	bool same_clauses = earlier->n_clauses == rule->n_clauses &&
			    memcmp(earlier->clauses, rule->clauses, sizeof(rule->clauses)) == 0;

	return earlier->action != GUARD_AUDIT && !(rule->access & ~earlier->access) &&
	       (!earlier->n_clauses || same_clauses) &&
	       lint_pattern_covers(earlier->pattern, rule->pattern);
}

/* --- findings ------------------------------------------------------------------------------- */

struct lint {
	const struct ruleset *set;
	const struct key_list *keys;
	void (*fn)(void *arg, const struct finding *finding);
	void *arg;
};

static void report(const struct lint *l, enum finding_kind kind, uint32_t rule, uint32_t other,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void report(const struct lint *l, enum finding_kind kind, uint32_t rule, uint32_t other,
		   const char *fmt, ...)
{
	struct finding finding = { .kind = kind, .rule = rule, .other = other };
	va_list args;

	va_start(args, fmt);
	vsnprintf(finding.why.text, sizeof(finding.why.text), fmt, args);
	va_end(args);
	l->fn(l->arg, &finding);
}

static void look_for_keys(const struct lint *l, uint32_t i)
{
	const char *pattern = l->set->rules[i].pattern, *near;
	char shown[GUARD_NAME_BYTES];

	if (is_matched(l->keys, pattern))
		return;
	near = key_list_nearest(l->keys, pattern);
	if (is_folder(l->keys, pattern)) {
		rule_key_print(pattern, shown);
		report(l, FINDING_NO_KEY, i, GUARD_NO_RULE,
		       "it is a folder: %s.* is all that is below it", shown);
	} else if (near) {
		rule_key_print(near, shown);
		report(l, FINDING_NO_KEY, i, GUARD_NO_RULE,
		       "there is no such key here; did you mean %s?", shown);
	} else {
		report(l, FINDING_NO_KEY, i, GUARD_NO_RULE,
		       "there is no such key here: perhaps its device or module is not there yet");
	}
}

static void look_for_earlier(const struct lint *l, uint32_t i)
{
	const struct guard_rule *rules = l->set->rules;

	for (uint32_t j = 0; j < i; j++) {
		if (rules[j].number == rules[i].number || !covers(&rules[j], &rules[i]))
			continue;
		report(l, FINDING_UNREACHABLE, i, j, "%s decides first%s: %s", rules[j].where,
		       rules[j].is_alias ? " (this key is an alias of its key)" : "",
		       rules[j].text);
		return;
	}
}

static bool same_pin(const struct guard_rule *a, const struct guard_rule *b)
{
	return a->value_bytes == b->value_bytes && memcmp(a->value, b->value, a->value_bytes) == 0;
}

/* Without an `if` it pins for whomever; with one it may be meant for others. */
static bool pins_for_all(const struct guard_rule *rule)
{
	for (uint32_t i = 0; i < rule->n_clauses; i++)
		if (!rule->clauses[i].except)
			return false;
	return rule->action == GUARD_PIN;
}

/* A key that both match, NULL when there is none here. */
static const char *shared_key(const struct key_list *keys, const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return a;
	for (uint32_t i = 0; i < keys->n; i++)
		if (rule_pattern_matches(a, keys->names[i]) &&
		    rule_pattern_matches(b, keys->names[i]))
			return keys->names[i];
	return NULL;
}

/* True: it was found, and is the weightier thing to say. */
static bool look_for_contradiction(const struct lint *l, uint32_t i)
{
	const struct guard_rule *rules = l->set->rules, *rule = &rules[i];

	if (rule->action != GUARD_PIN)
		return false;
	for (uint32_t j = 0; j < i; j++) {
		char shown[GUARD_NAME_BYTES];
		const char *key;

		if (!pins_for_all(&rules[j]) || same_pin(&rules[j], rule))
			continue;
		key = shared_key(l->keys, rules[j].pattern, rule->pattern);
		if (!key)
			continue;
		rule_key_print(key, shown);
		report(l, FINDING_CONTRADICTION, i, j, "%s pins %s to '%.*s', this one to '%.*s'",
		       rules[j].where, shown, (int)rules[j].value_bytes, rules[j].value,
		       (int)rule->value_bytes, rule->value);
		return true;
	}
	return false;
}

void lint_rules(const struct ruleset *set, const struct key_list *keys,
		void (*fn)(void *arg, const struct finding *finding), void *arg)
{
	struct lint l = { set, keys, fn, arg };

	for (uint32_t i = 0; i < set->n_rules; i++) {
		if (set->rules[i].is_alias)
			continue;
		look_for_keys(&l, i);
		if (!look_for_contradiction(&l, i))
			look_for_earlier(&l, i);
	}
}
