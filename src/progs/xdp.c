/* SPDX-License-Identifier: BSD-2-Clause */
/* XDP: packets as they come from the driver. Source: net/core/filter.c xdp_*. */
#include "progs/xdp.h"

#include "object/caller.h"
#include "object/pkt.h"
#include "progs/ctx.h"
#include "progs/protos.h"
#include "progs/types.h"

#define XDP_ANY 1u

/* clang-format off */
#define FIELD(name, ...)                                                                           \
	{ .off = offsetof(struct xdp_md, name), .bytes = 4, .unit = 4, .readers = XDP_ANY, __VA_ARGS__ }
#define PACKET(member, type)                                                                       \
	.real_off = offsetof(struct xdp_buff, member), .real_bytes = 8, .kind = CTX_POINTER,       \
	.reg_type = (type)
#define VIA(pointer, structure, member)                                                            \
	.via_off = offsetof(struct xdp_buff, pointer), .path = CTX_VIA, .kind = CTX_WHOLE,         \
	.real_off = offsetof(struct structure, member), .real_bytes = 4

static const struct ctx_field fields[] = {
	FIELD(data,            PACKET(data, PTR_TO_PACKET)),
	FIELD(data_end,        PACKET(data_end, PTR_TO_PACKET_END)),
	FIELD(data_meta,       PACKET(data_meta, PTR_TO_PACKET_META)),
	FIELD(ingress_ifindex, VIA(rxq, xdp_rxq, ifindex)),
	FIELD(rx_queue_index,  VIA(rxq, xdp_rxq, queue_index)),
	FIELD(egress_ifindex,  VIA(egress, netdev, ifindex)),
};
/* clang-format on */

static const struct ctx_table table = {
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.bytes = sizeof(struct xdp_md),
};

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	if (off == offsetof(struct xdp_md, egress_ifindex) &&
	    prog->attach_type != BPF_XDP_DEVMAP)
		return false;
	return ctx_is_valid_access(&table, XDP_ANY, off, size, type, info);
}

static uint32_t convert_ctx_access(enum bpf_access_type type, const struct bpf_insn *si,
				   struct bpf_insn *out, const struct prog *prog,
				   uint32_t *target_size)
{
	return ctx_convert_access(&table, type, si, out, target_size);
}

const struct prog_type_ops xdp_prog_ops = {
	.type = BPF_PROG_TYPE_XDP,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.convert_ctx_access = convert_ctx_access,
	.ret_range = prog_ret_any,
	.check_attach = prog_attach_any,
	.pkt_access = true,
	.pkt_write = true,
	.cap_needed = CAPABLE_NET_ADMIN,
	.ctx_bytes = sizeof(struct xdp_md),
	.ctx_struct = "xdp_md",
	.frame = xdp_frame,
	.unframe = xdp_unframe,
};
