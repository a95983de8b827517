/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on ring buffers; the work is object/ringbuf.h's. */
#include "object/ringbuf.h"

#include <errno.h>

#include "helpers/call.h"

HELPER_CALL(ringbuf_output_helper)
{
	return ret(ringbuf_output(ptr(r1), ptr(r2), r3, r4));
}

HELPER_CALL(ringbuf_reserve_helper)
{
	return r3 ? 0 : (uintptr_t)ringbuf_reserve(ptr(r1), r2);
}

HELPER_CALL(ringbuf_submit)
{
	ringbuf_commit(run_current()->engine, ptr(r1), r2, false);
	return 0;
}

HELPER_CALL(ringbuf_discard)
{
	ringbuf_commit(run_current()->engine, ptr(r1), r2, true);
	return 0;
}

HELPER_CALL(ringbuf_query_helper)
{
	return ringbuf_query(ptr(r1), r2);
}

HELPER_PROTO_AS(ringbuf_output, ringbuf_output, ringbuf_output_helper, .ret_type = RET_INTEGER,
		ARGS(ARG_CONST_MAP_PTR, ARG_MEM_READ, ARG_CONST_SIZE_OR_ZERO, ARG_ANYTHING));
HELPER_PROTO_AS(ringbuf_reserve, ringbuf_reserve, ringbuf_reserve_helper,
		.ret_type = RET_PTR_TO_MEM | MEM_RINGBUF | PTR_MAYBE_NULL,
		ARGS(ARG_CONST_MAP_PTR, ARG_CONST_ALLOC_SIZE_OR_ZERO, ARG_ANYTHING));
HELPER_PROTO(ringbuf_submit, .ret_type = RET_VOID,
	     ARGS(ARG_PTR_TO_RINGBUF_MEM | OBJ_RELEASE, ARG_ANYTHING));
HELPER_PROTO(ringbuf_discard, .ret_type = RET_VOID,
	     ARGS(ARG_PTR_TO_RINGBUF_MEM | OBJ_RELEASE, ARG_ANYTHING));
HELPER_PROTO_AS(ringbuf_query, ringbuf_query, ringbuf_query_helper, .ret_type = RET_INTEGER,
		ARGS(ARG_CONST_MAP_PTR, ARG_ANYTHING));
