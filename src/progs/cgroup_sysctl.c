/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CGROUP_SYSCTL: lets a read or write of a sysctl pass (1) or not (0), and may change the value that
 * is written and the position in the file. Source: kernel/bpf/cgroup.c sysctl_*.
 */
#include "base/macros.h"
#include "isa/insn.h"
#include "object/caller.h"
#include "object/sysctl.h"
#include "progs/ctx.h"
#include "progs/plain.h"
#include "progs/protos.h"
#include "progs/types.h"

#define SYSCTL_ANY 1u

/* clang-format off */
static const struct ctx_field fields[] = {
	{ .off = offsetof(struct bpf_sysctl, write), .bytes = 4, .unit = 4, .readers = SYSCTL_ANY,
	  .real_off = offsetof(struct sysctl_access, write), .real_bytes = 4 },
	{ .off = offsetof(struct bpf_sysctl, file_pos), .bytes = 4, .unit = 4, .readers = SYSCTL_ANY,
	  .writers = SYSCTL_ANY, .path = CTX_VIA, .real_bytes = 4,
	  .via_off = offsetof(struct sysctl_access, file_pos) },
};
/* clang-format on */

static const struct ctx_table table = {
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.bytes = sizeof(struct bpf_sysctl),
};

/* Attach types whose programs may not ask for the verdict so far: they are loaded for another hook. */
static bool has_retval(uint32_t attach_type)
{
	switch (attach_type) {
	case BPF_CGROUP_INET_INGRESS:
	case BPF_CGROUP_INET_EGRESS:
	case BPF_CGROUP_SOCK_OPS:
	case BPF_CGROUP_UDP4_RECVMSG:
	case BPF_CGROUP_UDP6_RECVMSG:
	case BPF_CGROUP_UNIX_RECVMSG:
	case BPF_CGROUP_INET4_GETPEERNAME:
	case BPF_CGROUP_INET6_GETPEERNAME:
	case BPF_CGROUP_UNIX_GETPEERNAME:
	case BPF_CGROUP_INET4_GETSOCKNAME:
	case BPF_CGROUP_INET6_GETSOCKNAME:
	case BPF_CGROUP_UNIX_GETSOCKNAME:
		return false;
	default:
		return true;
	}
}

static const struct helper_proto *get_func_proto(uint32_t id, const struct prog *prog)
{
	if ((id == BPF_FUNC_get_retval || id == BPF_FUNC_set_retval) &&
	    !has_retval(prog->attach_type))
		return NULL;
	return prog_func_proto(id, prog);
}

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return ctx_is_valid_access(&table, SYSCTL_ANY, off, size, type, info);
}

/* file_pos lies behind a pointer, and no register is free to hold it: one is saved meanwhile. */
static uint32_t store_file_pos(const struct bpf_insn *si, struct bpf_insn *out)
{
	const int16_t saved = offsetof(struct sysctl_access, saved);
	uint8_t reg = BPF_REG_9;
	uint32_t n = 0;

	while (si->src_reg == reg || si->dst_reg == reg)
		reg--;
	out[n++] = BPF_STX_MEM(BPF_DW, si->dst_reg, reg, saved);
	out[n++] = BPF_LDX_MEM(BPF_DW, reg, si->dst_reg, offsetof(struct sysctl_access, file_pos));
	out[n++] = BPF_RAW_INSN(BPF_CLASS(si->code) | BPF_MEM | BPF_W, reg, si->src_reg, 0, si->imm);
	out[n++] = BPF_LDX_MEM(BPF_DW, reg, si->dst_reg, saved);
	return n;
}

static uint32_t convert_ctx_access(enum bpf_access_type type, const struct bpf_insn *si,
				   struct bpf_insn *out, const struct prog *prog,
				   uint32_t *target_size)
{
	if (type == BPF_READ)
		return ctx_convert_access(&table, type, si, out, target_size);
	*target_size = sizeof(uint32_t);
	return store_file_pos(si, out);
}

static struct ret_range ret_range(const struct prog *prog)
{
	return (struct ret_range){ .min = 0, .max = 1, .checked = true };
}

const struct prog_type_ops cgroup_sysctl_prog_ops = {
	.type = BPF_PROG_TYPE_CGROUP_SYSCTL,
	.get_func_proto = get_func_proto,
	.is_valid_access = is_valid_access,
	.convert_ctx_access = convert_ctx_access,
	.ret_range = ret_range,
	.check_attach = prog_attach_any,
	.cap_needed = CAPABLE_NET_ADMIN,
	.ctx_bytes = sizeof(struct bpf_sysctl),
	.ctx_struct = "bpf_sysctl",
};
