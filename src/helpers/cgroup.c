/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers about cgroups: where the task is, and the verdict of the programs before this one. */
#include "helpers/call.h"
#include "object/cgroup.h"

/* 0: not as deep as that, or the engine has not heard of the task's cgroup. */
HELPER_CALL(get_current_ancestor_cgroup_id)
{
	struct engine *engine = run_current()->engine;
	const struct cgroup *cgroup;
	struct skep_task task;
	int level = (int)r1;

	run_task(engine, &task);
	cgroup = cgroup_by_id(engine, task.cgroup_id);
	if (!cgroup || level < 0 || (uint32_t)level > cgroup->level)
		return 0;
	while (cgroup->level > (uint32_t)level)
		cgroup = cgroup->parent;
	return cgroup->id;
}

HELPER_CALL(get_retval)
{
	return ret(run_current()->retval);
}

HELPER_CALL(set_retval)
{
	run_current()->retval = (int32_t)r1;
	return 0;
}

#define NUMBER .ret_type = RET_INTEGER

HELPER_PROTO(get_current_ancestor_cgroup_id, NUMBER, ARGS(ARG_ANYTHING));
HELPER_PROTO(get_retval, NUMBER);
HELPER_PROTO(set_retval, NUMBER, ARGS(ARG_ANYTHING));
