/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/shlock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/spin.h"

enum { SPINS = 200, YIELDS = 50, SLEEP_NS = 50000 };

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

static uint32_t tid_of_self(void)
{
	if (unlikely(!own_tid)) {
		pthread_once(&fork_hook_once, hook_fork);
		own_tid = (uint32_t)gettid();
	}
	return own_tid;
}

static bool is_dead(uint32_t tid)
{
	return kill((pid_t)tid, 0) < 0 && errno == ESRCH;
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
	else if (turn < SPINS + YIELDS)
		sched_yield();
	else
		nanosleep(&(struct timespec){ .tv_nsec = SLEEP_NS }, NULL);
}

enum shlock_result shlock_lock(struct shlock *lock)
{
	uint32_t self = tid_of_self();

	for (unsigned int turn = 0;; turn++) {
		uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

		if (!owner) {
			if (try_replace(lock, 0, self))
				return SHLOCK_TAKEN;
			continue;
		}
		if (turn >= SPINS + YIELDS && is_dead(owner) && try_replace(lock, owner, self))
			return SHLOCK_RECOVERED;
		wait_a_little(turn);
	}
}
