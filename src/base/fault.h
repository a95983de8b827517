/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code that may fault on purpose: copies of client memory, loads through pointers nobody vouches
 * for. Such code is a range of instructions; when one of them raises SIGSEGV or SIGBUS, the range's
 * fixup changes the machine context and execution goes on there. All other faults, and faults a
 * fixup declines, go to the handler that was there before (chained), as if this one did not exist.
 *
 * The handlers are process-wide; they are installed by the first fault_range_add() and stay. A
 * handler that a host installs later, without chaining, ends what is promised here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fault_range {
	struct fault_range *next;
	uintptr_t start, end; /* instructions: [start, end) */
	/*
	 * In the signal handler, on the faulting thread: async-signal-safe things only, no locks.
	 * @ucontext is the ucontext_t *, to be changed so that execution goes on. False: not mine.
	 */
	bool (*fixup)(struct fault_range *range, uintptr_t pc, void *ucontext);
};

/* 0, or -errno of sigaction(). The range must not move until it is deleted. */
int fault_range_add(struct fault_range *range);

/* Waits until no handler is looking at @range; nothing when it was never added. */
void fault_range_del(struct fault_range *range);
