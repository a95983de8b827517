/* SPDX-License-Identifier: BSD-2-Clause */
/* struct __sk_buff as socket filters, tc and cgroup programs see it, and how their packets are framed. */
#pragma once

#include "object/pkt.h"
#include "object/prog.h"

/* Who reads and writes which fields. */
enum skb_who {
	SKB_SOCKET_FILTER = 1u << 0,
	SKB_TC = 1u << 1, /* SCHED_CLS and SCHED_ACT */
	SKB_CGROUP = 1u << 2,
};

bool skb_is_valid_access(enum skb_who who, int off, int size, enum bpf_access_type type,
			 const struct prog *prog, struct insn_access *info);
/* prog_type_ops.convert_ctx_access and .gen_ld_abs of all of them. */
uint32_t skb_convert_ctx_access(enum bpf_access_type type, const struct bpf_insn *si,
				struct bpf_insn *out, const struct prog *prog,
				uint32_t *target_size);
int skb_gen_ld_abs(const struct bpf_insn *orig, struct bpf_insn *out);

/* --- skb_frame.c: prog_type_ops.frame, .reframe, .unframe of all of them ------------------------ */

int skb_frame(const struct prog *prog, struct prog_frame *frame);
int skb_unframe(const struct prog *prog, struct prog_frame *frame);
