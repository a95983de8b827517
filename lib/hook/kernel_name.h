/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the running kernel's functions and tracepoints, from its BTF; 30 ms and 6 MB for the while. */
#pragma once

#include <stdbool.h>

#define KERNEL_FUNCTION	  ""
#define KERNEL_TRACEPOINT "btf_trace_" /* what BTF puts before the names */
#define KERNEL_LSM_HOOK	  "bpf_lsm_"
#define KERNEL_ITERATOR	  "bpf_iter_"

/*
 * Whether there is a name of this kind. When not, *meant is the nearest, the caller's to free(), or NULL.
 * True also when the kernel has no BTF, for then nothing is known.
 */
bool kernel_name_exists(const char *kind, const char *name, char **meant);
