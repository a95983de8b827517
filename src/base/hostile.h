/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that only speed hangs on, gathered so that a build with -Dhostile=true can choose the worst of
 * each: every path that is rare becomes the usual one, and the same tests must pass. Nothing a client can
 * see may change with them.
 */
#pragma once

#define TUNE_FAIL_SEED 88172645463325252u /* which allocations fail */

#ifdef SKEP_HOSTILE
enum {
	TUNE_BUCKET_FILL = 1024,       /* all of a small hash map in one bucket and its chain */
	TUNE_READ_TRIES = 1,           /* lock-free readers give up at once and take the lock */
	TUNE_LPM_TABLE_BITS = 1,       /* nearly all of a trie is walked node by node */
	TUNE_ARENA_BLOCK_BYTES = 64,   /* a block for about every allocation */
	TUNE_JIT_FLAGS = 0x1f,         /* jit/jit.h: poison, longest forms, oldest processor, far calls, plain */
	TUNE_LATE_BLOCKS = 256,        /* freed after readers left, that lie poisoned (late_hostile.c) */
	TUNE_FAIL_ALLOCS = 48,         /* of so many allocations of each command one fails (syscall/bpf.c) */
};
#else
enum {
	TUNE_BUCKET_FILL = 4,
	TUNE_READ_TRIES = 64,
	TUNE_LPM_TABLE_BITS = 16,
	TUNE_ARENA_BLOCK_BYTES = 64 * 1024,
	TUNE_JIT_FLAGS = 0,
	TUNE_LATE_BLOCKS = 0,
	TUNE_FAIL_ALLOCS = 0,
};
#endif
