/* SPDX-License-Identifier: BSD-2-Clause */
/* A load from memory that may not be there, for pointers that BTF alone vouches for. */
#pragma once

#include <stdint.h>

/* The little-endian number of @bytes (1 to 8) at @addr, or 0 where any of them cannot be read.
 * Costs a system call. */
uint64_t interp_probe(uint64_t addr, uint32_t bytes);
