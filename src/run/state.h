/* SPDX-License-Identifier: BSD-2-Clause */
/* struct run: the run state of one engine; private to this room. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/macros.h"
#include "object/object.h"

/* In memory shared with forked children; epoch.c says what the word means. */
struct run_slot {
	_Atomic uint64_t state;
} __cacheline_aligned;

struct run_shared {
	_Atomic uint32_t waiters; /* threads asleep because every slot is busy */
	_Atomic uint32_t exits;   /* futex word they sleep on */
	struct run_slot slots[];
};

struct run_slot_private {
	void *_Atomic owner; /* token of the thread inside; NULL: none of this process */
	uint32_t depth;      /* nested entries; the owner's */
	uint64_t random[4];  /* xoshiro256++; the owner's */
} __cacheline_aligned;

struct run {
	uint32_t n_slots;
	uint64_t pid_bits;
	struct run_shared *shared;
	struct run_slot_private *private;
	_Atomic uint64_t epoch;

	pthread_mutex_t queue_lock; /* head, tail */
	pthread_mutex_t reclaim_lock; /* held while freeing */
	struct epoch_node *head, **tail; /* by rising epoch */
	_Atomic uint32_t pending;
	_Atomic uint64_t cgroup_id; /* host.c: of this process; 0: not asked yet */
};
