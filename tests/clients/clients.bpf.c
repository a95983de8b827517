/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What the bpftool batches load: programs and maps of several types, with BTF of every common kind. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum colour { RED, GREEN, BLUE = 7 };

struct point {
	__s32 x;
	__s16 y;
	__u8 low : 3, high : 5;
	char tag[5];
	enum colour colour;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct point);
} cl_points SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u64);
	__type(value, struct point);
} cl_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} cl_counts SEC(".maps");

int cl_tail(struct __sk_buff *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} cl_jumps SEC(".maps") = { .values = { [1] = (void *)&cl_tail } };

const volatile __u32 cl_answer = 42;
__u64 cl_runs;
char cl_note[8] = "note";

static __attribute__((noinline)) __u64 mix(__u64 a, __u32 b)
{
	volatile __u64 kept = a;

	if ((__s64)kept < -5 || b > 1000)
		kept = kept * 7 - b;
	else
		kept = (kept << 3 | b >> 2) ^ 0x123456789abcdefULL;
	return kept;
}

/* Nothing in it that the kernel's verifier rewrites: its dump is compared to the last opcode. */
SEC("xdp")
int cl_pure(struct xdp_md *ctx __attribute__((unused)))
{
	volatile __u32 bound = 9;
	__u64 sum = 1;

	for (__u32 i = 0; i < bound && i < 20; i++)
		sum += mix(sum, i);
	return (int)(sum & 3);
}

static int step(__u32 i, void *sum)
{
	*(__u32 *)sum += i;
	return 0;
}

/* Linux writes bpf_loop() out where the flags are known to be 0. */
SEC("xdp")
int cl_pure_loop(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 sum = 0;

	return (int)bpf_loop(4, step, &sum, bpf_ktime_get_ns());
}

SEC("xdp")
int cl_maps(struct xdp_md *ctx)
{
	__u32 slot = 1;
	struct point *point = bpf_map_lookup_elem(&cl_points, &slot);
	__u64 *count = bpf_map_lookup_elem(&cl_counts, &slot);
	__u64 key = ctx->data_end - ctx->data;

	cl_runs++;
	if (!point || !count)
		return XDP_ABORTED;
	point->x += 3;
	*count += 1;
	bpf_map_update_elem(&cl_hash, &key, point, BPF_ANY);
	return (int)cl_answer;
}

SEC("tc")
int cl_packet(struct __sk_buff *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	if (data + 20 > (__u8 *)(long)ctx->data_end)
		return 2;
	data[14] = 0xee;
	ctx->cb[0] = ctx->len;
	return (int)ctx->mark + (int)ctx->len;
}

SEC("tc")
int cl_tail(struct __sk_buff *ctx)
{
	return (int)ctx->len + 1;
}

SEC("tc")
int cl_jump(struct __sk_buff *ctx)
{
	bpf_tail_call(ctx, &cl_jumps, 1);
	return 1;
}

SEC("socket")
int cl_filter(struct __sk_buff *ctx)
{
	return (int)(ctx->len / 2);
}

SEC("cgroup_skb/egress")
int cl_egress(struct __sk_buff *ctx)
{
	return ctx->len > 40;
}

SEC("tracepoint/syscalls/sys_enter_close")
int cl_trace(void *ctx __attribute__((unused)))
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
