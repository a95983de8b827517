/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/shlock.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "base/hostile.h"
#include "base/macros.h"
#include "base/proc.h"
#include "base/spin.h"

enum {
	SPINS = TUNE_SPINS,
	YIELDS = 50,
	AWAKE = SPINS + YIELDS,
	SLEEP_NS = 50000,
	LOOKS_EVERY = 8, /* sleeps between looks whether the owner lives */
};

/* This thread's id, asked for once; a forked child has another. */
static __thread uint32_t own_tid __attribute__((tls_model("initial-exec")));
static pthread_once_t fork_hook_once = PTHREAD_ONCE_INIT;

static void forget_tid(void)
{
	own_tid = 0;
}

static void hook_fork(void)
{
	pthread_atfork(NULL, NULL, forget_tid);
}

uint32_t shlock_self(void)
{
	if (unlikely(!own_tid)) {
		pthread_once(&fork_hook_once, hook_fork);
		own_tid = (uint32_t)gettid();
	}
	return own_tid;
}

static bool try_replace(struct shlock *lock, uint32_t expected, uint32_t self)
{
	return __atomic_compare_exchange_n(&lock->owner, &expected, self, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void wait_a_little(unsigned int turn)
{
	if (turn < SPINS)
		spin_relax();
	else if (turn < AWAKE)
		sched_yield();
	else
		nanosleep(&(struct timespec){ .tv_nsec = SLEEP_NS }, NULL);
}

enum shlock_result shlock_lock_within(struct shlock *lock, uint32_t sleeps)
{
	uint32_t self = shlock_self();

	for (uint32_t turn = 0;; turn++) {
		uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

		if (!owner) {
			if (try_replace(lock, 0, self))
				return SHLOCK_TAKEN;
			continue;
		}
		if (turn >= AWAKE && (turn - AWAKE) % LOOKS_EVERY == 0 &&
		    proc_thread_is_dead((pid_t)owner) && try_replace(lock, owner, self))
			return SHLOCK_RECOVERED;
		if (turn >= AWAKE && turn - AWAKE >= sleeps)
			return SHLOCK_TIMEOUT;
		wait_a_little(turn);
	}
}

enum shlock_result shlock_lock(struct shlock *lock)
{
	enum shlock_result result;

	do {
		result = shlock_lock_within(lock, UINT32_MAX - AWAKE);
	} while (result == SHLOCK_TIMEOUT);
	return result;
}

bool shlock_try(struct shlock *lock)
{
	uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	return (!owner || proc_thread_is_dead((pid_t)owner)) &&
	       try_replace(lock, owner, shlock_self());
}
