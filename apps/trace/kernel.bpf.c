/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Programs of skep trace kernel. One run loads those of one hook: at a trampoline (fentry, fexit) or a
 * raw tracepoint a copy for each function, with its numbers in the code; at kprobes one program, which
 * finds its function by the cookie. They may be preempted by one another: sums are added atomically.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "tool/filter.bpf.h"
#include "tool/hist.bpf.h"
#include "trace/kernel-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* struct pt_regs of x86-64, as programs at probes get it. */
struct kernel_registers {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	__u64 orig_rax, rip, cs, flags, rsp, ss;
};

const volatile __u32 mode = KERNEL_COUNT;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries,
	       1); /* as many as there are functions: set before loading, here and below */
	__type(key, __u32);
	__type(value, __u32); /* which of its arguments are strings */
} functions SEC(".maps");

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
	__type(value, struct kernel_hist);
} latencies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct kernel_start_key);
	__type(value, struct kernel_call);
} calls SEC(".maps");

/* What an element of calls begins as; never written. It is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel_call);
} empty SEC(".maps");

/* Returns whose call was not seen, and calls for which there was no room. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost_starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* kernel.c chooses */
} ring SEC(".maps");

/* Which function a program is at, and what is known of it. */
struct place {
	__u64 frame; /* tells this call from others of the thread, or 0 */
	__u32 index;
	__u32 strings;
};

static __always_inline void lose_start(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&lost_starts, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void count(__u32 index)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &index);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void time_call(__u32 index, __u64 took)
{
	struct kernel_hist *h = bpf_map_lookup_elem(&latencies, &index);
	__u32 slot = hist_slot(took);

	if (!h)
		return;
	if (slot < HIST_SLOTS)
		__sync_fetch_and_add(&h->slots[slot], 1);
	__sync_fetch_and_add(&h->sum, took);
	if (took > h->max)
		h->max = took;
}

/* account.bpf.h's, for programs that interrupt each other. */
static __always_inline void send(struct kernel_call *call)
{
	__u32 zero = 0;
	struct account *sums = bpf_map_lookup_elem(&account, &zero);
	long rc;

	if (!sums)
		return;
	__sync_fetch_and_add(&sums->occurred, 1);
	if (call->flags & ((1u << KERNEL_STRINGS) - 1))
		rc = bpf_ringbuf_output(&ring, call, sizeof(*call), 0);
	else
		rc = bpf_ringbuf_output(&ring, call, KERNEL_CALL_SHORT_BYTES, 0);
	if (rc)
		__sync_fetch_and_add(&sums->dropped, 1);
}

static __always_inline void read_string(struct kernel_call *call, int n)
{
	const void *from = (const void *)call->arguments[n];
	long rc;

	/* Kernel addresses have the highest bit set, on every 64-bit machine. */
	if ((__s64)call->arguments[n] < 0)
		rc = bpf_probe_read_kernel_str(call->strings[n], KERNEL_STRING_BYTES, from);
	else
		rc = bpf_probe_read_user_str(call->strings[n], KERNEL_STRING_BYTES, from);
	if (rc > 0)
		call->flags |= 1u << n;
}

static __always_inline void read_strings(struct kernel_call *call, __u32 strings)
{
	if (strings & 1)
		read_string(call, 0);
	if (strings & 2)
		read_string(call, 1);
	if (strings & 4)
		read_string(call, 2);
	if (strings & 8)
		read_string(call, 3);
	if (strings & 16)
		read_string(call, 4);
	if (strings & 32)
		read_string(call, 5);
}

/* The call under way that the map keeps, all of it 0 but head and index; NULL: there is no room. */
static __always_inline struct kernel_call *begin_call(const struct place *p)
{
	struct kernel_start_key key = { .frame = p->frame, .index = p->index };
	__u32 zero = 0;
	struct kernel_call *call = bpf_map_lookup_elem(&empty, &zero);

	key.tid = bpf_get_current_pid_tgid();
	if (!call)
		return NULL;
	if (bpf_map_update_elem(&calls, &key, call, BPF_ANY)) {
		lose_start();
		return NULL;
	}
	call = bpf_map_lookup_elem(&calls, &key);
	if (!call)
		return NULL;
	event_head_fill(&call->head);
	call->index = p->index;
	return call;
}

/* Shown at once, or kept until it returns. */
static __always_inline void end_entry(const struct place *p, struct kernel_call *call)
{
	struct kernel_start_key key = { .frame = p->frame, .index = p->index };

	read_strings(call, p->strings);
	if (mode != KERNEL_CALLS)
		return;
	send(call);
	key.tid = bpf_get_current_pid_tgid();
	bpf_map_delete_elem(&calls, &key);
}

