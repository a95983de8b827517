/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock in one 32-bit word of memory shared between processes that outlives its owner: the word
 * is the owner's thread id, and who waits too long asks the kernel whether that thread still
 * exists. Whoever takes the lock over from the dead is told, and repairs what the lock protects.
 *
 * Not recursive, not fair. Uncontended: one compare-and-swap and one store. Waiters spin, then
 * yield, then sleep 50 µs at a time: critical sections are short.
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
};

enum shlock_result shlock_lock(struct shlock *lock);

static inline void shlock_unlock(struct shlock *lock)
{
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
}
