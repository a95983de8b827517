/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that tell of the world around the program: clock, random numbers, CPU, current task. */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "helpers/call.h"
#include "object/pkt.h"

#define NS_PER_JIFFY UINT64_C(4000000) /* CONFIG_HZ=250 */
#define JIFFIES_START (UINT64_C(0) - 300 * 250) /* INITIAL_JIFFIES: five minutes before it wraps */

static uint64_t clock_ns(enum run_clock clock)
{
	return run_clock_ns(run_current()->engine, clock);
}

static void current_task(struct skep_task *task)
{
	run_task(run_current()->engine, task);
}

HELPER_CALL(ktime_get_ns)
{
	return clock_ns(RUN_CLOCK_MONOTONIC);
}

HELPER_CALL(ktime_get_boot_ns)
{
	return clock_ns(RUN_CLOCK_BOOTTIME);
}

HELPER_CALL(ktime_get_coarse_ns)
{
	return clock_ns(RUN_CLOCK_COARSE);
}

HELPER_CALL(ktime_get_tai_ns)
{
	return clock_ns(RUN_CLOCK_TAI);
}

/* The kernel's 64-bit counter starts at a 32-bit INITIAL_JIFFIES. */
HELPER_CALL(jiffies64)
{
	return (uint32_t)JIFFIES_START + clock_ns(RUN_CLOCK_MONOTONIC) / NS_PER_JIFFY;
}

HELPER_CALL(get_prandom_u32)
{
	return run_random(run_current()->engine);
}

HELPER_CALL(get_smp_processor_id)
{
	return run_current()->slot;
}

/* One node: the engine knows nothing of where memory lies. */
HELPER_CALL(get_numa_node_id)
{
	return 0;
}

HELPER_CALL(get_current_pid_tgid)
{
	struct skep_task task;

	current_task(&task);
	return (uint64_t)task.tgid << 32 | task.pid;
}

HELPER_CALL(get_current_uid_gid)
{
	struct skep_task task;

	current_task(&task);
	return (uint64_t)task.gid << 32 | task.uid;
}

HELPER_CALL(get_current_cgroup_id)
{
	struct skep_task task;

	current_task(&task);
	return task.cgroup_id;
}

/* strscpy_pad: what fits, a NUL, and zeros to the end. The size is > 0. */
HELPER_CALL(get_current_comm)
{
	struct skep_task task;
	char *buf = ptr(r1);
	size_t size = (uint32_t)r2, len;

	current_task(&task);
	len = strnlen(task.comm, MIN(sizeof(task.comm), size - 1));
	memcpy(buf, task.comm, len);
	memset(buf + len, 0, size - len);
	return 0;
}

/* There are no net_cls cgroups here: what the kernel says of a task in none. */
HELPER_CALL(get_cgroup_classid)
{
	return 0;
}

#define NUMBER .ret_type = RET_INTEGER

HELPER_PROTO(ktime_get_ns, NUMBER);
HELPER_PROTO(ktime_get_boot_ns, NUMBER);
HELPER_PROTO(ktime_get_coarse_ns, NUMBER);
HELPER_PROTO(ktime_get_tai_ns, NUMBER);
HELPER_PROTO(jiffies64, NUMBER);
HELPER_PROTO(get_prandom_u32, NUMBER);
HELPER_PROTO(get_smp_processor_id, NUMBER);
HELPER_PROTO(get_numa_node_id, NUMBER);
HELPER_PROTO(get_current_pid_tgid, NUMBER);
HELPER_PROTO(get_current_uid_gid, NUMBER);
HELPER_PROTO(get_current_cgroup_id, NUMBER);
HELPER_PROTO(get_current_comm, NUMBER, ARGS(ARG_MEM_UNINIT, ARG_CONST_SIZE));
HELPER_PROTO(get_cgroup_classid, NUMBER);
HELPER_PROTO_AS(get_cgroup_classid_skb, get_cgroup_classid, get_cgroup_classid, NUMBER,
		ARGS(ARG_PTR_TO_CTX));
