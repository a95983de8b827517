/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Reports files as they are opened: open, openat, openat2, creat. The path is read as the call
 * returns, when its memory is surely there; another thread may have written over it by then.
 * The calls of 32-bit programs, which these tracepoints leave out, come by raw tracepoints where asked
 * for: those see every call of the machine, and pass over by its number what is not of the four.
 * Opens through io_uring are counted only: their paths are in structs of the kernel's own.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "trace/open-api.bpf.h"

#define TS_COMPAT   2 /* arch/x86/include/asm/thread_info.h */
#define CREAT_FLAGS (01 | 0100 | 01000) /* O_WRONLY | O_CREAT | O_TRUNC, as open(2) says */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool failed_only = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* open.c chooses */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct open_record);
} scratch SEC(".maps");

struct call {
	__u64 path; /* an address of the process */
	__u64 start_ns;
	__u64 flags; /* or, of openat2, where they are */
	__u64 indirect;
};

/* Calls under way, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OPEN_CALLS_MAX);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

/* The records of the events syscalls/sys_enter_* and sys_exit_*; open.c checks them. */
struct enter_event {
	__u64 common;
	__u64 number;
	__u64 args[6];
};

struct exit_event {
	__u64 common;
	__u64 number;
	long ret;
};

static __always_inline int call_begins(__u64 path, __u64 flags, bool indirect)
{
	struct call call = { .path = path, .flags = flags, .indirect = indirect };
	__u64 id = bpf_get_current_pid_tgid();

	if (!filter_allows())
		return 0;
	call.start_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&calls, &id, &call, BPF_ANY))
		account_lost();
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_open")
int open_enter(struct enter_event *event)
{
	return call_begins(event->args[0], event->args[1], false);
}

SEC("tracepoint/syscalls/sys_enter_creat")
int creat_enter(struct enter_event *event)
{
	return call_begins(event->args[0], CREAT_FLAGS, false);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int openat_enter(struct enter_event *event)
{
	return call_begins(event->args[1], event->args[2], false);
}

SEC("tracepoint/syscalls/sys_enter_openat2")
int openat2_enter(struct enter_event *event)
{
	return call_begins(event->args[1], event->args[2], true);
}

static __always_inline void report(const struct call *call, long ret)
{
	__u32 zero = 0;
	struct open_record *record = bpf_map_lookup_elem(&scratch, &zero);
	__u64 flags = call->flags;
	__u64 bytes;

	if (!record)
		return;
	event_head_fill(&record->head);
	record->ret = ret;
	record->took_ns = record->head.ktime_ns - call->start_ns;
	if (call->indirect && bpf_probe_read_user(&flags, sizeof(flags), (void *)call->flags))
		flags = 0;
	record->flags = flags;
	bytes = bpf_probe_read_user_str(record->path, sizeof(record->path), (void *)call->path);
	/* Compared before it is added to, or verifiers before 6.3 do not see the bound. */
	barrier_var(bytes);
	if (bytes > OPEN_PATH_BYTES) /* or an error */
		bytes = 0;
	barrier_var(bytes);
	account_output(&ring, record, OPEN_RECORD_HEAD + bytes);
}

static __always_inline int call_ends(long ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &id);

	if (!call)
		return 0;
	if (!failed_only || ret < 0)
		report(call, ret);
	bpf_map_delete_elem(&calls, &id);
	return 0;
}

/* One program for the return of each of the calls. */
SEC("tracepoint")
int open_exit(struct exit_event *event)
{
	return call_ends(event->ret);
}

/* --- 32-bit programs ------------------------------------------------------------------------------ */

/* The beginning of struct pt_regs (arch/x86/include/uapi/asm/ptrace.h). */
struct regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};

/* The head of task_struct since Linux 5.11; before, no call is taken for one of a 32-bit program. */
struct task_head {
	unsigned long flags;
	unsigned long syscall_work;
	__u32 status;
};

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum {
	I386_OPEN = 5,
	I386_CREAT = 8,
	I386_OPENAT = 295,
	I386_OPENAT2 = 437,
};

/* A 64-bit program's number may be the same: fstat, lseek, preadv, openat2. */
static __always_inline bool is_compat_open(__u64 number)
{
	const struct task_head *task;
	__u32 status = 0;

	if (number != I386_OPENAT && number != I386_OPEN && number != I386_OPENAT2 &&
	    number != I386_CREAT)
		return false;
	task = (const struct task_head *)bpf_get_current_task();
	bpf_probe_read_kernel(&status, sizeof(status), &task->status);
	return status & TS_COMPAT;
}

SEC("raw_tp/sys_enter")
int compat_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 number = ctx->args[1];
	struct regs regs;

	if (!is_compat_open(number) ||
	    bpf_probe_read_kernel(&regs, sizeof(regs), (const void *)ctx->args[0]))
		return 0;
	if (number == I386_OPEN)
		return call_begins(regs.bx, regs.cx, false);
	if (number == I386_CREAT)
		return call_begins(regs.bx, CREAT_FLAGS, false);
	return call_begins(regs.cx, regs.dx, number == I386_OPENAT2);
}

SEC("raw_tp/sys_exit")
int compat_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const struct regs *regs = (const struct regs *)ctx->args[0];
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &regs->orig_ax);
	return is_compat_open(number) ? call_ends((long)ctx->args[1]) : 0;
}

/* --- io_uring --------------------------------------------------------------------------------------- */

/* Opens that passed the filter. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} unseen SEC(".maps");

/* The record of io_uring/io_uring_submit_req; open.c checks it. */
struct uring_event {
	__u64 common;
	__u64 ring, request, user_data;
	__u8 opcode;
};

SEC("tracepoint")
int uring_submit(struct uring_event *event)
{
	__u32 zero = 0;
	__u64 *count;

	if (event->opcode != OPEN_URING_OPENAT && event->opcode != OPEN_URING_OPENAT2)
		return 0;
	count = bpf_map_lookup_elem(&unseen, &zero);
	if (count && filter_allows())
		(*count)++;
	return 0;
}
