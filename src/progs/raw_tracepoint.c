/* SPDX-License-Identifier: BSD-2-Clause */
/* RAW_TRACEPOINT: the event's arguments, 8 bytes each. Source: raw_tp_prog_*, bpf_prog_test_run_raw_tp. */
#include "object/caller.h"
#include "progs/plain.h"
#include "progs/protos.h"
#include "progs/types.h"

#define ARGS_BYTES (12 * 8) /* MAX_BPF_FUNC_ARGS */

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return plain_is_load(off, size, type, 0, ARGS_BYTES);
}

static int frame(const struct prog *prog, struct prog_frame *frame)
{
	struct plain_limits limits = { .min = prog->max_ctx_offset, .max = ARGS_BYTES };

	return plain_frame(frame, &limits);
}

const struct prog_type_ops raw_tracepoint_prog_ops = {
	.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.ret_range = prog_ret_any,
	.check_attach = prog_attach_any,
	.cap_needed = CAPABLE_PERFMON,
	.ctx_bytes = ARGS_BYTES,
	.ctx_struct = "bpf_raw_tracepoint_args",
	.frame = frame,
	.unframe = plain_unframe_readonly,
};
