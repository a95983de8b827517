/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * What the guard's programs keep in common: the rules, the log that any number read where it stands, the
 * bell that wakes readers, and who watches. lsm.c gives lsm.bpf.c the maps of guard.bpf.c.
 */
#pragma once

#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "guard/clauses.bpf.h"
#include "guard/guard-api.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_INNER_MAP); /* sets differ in size */
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct guard_rule));
		});
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GUARD_LOG_ENTRIES);
	__type(key, __u32);
	__type(value, struct guard_event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard_state);
} state SEC(".maps");

/* Wakes readers of the log; its records say nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, GUARD_BELL_BYTES);
} bell SEC(".maps");

static __always_inline bool is_watched(const struct guard_state *s)
{
	return s->exempt_tgid && s->exempt_until_ns > bpf_ktime_get_ns();
}

/* The running task's process began then: not who was given the number of one that did. */
static __always_inline bool began_at(__u64 ticks)
{
	__u64 leader;

	if (!kernel.by_start)
		return true;
	leader = pointer_at(bpf_get_current_task(), kernel.task_leader);
	return pointer_at(leader, kernel.task_start) / GUARD_TICK_NS == ticks;
}

/* The running task is the watcher's. */
static __always_inline bool is_watcher(const struct guard_state *s)
{
	return s->exempt_tgid && s->exempt_tgid == bpf_get_current_pid_tgid() >> 32 &&
	       is_watched(s) && began_at(s->exempt_start);
}

/* The running task may change the guard's pins. */
static __always_inline bool is_changer(const struct guard_state *s)
{
	return s->changer_tgid && s->changer_tgid == bpf_get_current_pid_tgid() >> 32 &&
	       began_at(s->changer_start);
}

static __always_inline void ring_bell(struct guard_state *s)
{
	__u32 one = 1;

	if (__sync_lock_test_and_set(&s->armed, 0))
		bpf_ringbuf_output(&bell, &one, sizeof(one), BPF_RB_FORCE_WAKEUP);
}

/* An event to be filled in, and its number; NULL: its place is being written, so it is left out. */
static __always_inline struct guard_event *log_begin(struct guard_state *s, __u64 *number)
{
	struct guard_event *e;
	__u32 place;

	*number = __sync_fetch_and_add(&s->log_next, 1);
	place = *number & (GUARD_LOG_ENTRIES - 1);
	e = bpf_map_lookup_elem(&events, &place);
	if (!e)
		return NULL;
	if (__sync_lock_test_and_set(&e->busy, 1)) {
		e->left_out = *number + 1;
		ring_bell(s);
		return NULL;
	}
	/* Exchanges are barriers: a reader that sees some of the new sees seq changed. */
	__sync_lock_test_and_set(&e->seq, 0);
	return e;
}

static __always_inline void log_end(struct guard_state *s, struct guard_event *e, __u64 number)
{
	__sync_lock_test_and_set(&e->seq, number + 1);
	__sync_lock_test_and_set(&e->busy, 0);
	ring_bell(s);
}

/* When, and by whom: the running task. */
static __always_inline void event_task(struct guard_event *e)
{
	__u64 task = bpf_get_current_pid_tgid();

	e->ns = bpf_ktime_get_ns();
	e->cgroup = bpf_get_current_cgroup_id();
	e->tgid = task >> 32;
	e->pid = (__u32)task;
	e->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}
