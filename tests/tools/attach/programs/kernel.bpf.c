/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Programs at functions of the kernel: for kernels that allow it (tests/vm). */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 hits;

static __always_inline int hit(void)
{
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

SEC("kprobe/vfs_read")
int on_kprobe(void *ctx __attribute__((unused)))
{
	return hit();
}

SEC("kretprobe/vfs_read")
int on_kretprobe(void *ctx __attribute__((unused)))
{
	return hit();
}

SEC("kprobe.multi/vfs_rea*")
int on_kprobes(void *ctx __attribute__((unused)))
{
	return hit();
}

SEC("fentry/vfs_read")
int on_fentry(void *ctx __attribute__((unused)))
{
	bpf_printk("fentry");
	return hit();
}

SEC("fexit/vfs_read")
int on_fexit(void *ctx __attribute__((unused)))
{
	return hit();
}

SEC("lsm/file_open")
int on_lsm(void *ctx __attribute__((unused)))
{
	bpf_printk("lsm %d", 1);
	return hit();
}

SEC("lsm.s/bprm_committed_creds")
int on_sleepable(void *ctx __attribute__((unused)))
{
	bpf_printk("sleepable %s", "text");
	return hit();
}

SEC("fentry/vfs_raed")
int on_no_function(void *ctx __attribute__((unused)))
{
	return hit();
}
