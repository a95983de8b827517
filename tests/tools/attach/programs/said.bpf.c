/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What programs say in other ways, and programs that cannot be: for test_attach.py. */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 only_tgid = 0;
__u64 hits;

struct event {
	__u32 number;
	__s64 minus;
	char word[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

/* Keeps struct event in the object's BTF. */
const struct event *const event_type SEC(".rodata") = 0;

SEC("tracepoint/syscalls/sys_enter_getpgid")
int by_perf_buffer(void *ctx)
{
	struct event event = { .number = 7, .minus = -7, .word = "seven" };

	if (bpf_get_current_pid_tgid() >> 32 == only_tgid)
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

/* The size of a record must be known when the program is loaded, and this is not. */
SEC("tracepoint/syscalls/sys_enter_getpgid")
int of_any_size(void *ctx __attribute__((unused)))
{
	static const char format[] = "any size";

	if (bpf_get_current_pid_tgid() >> 32 == only_tgid)
		bpf_trace_printk(format, 5 + (bpf_get_prandom_u32() & 3));
	return 0;
}

SEC("raw_tp/sys_enter")
int careless(__u64 *ctx)
{
	return *(int *)ctx[0];
}

SEC("usdt")
int on_usdt(struct pt_regs *ctx)
{
	long number = 0;

	bpf_usdt_arg(ctx, 0, &number);
	bpf_printk("tick %d", (int)number);
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

SEC("sk_msg")
int on_message(struct sk_msg_md *msg __attribute__((unused)))
{
	return SK_PASS;
}
