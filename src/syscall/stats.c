/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_ENABLE_STATS: an fd whose life is the time in which runs of programs are counted and timed
 * (run_cnt and run_time_ns in a program's info). That it was closed is seen by the next bpf(2) call.
 * Source: kernel/bpf/syscall.c, bpf_enable_runtime_stats().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "syscall/call.h"

static void stats_release_uref(struct object *obj)
{
	atomic_fetch_sub(&obj->engine->stats_enabled, 1);
}

static void stats_free(struct object *obj)
{
	mem_free_late(obj);
}

static const struct object_ops stats_ops = {
	.fd_name = "bpf-stats",
	.release_uref = stats_release_uref,
	.free = stats_free,
};

int cmd_enable_stats(struct bpf_call *call)
{
	struct object *obj;
	int fd;

	if (!(call->caller->caps & CAPABLE_SYS_ADMIN))
		return -EPERM;
	if (call->attr.enable_stats.type != BPF_STATS_RUN_TIME)
		return -EINVAL;
	obj = mem_zalloc(sizeof(*obj));
	if (!obj)
		return -ENOMEM;
	object_init(obj, call->engine, OBJECT_STATS, &stats_ops);
	fd = object_admit(obj);
	if (!fd)
		fd = call->caller->ops->install_fd(call->caller, obj, O_RDONLY);
	if (fd >= 0)
		atomic_fetch_add(&call->engine->stats_enabled, 1);
	object_put(obj);
	return fd;
}
