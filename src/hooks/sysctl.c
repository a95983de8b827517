/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * include/skep/sysctl.h: one access to a sysctl, framed for the programs of the task's cgroup.
 * Source: kernel/bpf/cgroup.c __cgroup_bpf_run_filter_sysctl(), fs/proc/proc_sysctl.c.
 */
#include "skep/sysctl.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "hooks/cgroup.h"
#include "object/sysctl.h"
#include "run/run.h"

_Static_assert(SKEP_SYSCTL_VALUE_BYTES == SYSCTL_VALUE_BYTES, "the public limit is the room's");

/* The cgroup of the task the host names. */
static struct cgroup *task_cgroup(struct engine *engine)
{
	struct cgroup *cgroup;
	struct skep_task task;

	run_task(engine, &task);
	cgroup = cgroup_by_id(engine, task.cgroup_id);
	return cgroup ? cgroup : cgroup_root(engine);
}

static int check(const struct skep_sysctl *access)
{
	if (access->size < sizeof(*access) || !access->name || !access->name[0])
		return -EINVAL;
	if (strnlen(access->name, SKEP_SYSCTL_NAME_BYTES) == SKEP_SYSCTL_NAME_BYTES)
		return -EINVAL;
	if ((access->current_bytes && !access->current) || access->file_pos < 0)
		return -EINVAL;
	return access->write && access->value_bytes && !access->value ? -EINVAL : 0;
}

static void value_out(struct skep_sysctl *access, const struct sysctl_access *ctx)
{
	access->replaced = !access->retval && ctx->replaced;
	access->value_out_bytes = access->replaced ? ctx->new_bytes : 0;
	if (access->value_out_bytes && access->value_out)
		memcpy(access->value_out, ctx->page,
		       MIN(access->value_out_bytes, access->value_out_room));
}

int skep_sysctl_access(struct skep_engine *e, struct skep_sysctl *access)
{
	struct engine *engine = (struct engine *)e;
	struct run_ctx rc = { .engine = engine };
	const struct cgroup *cgroup;
	char page[SYSCTL_VALUE_BYTES];
	struct sysctl_access ctx;
	const char *slash;

	if (check(access))
		return -EINVAL;
	if (run_inside(engine))
		return -EBUSY;
	slash = strrchr(access->name, '/');
	ctx = (struct sysctl_access){
		.name = access->name,
		.base = slash ? slash + 1 : access->name,
		.current = access->current,
		.current_bytes = MIN(access->current_bytes, (uint32_t)SYSCTL_VALUE_BYTES),
		.page = page,
		.write = access->write != 0,
		.file_pos = &access->file_pos,
	};
	if (access->write && access->value_bytes) {
		ctx.new_value = access->value;
		ctx.new_bytes = (uint32_t)MIN(access->value_bytes, (uint64_t)SYSCTL_VALUE_BYTES);
	}
	cgroup = task_cgroup(engine);
	rc.slot = run_enter(engine);
	access->n_programs = hook_cgroup_run(cgroup, CGROUP_HOOK_SYSCTL, &ctx, &rc);
	run_exit(engine);
	access->retval = rc.retval;
	value_out(access, &ctx);
	return 0;
}
