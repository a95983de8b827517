/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What skep trace syscalls and its program share. */
#pragma once

#include <linux/types.h>

/*
 * Rows of the table of counts: native calls by number, from SYSCALLS_COMPAT the calls of 32-bit
 * programs, and one row for every number that is none.
 */
#define SYSCALLS_NUMBERS 512
#define SYSCALLS_COMPAT	 SYSCALLS_NUMBERS
#define SYSCALLS_OTHER	 (2 * SYSCALLS_NUMBERS)
#define SYSCALLS_ROWS	 (SYSCALLS_OTHER + 1)
