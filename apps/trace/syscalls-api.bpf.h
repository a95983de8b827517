/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace syscalls and its programs share. */
#pragma once

#include <linux/types.h>

/*
 * Rows: native calls by number, from SYSCALLS_COMPAT the calls of 32-bit programs by theirs, and one
 * row for every number beyond (those of x32 among them, whose bit 30 is set).
 */
#define SYSCALLS_NUMBERS 512
#define SYSCALLS_COMPAT	 SYSCALLS_NUMBERS
#define SYSCALLS_OTHER	 (2 * SYSCALLS_NUMBERS)
#define SYSCALLS_ROWS	 (SYSCALLS_OTHER + 1)

#define SYSCALLS_SLOTS	    48 /* of hist-api.bpf.h; the last counts everything from 2^46 ns (20 h) */
#define SYSCALLS_KEYS_MAX   65536 /* kinds of rows in one turn of the map of keys */
#define SYSCALLS_NAMES_MAX  16384
#define SYSCALLS_COMM_BYTES 16

struct syscalls_settings {
	__u32 latency;	   /* count calls as they return, with their time; else as they are entered */
	__u32 failed_only; /* with latency: only those that return an error */
	__u32 hist;	   /* with latency, without keys: their slots, too */
	__u32 compat;	   /* tell 32-bit calls apart: needs the kernel to have BTF */
	__u32 keys;	   /* count by struct syscalls_key in a hash, else by row in an array */
	__u32 by_row, by_process, by_cgroup; /* with keys: what is not asked for is 0 in the key */
	__u32 only_row;	   /* this row alone; SYSCALLS_ROWS: every one */
};

struct syscalls_key {
	__u64 cgroup_id;
	__u32 pid;
	__u32 row;
};

struct syscalls_counts {
	__u64 count;
	__u64 errors;
	__u64 total_ns;
	__u64 max_ns;
};
