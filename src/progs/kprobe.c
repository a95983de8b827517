/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KPROBE: the registers where an event was fired. The kernel has no test run for it; here ctx_in is
 * the registers. Source: kernel/trace/bpf_trace.c kprobe_prog_*.
 */
#include "object/caller.h"
#include "progs/plain.h"
#include "progs/protos.h"
#include "progs/types.h"

#define REGS_BYTES ((int)sizeof(bpf_user_pt_regs_t))

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return plain_is_load(off, size, type, 0, REGS_BYTES);
}

static int frame(const struct prog *prog, struct prog_frame *frame)
{
	static const struct plain_limits limits = { .max = REGS_BYTES, .pad = REGS_BYTES };

	return plain_frame(frame, &limits);
}

static struct ret_range ret_range(const struct prog *prog)
{
	bool session = prog->attach_type == BPF_TRACE_KPROBE_SESSION ||
		       prog->attach_type == BPF_TRACE_UPROBE_SESSION;

	return (struct ret_range){ .min = 0, .max = 1, .checked = session };
}

const struct prog_type_ops kprobe_prog_ops = {
	.type = BPF_PROG_TYPE_KPROBE,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.ret_range = ret_range,
	.check_attach = prog_attach_any,
	.sleepable_ok = true,
	.cap_needed = CAPABLE_PERFMON,
	.ctx_bytes = REGS_BYTES,
	.ctx_struct = "bpf_user_pt_regs_t",
	.frame = frame,
	.unframe = plain_unframe_readonly,
};
