/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Counts system calls, per CPU: by number in an array, or by process and cgroup in a hash that user
 * space exchanges for a fresh one now and then, so that no process is too short-lived to be counted.
 * The path of a call that is counted by number calls no helper: a call and its return cost more than
 * all else it does.
 */
#include <linux/bpf.h>

#include <asm/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tool/account.bpf.h"
#include "tool/filter.bpf.h"
#include "tool/hist.bpf.h"
#include "trace/syscalls-api.bpf.h"

#define TS_COMPAT 2	 /* arch/x86/include/asm/thread_info.h */
#define USER_CS	  0x33	 /* __USER_CS, arch/x86/include/asm/segment.h */
#define ERRNO_MAX 4095

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct syscalls_settings settings = {};

/* Without types: its values are given another size (syscalls.c), and a map is made twice when they differ. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SYSCALLS_ROWS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct syscalls_counts));
} by_row SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SYSCALLS_ROWS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, SYSCALLS_SLOTS * sizeof(__u64));
} hists SEC(".maps");

/* Without types: Linux 6.1 takes no untyped map in the place of a typed one (syscalls_gather.c). */
struct keyed {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, SYSCALLS_KEYS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct syscalls_key));
	__uint(value_size, sizeof(struct syscalls_counts));
} keyed SEC(".maps");

/* The hash of this turn. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct keyed);
} turn SEC(".maps") = { .values = { &keyed } };

/* Names of processes: they may have ended when they are shown. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SYSCALLS_NAMES_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, SYSCALLS_COMM_BYTES);
} names SEC(".maps");

struct call {
	__u64 start_ns; /* 0: none is under way */
	__u32 row;
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} calls SEC(".maps");

/* The head of task_struct since Linux 5.11, read at these very offsets; the verifier knows the type. */
struct task_head {
	unsigned long flags;
	unsigned long syscall_work;
	__u32 status;
};

/*
 * The tool's own thread. Its registers always lie at the same address, the end of its kernel stack, and
 * come with each call; without BTF it is its task's address, which must be asked for.
 */
__u64 own_thread = 0;

SEC("raw_tp")
int know_own_thread(void *ctx)
{
	own_thread = settings.compat ? (__u64)bpf_task_pt_regs(bpf_get_current_task_btf()) :
				       (__u64)bpf_get_current_task();
	return 0;
}

/*
 * The instruction by which 64-bit programs make calls leaves in rcx where it returns to. All others are
 * looked at twice; one of a 32-bit call that forges it is taken for what it says it is.
 */
static __always_inline bool is_native(const struct pt_regs *regs)
{
	return *(const __u16 *)&regs->cs == USER_CS && regs->rcx == regs->rip;
}

static __always_inline bool is_compat(const struct pt_regs *regs)
{
	const struct task_head *task;

	if (!settings.compat || is_native(regs))
		return false;
	task = (const struct task_head *)bpf_get_current_task_btf();
	return task->status & TS_COMPAT;
}

static __always_inline __u32 row_of(__u64 number, const struct pt_regs *regs)
{
	if (number >= SYSCALLS_NUMBERS)
		return SYSCALLS_OTHER;
	return is_compat(regs) ? SYSCALLS_COMPAT + number : number;
}

/* The row of a call that is to be counted, of the arguments of sys_enter; SYSCALLS_ROWS: it is not. */
static __always_inline __u32 wanted_row(const __u64 *args)
{
	const struct pt_regs *regs = (const struct pt_regs *)args[0];
	__u64 thread = settings.compat ? (__u64)regs : (__u64)bpf_get_current_task();
	__u32 row;

	if (thread == own_thread || !filter_allows())
		return SYSCALLS_ROWS;
	row = row_of(args[1], regs);
	return settings.only_row == SYSCALLS_ROWS || settings.only_row == row ? row : SYSCALLS_ROWS;
}

static __always_inline void name_process(__u32 pid)
{
	char comm[SYSCALLS_COMM_BYTES];

	bpf_get_current_comm(comm, sizeof(comm));
	bpf_map_update_elem(&names, &pid, comm, BPF_ANY);
}

static __always_inline struct syscalls_counts *counts_by_key(__u32 row)
{
	struct syscalls_key key = {};
	struct syscalls_counts fresh = {}, *counts;
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&turn, &zero);

	if (!map)
		return NULL;
	if (settings.by_row)
		key.row = row;
	if (settings.by_process)
		key.pid = filter_pid_tgid() >> 32;
	if (settings.by_cgroup)
		key.cgroup_id = bpf_get_current_cgroup_id();
	counts = bpf_map_lookup_elem(map, &key);
	if (counts)
		return counts;
	/* Another CPU may be first: then its element is found. */
	bpf_map_update_elem(map, &key, &fresh, BPF_NOEXIST);
	if (settings.by_process)
		name_process(key.pid);
	return bpf_map_lookup_elem(map, &key);
}

static __always_inline struct syscalls_counts *counts_of(__u32 row)
{
	struct syscalls_counts *counts;

	if (!settings.keys)
		return bpf_map_lookup_elem(&by_row, &row);
	counts = counts_by_key(row);
	if (!counts)
		account_lost();
	return counts;
}

static __always_inline void count(const __u64 *args)
{
	__u32 row = wanted_row(args);
	struct syscalls_counts *counts;

	if (row == SYSCALLS_ROWS)
		return;
	counts = counts_of(row);
	if (counts)
		counts->count++;
}

SEC("tp_btf/sys_enter")
int count_enter(__u64 *ctx)
{
	count(ctx);
	return 0;
}

/* Where there is no BTF; settings.compat is 0. */
SEC("raw_tp/sys_enter")
int count_enter_untyped(__u64 *ctx)
{
	count(ctx);
	return 0;
}

SEC("tp_btf/sys_enter")
int time_enter(__u64 *ctx)
{
	__u32 row = wanted_row(ctx);
	struct call *call;

	if (row == SYSCALLS_ROWS)
		return 0;
	call = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		account_lost();
		return 0;
	}
	call->row = row;
	call->start_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void count_slot(__u32 row, __u64 ns)
{
	__u32 slot = hist_slot(ns);
	__u64 *slots = bpf_map_lookup_elem(&hists, &row);

	if (slot >= SYSCALLS_SLOTS)
		slot = SYSCALLS_SLOTS - 1;
	if (slots)
		slots[slot]++;
}

SEC("raw_tp/sys_exit")
int time_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct call *call = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL, 0);
	long result = (long)ctx->args[1];
	bool failed = result < 0 && result >= -ERRNO_MAX;
	struct syscalls_counts *counts;
	__u64 ns;

	if (!call || !call->start_ns)
		return 0;
	ns = bpf_ktime_get_ns() - call->start_ns;
	call->start_ns = 0;
	if (settings.failed_only && !failed)
		return 0;
	counts = counts_of(call->row);
	if (!counts)
		return 0;
	counts->count++;
	counts->errors += failed;
	counts->total_ns += ns;
	if (ns > counts->max_ns)
		counts->max_ns = ns;
	if (settings.hist)
		count_slot(call->row, ns);
	return 0;
}

/* A process is shown by the name it had last. */
SEC("raw_tp/sched_process_exec")
int rename_process(void *ctx)
{
	__u32 pid = filter_pid_tgid() >> 32;

	if (bpf_map_lookup_elem(&names, &pid))
		name_process(pid);
	return 0;
}
