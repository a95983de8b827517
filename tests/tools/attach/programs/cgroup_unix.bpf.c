/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The hooks of Unix sockets in a cgroup (Linux 6.7), which libbpf 1.1 does not know: for test_attach.py. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 connect_hits, name_hits;

SEC("cgroup/connect_unix")
int on_connect(struct bpf_sock_addr *ctx __attribute__((unused)))
{
	__sync_fetch_and_add(&connect_hits, 1);
	return 1;
}

SEC("cgroup/getsockname_unix")
int on_name(struct bpf_sock_addr *ctx __attribute__((unused)))
{
	__sync_fetch_and_add(&name_hits, 1);
	return 1;
}
