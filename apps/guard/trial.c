/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skep/cgroup.h>
#include <skep/skep.h>
#include <skep/sysctl.h>

#include "guard/enforce.h"
#include "guard/rule.h"
#include "hook/link.h"
#include "hook/uapi.h"

#define NO_PROCESS UINT32_MAX

struct trial {
	const struct ruleset *set;
	const struct judge_task *task;
	struct ruleset
		copy; /* as the engine has it: numbered by index, no clause about containers */
	struct skep_host host;
	struct skep_engine *engine;
	struct enforce *enforce;
	int link;
	uint64_t seq; /* of the next event */
	uint32_t n_accesses;
};

/* --- who ------------------------------------------------------------------------------------ */

static void host_task(void *arg, struct skep_task *task)
{
	const struct judge_task *who = ((struct trial *)arg)->task;
	uint32_t n = who->n_cgroup_ids;

	*task = (struct skep_task){
		.pid = who->pid +
		       ((struct trial *)arg)->n_accesses, /* each by a thread of its own */
		.tgid = who->pid,
		.uid = who->uid,
		.gid = who->uid,
		.cgroup_id = n ? who->cgroup_ids[n - 1] : JUDGE_ROOT_ID,
	};
	memcpy(task->comm, who->comm, sizeof(task->comm));
}

/* The task's cgroup and those above it. The folder behind @dirfd stands for the root. */
static int add_cgroups(struct trial *t, int dirfd, struct error *err)
{
	const struct judge_task *task = t->task;
	uint32_t n = task->n_cgroup_ids ? task->n_cgroup_ids : 1;
	int rc = 0;

	for (uint32_t i = 0; i < n && !rc; i++)
		rc = skep_cgroup_add(t->engine, i ? -1 : dirfd,
				     task->n_cgroup_ids ? task->cgroup_ids[i] : JUDGE_ROOT_ID,
				     i ? task->cgroup_ids[i - 1] : 0);
	return rc ? error_set(err, rc, "cgroup %s cannot be tried: %s", task->cgroup, strerror(-rc))
		  : 0;
}

/* --- rules ---------------------------------------------------------------------------------- */

/* For this task a container is known: the condition holds, or nobody meets the clause. */
static void settle_container(struct guard_clause *c, const struct judge_task *task)
{
	if (!(c->by & GUARD_BY_CONTAINER))
		return;
	c->by &= ~(uint32_t)GUARD_BY_CONTAINER;
	if (judge_is_in_container(task->cgroup, c->container))
		return;
	c->by |= GUARD_BY_PID;
	c->pid = NO_PROCESS;
}

static void copy_rules(struct trial *t)
{
	t->copy.n_rules = t->set->n_rules;
	t->copy.rules = xcalloc(t->set->n_rules, sizeof(*t->copy.rules));
	for (uint32_t i = 0; i < t->set->n_rules; i++) {
		struct guard_rule *rule = &t->copy.rules[i];

		*rule = t->set->rules[i];
		rule->number = i; /* events tell it, aliases apart */
		for (uint32_t j = 0; j < rule->n_clauses; j++)
			settle_container(&rule->clauses[j], t->task);
	}
}

/* --- the program in force ------------------------------------------------------------------- */

static int attach(struct trial *t, struct error *err)
{
	struct hook_link_attr attr = {
		.prog_fd = (uint32_t)enforce_program_fd(t->enforce),
		.attach_type = BPF_CGROUP_SYSCTL,
	};
	int dirfd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (dirfd < 0)
		return error_set(err, -errno, "cannot open /: %s", strerror(errno));
	rc = add_cgroups(t, dirfd, err);
	if (!rc) {
		attr.target_fd = (uint32_t)dirfd;
		t->link = hook_link_create(&attr);
		if (t->link < 0)
			rc = error_set(err, t->link,
				       "the guard's program cannot be attached on our engine: %s",
				       strerror(-t->link));
	}
	close(dirfd);
	return rc;
}

