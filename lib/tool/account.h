/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads what account.bpf.h counts: shown + dropped = occurred, once no program counts any more (they are
 * shut or detached) and the rings are drained.
 */
#pragma once

#include "error.h"
#include "tool/account-api.bpf.h"

struct bpf_object;

/* The sum over all CPUs of the map "account" of a tool's programs. 0, or -errno with a sentence. */
int account_read(int map_fd, struct account *sum, struct error *err);
/*
 * Has a loaded object's programs count and hand over nothing from now on. One that is at work just now
 * may still count an event of a moment before: its record follows. 0 or -errno.
 */
int account_shut(const struct bpf_object *obj);
