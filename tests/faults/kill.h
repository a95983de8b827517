/* SPDX-License-Identifier: BSD-2-Clause */
/* What kill.bpf.c and test_kill.c share. */
#pragma once

#include <linux/types.h>

enum {
	KILL_KEYS = 64,       /* that are used */
	KILL_ENTRIES = 320,   /* more than keys and whatever the killed take along */
	KILL_RING_BYTES = 4096,
};

/* Words that are all (key << 32 | key); runs is counted in place. */
struct whole {
	__u64 words[3];
	__u64 runs;
};

struct prefix {
	__u32 bits;
	__u32 data;
};
