/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of SYSCALL programs: bpf(2) from within a program, for the one who asked for the run. The
 * command itself is syscall/'s (engine->bpf_command). Source: kernel/bpf/syscall.c bpf_sys_bpf.
 */
#include <errno.h>
#include <unistd.h>

#include "base/macros.h"
#include "helpers/call.h"

/* What a program may do: attr bytes are the program's memory, checked by the verifier. */
static const uint32_t commands[] = {
	BPF_MAP_CREATE,  BPF_MAP_DELETE_ELEM,	 BPF_MAP_UPDATE_ELEM, BPF_MAP_FREEZE,
	BPF_MAP_GET_FD_BY_ID, BPF_PROG_LOAD, BPF_BTF_LOAD, BPF_LINK_CREATE,
	BPF_RAW_TRACEPOINT_OPEN,
};

HELPER_CALL(sys_bpf)
{
	struct run_ctx *rc = run_current();

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i] == (uint32_t)r1)
			return rc->caller && rc->engine->bpf_command ?
				       ret(rc->engine->bpf_command(rc->caller, (int)r1, ptr(r2),
								   (uint32_t)r3)) :
				       ret(-EINVAL);
	return ret(-EINVAL);
}

/* Of the client's process, which in process is ours. */
HELPER_CALL(sys_close)
{
	return close((int)r1) ? ret(-EBADF) : 0;
}

HELPER_PROTO(sys_bpf, .ret_type = RET_INTEGER, ARGS(ARG_ANYTHING, ARG_MEM_READ, ARG_CONST_SIZE));
HELPER_PROTO(sys_close, .ret_type = RET_INTEGER, ARGS(ARG_ANYTHING));
