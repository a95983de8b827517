/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU slots and deferred freeing.
 *
 * One 64-bit word per slot, in memory shared with forked children: 0 when idle, else the pid of the
 * process that is inside (22 bits) and that process's epoch at entry (42 bits). Entering is one
 * compare-and-swap of 0 by this word on the slot the thread used last (then on any), leaving is one
 * store. Invariant: a word is only changed by who put it there, or back to 0 by somebody who found
 * its process dead.
 *
 * epoch_defer() stamps a node with the current epoch and raises it: who enters later cannot have
 * seen what was unpublished before. A node is due when every slot of this process is idle or was
 * entered after it. Nodes are process-private, as what they free is.
 *
 * All busy: the entrant sleeps in short futex waits (a wake-up lost to the unfenced check in
 * run_exit() costs one of them) and from time to time looks for slots whose process died.
 */
#include "run/epoch.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hostile.h"
#include "base/macros.h"
#include "base/proc.h"
#include "object/engine.h"
#include "run/state.h"

#define PID_SHIFT 42
#define EPOCH_MASK ((UINT64_C(1) << PID_SHIFT) - 1)
#define ENTER_SPINS TUNE_SPINS       /* before the first sleep */
#define WAIT_NS 500000       /* one futex wait */
#define WAITS_PER_REAP TUNE_REAP_WAITS     /* look for dead owners every so many waits */
#define SYNC_SLEEP_NS 50000

/* Unique per living thread; what a slot's owner field holds. */
static __thread char thread_token __attribute__((tls_model("initial-exec")));
__thread struct run_lease run_lease __attribute__((tls_model("initial-exec")));

static size_t shared_bytes(uint32_t n_slots)
{
	return sizeof(struct run_shared) + n_slots * sizeof(struct run_slot);
}

int run_init(struct engine *engine, uint32_t n_slots)
{
	struct run *run;

	if (!n_slots || n_slots > RUN_SLOTS_MAX)
		return -EINVAL;
	run = mem_zalloc(sizeof(*run));
	if (!run)
		return -ENOMEM;
	run->private = mem_aligned(CACHE_LINE_BYTES, n_slots * sizeof(run->private[0]));
	run->shared = mmap(NULL, shared_bytes(n_slots), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!run->private || run->shared == MAP_FAILED) {
		if (run->shared != MAP_FAILED)
			munmap(run->shared, shared_bytes(n_slots));
		free(run->private);
		free(run);
		return -ENOMEM;
	}
	memset(run->private, 0, n_slots * sizeof(run->private[0]));
	run->n_slots = n_slots;
	run->pid_bits = (uint64_t)getpid() << PID_SHIFT;
	atomic_init(&run->epoch, 1);
	pthread_mutex_init(&run->queue_lock, NULL);
	pthread_mutex_init(&run->reclaim_lock, NULL);
	run->tail = &run->head;
	engine->n_slots = n_slots;
	engine->run = run;
	engine->defer = epoch_defer;
	return 0;
}

void run_deinit(struct engine *engine)
{
	struct run *run = engine->run;

	if (!run)
		return;
	epoch_sync(engine);
	assert(!run->head);
	engine->defer = NULL;
	engine->run = NULL;
	munmap(run->shared, shared_bytes(run->n_slots));
	pthread_mutex_destroy(&run->queue_lock);
	pthread_mutex_destroy(&run->reclaim_lock);
	free(run->private);
	free(run);
}

void run_fork_prepare(struct engine *engine)
{
	pthread_mutex_lock(&engine->run->queue_lock);
}

void run_fork_parent(struct engine *engine)
{
	pthread_mutex_unlock(&engine->run->queue_lock);
}

void run_after_fork(struct engine *engine)
{
	struct run *run = engine->run;

	run->pid_bits = (uint64_t)getpid() << PID_SHIFT;
	for (uint32_t i = 0; i < run->n_slots; i++)
		atomic_store_explicit(&run->private[i].owner, NULL, memory_order_relaxed);
	/* The first is ours from run_fork_prepare(); the second may be another thread's, which is
	 * not here any more. */
	pthread_mutex_unlock(&run->queue_lock);
	pthread_mutex_init(&run->reclaim_lock, NULL);
}

