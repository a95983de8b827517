/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program's return value means, by program type: its name, and whether the packet passed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VERDICT_NAME_BYTES 40

/* Program types whose verdict is over a packet; the others are run once. */
bool verdict_is_of_packet(uint32_t prog_type);
/* Writes the name into @buf and returns it. */
const char *verdict_name(uint32_t prog_type, uint32_t retval, char buf[VERDICT_NAME_BYTES]);
/* Whether a packet with this verdict goes on; *keep: how many of its bytes at most. */
bool verdict_passes(uint32_t prog_type, uint32_t retval, uint32_t *keep);
