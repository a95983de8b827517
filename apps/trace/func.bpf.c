/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Programs of skep trace func, of which a run loads the one or two it needs: count calls, measure how
 * long they take, report each, count the stacks they come from. They run at uprobes, where a program may
 * be preempted by another on its CPU: sums are added atomically.
 *
 * Calls under way are known by thread, place and stack slot, so recursion and tail calls are told apart;
 * a start that never returns (longjmp, an exception, exit) is overwritten or aged out by the map.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "tool/filter.bpf.h"
#include "tool/hist.bpf.h"
#include "trace/func-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* struct pt_regs of x86-64, as programs at probes get it. */
struct registers {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	__u64 orig_rax, rip, cs, flags, rsp, ss;
};

const volatile bool with_strings = false;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries,
	       1); /* as many as there are probes: set before loading, here and below */
	__type(key, __u32);
	__type(value, struct func_probe);
} probes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct func_hist);
} latencies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct func_start_key);
	__type(value, __u64);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct func_start_key);
	__type(value, struct func_call);
} calls SEC(".maps");

/* What an element of calls begins as; never written. It is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct func_call);
} empty SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, FUNC_STACK_FRAMES * sizeof(__u64));
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct func_stack_key);
	__type(value, __u64);
} stack_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct func_losses);
} losses SEC(".maps");

static __always_inline void lose_start(void)
{
	__u32 zero = 0;
	struct func_losses *l = bpf_map_lookup_elem(&losses, &zero);

	if (l)
		__sync_fetch_and_add(&l->starts, 1);
}

static __always_inline void lose_stack(void)
{
	__u32 zero = 0;
	struct func_losses *l = bpf_map_lookup_elem(&losses, &zero);

	if (l)
		__sync_fetch_and_add(&l->stacks, 1);
}

#define REGISTERS 16

/* By their numbers in the instruction set; a copy, because the context takes no computed offset. */
static __always_inline void copy_registers(const struct registers *ctx, __u64 values[REGISTERS])
{
	values[0] = ctx->rax;
	values[1] = ctx->rcx;
	values[2] = ctx->rdx;
	values[3] = ctx->rbx;
	values[4] = ctx->rsp;
	values[5] = ctx->rbp;
	values[6] = ctx->rsi;
	values[7] = ctx->rdi;
	values[8] = ctx->r8;
	values[9] = ctx->r9;
	values[10] = ctx->r10;
	values[11] = ctx->r11;
	values[12] = ctx->r12;
	values[13] = ctx->r13;
	values[14] = ctx->r14;
	values[15] = ctx->r15;
}

SEC("uprobe")
int func_count(struct registers *ctx)
{
	__u32 probe = bpf_get_attach_cookie(ctx);
	__u64 *count;

	if (!filter_allows())
		return 0;
	count = bpf_map_lookup_elem(&counts, &probe);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

/* The return address has been taken from the stack when the return probe runs. */
static __always_inline void return_key(const struct registers *ctx, struct func_start_key *key)
{
	key->sp = ctx->rsp - sizeof(__u64);
	key->tid = bpf_get_current_pid_tgid();
}

SEC("uprobe")
int func_enter_timed(struct registers *ctx)
{
	struct func_start_key key = { .sp = ctx->rsp, .probe = bpf_get_attach_cookie(ctx) };
	__u64 now;

	if (!filter_allows())
		return 0;
	key.tid = bpf_get_current_pid_tgid();
	now = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&starts, &key, &now, BPF_ANY))
		lose_start();
	return 0;
}

SEC("uretprobe")
int func_return_timed(struct registers *ctx)
{
	struct func_start_key key = { .probe = bpf_get_attach_cookie(ctx) };
	__u64 now = bpf_ktime_get_ns(), *start, took;
	struct func_hist *h;
	__u32 slot;

	if (!filter_allows())
		return 0;
	return_key(ctx, &key);
	start = bpf_map_lookup_elem(&starts, &key);
	if (!start) {
		lose_start();
		return 0;
	}
	took = now - *start;
	bpf_map_delete_elem(&starts, &key);
	h = bpf_map_lookup_elem(&latencies, &key.probe);
	if (!h)
		return 0;
	slot = hist_slot(took);
	if (slot < HIST_SLOTS)
		__sync_fetch_and_add(&h->slots[slot], 1);
	__sync_fetch_and_add(&h->sum, took);
	if (took > h->max)
		h->max = took;
	return 0;
}

