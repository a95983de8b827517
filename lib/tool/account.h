/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what account.bpf.h counts: shown + dropped = occurred, once the programs are detached and the
 * rings drained. */
#pragma once

#include "error.h"
#include "tool/account-api.bpf.h"

/* The sum over all CPUs of the map "account" of a tool's programs. 0, or -errno with a sentence. */
int account_read(int map_fd, struct account *sum, struct error *err);
