/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Reports files as they are opened: open, openat, openat2, creat. The path is read as the call
 * returns, when its memory is surely there; another thread may have written over it by then.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/account.bpf.h"
#include "tool/event.bpf.h"
#include "trace/open-api.bpf.h"

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

/* One program for the return of each of the calls. */
SEC("tracepoint")
int open_exit(struct exit_event *event)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &id);

	if (!call)
		return 0;
	if (!failed_only || event->ret < 0)
		report(call, event->ret);
	bpf_map_delete_elem(&calls, &id);
	return 0;
}
