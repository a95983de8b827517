/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CGROUP_SKB: lets packets of a cgroup's sockets pass (1) or not (0); on egress 2 and 3 also ask for
 * congestion notification. Reads packets, does not write them. Source: cg_skb_*.
 */
#include <errno.h>

#include "progs/protos.h"
#include "progs/skb.h"
#include "progs/types.h"

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return skb_is_valid_access(SKB_CGROUP, off, size, type, prog, info);
}

static struct ret_range ret_range(const struct prog *prog)
{
	int max = prog->attach_type == BPF_CGROUP_INET_EGRESS ? 3 : 1;

	return (struct ret_range){ .min = 0, .max = max, .checked = true };
}

static int check_attach(const struct prog *prog)
{
	switch (prog->attach_type) {
	case BPF_CGROUP_INET_INGRESS:
	case BPF_CGROUP_INET_EGRESS:
		return 0;
	default:
		return -EINVAL;
	}
}

const struct prog_type_ops cgroup_skb_prog_ops = {
	.type = BPF_PROG_TYPE_CGROUP_SKB,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.convert_ctx_access = skb_convert_ctx_access,
	.ret_range = ret_range,
	.check_attach = check_attach,
	.pkt_access = true,
	.ctx_bytes = sizeof(struct __sk_buff),
	.ctx_struct = "__sk_buff",
	.frame = skb_frame,
	.unframe = skb_unframe,
};
