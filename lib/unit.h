/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as people read them, into a caller's buffer, which is returned. */
#pragma once

#include <stdint.h>

#define UNIT_BYTES 32

/* "840 B", "84.2 KiB", "1.5 MiB" */
const char *unit_bytes(uint64_t bytes, char buf[UNIT_BYTES]);
/* "43 ns", "1.25 us", "3.1 ms" */
const char *unit_ns(double ns, char buf[UNIT_BYTES]);
/* "1 packet", "713 packets" */
const char *unit_count(uint64_t n, const char *one, const char *many, char buf[UNIT_BYTES]);
