/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace func and its programs share. */
#pragma once

#include <linux/types.h>

#include "tool/event-api.bpf.h"
#include "tool/hist-api.bpf.h"

#define FUNC_PROBES_MAX	  65536 /* of one run */
#define FUNC_ARGUMENTS	  6
#define FUNC_STRING_BYTES 64 /* of a string argument, its NUL among them */
#define FUNC_STACK_FRAMES 126
#define FUNC_STACKS_MAX	  16384 /* different stacks */
#define FUNC_STARTS_MAX	  65536 /* calls under way at once */
#define FUNC_NOWHERE	  0xff	/* an argument that no register holds at the probe */

/* How a probe finds what it reads: by the cookie of its place. */
struct func_probe {
	__s32 sp_delta; /* RSP there minus RSP at the function's entry */
	__u8 registers
		[FUNC_ARGUMENTS]; /* x86 number, in the order of the prototype; FUNC_NOWHERE */
	__u8 strings;		  /* bit n: argument n points at a string */
	__u8 unused;
};

/* Whose call is under way: a stack slot is in use by one frame of a thread at a time. */
struct func_start_key {
	__u64 sp; /* at the entry: where the return address is */
	__u32 tid;
	__u32 probe;
};

enum func_call_flag {
	FUNC_HAS_RESULT = 1u << 16, /* bits 0 to 5: the string of argument n was read */
};

struct func_call {
	struct event_head head;
	__u64 duration_ns;
	__u64 arguments[FUNC_ARGUMENTS];
	__u64 result;
	__u32 probe;
	__u32 flags;
	char strings[FUNC_ARGUMENTS][FUNC_STRING_BYTES]; /* not sent when no probe has any */
};

/* Without strings. */
#define FUNC_CALL_SHORT_BYTES __builtin_offsetof(struct func_call, strings)

struct func_hist {
	__u64 slots[HIST_SLOTS];
	__u64 sum;
	__u64 max;
};

struct func_stack_key {
	__u64 caller; /* the return address of the probed function */
	__u32 pid;
	__u32 probe;
	__s32 stack; /* id in the map of stacks */
	__u32 unused;
};

/* What no number of any map tells. */
struct func_losses {
	__u64 starts; /* calls that returned without a known start, or whose start found no room */
	__u64 stacks; /* stacks for which there was no room */
};
