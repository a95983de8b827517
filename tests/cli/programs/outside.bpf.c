/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What a run cannot repeat by itself: time and random numbers; and what two engines cannot agree on. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 200);
	__type(key, __u32);
	__type(value, __u64);
} many SEC(".maps");

__u64 first_ns;
__u64 last_ns;
__u32 random_sum;
__u32 count;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int clock(struct xdp_md *ctx)
{
	last_ns = bpf_ktime_get_ns();
	if (!first_ns)
		first_ns = last_ns;
	random_sum += bpf_get_prandom_u32();
	return XDP_PASS;
}

SEC("xdp")
int print(struct xdp_md *ctx)
{
	if (++count <= 2)
		bpf_printk("packet %d \"%s\"", count, "quoted");
	return XDP_PASS;
}

/* With packet 321, where a map element lies becomes its value: no two engines have it in one place. The
 * map is too large to be compared after each packet. */
SEC("xdp")
int differ(struct xdp_md *ctx)
{
	__u32 key = count++ % 200;
	__u64 *value = bpf_map_lookup_elem(&many, &key);

	if (value && count == 321)
		*value = (__u64)value;
	return XDP_PASS;
}

/* The same, later than maps are compared after each packet. */
SEC("xdp")
int differ_late(struct xdp_md *ctx)
{
	__u32 key = count++ % 200;
	__u64 *value = bpf_map_lookup_elem(&many, &key);

	if (value && count == 5432)
		*value = (__u64)value;
	return XDP_PASS;
}

/* Reads one byte without asking whether it is there. */
SEC("xdp")
int careless(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;

	return data[3] == 2 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int slow(struct xdp_md *ctx)
{
	for (int i = 0; i < 200; i++)
		count += bpf_get_prandom_u32() & 1;
	return XDP_PASS;
}
