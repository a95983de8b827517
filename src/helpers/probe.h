/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading memory a program names by number. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Copies @bytes from @addr when they lie in the running program's own memory (its stack, its maps'
 * values, its packet) or where the host lets it read: 0 or -EFAULT, @dst untouched then.
 */
int probe_read_bytes(void *dst, uint64_t addr, size_t bytes);
