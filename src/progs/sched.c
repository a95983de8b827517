/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCHED_CLS and SCHED_ACT: tc programs. They read and write packets and most of __sk_buff. No
 * prologue: packets here are linear and nobody else's. Source: net/core/filter.c tc_cls_act_*.
 */
#include "object/caller.h"
#include "progs/protos.h"
#include "progs/skb.h"
#include "progs/types.h"

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return skb_is_valid_access(SKB_TC, off, size, type, prog, info);
}

#define SCHED_OPS                                                                                  \
	.get_func_proto = prog_func_proto, .is_valid_access = is_valid_access,                     \
	.convert_ctx_access = skb_convert_ctx_access, .gen_ld_abs = skb_gen_ld_abs,                \
	.ret_range = prog_ret_any, .check_attach = prog_attach_any, .pkt_access = true,            \
	.pkt_write = true, .cap_needed = CAPABLE_NET_ADMIN, .ctx_bytes = sizeof(struct __sk_buff), \
	.ctx_struct = "__sk_buff", .frame = skb_frame, .unframe = skb_unframe

const struct prog_type_ops sched_cls_prog_ops = { .type = BPF_PROG_TYPE_SCHED_CLS, SCHED_OPS };
const struct prog_type_ops sched_act_prog_ops = { .type = BPF_PROG_TYPE_SCHED_ACT, SCHED_OPS };
