/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* A program for each kind of hook, which counts how often it ran: for test_attach.py. */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 only_tgid __attribute__((btf_decl_tag("only runs for this process"))) = 0;
const volatile __s64 syscall_number = 121;
const volatile bool quiet = true;
const volatile char greeting[16] = "hello";

__u64 hits;

static __always_inline int hit(int verdict)
{
	__sync_fetch_and_add(&hits, 1);
	if (!quiet)
		bpf_printk("%s", (const char *)greeting);
	return verdict;
}

static __always_inline int hit_process(void)
{
	if (only_tgid && bpf_get_current_pid_tgid() >> 32 != only_tgid)
		return 0;
	return hit(0);
}

SEC("xdp")
int on_xdp(struct xdp_md *ctx __attribute__((unused)))
{
	return hit(XDP_PASS);
}

SEC("tc")
int on_tc(struct __sk_buff *skb __attribute__((unused)))
{
	return hit(0);
}

SEC("tcx/ingress")
int on_tcx_ingress(struct __sk_buff *skb __attribute__((unused)))
{
	return hit(-1);
}

SEC("tcx/egress")
int on_tcx_egress(struct __sk_buff *skb __attribute__((unused)))
{
	return hit(-1);
}

SEC("socket")
int on_socket(struct __sk_buff *skb __attribute__((unused)))
{
	return hit(0);
}

SEC("netfilter")
int on_netfilter(void *ctx __attribute__((unused)))
{
	return hit(1);
}

SEC("flow_dissector")
int on_flow(struct __sk_buff *skb __attribute__((unused)))
{
	return hit(0);
}

SEC("sk_lookup")
int on_lookup(struct bpf_sk_lookup *ctx __attribute__((unused)))
{
	return hit(1);
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_tracepoint(void *ctx __attribute__((unused)))
{
	return hit_process();
}

SEC("raw_tp/sys_enter")
int on_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return (__s64)ctx->args[1] == syscall_number ? hit_process() : 0;
}

SEC("tp_btf/sys_enter")
int on_tp_btf(__u64 *ctx)
{
	return (__s64)ctx[1] == syscall_number ? hit_process() : 0;
}

SEC("uprobe/libc.so.6:getpgid")
int on_uprobe(void *ctx __attribute__((unused)))
{
	return hit_process();
}

SEC("uretprobe/libc.so.6:getpgid")
int on_uretprobe(void *ctx __attribute__((unused)))
{
	return hit_process();
}

SEC("uprobe.multi/libc.so.6:getpg[i]d")
int on_uprobes(void *ctx __attribute__((unused)))
{
	return hit_process();
}

SEC("uprobe")
int on_any_uprobe(void *ctx __attribute__((unused)))
{
	return hit_process();
}

SEC("kprobe/vfs_read")
int on_kprobe(void *ctx __attribute__((unused)))
{
	return hit_process();
}

SEC("perf_event")
int on_timer(void *ctx __attribute__((unused)))
{
	return hit(0);
}

SEC("tracepoint/sched/sched_swich")
int on_no_tracepoint(void *ctx __attribute__((unused)))
{
	return hit(0);
}

SEC("raw_tp/sys_entre")
int on_no_raw_tp(void *ctx __attribute__((unused)))
{
	return hit(0);
}

SEC("uprobe/libc.so.6:mallocs")
int on_no_function(void *ctx __attribute__((unused)))
{
	return hit(0);
}

SEC("tp_btf/sys_entre")
int on_no_tp_btf(void *ctx __attribute__((unused)))
{
	return hit(0);
}
