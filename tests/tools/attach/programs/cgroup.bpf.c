/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* A program at every hook of a cgroup, which lets everything pass and counts: for test_attach.py. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define COUNTING(section, name, type, verdict)                                                     \
	__u64 name##_hits;                                                                         \
	SEC(section)                                                                               \
	int name(struct type *ctx __attribute__((unused)))                                         \
	{                                                                                          \
		__sync_fetch_and_add(&name##_hits, 1);                                             \
		return verdict;                                                                    \
	}

/* clang-format off */
COUNTING("cgroup_skb/ingress",   skb_ingress,   __sk_buff,     1)
COUNTING("cgroup_skb/egress",    skb_egress,    __sk_buff,     1)
COUNTING("cgroup/sock_create",   sock_create,   bpf_sock,      1)
COUNTING("cgroup/sock_release",  sock_release,  bpf_sock,      1)
COUNTING("cgroup/post_bind4",    post_bind4,    bpf_sock,      1)
COUNTING("cgroup/bind4",         bind4,         bpf_sock_addr, 1)
COUNTING("cgroup/connect4",      connect4,      bpf_sock_addr, 1)
COUNTING("cgroup/sendmsg4",      sendmsg4,      bpf_sock_addr, 1)
COUNTING("cgroup/recvmsg4",      recvmsg4,      bpf_sock_addr, 1)
COUNTING("cgroup/getsockname4",  getsockname4,  bpf_sock_addr, 1)
COUNTING("cgroup/getpeername4",  getpeername4,  bpf_sock_addr, 1)
COUNTING("cgroup/post_bind6",    post_bind6,    bpf_sock,      1)
COUNTING("cgroup/bind6",         bind6,         bpf_sock_addr, 1)
COUNTING("cgroup/connect6",      connect6,      bpf_sock_addr, 1)
COUNTING("cgroup/sendmsg6",      sendmsg6,      bpf_sock_addr, 1)
COUNTING("cgroup/recvmsg6",      recvmsg6,      bpf_sock_addr, 1)
COUNTING("cgroup/getsockname6",  getsockname6,  bpf_sock_addr, 1)
COUNTING("cgroup/getpeername6",  getpeername6,  bpf_sock_addr, 1)
COUNTING("cgroup/getsockopt",    get_option,    bpf_sockopt,   1)
COUNTING("cgroup/setsockopt",    set_option,    bpf_sockopt,   1)
COUNTING("cgroup/sysctl",        sysctl,        bpf_sysctl,    1)
COUNTING("cgroup/dev",           device,        bpf_cgroup_dev_ctx, 1)
COUNTING("sockops",              sock_ops,      bpf_sock_ops,  1)
/* clang-format on */
