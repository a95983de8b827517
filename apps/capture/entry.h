/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An expression as a program of type SCHED_CLS, which reads a packet whose VLAN tag stands beside it, or
 * one that has none, as it is on the wire.
 */
#pragma once

#include <stdint.h>

#include "capture/expression.h"
#include "error.h"

/*
 * On a device: a packet that passes goes on with entry @index of the PROG_ARRAY @next_fd; every packet's
 * fate is left to others (TC_ACT_UNSPEC). The program's fd, or -errno with a sentence.
 */
int entry_load_live(const struct classic *classic, int next_fd, uint32_t index, struct error *err);
/* On a file's packets, framed as on a device: returns how many bytes to keep. */
int entry_load_file(const struct classic *classic, struct error *err);
