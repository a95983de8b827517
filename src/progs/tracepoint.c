/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TRACEPOINT: the event's record; its first 8 bytes (a pointer in the kernel) are not for programs.
 * The kernel has no test run for it; here ctx_in is the record. Loads before the record, which
 * Linux 6.18 lets pass (tp_prog_is_valid_access compares a negative offset as unsigned), are refused.
 */
#include "object/caller.h"
#include "progs/plain.h"
#include "progs/protos.h"
#include "progs/types.h"

#define RECORD_FIRST 8
#define RECORD_BYTES_MAX 8192 /* PERF_MAX_TRACE_SIZE */

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return plain_is_load(off, size, type, RECORD_FIRST, RECORD_BYTES_MAX);
}

static int frame(const struct prog *prog, struct prog_frame *frame)
{
	struct plain_limits limits = { .max = RECORD_BYTES_MAX, .pad = prog->max_ctx_offset };

	return plain_frame(frame, &limits);
}

const struct prog_type_ops tracepoint_prog_ops = {
	.type = BPF_PROG_TYPE_TRACEPOINT,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.ret_range = prog_ret_any,
	.check_attach = prog_attach_any,
	.cap_needed = CAPABLE_PERFMON,
	.ctx_bytes = RECORD_BYTES_MAX,
	.frame = frame,
	.unframe = plain_unframe_readonly,
};
