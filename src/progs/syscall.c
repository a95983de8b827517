/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYSCALL: the caller's own buffer, read and written, and always allowed to sleep. Source:
 * kernel/bpf/syscall.c syscall_prog_*, bpf_prog_test_run_syscall.
 */
#include "progs/plain.h"
#include "progs/protos.h"
#include "progs/types.h"

#define CTX_BYTES_MAX UINT16_MAX

static bool is_valid_access(int off, int size, enum bpf_access_type type, const struct prog *prog,
			    struct insn_access *info)
{
	return off >= 0 && off < CTX_BYTES_MAX && off % size == 0;
}

static int frame(const struct prog *prog, struct prog_frame *frame)
{
	struct plain_limits limits = { .min = prog->max_ctx_offset, .max = CTX_BYTES_MAX };

	return plain_frame(frame, &limits);
}

static int unframe(const struct prog *prog, struct prog_frame *frame)
{
	return plain_unframe(frame, true);
}

const struct prog_type_ops syscall_prog_ops = {
	.type = BPF_PROG_TYPE_SYSCALL,
	.get_func_proto = prog_func_proto,
	.is_valid_access = is_valid_access,
	.ret_range = prog_ret_any,
	.check_attach = prog_attach_none,
	.sleepable_ok = true,
	.ctx_bytes = CTX_BYTES_MAX,
	.frame = frame,
	.unframe = unframe,
};
