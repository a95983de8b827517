/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/judge.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "guard/rule.h"

/* --- who ------------------------------------------------------------------------------------ */

static int read_cgroup(struct judge_task *task, const struct guard_clause *clause,
		       struct error *err)
{
	char path[CGROUP_PATH_BYTES];
	uint32_t level;
	size_t n;

	if (clause->cgroup_level >= JUDGE_LEVELS_MAX)
		return error_set(err, -EINVAL, "the cgroup is deeper than %d levels",
				 JUDGE_LEVELS_MAX - 1);
	if (cgroup_path_of(clause->cgroup, task->cgroup))
		return error_set(err, -EINVAL, "the cgroup's path is not known");
	task->n_cgroup_ids = clause->cgroup_level + 1;
	snprintf(path, sizeof(path), "%s", task->cgroup);
	for (n = strlen(path);; n = strlen(path)) {
		uint64_t id;

		if (cgroup_id_of(n ? path : "/", &id, &level, err))
			return -EINVAL;
		if (level < task->n_cgroup_ids)
			task->cgroup_ids[level] = id;
		if (!level)
			return 0;
		while (n && path[n - 1] != '/')
			n--;
		path[n ? n - 1 : 0] = '\0';
	}
}

/* What a clause of a rule would ask for is what the task is. */
static int take_clause(struct judge_task *task, const struct guard_clause *clause,
		       struct error *err)
{
	if (clause->by & GUARD_BY_COMM)
		memcpy(task->comm, clause->comm, sizeof(task->comm));
	if (clause->by & GUARD_BY_UID)
		task->uid = clause->uid;
	if (clause->by & GUARD_BY_PID)
		task->pid = clause->pid;
	if (clause->by & GUARD_BY_CGROUP)
		return read_cgroup(task, clause, err);
	return 0;
}

int judge_task_parse(const char *text, struct judge_task *task, struct error *err)
{
	struct buffer line = { 0 };
	struct rule_mistake mistake;
	struct guard_rule rule;
	int rc;

	buffer_text(&line, "allow * if ");
	for (const char *c = text; *c; c++)
		buffer_text(&line, *c == ',' ? " and " : (char[]){ *c, '\0' });
	rc = rule_parse(line.data, line.bytes, &rule, &mistake);
	buffer_deinit(&line);
	if (rc != 1)
		return error_set(err, -EINVAL, "'%.100s': %s", text, mistake.why.text);
	if (rule.n_clauses != 1 || rule.clauses[0].except ||
	    (rule.clauses[0].by & GUARD_BY_CONTAINER))
		return error_set(
			err, -EINVAL,
			"'%.100s': it is comm=NAME,uid=USER,pid=PID,cgroup=PATH, or some of "
			"these (a container is its cgroup)",
			text);
	return take_clause(task, &rule.clauses[0], err);
}

/* --- does the rule apply -------------------------------------------------------------------- */

bool judge_is_in_container(const char *cgroup, const char *pattern)
{
	const char *at = cgroup;
	char folder[NAME_MAX + 1];

	while (*(at += strspn(at, "/"))) {
		size_t n = strcspn(at, "/");

		snprintf(folder, sizeof(folder), "%.*s", (int)n, at);
		if (rule_pattern_matches(pattern, folder))
			return true;
		at += n;
	}
	return false;
}

static bool is_in_cgroup(const struct judge_task *task, uint64_t id, uint32_t level)
{
	if (!task->n_cgroup_ids)
		return !level && id == JUDGE_ROOT_ID;
	return level < task->n_cgroup_ids && task->cgroup_ids[level] == id;
}

static bool holds(const struct guard_clause *c, const void *who)
{
	const struct judge_task *task = who;

	if ((c->by & GUARD_BY_UID) && c->uid != task->uid)
		return false;
	if ((c->by & GUARD_BY_PID) && c->pid != task->pid)
		return false;
	if ((c->by & GUARD_BY_COMM) && !rule_pattern_matches(c->comm, task->comm))
		return false;
	if ((c->by & GUARD_BY_CGROUP) && !is_in_cgroup(task, c->cgroup, c->cgroup_level))
		return false;
	return !(c->by & GUARD_BY_CONTAINER) || judge_is_in_container(task->cgroup, c->container);
}

bool judge_is_about(const struct guard_rule *rule,
		    bool (*clause_holds)(const struct guard_clause *clause, const void *who),
		    const void *who)
{
	bool wanted = false, found = false;

	for (uint32_t i = 0; i < rule->n_clauses && i < GUARD_CLAUSES_MAX; i++) {
		const struct guard_clause *c = &rule->clauses[i];
		bool is = clause_holds(c, who);

		if (c->except && is)
			return false;
		wanted |= !c->except;
		found |= !c->except && is;
	}
	return found || !wanted;
}

/* --- the verdict ---------------------------------------------------------------------------- */

static uint32_t outcome_of_pin(const struct guard_rule *rule, const struct judge_access *access)
{
	bool fits = access->bytes && access->bytes <= GUARD_VALUE_BYTES &&
		    access->bytes >= rule->value_bytes && !access->file_pos;

	return fits ? GUARD_PINNED : GUARD_PIN_REFUSED;
}

static void decide(const struct guard_rule *rule, uint32_t i, const struct judge_access *access,
		   struct judgement *out)
{
	if (rule->action == GUARD_ALLOW) {
		out->allowed_by = i;
		return;
	}
	out->rule = i;
	out->outcome = rule->action == GUARD_PIN ? outcome_of_pin(rule, access) : GUARD_DENIED;
}

void judge(const struct ruleset *set, const struct judge_task *task,
	   const struct judge_access *access, struct judgement *out)
{
	*out = (struct judgement){ .rule = GUARD_NO_RULE, .allowed_by = GUARD_NO_RULE };
	for (uint32_t i = 0; i < set->n_rules; i++) {
		const struct guard_rule *rule = &set->rules[i];

		if (!(rule->access & access->kind) ||
		    !rule_pattern_matches(rule->pattern, access->name) ||
		    !judge_is_about(rule, holds, task))
			continue;
		if (rule->action != GUARD_AUDIT) {
			decide(rule, i, access, out);
			return;
		}
		if (!out->outcome) {
			out->outcome = GUARD_AUDITED;
			out->rule = i;
		}
	}
}
