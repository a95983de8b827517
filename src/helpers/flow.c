/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that steer the program itself: loops and tail calls. */
#include <errno.h>
#include <stdlib.h>

#include "helpers/call.h"

#define LOOPS_MAX (8u * 1024 * 1024) /* BPF_MAX_LOOPS */

HELPER_CALL(loop)
{
	const struct prog *prog = run_current()->prog;
	uint64_t args[5] = { 0, r3 };
	uint32_t n = (uint32_t)r1;

	if (r4)
		return ret(-EINVAL);
	if (n > LOOPS_MAX)
		return ret(-E2BIG);
	for (uint32_t i = 0; i < n; i++) {
		args[0] = i;
		if (run_callback(prog, r2, args))
			return i + 1;
	}
	return n;
}

/* Never called: interp and jit carry tail calls out themselves. */
HELPER_CALL(tail_call)
{
	abort();
}

HELPER_PROTO(loop, .ret_type = RET_INTEGER,
	     ARGS(ARG_ANYTHING, ARG_PTR_TO_FUNC, ARG_PTR_TO_STACK | PTR_MAYBE_NULL, ARG_ANYTHING));
HELPER_PROTO(tail_call, .ret_type = RET_VOID, .pkt_changes = true,
	     ARGS(ARG_PTR_TO_CTX, ARG_CONST_MAP_PTR, ARG_ANYTHING));
