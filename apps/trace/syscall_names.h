/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of system calls by number, of this architecture and of 32-bit programs, generated from the
 * uapi headers at build time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* NULL for a number without a name. */
const char *syscall_name(uint32_t number, bool compat);
