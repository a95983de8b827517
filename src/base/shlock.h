/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock in one 32-bit word of memory shared between processes that outlives its owner: the word
 * is the owner's thread id, and who waits too long asks the kernel whether that thread still
 * exists. Whoever takes the lock over from the dead is told, and repairs what the lock protects.
 *
 * Not recursive, not fair. Uncontended: one compare-and-swap and one store. Waiters spin, then
 * yield, then sleep 50 µs at a time: critical sections are short.
 *
 * Where others may write the word (a value a program or client can reach), shlock_lock_within() ends
 * the wait for an owner who never was.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct shlock {
	uint32_t owner; /* thread id; 0: free */
};

enum shlock_result {
	SHLOCK_TAKEN,
	SHLOCK_RECOVERED, /* the owner died inside: check the invariants */
	SHLOCK_TIMEOUT,   /* not taken */
};

enum shlock_result shlock_lock(struct shlock *lock);
/* Gives up after @sleeps of 50 µs at least. */
enum shlock_result shlock_lock_within(struct shlock *lock, uint32_t sleeps);

/* What it writes into the word: this thread's id. For other marks of ownership in shared memory. */
uint32_t shlock_self(void);

/* True: taken, from a dead owner too. False: somebody who lives holds it (maybe this thread). */
bool shlock_try(struct shlock *lock);

static inline void shlock_unlock(struct shlock *lock)
{
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
}
