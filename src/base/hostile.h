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
	TUNE_POOL_CHUNK_BYTES = 1024,  /* of the verifier's states */
	TUNE_CAP_MIN = 2,              /* of what grows: strings, vectors, tables, logs */
	TUNE_SPINS = 1,                /* before a lock yields or an entrant sleeps */
	TUNE_REAP_WAITS = 1,           /* between looks for owners that died */
	TUNE_RING_LOOKS = 1,           /* between looks for a ring buffer's reserver that died */
	TUNE_CLOSE_EVENT_BYTES = 288,  /* one event and its longest name: no more are read at once */
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
	TUNE_POOL_CHUNK_BYTES = 1 << 18,
	TUNE_CAP_MIN = 64,
	TUNE_SPINS = 128,
	TUNE_REAP_WAITS = 8,
	TUNE_RING_LOOKS = 64,
	TUNE_CLOSE_EVENT_BYTES = 4096,
	TUNE_LATE_BLOCKS = 0,
	TUNE_FAIL_ALLOCS = 0,
};
#endif
