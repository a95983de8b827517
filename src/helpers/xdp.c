/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on XDP packets. Source: net/core/filter.c bpf_xdp_*. */
#include <errno.h>
#include <string.h>

#include "base/errno.h"
#include "base/macros.h"
#include "helpers/call.h"
#include "object/pkt.h"

#define FRAME_HEADER_BYTES 40 /* sizeof(struct xdp_frame): kept free at data_hard_start */
#define META_BYTES_MAX 255

static uint32_t buff_bytes(const struct xdp_buff *xdp)
{
	return (uint32_t)(xdp->data_end - xdp->data) + xdp->frags_bytes;
}

HELPER_CALL(xdp_get_buff_len)
{
	return buff_bytes(ptr(r1));
}

HELPER_CALL(xdp_adjust_head)
{
	struct xdp_buff *xdp = ptr(r1);
	ptrdiff_t offset = (int32_t)r2, meta = xdp->data - xdp->data_meta;
	ptrdiff_t at = xdp->data - xdp->data_hard_start + offset;

	if (at < FRAME_HEADER_BYTES + meta || offset > xdp->data_end - xdp->data - ETH_BYTES)
		return ret(-EINVAL);
	if (meta)
		memmove(xdp->data_meta + offset, xdp->data_meta, (size_t)meta);
	xdp->data_meta += offset;
	xdp->data += offset;
	return 0;
}

HELPER_CALL(xdp_adjust_meta)
{
	struct xdp_buff *xdp = ptr(r1);
	ptrdiff_t meta = xdp->data - xdp->data_meta - (int32_t)r2;

	if (meta < 0 || meta > xdp->data - xdp->data_hard_start - FRAME_HEADER_BYTES)
		return ret(-EINVAL);
	if (meta % 4 || meta > META_BYTES_MAX)
		return ret(-EACCES);
	xdp->data_meta = xdp->data - meta;
	return 0;
}

/* Within the last page of the frags. */
static int frags_grow(struct xdp_buff *xdp, uint32_t by)
{
	if (by > xdp->frags_room - xdp->frags_bytes)
		return -EINVAL;
	memset(xdp->frags + xdp->frags_bytes, 0, by);
	xdp->frags_bytes += by;
	return 0;
}

static int frags_shrink(struct xdp_buff *xdp, uint32_t by)
{
	uint32_t from_frags = MIN(by, xdp->frags_bytes);

	if (by > buff_bytes(xdp) - ETH_BYTES)
		return -EINVAL;
	xdp->frags_bytes -= from_frags;
	xdp->data_end -= by - from_frags;
	xdp->frags_room = (xdp->frags_bytes + 4095) & ~4095u;
	return 0;
}

HELPER_CALL(xdp_adjust_tail)
{
	struct xdp_buff *xdp = ptr(r1);
	ptrdiff_t offset = (int32_t)r2, len = xdp->data_end - xdp->data;

	if (xdp->frags_bytes)
		return ret(offset < 0 ? frags_shrink(xdp, (uint32_t)-offset) :
					frags_grow(xdp, (uint32_t)offset));
	if (offset > xdp->data_hard_start + xdp->frame_bytes - xdp->data_end ||
	    len + offset < ETH_BYTES)
		return ret(-EINVAL);
	if (offset > 0)
		memset(xdp->data_end, 0, (size_t)offset);
	xdp->data_end += offset;
	return 0;
}

/* Copies between @buf and the packet, linear part first. */
static uint64_t copy(struct xdp_buff *xdp, uint32_t offset, uint8_t *buf, uint32_t len, bool store)
{
	uint32_t linear = (uint32_t)(xdp->data_end - xdp->data), n;

	if (offset > 0xffff || len > 0xffff)
		return ret(-EFAULT);
	if (offset + len > buff_bytes(xdp))
		return ret(-EINVAL);
	while (len) {
		bool frags = offset >= linear;
		uint8_t *at = frags ? xdp->frags + (offset - linear) : xdp->data + offset;

		n = frags ? len : MIN(len, linear - offset);
		memcpy(store ? at : buf, store ? buf : at, n);
		offset += n;
		buf += n;
		len -= n;
	}
	return 0;
}

HELPER_CALL(xdp_load_bytes)
{
	return copy(ptr(r1), (uint32_t)r2, ptr(r3), (uint32_t)r4, false);
}

HELPER_CALL(xdp_store_bytes)
{
	return copy(ptr(r1), (uint32_t)r2, ptr(r3), (uint32_t)r4, true);
}

#define NUMBER .ret_type = RET_INTEGER

HELPER_PROTO(xdp_get_buff_len, NUMBER, ARGS(ARG_PTR_TO_CTX));
HELPER_PROTO(xdp_adjust_head, NUMBER, .pkt_changes = true, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(xdp_adjust_meta, NUMBER, .pkt_changes = true, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(xdp_adjust_tail, NUMBER, .pkt_changes = true, ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING));
HELPER_PROTO(xdp_load_bytes, NUMBER,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_MEM_UNINIT, ARG_CONST_SIZE));
HELPER_PROTO(xdp_store_bytes, NUMBER,
	     ARGS(ARG_PTR_TO_CTX, ARG_ANYTHING, ARG_MEM_READ, ARG_CONST_SIZE));
