/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_perf_event_output and its variants: program data, and for packets the first bytes of them, into
 * the ring of the event in a PERF_EVENT_ARRAY slot. Source: __bpf_perf_event_output,
 * bpf_skb_event_output, bpf_xdp_event_output.
 */
#include <errno.h>

#include "helpers/call.h"
#include "object/held_array.h"
#include "object/perf_event.h"
#include "object/pkt.h"

/* Packet bytes to go with the data. */
struct tail {
	const void *data;
	uint32_t bytes;
};

static int64_t output(struct map *map, uint64_t flags, const void *data, uint64_t bytes,
		      struct tail tail)
{
	uint64_t index = flags & BPF_F_INDEX_MASK;
	uint32_t slot = run_current()->slot;
	struct perf_event *event;
	struct object *obj;

	if (index == BPF_F_CURRENT_CPU)
		index = slot;
	if (index >= map->max_entries)
		return -E2BIG;
	obj = held_array_get(map, (uint32_t)index);
	if (!obj)
		return -ENOENT;
	event = perf_event_of(obj);
	if (event->kind != PERF_KIND_OUTPUT)
		return -EINVAL;
	if (!event->enabled || (event->cpu >= 0 && (uint32_t)event->cpu != slot))
		return -EOPNOTSUPP;
	if (bytes > PERF_RECORD_BYTES_MAX)
		return -E2BIG;
	return perf_event_write(event, data, (uint32_t)bytes, tail.data, tail.bytes);
}

HELPER_CALL(perf_event_output)
{
	if (r3 & ~(uint64_t)BPF_F_INDEX_MASK)
		return ret(-EINVAL);
	return ret(output(ptr(r2), r3, ptr(r4), r5, (struct tail){ NULL, 0 }));
}

HELPER_CALL(perf_event_output_skb)
{
	uint64_t bytes = (r3 & BPF_F_CTXLEN_MASK) >> 32;
	const struct skb *skb = ptr(r1);

	if (r3 & ~((uint64_t)BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK))
		return ret(-EINVAL);
	if (bytes > skb->len)
		return ret(-EFAULT);
	return ret(output(ptr(r2), r3, ptr(r4), r5, (struct tail){ skb->data, (uint32_t)bytes }));
}

/* Of a packet with frags only the linear part can go along. */
HELPER_CALL(perf_event_output_xdp)
{
	uint64_t bytes = (r3 & BPF_F_CTXLEN_MASK) >> 32;
	const struct xdp_buff *xdp = ptr(r1);

	if (r3 & ~((uint64_t)BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK))
		return ret(-EINVAL);
	if (bytes > (uint64_t)(xdp->data_end - xdp->data))
		return ret(-EFAULT);
	return ret(output(ptr(r2), r3, ptr(r4), r5, (struct tail){ xdp->data, (uint32_t)bytes }));
}

#define OUTPUT(variant)                                                                            \
	HELPER_PROTO_AS(variant, perf_event_output, variant, .gpl_only = true,                     \
			.ret_type = RET_INTEGER,                                                   \
			ARGS(ARG_PTR_TO_CTX, ARG_CONST_MAP_PTR, ARG_ANYTHING, ARG_MEM_READ,        \
			     ARG_CONST_SIZE_OR_ZERO))

OUTPUT(perf_event_output);
OUTPUT(perf_event_output_skb);
OUTPUT(perf_event_output_xdp);