static __always_inline void fill_call(struct registers *ctx, __u32 probe,
				      const struct func_probe *how, struct func_call *call)
{
	__u64 values[REGISTERS];

	copy_registers(ctx, values);
	event_head_fill(&call->head);
	call->duration_ns = 0;
	call->result = 0;
	call->probe = probe;
	call->flags = 0;
#pragma unroll
	for (int i = 0; i < FUNC_ARGUMENTS; i++) {
		__u8 number = how->registers[i];

		call->arguments[i] = number < REGISTERS ? values[number & (REGISTERS - 1)] : 0;
		if (!with_strings)
			continue;
		call->strings[i][0] = 0;
		if ((how->strings >> i & 1) &&
		    bpf_probe_read_user_str(call->strings[i], FUNC_STRING_BYTES,
					    (const void *)call->arguments[i]) > 0)
			call->flags |= 1u << i;
	}
}

static __always_inline void report_call(struct registers *ctx, __u32 probe,
					const struct func_probe *how, __u64 bytes)
{
	struct func_call *call = account_reserve(&ring, bytes);

	if (!call)
		return;
	fill_call(ctx, probe, how, call);
	bpf_ringbuf_submit(call, 0);
}

SEC("uprobe")
int func_call(struct registers *ctx)
{
	__u32 probe = bpf_get_attach_cookie(ctx);
	struct func_probe *how = bpf_map_lookup_elem(&probes, &probe);

	if (!how || !filter_allows())
		return 0;
	if (with_strings)
		report_call(ctx, probe, how, sizeof(struct func_call));
	else
		report_call(ctx, probe, how, FUNC_CALL_SHORT_BYTES);
	return 0;
}

SEC("uprobe")
int func_enter_call(struct registers *ctx)
{
	struct func_start_key key = { .sp = ctx->rsp, .probe = bpf_get_attach_cookie(ctx) };
	struct func_probe *how = bpf_map_lookup_elem(&probes, &key.probe);
	__u32 zero = 0;
	struct func_call *call = bpf_map_lookup_elem(&empty, &zero);

	if (!how || !call || !filter_allows())
		return 0;
	key.tid = bpf_get_current_pid_tgid();
	if (bpf_map_update_elem(&calls, &key, call, BPF_ANY)) {
		lose_start();
		return 0;
	}
	call = bpf_map_lookup_elem(&calls, &key);
	if (call)
		fill_call(ctx, key.probe, how, call);
	return 0;
}

SEC("uretprobe")
int func_return_call(struct registers *ctx)
{
	struct func_start_key key = { .probe = bpf_get_attach_cookie(ctx) };
	__u64 now = bpf_ktime_get_ns();
	struct func_call *call;

	if (!filter_allows())
		return 0;
	return_key(ctx, &key);
	call = bpf_map_lookup_elem(&calls, &key);
	if (!call) {
		lose_start();
		return 0;
	}
	call->duration_ns = now - call->head.ktime_ns;
	call->result = ctx->rax;
	call->flags |= FUNC_HAS_RESULT;
	if (with_strings)
		account_output(&ring, call, sizeof(*call));
	else
		account_output(&ring, call, FUNC_CALL_SHORT_BYTES);
	bpf_map_delete_elem(&calls, &key);
	return 0;
}

/* A stack not seen before: its process is told of, so that it is looked at while it lives. */
static __always_inline void tell_process(__u32 pid)
{
	bpf_ringbuf_output(&ring, &pid, sizeof(pid), 0);
}

SEC("uprobe")
int func_stack(struct registers *ctx)
{
	struct func_stack_key key = { .probe = bpf_get_attach_cookie(ctx) };
	struct func_probe *how = bpf_map_lookup_elem(&probes, &key.probe);
	__u64 one = 1, *count;
	long id;

	if (!how || !filter_allows())
		return 0;
	id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	if (id < 0) {
		lose_stack();
		return 0;
	}
	key.stack = id;
	key.pid = filter_pid_tgid() >> 32;
	bpf_probe_read_user(&key.caller, sizeof(key.caller),
			    (const void *)(ctx->rsp - (__s64)how->sp_delta));
	count = bpf_map_lookup_elem(&stack_counts, &key);
	if (count) {
		__sync_fetch_and_add(count, 1);
		return 0;
	}
	tell_process(key.pid);
	if (!bpf_map_update_elem(&stack_counts, &key, &one, BPF_NOEXIST))
		return 0;
	count = bpf_map_lookup_elem(&stack_counts, &key); /* another CPU was faster */
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		lose_stack();
	return 0;
}
