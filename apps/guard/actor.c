/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/actor.h"

#include <string.h>

#include "guard/judge.h"
#include "guard/rule.h"
#include "who/cgroup.h"
#include "who/process.h"

bool actor_is_in(const struct actor *actor, const char *cgroup)
{
	char path[CGROUP_PATH_BYTES];
	size_t bytes = strcmp(cgroup, "/") == 0 ? 0 : strlen(cgroup);

	if (bytes == 0 && *cgroup)
		return true;
	if (!*cgroup || cgroup_path_of(actor->cgroup, path))
		return false;
	return strncmp(path, cgroup, bytes) == 0 && (path[bytes] == '/' || !path[bytes]);
}

static bool is_below(const struct actor *actor, uint64_t cgroup)
{
	char path[CGROUP_PATH_BYTES];

	return actor->cgroup == cgroup ||
	       (cgroup_path_of(cgroup, path) == 0 && actor_is_in(actor, path));
}

static bool is_in_container(const struct actor *actor, const char *pattern)
{
	char path[CGROUP_PATH_BYTES];

	return cgroup_path_of(actor->cgroup, path) == 0 && judge_is_in_container(path, pattern);
}

static bool clause_holds(const struct guard_clause *c, const void *who)
{
	const struct actor *actor = who;

	if (c->by & GUARD_BY_UID && c->uid != actor->uid)
		return false;
	if (c->by & GUARD_BY_PID && c->pid != actor->tgid)
		return false;
	if (c->by & GUARD_BY_COMM && !rule_pattern_matches(c->comm, actor->comm))
		return false;
	if (c->by & GUARD_BY_CGROUP && !is_below(actor, c->cgroup))
		return false;
	return !(c->by & GUARD_BY_CONTAINER) || is_in_container(actor, c->container);
}

static bool is_about(const struct guard_rule *rule, const struct actor *actor)
{
	/* Nobody known: what forbids holds, what allows does not. */
	if (!actor->known)
		return rule->action != GUARD_ALLOW || rule->n_clauses == 0;
	return judge_is_about(rule, clause_holds, actor);
}

const struct guard_rule *actor_judge(const struct ruleset *rules, const char *name,
				     const struct actor *actor)
{
	for (uint32_t i = 0; i < rules->n_rules; i++) {
		const struct guard_rule *rule = &rules->rules[i];

		if (rule->is_alias || !(rule->access & GUARD_WRITE) ||
		    rule->action == GUARD_AUDIT || !rule_pattern_matches(rule->pattern, name) ||
		    !is_about(rule, actor))
			continue;
		return rule->action == GUARD_ALLOW ? NULL : rule;
	}
	return NULL;
}

const struct guard_rule *actor_guarded(const struct ruleset *rules, const char *name)
{
	const struct actor nobody = { .known = false };

	return actor_judge(rules, name, &nobody);
}

void actor_pinned_value(const struct guard_rule *rule, char value[GUARD_VALUE_BYTES + 1])
{
	size_t bytes =
		rule->value_bytes < GUARD_VALUE_BYTES ? rule->value_bytes : GUARD_VALUE_BYTES;

	memcpy(value, rule->value, bytes);
	value[bytes] = '\0';
}

const struct guard_rule *actor_concerned(const struct ruleset *rules, enum door_kind door,
					 const struct actor *actor)
{
	for (uint32_t i = 0; i < rules->n_rules; i++) {
		const struct guard_rule *rule = &rules->rules[i];

		if (!rule->is_alias && rule->access & GUARD_WRITE &&
		    (rule->action == GUARD_DENY || rule->action == GUARD_PIN) &&
		    doors_has(rule->pattern, door) && is_about(rule, actor))
			return rule;
	}
	return NULL;
}

bool actor_of_process(uint32_t tgid, struct actor *actor)
{
	struct process process;
	struct error err;
	uint32_t level;

	if (process_read(tgid, &process, &err))
		return false;
	*actor = (struct actor){ .known = true, .tgid = tgid, .pid = tgid, .uid = process.uid };
	memcpy(actor->comm, process.comm, sizeof(actor->comm));
	if (cgroup_id_of(process.cgroup, &actor->cgroup, &level, &err))
		actor->cgroup = 0;
	return true;
}
