/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as lines of rules: a mistake stands in its line, a rule taken is one the program can rely
 * on (bounds, ends, the pinned value's newlines), a key shown is read back as the same; and patterns
 * match, and cover one another, as a table that tries everything says.
 */
#include <string.h>

#include "buffer.h"
#include "fuzz.h"
#include "guard/lint.h"
#include "guard/rule.h"

static bool has_end(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static void check_clause(const struct guard_clause *c)
{
	FUZZ_CHECK(c->by && c->by < 2 * GUARD_BY_CONTAINER && c->except <= 1);
	FUZZ_CHECK(has_end(c->comm, sizeof(c->comm)) &&
		   has_end(c->container, sizeof(c->container)));
	FUZZ_CHECK(!(c->by & GUARD_BY_COMM) == !c->comm[0]);
	FUZZ_CHECK(!(c->by & GUARD_BY_CONTAINER) == !c->container[0]);
}

static void check_rule(const struct guard_rule *rule)
{
	char shown[GUARD_NAME_BYTES], back[GUARD_NAME_BYTES];
	struct error err;

	FUZZ_CHECK(rule->action >= GUARD_ALLOW && rule->action <= GUARD_AUDIT);
	FUZZ_CHECK(rule->access >= GUARD_READ && rule->access <= (GUARD_READ | GUARD_WRITE));
	FUZZ_CHECK(rule->pattern[0] && has_end(rule->pattern, sizeof(rule->pattern)));
	FUZZ_CHECK(rule->n_clauses <= GUARD_CLAUSES_MAX);
	for (uint32_t i = 0; i < rule->n_clauses; i++)
		check_clause(&rule->clauses[i]);
	FUZZ_CHECK(rule->value_bytes < GUARD_VALUE_BYTES);
	for (uint32_t i = rule->value_bytes; rule->action == GUARD_PIN && i < GUARD_VALUE_BYTES;
	     i++)
		FUZZ_CHECK(rule->value[i] == '\n');
	rule_key_print(rule->pattern, shown);
	FUZZ_CHECK(rule_key_parse(shown, back, &err) == 0);
	FUZZ_CHECK(strcmp(back, rule->pattern) == 0 || !strpbrk(rule->pattern, "/"));
}

static bool is_below(const char *pattern, size_t i)
{
	return pattern[i] == '*' && !pattern[i + 1] && (i == 0 || pattern[i - 1] == '/');
}

/* Whether the rest of the pattern matches the rest of the name, for all rests, shortest first. */
static bool matches_by_table(const char *pattern, const char *name)
{
	static bool does[GUARD_NAME_BYTES + 1][GUARD_NAME_BYTES + 1];
	size_t n = strlen(pattern), m = strlen(name);

	for (size_t i = n + 1; i-- > 0;)
		for (size_t j = m + 1; j-- > 0;) {
			bool in_part = j < m && name[j] != '/';

			if (i == n)
				does[i][j] = j == m;
			else if (is_below(pattern, i))
				does[i][j] = true;
			else if (pattern[i] == '*')
				does[i][j] = does[i + 1][j] || (in_part && does[i][j + 1]);
			else
				does[i][j] =
					j < m && does[i + 1][j + 1] &&
					(pattern[i] == name[j] || (pattern[i] == '?' && in_part));
		}
	return does[0][0];
}

static void check_patterns(const struct guard_rule *a, const struct guard_rule *b, const char *name)
{
	bool is = rule_pattern_matches(a->pattern, name);

	FUZZ_CHECK(is == matches_by_table(a->pattern, name));
	if (rule_pattern_matches(b->pattern, name) && lint_pattern_covers(a->pattern, b->pattern))
		FUZZ_CHECK(is);
}

/* One line; a rule in it is compared with the one before. */
static bool check_line(const char *line, size_t bytes, struct guard_rule *before)
{
	struct rule_mistake mistake = { 0 };
	struct guard_rule rule;
	int rc = rule_parse(line, bytes, &rule, &mistake);

	if (rc < 0) {
		FUZZ_CHECK(mistake.column >= 1 && mistake.column <= bytes + 1);
		FUZZ_CHECK(mistake.why.text[0]);
	}
	if (rc != 1)
		return false;
	check_rule(&rule);
	check_patterns(before, &rule, rule.pattern);
	check_patterns(&rule, before, before->pattern);
	check_patterns(&rule, before, "net/ipv4/conf/eth0.1/rp_filter");
	*before = rule;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_rule before = { .pattern = "net/*" };
	bool any = false;

	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t n = end ? (size_t)(end - data) : size;
		char *line = xcalloc(n, 1); /* its end is the end of its memory */

		memcpy(line, data, n);
		any |= check_line(line, n, &before);
		free(line);
		n += end != NULL;
		data += n;
		size -= n;
	}
	fuzz_count(any);
	return 0;
}
