/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spin lock in one 32-bit word, usable in memory shared between processes: 0 free, 1 held. It
 * yields the CPU after a while. It is not fair, not recursive, and a dead owner holds it for ever.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hostile.h"

struct spin {
	uint32_t held;
};

enum { SPIN_TRIES = TUNE_SPINS }; /* before each yield */

#if defined(__x86_64__)
#define spin_relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define spin_relax() __asm__ volatile("yield")
#else
#define spin_relax() __asm__ volatile("")
#endif

static inline bool spin_trylock(struct spin *s)
{
	return !__atomic_exchange_n(&s->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spin *s)
{
	while (!spin_trylock(s)) {
		for (int i = 0; __atomic_load_n(&s->held, __ATOMIC_RELAXED); i++) {
			if (i < SPIN_TRIES) {
				spin_relax();
			} else {
				sched_yield();
				i = 0;
			}
		}
	}
}

static inline void spin_unlock(struct spin *s)
{
	__atomic_store_n(&s->held, 0, __ATOMIC_RELEASE);
}
