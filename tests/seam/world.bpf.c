/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Everything libbpf does on its own at load: data sections, BTF of all kinds, map in map, calls. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u32 seq;
	__u32 bytes;
	char text[24];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} orders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} inner_one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &inner_one } };

int tail(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [1] = (void *)&tail } };

const volatile __u32 answer = 1;
__u64 runs;
__u32 seq = 100;
char note[16] = "written at load";

static __attribute__((noinline)) int count(__u32 slot)
{
	__u64 *value = bpf_map_lookup_elem(&shared, &slot);

	if (value)
		*value += 1;
	return (int)slot;
}

__attribute__((noinline)) int add(__u32 a, __u32 b)
{
	return (int)(a + b);
}

SEC("xdp")
int emit(struct xdp_md *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	__u32 key = 0;
	__u64 *mine;

	runs++;
	mine = bpf_map_lookup_elem(&per_cpu, &key);
	if (mine)
		*mine += 2;
	count(2);
	if (!e)
		return XDP_ABORTED;
	e->seq = seq++;
	e->bytes = ctx->data_end - ctx->data;
	__builtin_memcpy(e->text, note, sizeof(note));
	bpf_ringbuf_submit(e, 0);
	return add((__u32)answer, 0);
}

/* Each order comes back as an event with its number. */
static long fulfil(struct bpf_dynptr *order, void *total)
{
	struct event e = { .seq = seq++ };
	struct bpf_dynptr out;

	if (bpf_dynptr_read(&e.bytes, sizeof(e.bytes), order, 0, 0))
		return 1;
	*(__u32 *)total += e.bytes;
	if (!bpf_ringbuf_reserve_dynptr(&ring, sizeof(e), 0, &out))
		bpf_dynptr_write(&out, 0, &e, sizeof(e), 0);
	bpf_ringbuf_submit_dynptr(&out, 0);
	return 0;
}

SEC("xdp")
int take_orders(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 total = 0;

	return bpf_user_ringbuf_drain(&orders, fulfil, &total, 0) < 0 ? -1 : (int)total;
}

SEC("xdp")
int emit_perf(struct xdp_md *ctx)
{
	struct event e = { .seq = seq++ };

	return (int)bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &e, sizeof(e));
}

SEC("xdp")
int tail(struct xdp_md *ctx __attribute__((unused)))
{
	return 77;
}

SEC("xdp")
int jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	return 1;
}

SEC("xdp")
int nested_map(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 key = 1;
	__u64 *value;
	void *map = bpf_map_lookup_elem(&outer, &key);

	if (!map)
		return 1;
	value = bpf_map_lookup_elem(map, &key);
	return value ? (int)*value : 2;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
