/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* One program per type that skep run knows how to feed, settings and global variables of every kind. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

enum color { RED, GREEN = 5, BLUE = -1 };

const volatile enum color color = GREEN;
const volatile char name[8] = "none";
const volatile _Bool on;
const volatile __s8 small = -3;
const volatile __u16 port = 80;
const volatile __u64 wide;
const volatile char letter = 'x';

struct {
	int a : 3;
	unsigned int b : 5;
	union {
		__u32 word;
		__u8 bytes[4];
	};
	void *pointer;
	enum color color;
	char text[8];
	__s64 small;
	__u64 wide;
	_Bool on;
	__u16 port;
} state;

struct event {
	__u32 bytes;
	char tag[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} event SEC(".maps");

const struct event *const event_type SEC(".rodata") = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int settings(struct xdp_md *ctx)
{
	struct event e = { ctx->data_end - ctx->data, "abc" };

	state.a = -2;
	state.b = 7;
	state.word = 0x01020304;
	state.color = color;
	state.text[0] = letter;
	state.text[1] = name[0];
	state.text[2] = name[1];
	state.small = small;
	state.wide = wide;
	state.on = on;
	state.port = port;
	bpf_perf_event_output(ctx, &event, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return XDP_PASS;
}

SEC("tc")
int mark(struct __sk_buff *skb)
{
	skb->mark = 5;
	return skb->len > 500 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("cgroup_skb/ingress")
int group(struct __sk_buff *skb)
{
	return skb->len > 100;
}

SEC("raw_tp/sched_switch")
int raw(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[0] + ctx->args[1];
}

SEC("syscall")
int call(int *ctx)
{
	*ctx += 1;
	return 7;
}

SEC("tracepoint/syscalls/sys_enter_write")
int trace(__u64 *ctx)
{
	return ctx[2] & 0xff;
}

SEC("xdp")
int shrink(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 14) ? XDP_ABORTED : XDP_PASS;
}

SEC("nothing")
int unknown(void *ctx)
{
	return 0;
}
