/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* A program at the hook of skep guard that does nothing: what the hook itself costs. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("cgroup/sysctl")
int empty(struct bpf_sysctl *ctx)
{
	return 1;
}