/* --- slots ------------------------------------------------------------------------------------ */

static bool slot_take(struct run *run, uint32_t slot)
{
	uint64_t idle = 0;
	uint64_t epoch = atomic_load_explicit(&run->epoch, memory_order_acquire);

	if (!atomic_compare_exchange_strong_explicit(&run->shared->slots[slot].state, &idle,
						     run->pid_bits | (epoch & EPOCH_MASK),
						     memory_order_seq_cst, memory_order_relaxed))
		return false;
	atomic_store_explicit(&run->private[slot].owner, &thread_token, memory_order_relaxed);
	run->private[slot].depth = 1;
	run_lease.run = run;
	run_lease.slot = slot;
	return true;
}

/* Takes back slots whose process died inside a run. */
static void reap_dead(struct run *run)
{
	for (uint32_t i = 0; i < run->n_slots; i++) {
		_Atomic uint64_t *state = &run->shared->slots[i].state;
		uint64_t held = atomic_load_explicit(state, memory_order_relaxed);
		pid_t pid = (pid_t)(held >> PID_SHIFT);

		if (held && pid != getpid() && proc_is_dead(pid))
			atomic_compare_exchange_strong(state, &held, 0);
	}
}

static void wait_for_exit(struct run *run)
{
	struct timespec ts = { .tv_nsec = WAIT_NS };
	uint32_t seen = atomic_load_explicit(&run->shared->exits, memory_order_relaxed);

	atomic_fetch_add(&run->shared->waiters, 1);
	syscall(SYS_futex, &run->shared->exits, FUTEX_WAIT, seen, &ts, NULL, 0);
	atomic_fetch_sub(&run->shared->waiters, 1);
}

static uint32_t enter_slow(struct run *run)
{
	for (uint32_t tries = 0;; tries++) {
		/* Neighbours in time start at different slots. */
		uint32_t first = (uint32_t)((uintptr_t)&thread_token >> 12);

		for (uint32_t i = 0; i < run->n_slots; i++)
			if (slot_take(run, (first + i) % run->n_slots))
				return run_lease.slot;
		if (tries < ENTER_SPINS)
			continue;
		if (tries % WAITS_PER_REAP == 0)
			reap_dead(run);
		wait_for_exit(run);
	}
}

/* The slot this thread is inside of, or -1. */
static int slot_of_thread(const struct run *run)
{
	for (uint32_t i = 0; i < run->n_slots; i++)
		if (atomic_load_explicit(&run->private[i].owner, memory_order_relaxed) ==
		    &thread_token)
			return (int)i;
	return -1;
}

uint32_t run_enter(struct engine *engine)
{
	struct run *run = engine->run;
	int slot;

	if (likely(run_lease.run == run && run_lease.slot < run->n_slots)) {
		struct run_slot_private *p = &run->private[run_lease.slot];

		if (atomic_load_explicit(&p->owner, memory_order_relaxed) == &thread_token) {
			p->depth++;
			return run_lease.slot;
		}
		if (likely(slot_take(run, run_lease.slot)))
			return run_lease.slot;
		return enter_slow(run);
	}
	/* Another engine was entered since: we may still be inside this one. */
	slot = slot_of_thread(run);
	if (slot < 0)
		return enter_slow(run);
	run->private[slot].depth++;
	run_lease.run = run;
	run_lease.slot = (uint32_t)slot;
	return run_lease.slot;
}

void run_enter_slot(struct engine *engine, uint32_t slot)
{
	struct run *run = engine->run;

	assert(slot < run->n_slots && slot_of_thread(run) < 0);
	for (uint32_t tries = 0; !slot_take(run, slot); tries++) {
		if (tries < ENTER_SPINS)
			continue;
		if (tries % WAITS_PER_REAP == 0)
			reap_dead(run);
		wait_for_exit(run);
	}
}

static void reclaim(struct run *run, bool wait);

