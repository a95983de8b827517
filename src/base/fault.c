/* SPDX-License-Identifier: BSD-2-Clause */
/* See fault.h. */
#include "base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <ucontext.h>

#if defined(__x86_64__)
#define UCONTEXT_PC(uc) ((uintptr_t)(uc)->uc_mcontext.gregs[REG_RIP])
#elif defined(__aarch64__)
#define UCONTEXT_PC(uc) ((uintptr_t)(uc)->uc_mcontext.pc)
#else
#error "base/fault.c: where is the pc of this machine's ucontext?"
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* changes of the list */
static struct fault_range *_Atomic ranges;
static _Atomic int readers; /* handlers on the list now */
static struct sigaction old_segv, old_bus;
static bool installed;

static bool fix(uintptr_t pc, void *ucontext)
{
	struct fault_range *r;
	bool fixed = false;

	atomic_fetch_add(&readers, 1);
	for (r = atomic_load(&ranges); r && !fixed; r = atomic_load(&r->next))
		if (pc >= r->start && pc < r->end)
			fixed = r->fixup(r, pc, ucontext);
	atomic_fetch_sub(&readers, 1);
	return fixed;
}

/* What would have happened without us. */
static void pass_on(int sig, siginfo_t *info, void *ucontext)
{
	const struct sigaction *old = sig == SIGBUS ? &old_bus : &old_segv;

	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(sig, info, ucontext);
	} else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
		old->sa_handler(sig);
	} else {
		/* The instruction faults again on return, or the signal is sent again: default then. */
		signal(sig, SIG_DFL);
		if (info->si_code <= 0)
			raise(sig);
	}
}

static void handler(int sig, siginfo_t *info, void *ucontext)
{
	int saved_errno = errno;

	/* Positive codes are faults; others were sent by somebody. */
	if (info->si_code <= 0 || !fix(UCONTEXT_PC((ucontext_t *)ucontext), ucontext))
		pass_on(sig, info, ucontext);
	errno = saved_errno;
}

static int install(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (installed)
		return 0;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSEGV, &sa, &old_segv) || sigaction(SIGBUS, &sa, &old_bus))
		return -errno;
	installed = true;
	return 0;
}

/* One signal: nothing to do when ours is still there. */
static int restore(int sig, struct sigaction *old)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction now;

	sigemptyset(&sa.sa_mask);
	if (sigaction(sig, NULL, &now))
		return -errno;
	if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == handler)
		return 0;
	*old = now;
	return sigaction(sig, &sa, NULL) ? -errno : 0;
}

int fault_handlers_restore(void)
{
	int err = 0;

	pthread_mutex_lock(&lock);
	if (installed) {
		err = restore(SIGSEGV, &old_segv);
		if (!err)
			err = restore(SIGBUS, &old_bus);
	}
	pthread_mutex_unlock(&lock);
	return err;
}

int fault_range_add(struct fault_range *range)
{
	int err;

	pthread_mutex_lock(&lock);
	err = install();
	if (!err) {
		atomic_store(&range->next, atomic_load(&ranges));
		atomic_store(&ranges, range);
	}
	pthread_mutex_unlock(&lock);
	return err;
}

void fault_range_del(struct fault_range *range)
{
	struct fault_range *_Atomic *link = &ranges;
	struct fault_range *r;

	pthread_mutex_lock(&lock);
	while ((r = atomic_load(link)) && r != range)
		link = &r->next;
	if (r)
		atomic_store(link, atomic_load(&r->next));
	while (atomic_load(&readers))
		sched_yield();
	pthread_mutex_unlock(&lock);
}
