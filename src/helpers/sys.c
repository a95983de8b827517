/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of SYSCALL programs: bpf(2) from within a program, for the one who asked for the run. The
 * command itself is syscall/'s (engine->calls). Source: kernel/bpf/syscall.c bpf_sys_bpf.
 */
#include <errno.h>
#include <unistd.h>

#include "base/macros.h"
#include "btf/btf.h"
#include "helpers/call.h"
#include "object/btf_object.h"

/* What a program may do: attr bytes are the program's memory, checked by the verifier. */
static const uint32_t commands[] = {
	BPF_MAP_CREATE,	      BPF_MAP_DELETE_ELEM, BPF_MAP_UPDATE_ELEM,
	BPF_MAP_FREEZE,	      BPF_MAP_GET_FD_BY_ID, BPF_PROG_LOAD,
	BPF_BTF_LOAD,	      BPF_LINK_CREATE,	   BPF_RAW_TRACEPOINT_OPEN,
};

HELPER_CALL(sys_bpf)
{
	const struct run_ctx *rc = run_current();

	if (!rc->caller || !rc->engine->calls)
		return ret(-EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i] == (uint32_t)r1)
			return ret(rc->engine->calls->bpf(rc->caller, (int)r1, r2, (uint32_t)r3));
	return ret(-EINVAL);
}

/* Of the client's process, which in process is ours. */
HELPER_CALL(sys_close)
{
	return close((int)r1) ? ret(-EBADF) : 0;
}

/* The base BTF only: there are no modules. */
HELPER_CALL(btf_find_by_name_kind_helper)
{
	struct engine *engine = run_current()->engine;
	const char *name = ptr(r1);
	struct btf_object *base;
	int bytes = (int)r2;

	if ((int)r4 || bytes <= 1 || name[bytes - 1])
		return ret(-EINVAL);
	base = engine->calls ? engine->calls->base_btf(engine) : NULL;
	return ret(base ? btf_find_by_name_kind(base->btf, name, (uint8_t)r3) : -EINVAL);
}

#define SLEEPS .ret_type = RET_INTEGER, .might_sleep = true

HELPER_PROTO(sys_bpf, SLEEPS, ARGS(ARG_ANYTHING, ARG_MEM_READ, ARG_CONST_SIZE));
HELPER_PROTO(sys_close, SLEEPS, ARGS(ARG_ANYTHING));
HELPER_PROTO_AS(btf_find_by_name_kind, btf_find_by_name_kind, btf_find_by_name_kind_helper, SLEEPS,
		ARGS(ARG_MEM_READ, ARG_CONST_SIZE, ARG_ANYTHING, ARG_ANYTHING));