void run_exit(struct engine *engine)
{
	struct run *run = engine->run;
	struct run_slot_private *p;
	uint32_t slot = run_lease.slot;

	if (unlikely(run_lease.run != run)) {
		int found = slot_of_thread(run);

		assert(found >= 0);
		slot = (uint32_t)found;
	}
	p = &run->private[slot];
	assert(atomic_load_explicit(&p->owner, memory_order_relaxed) == &thread_token);
	if (--p->depth)
		return;
	atomic_store_explicit(&p->owner, NULL, memory_order_relaxed);
	atomic_store_explicit(&run->shared->slots[slot].state, 0, memory_order_release);
	if (unlikely(atomic_load_explicit(&run->shared->waiters, memory_order_relaxed))) {
		atomic_fetch_add(&run->shared->exits, 1);
		syscall(SYS_futex, &run->shared->exits, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	if (unlikely(atomic_load_explicit(&run->pending, memory_order_relaxed)))
		reclaim(run, false);
}

uint32_t run_slot_slow(const struct run *run)
{
	int slot = slot_of_thread(run);

	return slot < 0 ? 0 : (uint32_t)slot;
}

bool run_inside(const struct engine *engine)
{
	return slot_of_thread(engine->run) >= 0;
}

/* --- deferred freeing ------------------------------------------------------------------------- */

void epoch_defer(struct engine *engine, struct epoch_node *node, void (*fn)(struct epoch_node *))
{
	struct run *run = engine->run;

	node->fn = fn;
	node->next = NULL;
	pthread_mutex_lock(&run->queue_lock);
	node->epoch = atomic_fetch_add_explicit(&run->epoch, 1, memory_order_acq_rel) & EPOCH_MASK;
	*run->tail = node;
	run->tail = &node->next;
	atomic_fetch_add_explicit(&run->pending, 1, memory_order_relaxed);
	pthread_mutex_unlock(&run->queue_lock);
}

/* The epoch of the oldest run of this process, or EPOCH_MASK when none is going on. */
static uint64_t oldest_entry(struct run *run)
{
	uint64_t oldest = EPOCH_MASK;

	/* What was unpublished before is seen by every run whose entry we miss here. */
	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < run->n_slots; i++) {
		uint64_t state = atomic_load_explicit(&run->shared->slots[i].state,
						      memory_order_seq_cst);

		if (state && (state & ~EPOCH_MASK) == run->pid_bits)
			oldest = MIN(oldest, state & EPOCH_MASK);
	}
	return oldest;
}

/* Takes the nodes that are due off the queue. */
static struct epoch_node *take_due(struct run *run)
{
	struct epoch_node *due = run->head, **end = &due;
	uint64_t oldest;
	uint32_t n = 0;

	pthread_mutex_lock(&run->queue_lock);
	due = run->head;
	oldest = oldest_entry(run);
	while (*end && (*end)->epoch < oldest) {
		end = &(*end)->next;
		n++;
	}
	run->head = *end;
	*end = NULL;
	if (!run->head)
		run->tail = &run->head;
	atomic_fetch_sub_explicit(&run->pending, n, memory_order_relaxed);
	pthread_mutex_unlock(&run->queue_lock);
	return due;
}

/* Frees all that is due. @wait: until others who are at it have finished. */
static void reclaim(struct run *run, bool wait)
{
	struct epoch_node *due, *next;

	if (wait)
		pthread_mutex_lock(&run->reclaim_lock);
	else if (pthread_mutex_trylock(&run->reclaim_lock))
		return;
	while ((due = take_due(run)))
		for (; due; due = next) {
			next = due->next;
			due->fn(due);
		}
	pthread_mutex_unlock(&run->reclaim_lock);
}

void epoch_poll(struct engine *engine)
{
	if (atomic_load_explicit(&engine->run->pending, memory_order_relaxed))
		reclaim(engine->run, false);
}

void epoch_sync(struct engine *engine)
{
	struct run *run = engine->run;
	struct timespec ts = { .tv_nsec = SYNC_SLEEP_NS };
	uint64_t now;

	assert(!run_inside(engine));
	now = atomic_fetch_add_explicit(&run->epoch, 1, memory_order_acq_rel) & EPOCH_MASK;
	for (int tries = 0; oldest_entry(run) <= now; tries++)
		if (tries < ENTER_SPINS)
			sched_yield();
		else
			nanosleep(&ts, NULL);
	reclaim(run, true);
}
