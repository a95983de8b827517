/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program a device's packets come to first: the expression, as it reads a packet whose VLAN tag
 * stands beside it or one that has none, and a tail call for those that pass. It is of type SCHED_CLS
 * and always leaves the packet's fate to others (TC_ACT_UNSPEC).
 */
#pragma once

#include <stdint.h>

#include "capture/expression.h"
#include "error.h"

/* @next_fd: the PROG_ARRAY, of which entry @index goes on. The program's fd, or -errno with a sentence. */
int entry_load(const char *packet, const struct classic_setup *setup, int next_fd, uint32_t index,
	       struct error *err);
