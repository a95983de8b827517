/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Accesses to sysctls: denies, replaces, counts and says so. For test_cli.py. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 reads, writes;

SEC("cgroup/sysctl")
int judge(struct bpf_sysctl *ctx)
{
	char name[64] = "", value[16] = "", other[] = "7\n";
	long n;

	bpf_sysctl_get_name(ctx, name, sizeof(name), BPF_F_SYSCTL_BASE_NAME);
	if (!ctx->write) {
		reads++;
		ctx->file_pos = name[0] == 's' ? 3 : ctx->file_pos;
		return name[0] != 'h'; /* hidden */
	}
	writes++;
	n = bpf_sysctl_get_new_value(ctx, value, sizeof(value));
	bpf_printk("%s: %d bytes", name, (int)n);
	if (name[0] == 'l') /* lucky */
		return bpf_sysctl_set_new_value(ctx, other, 2) == 0;
	if (name[0] == 'r') { /* refused */
		bpf_set_retval(-13);
		return 1;
	}
	return value[0] != '9';
}
