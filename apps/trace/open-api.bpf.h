/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace open and its programs share. */
#pragma once

#include "tool/event-api.bpf.h"

#define OPEN_PATH_BYTES 4096 /* PATH_MAX: the kernel takes no longer one */
#define OPEN_CALLS_MAX	16384

/* enum io_uring_op, include/uapi/linux/io_uring.h */
#define OPEN_URING_OPENAT  18
#define OPEN_URING_OPENAT2 28

struct open_record {
	struct event_head head;
	__s32 ret;   /* a descriptor, or -errno */
	__u32 flags; /* O_* */
	__u64 took_ns;
	char path[OPEN_PATH_BYTES]; /* as it was given, with its NUL; as much as is used */
};

#define OPEN_RECORD_HEAD __builtin_offsetof(struct open_record, path)