static __always_inline void leave(const struct place *p, __u64 result, bool has_result)
{
	struct kernel_start_key key = { .frame = p->frame, .index = p->index };
	__u64 now = bpf_ktime_get_ns();
	struct kernel_call *call;

	key.tid = bpf_get_current_pid_tgid();
	call = bpf_map_lookup_elem(&calls, &key);
	if (!call) {
		lose_start();
		return;
	}
	call->duration_ns = now - call->head.ktime_ns;
	if (mode == KERNEL_LATENCY) {
		time_call(p->index, call->duration_ns);
	} else {
		call->result = result;
		if (has_result)
			call->flags |= KERNEL_HAS_RESULT;
		send(call);
	}
	bpf_map_delete_elem(&calls, &key);
}

/* --- trampolines and raw tracepoints --------------------------------------------------------------- */

#define MARKED(which)                                                                              \
	({                                                                                         \
		__u64 number;                                                                      \
		asm volatile("%0 = %1 ll" : "=r"(number) : "i"((__u64)(which) << 32));             \
		(__u32) number;                                                                    \
	})

/* By assembler, for the compiler would compute the address, which a context does not take. */
#define WORD(ctx, n)                                                                               \
	({                                                                                         \
		__u64 word;                                                                        \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(word) : "r"(ctx), "i"((n)*8));        \
		word;                                                                              \
	})

#define ARGUMENT(n)                                                                                \
	if (count_of > (n))                                                                        \
	call->arguments[n] = WORD(ctx, n)

static __always_inline void copy_arguments(const __u64 *ctx, struct kernel_call *call)
{
	__u32 count_of = MARKED(KERNEL_MARK_COUNT);

	ARGUMENT(0);
	ARGUMENT(1);
	ARGUMENT(2);
	ARGUMENT(3);
	ARGUMENT(4);
	ARGUMENT(5);
	ARGUMENT(6);
	ARGUMENT(7);
	ARGUMENT(8);
	ARGUMENT(9);
	ARGUMENT(10);
	ARGUMENT(11);
}

#define RESULT(n)                                                                                  \
	if (count_of == (n))                                                                       \
	result = WORD(ctx, n)

/* It lies behind the arguments. */
static __always_inline __u64 result_of(const __u64 *ctx)
{
	__u32 count_of = MARKED(KERNEL_MARK_COUNT);
	__u64 result = 0;

	RESULT(0);
	RESULT(1);
	RESULT(2);
	RESULT(3);
	RESULT(4);
	RESULT(5);
	RESULT(6);
	RESULT(7);
	RESULT(8);
	RESULT(9);
	RESULT(10);
	RESULT(11);
	RESULT(12);
	return result;
}

static __always_inline int enter(const __u64 *ctx)
{
	struct place p = { .index = MARKED(KERNEL_MARK_INDEX),
			   .strings = MARKED(KERNEL_MARK_STRINGS) };
	struct kernel_call *call;

	if (!filter_allows())
		return 0;
	if (mode == KERNEL_COUNT) {
		count(p.index);
		return 0;
	}
	/* Entry and exit of one call get the same context, on the trampoline's stack. */
	p.frame = (__u64)ctx;
	call = begin_call(&p);
	if (!call)
		return 0;
	if (mode != KERNEL_LATENCY)
		copy_arguments(ctx, call);
	end_entry(&p, call);
	return 0;
}

SEC("fentry")
int kernel_fentry(__u64 *ctx)
{
	return enter(ctx);
}

SEC("fexit")
int kernel_fexit(__u64 *ctx)
{
	struct place p = { .index = MARKED(KERNEL_MARK_INDEX), .frame = (__u64)ctx };
	bool has_result = MARKED(KERNEL_MARK_RESULT);
	__u64 result = 0;

	if (!filter_allows())
		return 0;
	if (has_result)
		result = result_of(ctx);
	leave(&p, result, has_result);
	return 0;
}

SEC("raw_tp")
int kernel_raw_tp(__u64 *ctx)
{
	return enter(ctx);
}

/* --- kprobes ------------------------------------------------------------------------------------------ */

/* A thread's call of a function that calls itself is forgotten for the inner one: there is no frame to
 * tell them by that both ends see on every kernel. */
static __always_inline bool find_place(void *ctx, struct place *p)
{
	__u32 *strings;

	p->index = bpf_get_attach_cookie(ctx);
	strings = bpf_map_lookup_elem(&functions, &p->index);
	if (!strings)
		return false;
	p->strings = *strings;
	return filter_allows();
}

SEC("kprobe")
int kernel_kprobe(struct kernel_registers *ctx)
{
	struct kernel_call *call;
	struct place p = {};

	if (!find_place(ctx, &p))
		return 0;
	if (mode == KERNEL_COUNT) {
		count(p.index);
		return 0;
	}
	call = begin_call(&p);
	if (!call)
		return 0;
	call->arguments[0] = ctx->rdi;
	call->arguments[1] = ctx->rsi;
	call->arguments[2] = ctx->rdx;
	call->arguments[3] = ctx->rcx;
	call->arguments[4] = ctx->r8;
	call->arguments[5] = ctx->r9;
	end_entry(&p, call);
	return 0;
}

SEC("kretprobe")
int kernel_kretprobe(struct kernel_registers *ctx)
{
	struct place p = {};

	if (find_place(ctx, &p))
		leave(&p, ctx->rax, true);
	return 0;
}
