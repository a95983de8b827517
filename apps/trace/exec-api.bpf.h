/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace exec and its programs share. */
#pragma once

#include "tool/event-api.bpf.h"

#define EXEC_ARGS_BYTES 4096 /* a power of two; longer arguments are cut */
#define EXEC_CALLS_MAX	10240

enum exec_kind {
	EXEC_STARTED, /* a program was started by execve */
	EXEC_FAILED,  /* execve returned an error */
	EXEC_ENDED,   /* the last thread of a process ended */
};

struct exec_record {
	struct event_head head;
	__u32 kind; /* enum exec_kind */
	__u32 ppid;
	__s32 ret;	 /* FAILED: -errno; ENDED: status as wait(2) has it */
	__u32 args_left; /* bytes that were cut */
	__u64 age_ns;	 /* ENDED: since the process was made */
	char args[EXEC_ARGS_BYTES]; /* each ended by NUL; FAILED: the file's name; as much as is used */
};

#define EXEC_RECORD_HEAD __builtin_offsetof(struct exec_record, args)
