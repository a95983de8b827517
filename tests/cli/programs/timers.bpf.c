/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* Timers in a capture's time: one that ticks, one for later than the capture lasts, one for at once. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define CLOCK_MONOTONIC 1
#define HOUR_NS 3600000000000ull

struct tick {
	struct bpf_timer timer;
	__u64 count;
	__u64 first_ns;
	__u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct tick);
} ticks SEC(".maps");

const volatile __u64 period_ns = 100000000;
__u64 count, first_ns, last_ns, errors;

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static int on_tick(void *map, __u32 *key, struct tick *tick)
{
	count++;
	last_ns = bpf_ktime_get_ns();
	if (*key == 0)
		bpf_timer_start(&tick->timer, period_ns, 0);
	return 0;
}

/* Three callbacks in a row, each armed by the one before. */
static int on_link(void *map, __u32 *key, struct tick *tick)
{
	if (++tick->count < 3)
		bpf_timer_start(&tick->timer, 0, 0);
	return 0;
}

static struct tick *armed(__u32 key, __u64 ns)
{
	struct tick zero = {};
	struct tick *tick;

	bpf_map_update_elem(&ticks, &key, &zero, BPF_NOEXIST);
	tick = bpf_map_lookup_elem(&ticks, &key);
	if (!tick)
		return 0;
	if (bpf_timer_init(&tick->timer, &ticks, CLOCK_MONOTONIC))
		return tick;
	errors += bpf_timer_set_callback(&tick->timer, on_tick) != 0;
	errors += bpf_timer_start(&tick->timer, ns, 0) != 0;
	return tick;
}

SEC("xdp")
int periodic(struct xdp_md *ctx)
{
	if (!first_ns)
		first_ns = bpf_ktime_get_ns();
	armed(0, period_ns);
	return XDP_PASS;
}

SEC("xdp")
int later(struct xdp_md *ctx)
{
	armed(1, HOUR_NS);
	return XDP_PASS;
}

SEC("xdp")
int chain(struct xdp_md *ctx)
{
	struct tick *tick = armed(2, HOUR_NS);

	if (tick) {
		errors += bpf_timer_set_callback(&tick->timer, on_link) != 0;
		errors += bpf_timer_start(&tick->timer, 0, 0) != 0;
	}
	return XDP_PASS;
}

SEC("xdp")
int at_once(struct xdp_md *ctx)
{
	armed(1, 0);
	return XDP_PASS;
}
