/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of CGROUP_SYSCTL programs: the sysctl's name, its value and the one to be written. What
 * stands behind a NUL in a buffer is the kernel's too. Source: kernel/bpf/cgroup.c bpf_sysctl_*,
 * lib/string.c sized_strscpy().
 */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "helpers/call.h"
#include "object/sysctl.h"

/* Where a name is being copied to. */
struct room {
	char *at;
	uint64_t bytes;
};

/*
 * Copies @len bytes and a NUL, as far as they fit: 0 and the room moved on to the NUL, or -E2BIG. The
 * kernel copies eight bytes at a time as long as there is room for as many, and so clears up to
 * seven behind the NUL.
 */
static int put(struct room *room, const char *text, size_t len)
{
	size_t n = MIN(len, room->bytes - 1), end = n + 1;

	if (len < room->bytes && (end + 7) / 8 * 8 <= room->bytes)
		end = (end + 7) / 8 * 8;
	memcpy(room->at, text, n);
	memset(room->at + n, 0, end - n);
	room->at += n;
	room->bytes -= n;
	return n == len ? 0 : -E2BIG;
}

/* Each directory and each slash for itself, as the kernel does: what follows clears what was behind. */
HELPER_CALL(sysctl_get_name)
{
	const struct sysctl_access *access = ptr(r1);
	struct room room = { ptr(r2), r3 };
	const char *part = r4 & BPF_F_SYSCTL_BASE_NAME ? access->base : access->name, *slash;

	for (; (slash = strchr(part, '/')); part = slash + 1)
		if (put(&room, part, (size_t)(slash - part)) || put(&room, "/", 1))
			return ret(-E2BIG);
	if (put(&room, part, strlen(part)))
		return ret(-E2BIG);
	return ret(room.at - (char *)ptr(r2));
}

/* The length, or -E2BIG: cut, with a NUL at the end; what is behind a value is cleared. */
static int64_t copy_value(char *buf, uint64_t bytes, const void *value, uint32_t value_bytes)
{
	if (!value || !value_bytes) {
		memset(buf, 0, bytes);
		return -EINVAL;
	}
	memcpy(buf, value, MIN(bytes, value_bytes));
	if (bytes > value_bytes) {
		memset(buf + value_bytes, 0, bytes - value_bytes);
		return value_bytes;
	}
	buf[bytes - 1] = '\0';
	return -E2BIG;
}

HELPER_CALL(sysctl_get_current_value)
{
	const struct sysctl_access *access = ptr(r1);

	return ret(copy_value(ptr(r2), r3, access->current, access->current_bytes));
}

HELPER_CALL(sysctl_get_new_value)
{
	const struct sysctl_access *access = ptr(r1);

	return ret(copy_value(ptr(r2), r3, access->new_value, access->new_bytes));
}

HELPER_CALL(sysctl_set_new_value)
{
	struct sysctl_access *access = ptr(r1);

	if (!access->new_value)
		return ret(-EINVAL);
	if (r3 > SYSCTL_VALUE_BYTES - 1)
		return ret(-E2BIG);
	memmove(access->page, ptr(r2), r3);
	access->page[r3] = '\0';
	access->new_value = access->page;
	access->new_bytes = (uint32_t)r3;
	access->replaced = true;
	return 0;
}

#define NUMBER .ret_type = RET_INTEGER

HELPER_PROTO(sysctl_get_name, NUMBER,
	     ARGS(ARG_PTR_TO_CTX, ARG_PTR_TO_MEM | MEM_WRITE, ARG_CONST_SIZE, ARG_ANYTHING));
HELPER_PROTO(sysctl_get_current_value, NUMBER,
	     ARGS(ARG_PTR_TO_CTX, ARG_MEM_UNINIT, ARG_CONST_SIZE));
HELPER_PROTO(sysctl_get_new_value, NUMBER, ARGS(ARG_PTR_TO_CTX, ARG_MEM_UNINIT, ARG_CONST_SIZE));
HELPER_PROTO(sysctl_set_new_value, NUMBER, ARGS(ARG_PTR_TO_CTX, ARG_MEM_READ, ARG_CONST_SIZE));
