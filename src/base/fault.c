/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See fault.h. The list of ranges is read by handlers without a lock: they count themselves in and
 * out, and who has unlinked a range waits for the count to be 0 before it may be freed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <ucontext.h>

#include "base/fault.h"

static struct {
	pthread_mutex_t lock; /* changes of the list */
	struct fault_range *_Atomic ranges;
	_Atomic uint32_t handlers; /* at work right now */
	bool installed;
	struct sigaction old_segv, old_bus;
} fault = { .lock = PTHREAD_MUTEX_INITIALIZER };

#if defined(__x86_64__)
static uintptr_t pc_of(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}
#elif defined(__aarch64__)
static uintptr_t pc_of(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.pc;
}
#else
#error "say where the program counter is"
#endif

static bool fixed_up(void *ucontext)
{
	uintptr_t pc = pc_of(ucontext);
	bool fixed = false;

	atomic_fetch_add(&fault.handlers, 1);
	for (struct fault_range *r = atomic_load(&fault.ranges); r && !fixed;
	     r = __atomic_load_n(&r->next, __ATOMIC_SEQ_CST))
		fixed = pc >= r->start && pc < r->end && r->fixup(r, pc, ucontext);
	atomic_fetch_sub(&fault.handlers, 1);
	return fixed;
}

/* What the process would do without us. */
static void pass_on(int sig, siginfo_t *info, void *ucontext)
{
	const struct sigaction *old = sig == SIGBUS ? &fault.old_bus : &fault.old_segv;

	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(sig, info, ucontext);
	} else if (old->sa_handler == SIG_IGN && info->si_code <= 0) {
		return;
	} else if (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN) {
		/* Faults again on return and dies; a signal somebody sent has to be sent again. */
		signal(sig, SIG_DFL);
		if (info->si_code <= 0)
			raise(sig);
	} else {
		old->sa_handler(sig);
	}
}

static void handle(int sig, siginfo_t *info, void *ucontext)
{
	int saved = errno;

	if (!fixed_up(ucontext))
		pass_on(sig, info, ucontext);
	errno = saved;
}

/* The other threads, and any handler or change they were in the middle of, are not in the child. */
static void after_fork_in_child(void)
{
	pthread_mutex_init(&fault.lock, NULL);
	atomic_store(&fault.handlers, 0);
}

static int install_locked(void)
{
	struct sigaction sa = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (fault.installed)
		return 0;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSEGV, &sa, &fault.old_segv))
		return -errno;
	if (sigaction(SIGBUS, &sa, &fault.old_bus)) {
		int err = -errno;

		sigaction(SIGSEGV, &fault.old_segv, NULL);
		return err;
	}
	fault.installed = true;
	return -pthread_atfork(NULL, NULL, after_fork_in_child);
}

int fault_range_add(struct fault_range *range)
{
	int err;

	pthread_mutex_lock(&fault.lock);
	err = install_locked();
	if (!err) {
		range->next = atomic_load(&fault.ranges);
		atomic_store(&fault.ranges, range);
	}
	pthread_mutex_unlock(&fault.lock);
	return err;
}

static bool unlink_locked(struct fault_range *range)
{
	struct fault_range *before = atomic_load(&fault.ranges);

	if (before == range) {
		atomic_store(&fault.ranges, range->next);
		return true;
	}
	while (before && before->next != range)
		before = before->next;
	if (before)
		__atomic_store_n(&before->next, range->next, __ATOMIC_SEQ_CST);
	return before;
}

void fault_range_del(struct fault_range *range)
{
	bool was_there;

	pthread_mutex_lock(&fault.lock);
	was_there = unlink_locked(range);
	pthread_mutex_unlock(&fault.lock);
	while (was_there && atomic_load(&fault.handlers))
		sched_yield();
}
