/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code that may fault and knows how to go on: copies of a client's memory, loads of compiled
 * programs from pointers only BTF vouches for. One handler of SIGSEGV and SIGBUS for the process
 * looks up the faulting pc among registered ranges of code; any other fault goes on to the handler
 * that was there before.
 *
 * This is the engine's one piece of process-wide state. The handler takes no lock and allocates
 * nothing. An embedder that installs its own handler later must call the one it replaced.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fault_range {
	struct fault_range *_Atomic next;
	uintptr_t start, end; /* of code: [start, end) */
	/* In the signal handler: true when @ucontext (a ucontext_t) was changed to go on elsewhere. */
	bool (*fixup)(struct fault_range *range, uintptr_t pc, void *ucontext);
};

/* Registers @range, which stays the caller's; installs the handler on first use. 0 or -errno. */
int fault_range_add(struct fault_range *range);

/*
 * Puts the handlers back in front of whatever has been installed since; that one is then chained.
 * For a host that knows it was displaced by somebody who does not chain. 0 or -errno.
 */
int fault_handlers_restore(void);

/* Takes it out; afterwards no handler looks at it any more. */
void fault_range_del(struct fault_range *range);
