/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a framed input again and again, as test runs and skep_prog_run() do. */
#pragma once

#include <stdint.h>

#include "object/caller.h"
#include "object/prog.h"

#define PROG_RUN_ANY_SLOT UINT32_MAX

/*
 * Runs @prog on the framed input @repeat (> 0) times, on CPU slot @slot; R0 of the last run is in frame->retval.
 * 0 and *@total_ns of all repeats together, or -EINTR. Repeats run in chunks that grow to about
 * 0.1 ms, timed as a whole; between chunks the caller's signals are looked at.
 */
int prog_run_repeats(struct caller *caller, const struct prog *prog, struct prog_frame *frame,
		     uint32_t repeat, uint32_t slot, uint64_t *total_ns);
