/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace kernel and its programs share. */
#pragma once

#include <linux/types.h>

#include "tool/event-api.bpf.h"
#include "tool/hist-api.bpf.h"

#define KERNEL_ARGUMENTS    12 /* a trampoline's and a tracepoint's; by kprobe 6, in registers */
#define KERNEL_REGISTERS    6
#define KERNEL_STRINGS	    6 /* of the first arguments, those that point at a string */
#define KERNEL_STRING_BYTES 64
#define KERNEL_STARTS_MAX   16384 /* calls under way at once */

/*
 * Numbers of one function within a program's code: 64-bit constants of which the upper half says which
 * number it is, and the lower, 0 as compiled, is written before each load. Known to the verifier, they
 * leave nothing of what a function does not need.
 */
#define KERNEL_MARK_INDEX   0x5eeb0001 /* in the table of functions */
#define KERNEL_MARK_COUNT   0x5eeb0002 /* of arguments */
#define KERNEL_MARK_STRINGS 0x5eeb0003 /* bit n: argument n points at a string */
#define KERNEL_MARK_RESULT  0x5eeb0004 /* 1: it returns something */

enum kernel_mode {
	KERNEL_COUNT,
	KERNEL_LATENCY,
	KERNEL_CALLS,
	KERNEL_CALLS_RETURNING, /* as they return */
};

/* A call under way: what tells it from others of the thread, or 0 where nothing does. */
struct kernel_start_key {
	__u64 frame;
	__u32 tid;
	__u32 index;
};

enum kernel_call_flag {
	KERNEL_HAS_RESULT = 1u << 16, /* bits 0 to 5: the string of argument n was read */
};

struct kernel_call {
	struct event_head head;
	__u64 duration_ns;
	__u64 arguments[KERNEL_ARGUMENTS];
	__u64 result;
	__u32 index;
	__u32 flags;
	char strings[KERNEL_STRINGS][KERNEL_STRING_BYTES]; /* not sent when none was read */
};

/* Without strings. */
#define KERNEL_CALL_SHORT_BYTES __builtin_offsetof(struct kernel_call, strings)

struct kernel_hist {
	__u64 slots[HIST_SLOTS];
	__u64 sum;
	__u64 max;
};
