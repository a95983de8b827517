/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Twins for tests: one engine and the running kernel, given the same bpf(2) calls. Fds differ, so
 * an attr is made once per side by the test. Where bpf(2) is not allowed there is no twin and the
 * comparing tests are skipped.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

enum side { ENGINE, KERNEL, SIDES };

static struct skep_engine *twin_engine;

/* bpf(2) on one side: >= 0 or -errno. */
static inline int twin_bpf(enum side side, int cmd, void *attr, uint32_t size)
{
	long ret;

	if (side == ENGINE)
		return skep_bpf(twin_engine, cmd, attr, size);
	ret = syscall(SYS_bpf, cmd, attr, size);
	return ret < 0 ? -errno : (int)ret;
}

/* May this process use the kernel's bpf(2), and is it the one we answer for? */
static inline bool twin_kernel_allowed(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_LPM_TRIE, .key_size = 8, .value_size = 4,
				.max_entries = 1, .map_flags = BPF_F_NO_PREALLOC };
	int fd = twin_bpf(KERNEL, BPF_MAP_CREATE, &attr, sizeof(attr));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * cmocka puts its own handlers of SIGSEGV in front at the start of each test: a test begins by
 * putting ours back.
 */
#define TWIN_TEST(name)                                                                            \
	{                                                                                          \
		#name, twin_run, twin_setup, twin_teardown, (void *)(uintptr_t)name                \
	}

static inline void twin_run(void **state)
{
	void (*test)(void **) = (void (*)(void **))(uintptr_t)*state;

	assert_int_equal(fault_handlers_restore(), 0);
	test(state);
}

static inline int twin_setup(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts) };

	return skep_engine_new(&opts, &twin_engine);
}

static inline int twin_teardown(void **state)
{
	skep_engine_free(twin_engine);
	twin_engine = NULL;
	return 0;
}
