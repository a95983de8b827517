/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: what any executor of rewritten code must do, as cmocka assertions, to be run on the
 * interpreter and on native code alike.
 */
#pragma once

#include "interp/test_prog.h"

/* Every case of test_isa.h, all operands, against the twin; prints how many and fails below a floor. */
void control_every_instruction(const struct test_engine *engine);

/* Calls, callbacks, tail calls, deep calls, faulting loads, long jumps. */
void control_run_all(const struct test_engine *engine);

/* Each allocation of preparing a program fails once: -ENOMEM, and nothing has changed. */
void control_out_of_memory(const struct test_engine *engine);

/* Code that is not rewritten code is refused with -ENOTSUP and changes nothing. */
void control_refusals(const struct test_engine *engine);
