/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program for each hook of kernel functions, all of them where getsid(2) passes. Loaded one at a
 * time by hooks.c, with libbpf and nothing of skep's.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* hooks.c has the same. */
struct {
	__u64 hits;
	__s64 result; /* of the function, where the hook sees it */
	__u64 tgid;   /* whom to deny */
} globals;

static __always_inline int count(void)
{
	__sync_fetch_and_add(&globals.hits, 1);
	return 0;
}

static __always_inline int deny(void)
{
	if (bpf_get_current_pid_tgid() >> 32 != globals.tgid)
		return 0;
	count();
	return -1; /* EPERM */
}

SEC("kprobe/security_task_getsid")
int kprobe(void *ctx)
{
	return count();
}

SEC("kretprobe/security_task_getsid")
int kretprobe(void *ctx)
{
	return count();
}

SEC("kprobe.multi/security_task_gets*")
int kprobe_multi(void *ctx)
{
	return count();
}

SEC("fentry/security_task_getsid")
int fentry(__u64 *ctx)
{
	return count();
}

SEC("fexit/security_task_getsid")
int fexit(__u64 *ctx)
{
	globals.result = (__s32)ctx[1];
	return count();
}

SEC("fmod_ret/security_task_getsid")
int fmod_ret(__u64 *ctx)
{
	return deny();
}

SEC("lsm/task_getsid")
int lsm(__u64 *ctx)
{
	return deny();
}

SEC("lsm.s/bpf")
int lsm_sleepable(__u64 *ctx)
{
	return deny();
}
