/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_get_stackid and bpf_get_stack. The user stack of an event that comes with registers (KPROBE,
 * PERF_EVENT): the instruction pointer and the return addresses along the chain of frame pointers,
 * as far as the host lets it be read. There is no kernel under such an event, nor a stack where there
 * are no registers: EFAULT, as where the kernel cannot fetch one. Source: kernel/bpf/stackmap.c,
 * perf_callchain_user().
 */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "helpers/call.h"
#include "object/map.h"

#define STACK_ID_FLAGS                                                                             \
	(BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID)
#define STACK_FLAGS (BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_USER_BUILD_ID)

struct chain {
	uint64_t ips[MAP_STACK_FRAMES_MAX];
	uint32_t n;
};

/* What a caller's frame pointer points at. */
struct stack_frame {
	uint64_t next, return_address;
};

/* Up to @max frames; false: there is no such stack. */
static bool walk(const struct bpf_user_pt_regs *regs, uint64_t flags, uint32_t max,
		 struct chain *chain)
{
	const struct run_ctx *rc = run_current();
	uint32_t type = rc->prog->type;
	struct stack_frame frame;
	uint64_t fp;

	if (!(flags & BPF_F_USER_STACK) ||
	    (type != BPF_PROG_TYPE_KPROBE && type != BPF_PROG_TYPE_PERF_EVENT))
		return false;
	chain->n = 0;
	if (max)
		chain->ips[chain->n++] = regs->ip;
	for (fp = regs->bp; chain->n < max; fp = frame.next) {
		if (run_probe_read(rc->engine, &frame, fp, sizeof(frame)))
			break;
		chain->ips[chain->n++] = frame.return_address;
	}
	return true;
}

static uint32_t depth(uint32_t bytes, uint32_t frame_bytes, uint64_t flags)
{
	return MIN(bytes / frame_bytes + (uint32_t)(flags & BPF_F_SKIP_FIELD_MASK),
		   MAP_STACK_FRAMES_MAX);
}

HELPER_CALL(get_stackid)
{
	uint32_t skip = r3 & BPF_F_SKIP_FIELD_MASK;
	struct map *map = ptr(r2);
	struct chain chain;
	uint32_t bytes = map->flags & BPF_F_STACK_BUILD_ID ? sizeof(struct bpf_stack_build_id) :
							     sizeof(uint64_t);

	if (r3 & ~(uint64_t)STACK_ID_FLAGS)
		return ret(-EINVAL);
	if (!walk(ptr(r1), r3, depth(map->value_size, bytes, r3), &chain) || chain.n <= skip)
		return ret(-EFAULT);
	return ret(map->ops->stack_id(map, chain.ips + skip, chain.n - skip, r3));
}

static int64_t put_stack(const void *regs, void *buf, uint32_t bytes, uint64_t flags)
{
	uint32_t skip = flags & BPF_F_SKIP_FIELD_MASK, frame = sizeof(uint64_t);
	struct bpf_stack_build_id *ids = buf;
	struct chain chain;

	if (flags & ~(uint64_t)STACK_FLAGS)
		return -EINVAL;
	if (flags & BPF_F_USER_BUILD_ID) {
		if (!(flags & BPF_F_USER_STACK))
			return -EINVAL;
		frame = sizeof(*ids);
	}
	if (bytes % frame)
		return -EINVAL;
	if (!walk(regs, flags, depth(bytes, frame, flags), &chain) || chain.n < skip)
		return -EFAULT;
	chain.n = MIN(chain.n - skip, bytes / frame);
	if (!(flags & BPF_F_USER_BUILD_ID)) {
		memcpy(buf, chain.ips + skip, chain.n * frame);
		return chain.n * frame;
	}
	for (uint32_t i = 0; i < chain.n; i++)
		ids[i] = (struct bpf_stack_build_id){ .status = BPF_STACK_BUILD_ID_IP,
						      .ip = chain.ips[skip + i] };
	return chain.n * frame;
}

HELPER_CALL(get_stack)
{
	if (r3)
		memset(ptr(r2), 0, (uint32_t)r3);
	return ret(put_stack(ptr(r1), ptr(r2), (uint32_t)r3, r4));
}

#define STACK_ID_PROTO                                                                             \
	.ret_type = RET_INTEGER, ARGS(ARG_PTR_TO_CTX, ARG_CONST_MAP_PTR, ARG_ANYTHING)

HELPER_PROTO(get_stackid, STACK_ID_PROTO, .gpl_only = true);
HELPER_PROTO_AS(get_stackid_pe, get_stackid, get_stackid, STACK_ID_PROTO);
HELPER_PROTO(get_stack, .ret_type = RET_INTEGER, .gpl_only = true,
	     ARGS(ARG_PTR_TO_CTX, ARG_MEM_UNINIT, ARG_CONST_SIZE_OR_ZERO, ARG_ANYTHING));
