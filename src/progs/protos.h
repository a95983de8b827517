/* SPDX-License-Identifier: BSD-2-Clause */
/* Which program type may call which helper, in which variant, with which capability. */
#pragma once

#include "object/prog.h"

/* prog_type_ops.get_func_proto of every type. O(helpers). */
const struct helper_proto *prog_func_proto(uint32_t id, const struct prog *prog);
