/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What watch.c and its programs share: who went through a door, told when it is done. */
#pragma once

#include <linux/types.h>

#define WATCH_CALLS_MAX	 4 /* enum watch_call */
#define WATCH_RING_BYTES (128 * 1024)

/* As enum door_kind (doors.h). */
enum watch_door {
	WATCH_NETLINK = 2,
	WATCH_SYSCALL = 3
};

enum watch_call {
	WATCH_SETHOSTNAME = 1,
	WATCH_SETDOMAINNAME = 2,
	WATCH_SYSLOG = 4,
	WATCH_IOCTL = 8
};

struct watch_record {
	__u64 ns; /* CLOCK_MONOTONIC */
	__u64 cgroup;
	__u64 net_cookie; /* of the message's network namespace, or the caller's */
	__u32 uts;	  /* inode number of the caller's UTS namespace */
	__u32 tgid, pid, uid;
	__u32 door; /* enum watch_door */
	__u32 call; /* enum watch_call, of WATCH_SYSCALL */
	char comm[16];
	char device[16]; /* of WATCH_IOCTL */
};
