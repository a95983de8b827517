/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Reports processes as they start a program, with its arguments, and as they end, with their status.
 * Costs nothing but when that happens. Arguments are read from the new program's memory, where the
 * kernel has just put them: a process cannot change them before they are read.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "kernel.bpf.h"
#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "trace/exec-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* exec.c chooses */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_record);
} scratch SEC(".maps");

/* execve calls under way, for those that fail: where the file's name is. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EXEC_CALLS_MAX);
	__type(key, __u64);
	__type(value, __u64);
} calls SEC(".maps");

static __always_inline struct exec_record *begin(__u32 kind)
{
	__u32 zero = 0;
	struct exec_record *record = bpf_map_lookup_elem(&scratch, &zero);
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (!record)
		return NULL;
	event_head_fill(&record->head);
	record->kind = kind;
	record->ppid = BPF_CORE_READ(task, real_parent, tgid);
	record->ret = 0;
	record->args_left = 0;
	record->age_ns = 0;
	return record;
}

static __always_inline void end(struct exec_record *record, __u64 args_bytes)
{
	/* Compared before it is added to, or verifiers before 6.3 do not see the bound. */
	barrier_var(args_bytes);
	if (args_bytes > EXEC_ARGS_BYTES)
		args_bytes = EXEC_ARGS_BYTES;
	barrier_var(args_bytes);
	account_output(&ring, record, EXEC_RECORD_HEAD + args_bytes);
}

/* A thread that starts a program takes its process's id: what it began under its own is over. */
static __always_inline void forget_call(__u32 old_tid)
{
	__u64 id = (bpf_get_current_pid_tgid() & ~0xffffffffull) | old_tid;

	if (old_tid != (__u32)bpf_get_current_pid_tgid())
		bpf_map_delete_elem(&calls, &id);
}

SEC("raw_tp/sched_process_exec")
int exec_started(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	unsigned long start, bytes;
	struct exec_record *record;

	forget_call(ctx->args[1]);
	if (!filter_allows())
		return 0;
	record = begin(EXEC_STARTED);
	if (!record)
		return 0;
	start = BPF_CORE_READ(task, mm, arg_start);
	bytes = BPF_CORE_READ(task, mm, arg_end) - start;
	if (bytes > EXEC_ARGS_BYTES) {
		record->args_left = bytes - EXEC_ARGS_BYTES;
		bytes = EXEC_ARGS_BYTES;
	}
	if (bpf_probe_read_user(record->args, bytes, (void *)start))
		bytes = 0;
	end(record, bytes);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int exec_ended(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct exec_record *record;

	/* Counted down before this is reached. */
	if (BPF_CORE_READ(task, signal, live.counter) || !filter_allows())
		return 0;
	record = begin(EXEC_ENDED);
	if (!record)
		return 0;
	record->ret = BPF_CORE_READ(task, exit_code);
	record->age_ns = record->head.ktime_ns - BPF_CORE_READ(task, group_leader, start_time);
	end(record, 0);
	return 0;
}

/* The records of the events syscalls/sys_enter_* and sys_exit_*. */
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

static __always_inline int call_begins(__u64 filename)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (filter_allows() && bpf_map_update_elem(&calls, &id, &filename, BPF_ANY))
		account_lost();
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int execve_enter(struct enter_event *event)
{
	return call_begins(event->args[0]);
}

SEC("tracepoint/syscalls/sys_enter_execveat")
int execveat_enter(struct enter_event *event)
{
	return call_begins(event->args[1]);
}

static __always_inline int call_ends(struct exit_event *event)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 *filename = bpf_map_lookup_elem(&calls, &id);
	struct exec_record *record;
	long bytes;

	if (!filename)
		return 0;
	if (event->ret < 0) {
		record = begin(EXEC_FAILED);
		if (record) {
			record->ret = event->ret;
			bytes = bpf_probe_read_user_str(record->args, EXEC_ARGS_BYTES,
							(void *)*filename);
			end(record, bytes > 0 ? bytes : 0);
		}
	}
	bpf_map_delete_elem(&calls, &id);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int execve_exit(struct exit_event *event)
{
	return call_ends(event);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int execveat_exit(struct exit_event *event)
{
	return call_ends(event);
}
