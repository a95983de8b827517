/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/syscall_names.h"

#include <stddef.h>

#include "syscall_names.inc"

static const char *const native[] = { SYSCALLS_64 };
static const char *const compat_32[] = { SYSCALLS_32 };

const char *syscall_name(uint32_t number, bool compat)
{
	const char *const *names = compat ? compat_32 : native;
	size_t n = compat ? sizeof(compat_32) / sizeof(compat_32[0])
			  : sizeof(native) / sizeof(native[0]);

	return number < n ? names[number] : NULL;
}
