/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Sends the stack of whatever runs, at every tick of a timer. Runs in the timer's interrupt, which does
 * not come again on its CPU before it ends.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "tool/filter.bpf.h"
#include "trace/stacks-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool with_user = true;
const volatile bool with_kernel = true;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stacks_sample);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stacks_totals);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set before loading */
} ring SEC(".maps");

static __always_inline bool is_wanted(void)
{
	bool idle = (__u32)bpf_get_current_pid_tgid() == 0;
	struct stacks_totals *t;
	__u32 zero = 0;

	if (!idle && filter_allows())
		return true;
	t = bpf_map_lookup_elem(&totals, &zero);
	if (!t)
		return false;
	if (idle)
		t->idle++;
	else
		t->filtered++;
	return false;
}

SEC("perf_event")
int take_stack(struct bpf_perf_event_data *ctx)
{
	const __u32 bytes_max = STACKS_FRAMES * sizeof(__u64);
	struct stacks_sample *s;
	long kernel = 0, user = 0;
	__u32 zero = 0;

	if (!is_wanted())
		return 0;
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return 0;
	event_head_fill(&s->head);
	if (with_kernel)
		kernel = bpf_get_stack(ctx, s->addresses, bytes_max, 0);
	if (kernel < 0 || kernel > bytes_max)
		kernel = 0;
	if (with_user)
		user = bpf_get_stack(ctx, (void *)s->addresses + kernel, bytes_max,
				     BPF_F_USER_STACK);
	if (user < 0 || user > bytes_max)
		user = 0;
	s->n_kernel = kernel / sizeof(__u64);
	s->n_user = user / sizeof(__u64);
	account_output(&ring, s,
		       __builtin_offsetof(struct stacks_sample, addresses) + kernel + user);
	return 0;
}
