/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PERF_EVENT: registers whole, sample_period and addr also narrower. The kernel has no test run for
 * it; here ctx_in is a struct bpf_perf_event_data. Source: pe_prog_is_valid_access.
 */
#include "object/caller.h"
#include "progs/plain.h"
#include "progs/protos.h"
#include "progs/types.h"

#define DATA_BYTES ((int)sizeof(struct bpf_perf_event_data))

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	bool regs = off < (int)offsetof(struct bpf_perf_event_data, sample_period);

	return plain_is_load(off, size, type, 0, DATA_BYTES) && (!regs || size == 8);
}

static int frame(const struct prog *prog, struct prog_frame *frame)
{
	static const struct plain_limits limits = { .max = DATA_BYTES, .pad = DATA_BYTES };

	return plain_frame(frame, &limits);
}

const struct prog_type_ops perf_event_prog_ops = {
	.type = BPF_PROG_TYPE_PERF_EVENT,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.ret_range = prog_ret_any,
	.check_attach = prog_attach_any,
	.cap_needed = CAPABLE_PERFMON,
	.ctx_bytes = DATA_BYTES,
	.ctx_struct = "bpf_perf_event_data",
	.frame = frame,
	.unframe = plain_unframe_readonly,
};
