/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket filter, on a raw packet socket of its own, bound to a device: it sees a copy of what comes
 * and goes, and its verdict concerns only that socket, which nobody reads.
 */
#pragma once

#include <stdint.h>

#include "error.h"

struct hook;

/* @ifindex 0: every device of this network namespace. */
int hook_attach_socket_filter(int prog_fd, uint32_t ifindex, struct hook **out, struct error *err);
