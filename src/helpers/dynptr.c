/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on dynptrs (object/dynptr.h). Sizes and offsets are 32 bits wide, as in the kernel. Those
 * that make a dynptr make a null one when they fail, which the others take and refuse.
 */
#include "object/dynptr.h"

#include <string.h>

#include "base/errno.h"
#include "helpers/call.h"
#include "object/map.h"
#include "object/ringbuf.h"

/* Why a dynptr of this size cannot be made: 0 or -errno. */
static int check_new(uint32_t bytes, uint64_t flags)
{
	if (bytes > DYNPTR_BYTES_MAX)
		return -E2BIG;
	return flags ? -EINVAL : 0;
}

static bool holds(const struct dynptr *d, uint32_t off, uint32_t bytes)
{
	return bytes <= d->bytes && off <= d->bytes - bytes;
}

HELPER_CALL(dynptr_from_mem)
{
	int err = check_new((uint32_t)r2, r3);

	*(struct dynptr *)ptr(r4) = err ? (struct dynptr){ 0 } :
					  (struct dynptr){ ptr(r1), (uint32_t)r2 };
	return ret(err);
}

/* The flags are looked at before the size, and no room is -EINVAL, too. */
HELPER_CALL(ringbuf_reserve_dynptr)
{
	int err = r3 ? -EINVAL : check_new((uint32_t)r2, 0);
	void *record = err ? NULL : ringbuf_reserve(ptr(r1), (uint32_t)r2);

	*(struct dynptr *)ptr(r4) = record ? (struct dynptr){ record, (uint32_t)r2 } :
					     (struct dynptr){ 0 };
	return record ? 0 : ret(err ? err : -EINVAL);
}

static void commit(struct dynptr *d, uint64_t flags, bool discard)
{
	if (d->data)
		ringbuf_commit(run_current()->engine, d->data, flags, discard);
	*d = (struct dynptr){ 0 };
}

HELPER_CALL(ringbuf_submit_dynptr)
{
	commit(ptr(r1), r2, false);
	return 0;
}

HELPER_CALL(ringbuf_discard_dynptr)
{
	commit(ptr(r1), r2, true);
	return 0;
}

/* What it reads and where it puts it may overlap. */
HELPER_CALL(dynptr_read)
{
	const struct dynptr *d = ptr(r3);

	if (!d->data || r5)
		return ret(-EINVAL);
	if (!holds(d, (uint32_t)r4, (uint32_t)r2))
		return ret(-E2BIG);
	memmove(ptr(r1), d->data + (uint32_t)r4, (uint32_t)r2);
	return 0;
}

HELPER_CALL(dynptr_write)
{
	const struct dynptr *d = ptr(r1);

	if (!d->data)
		return ret(-EINVAL);
	if (!holds(d, (uint32_t)r2, (uint32_t)r4))
		return ret(-E2BIG);
	if (r5)
		return ret(-EINVAL);
	memmove(d->data + (uint32_t)r2, ptr(r3), (uint32_t)r4);
	return 0;
}

HELPER_CALL(dynptr_data)
{
	const struct dynptr *d = ptr(r1);

	return d->data && holds(d, (uint32_t)r2, (uint32_t)r3) ?
		       (uintptr_t)(d->data + (uint32_t)r2) : 0;
}

HELPER_CALL(user_ringbuf_drain_helper)
{
	struct map_each each = { .prog = run_current()->prog, .callback = r2, .arg = r3 };

	return ret(user_ringbuf_drain(ptr(r1), &each, r4));
}

#define NEW_DYNPTR(type) (ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_##type | MEM_UNINIT | MEM_WRITE)
#define OLD_RECORD (ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_RINGBUF | OBJ_RELEASE)
#define ANY_DYNPTR (ARG_PTR_TO_DYNPTR | MEM_RDONLY)

HELPER_PROTO(dynptr_from_mem, .ret_type = RET_INTEGER,
	     ARGS(ARG_MEM_UNINIT, ARG_CONST_SIZE_OR_ZERO, ARG_ANYTHING, NEW_DYNPTR(LOCAL)));
HELPER_PROTO(ringbuf_reserve_dynptr, .ret_type = RET_INTEGER,
	     ARGS(ARG_CONST_MAP_PTR, ARG_ANYTHING, ARG_ANYTHING, NEW_DYNPTR(RINGBUF)));
HELPER_PROTO(ringbuf_submit_dynptr, .ret_type = RET_VOID, ARGS(OLD_RECORD, ARG_ANYTHING));
HELPER_PROTO(ringbuf_discard_dynptr, .ret_type = RET_VOID, ARGS(OLD_RECORD, ARG_ANYTHING));
HELPER_PROTO(dynptr_read, .ret_type = RET_INTEGER,
	     ARGS(ARG_MEM_UNINIT, ARG_CONST_SIZE_OR_ZERO, ANY_DYNPTR, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO(dynptr_write, .ret_type = RET_INTEGER,
	     ARGS(ANY_DYNPTR, ARG_ANYTHING, ARG_MEM_READ, ARG_CONST_SIZE_OR_ZERO, ARG_ANYTHING));
HELPER_PROTO(dynptr_data, .ret_type = RET_PTR_TO_MEM | PTR_MAYBE_NULL,
	     ARGS(ANY_DYNPTR, ARG_ANYTHING, ARG_CONST_ALLOC_SIZE_OR_ZERO));
HELPER_PROTO_AS(user_ringbuf_drain, user_ringbuf_drain, user_ringbuf_drain_helper,
		.ret_type = RET_INTEGER,
		ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_FUNC, ARG_PTR_TO_STACK | PTR_MAYBE_NULL,
		     ARG_ANYTHING));