static int start(struct trial *t, struct error *err)
{
	struct skep_opts opts = { .size = sizeof(opts), .host = &t->host, .host_arg = t };
	int rc;

	t->host = (struct skep_host){ .size = sizeof(t->host), .task = host_task };
	rc = skep_engine_new(&opts, &t->engine);
	if (!rc)
		rc = skep_engine_install(t->engine);
	if (rc)
		return error_set(err, rc, "our engine cannot start: %s", strerror(-rc));
	rc = enforce_load(&t->enforce, err);
	if (!rc)
		rc = enforce_replace_rules(t->enforce, &t->copy, err);
	return rc ? rc : attach(t, err);
}

int trial_begin(const struct ruleset *set, const struct judge_task *task, struct trial **out,
		struct error *err)
{
	struct trial *t = xcalloc(1, sizeof(*t));
	int rc;

	t->set = set;
	t->task = task;
	t->link = -1;
	copy_rules(t);
	rc = start(t, err);
	if (rc)
		trial_end(t);
	else
		*out = t;
	return rc;
}

void trial_end(struct trial *t)
{
	if (!t)
		return;
	if (t->link >= 0)
		close(t->link);
	enforce_close(t->enforce);
	if (t->engine && skep_engine_installed() == t->engine)
		skep_engine_install(NULL);
	if (t->engine)
		skep_engine_free(t->engine);
	ruleset_deinit(&t->copy);
	free(t);
}

/* --- one access ----------------------------------------------------------------------------- */

/* The program counts what applies: of rules to allow, which leave no event, the one that has more now. */
static uint32_t allowed_by(struct trial *t, const struct judge_access *access)
{
	struct guard_rule rule;
	uint32_t found = GUARD_NO_RULE;

	for (uint32_t i = 0; i < t->copy.n_rules; i++) {
		struct guard_rule *known = &t->copy.rules[i];

		if (known->action != GUARD_ALLOW ||
		    !rule_pattern_matches(known->pattern, access->name) ||
		    enforce_rule(t->enforce, i, &rule) || rule.hits == known->hits)
			continue;
		known->hits = rule.hits;
		found = i;
	}
	return found;
}

static int run(struct trial *t, const struct judge_access *access, const char *value,
	       const char *current, struct skep_sysctl *done, struct error *err)
{
	char replaced[SKEP_SYSCTL_VALUE_BYTES];
	int rc;

	*done = (struct skep_sysctl){
		.size = sizeof(*done),
		.name = access->name,
		.write = access->kind == GUARD_WRITE,
		.current = current,
		.current_bytes = current ? (uint32_t)strlen(current) : 0,
		.value = value,
		.value_bytes = access->bytes,
		.file_pos = (int64_t)access->file_pos,
		.value_out = replaced,
		.value_out_room = sizeof(replaced),
	};
	t->n_accesses++;
	rc = skep_sysctl_access(t->engine, done);
	done->value_out = NULL;
	return rc ? error_set(err, rc, "'%.100s' cannot be tried: %s", access->name, strerror(-rc))
		  : 0;
}

int trial_access(struct trial *t, const struct judge_access *access, const char *value,
		 const char *current, struct judgement *out, struct error *err)
{
	struct guard_event event;
	struct skep_sysctl done;
	bool refused, replaced;
	uint64_t lost = 0;
	int rc = run(t, access, value, current, &done, err);

	if (rc)
		return rc;
	*out = (struct judgement){ .rule = GUARD_NO_RULE };
	while (enforce_log_next(t->enforce, &t->seq, &event, &lost) > 0) {
		out->outcome = event.outcome;
		out->rule = event.rule;
	}
	out->allowed_by = allowed_by(t, access);
	refused = out->outcome == GUARD_DENIED || out->outcome == GUARD_PIN_REFUSED;
	replaced = out->outcome == GUARD_PINNED;
	if (done.n_programs != 1 || (done.retval != 0) != refused ||
	    (done.replaced != 0) != replaced)
		return error_set(err, -EIO,
				 "'%.100s': the guard's program did other than it logged",
				 access->name);
	return 0;
}
