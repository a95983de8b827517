/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bpf_probe_read family. What a program may reach anyway it may also name by number; all else is
 * the host's to grant (skep_host.probe_read). On failure the destination is zeroed, as the kernel's.
 */
#include "helpers/probe.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/macros.h"
#include "helpers/call.h"
#include "object/map.h"

#define KERNEL_START UINT64_C(0x800000000000) /* TASK_SIZE_MAX and its guard page */

static bool within(uint64_t addr, size_t bytes, uint64_t start, uint64_t size)
{
	return addr >= start && range_fits(addr - start, bytes, size);
}

/* From here up to the frame that called the program: program stacks lie between. */
static bool on_stack(const struct run_ctx *rc, uint64_t addr, size_t bytes)
{
	uint64_t low = (uintptr_t)__builtin_frame_address(0);

	return rc->stack_top > low && within(addr, bytes, low, rc->stack_top - low);
}

static bool in_map(const struct map *map, uint64_t addr, size_t bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(map->areas); i++)
		if (within(addr, bytes, (uintptr_t)map->areas[i].start, map->areas[i].bytes))
			return true;
	return false;
}

static bool in_maps(const struct prog *prog, uint64_t addr, size_t bytes)
{
	for (uint32_t i = 0; i < prog->n_used_maps; i++)
		if (in_map(prog->used_maps[i], addr, bytes))
			return true;
	return false;
}

int probe_read_bytes(void *dst, uint64_t addr, size_t bytes)
{
	const struct run_ctx *rc = run_current();

	if (on_stack(rc, addr, bytes) || in_maps(rc->prog, addr, bytes)) {
		memcpy(dst, ptr(addr), bytes);
		return 0;
	}
	return run_probe_read(rc->engine, dst, addr, bytes) ? -EFAULT : 0;
}

/* Linux lets bpf_probe_read_kernel reach no user address: -ERANGE, not -EFAULT. */
static int64_t kernel_errno(uint64_t addr)
{
	return addr < KERNEL_START ? -ERANGE : -EFAULT;
}

static uint64_t read_or_zero(uint64_t dst, uint32_t bytes, uint64_t addr, int64_t error)
{
	if (probe_read_bytes(ptr(dst), addr, bytes) == 0)
		return 0;
	memset(ptr(dst), 0, bytes);
	return ret(error);
}

/* Bytes copied with the NUL, which is always written; @error when a byte is out of reach. */
static uint64_t read_str(char *dst, uint32_t bytes, uint64_t addr, int64_t error)
{
	if (!bytes)
		return 0;
	for (uint32_t n = 0; n < bytes; n++) {
		if (probe_read_bytes(&dst[n], addr + n, 1)) {
			memset(dst, 0, bytes);
			return ret(error);
		}
		if (!dst[n])
			return n + 1;
	}
	dst[bytes - 1] = '\0';
	return bytes;
}

/* Of user memory, no bytes at all are always there. */
HELPER_CALL(probe_read_user)
{
	return (uint32_t)r2 ? read_or_zero(r1, (uint32_t)r2, r3, -EFAULT) : 0;
}

HELPER_CALL(probe_read_kernel)
{
	return read_or_zero(r1, (uint32_t)r2, r3, kernel_errno(r3));
}

HELPER_CALL(probe_read_user_str)
{
	return read_str(ptr(r1), (uint32_t)r2, r3, -EFAULT);
}

HELPER_CALL(probe_read_kernel_str)
{
	return read_str(ptr(r1), (uint32_t)r2, r3, kernel_errno(r3));
}

/* KPROBE programs only: events are fired at the entry of what they probe. */
HELPER_CALL(get_func_ip)
{
	const bpf_user_pt_regs_t *regs = ptr(r1);

	return regs->ip;
}

HELPER_CALL(get_attach_cookie)
{
	return run_current()->bpf_cookie;
}

#define PROBE(name, function, ...)                                                                 \
	HELPER_PROTO_AS(name, name, function, .ret_type = RET_INTEGER, __VA_ARGS__,                \
			ARGS(ARG_MEM_UNINIT, ARG_CONST_SIZE_OR_ZERO, ARG_ANYTHING))

PROBE(probe_read, probe_read_user, .gpl_only = true);
PROBE(probe_read_user, probe_read_user, .gpl_only = true);
PROBE(probe_read_kernel, probe_read_kernel, .gpl_only = true);
PROBE(probe_read_str, probe_read_user_str, .gpl_only = true);
PROBE(probe_read_user_str, probe_read_user_str, .gpl_only = true);
PROBE(probe_read_kernel_str, probe_read_kernel_str, .gpl_only = true);
PROBE(copy_from_user, probe_read_user, .might_sleep = true);
HELPER_PROTO(get_func_ip, .ret_type = RET_INTEGER, .gpl_only = true, ARGS(ARG_PTR_TO_CTX));
HELPER_PROTO(get_attach_cookie, .ret_type = RET_INTEGER, ARGS(ARG_PTR_TO_CTX));
