/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SOCKET_FILTER: reads packets by LD_ABS and helpers, keeps notes in cb, returns how many bytes to
 * keep. Packet pointers are not for it. Source: net/core/filter.c sk_filter_*.
 */
#include "progs/protos.h"
#include "progs/skb.h"
#include "progs/types.h"

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return skb_is_valid_access(SKB_SOCKET_FILTER, off, size, type, prog, info);
}

const struct prog_type_ops socket_filter_prog_ops = {
	.type = BPF_PROG_TYPE_SOCKET_FILTER,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.convert_ctx_access = skb_convert_ctx_access,
	.gen_ld_abs = skb_gen_ld_abs,
	.ret_range = prog_ret_any,
	.check_attach = prog_attach_any,
	.ctx_bytes = sizeof(struct __sk_buff),
	.ctx_struct = "__sk_buff",
	.frame = skb_frame,
	.unframe = skb_unframe,
};
