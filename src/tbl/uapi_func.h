/* SPDX-License-Identifier: BSD-2-Clause */
/* Helper function ids: imm of a call whose src_reg is 0. */
#pragma once

/* clang-format off */

enum bpf_func_id {
#define HELPER(id, name, ...) BPF_FUNC_##name = id,
#include "tbl/helpers.h"
	__BPF_FUNC_MAX_ID,
};
