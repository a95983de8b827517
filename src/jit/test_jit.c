/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: native code does what the interpreter does. Method: the same vectors and control flow as
 * interp/test_interp.c, compiled in each way there is; the arena by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "interp/test_control.h"
#include "jit/jit.h"

static int compile_hostile(struct prog *prog)
{
	return jit_compile_flags(prog, JIT_POISON | JIT_LONG_FORMS | JIT_FAR_CALLS);
}

static int compile_baseline(struct prog *prog)
{
	return jit_compile_flags(prog, JIT_BASELINE | JIT_POISON);
}

static const struct test_engine jit = { "jit", jit_compile, jit_free };
static const struct test_engine hostile = { "jit, hostile", compile_hostile, jit_free };
static const struct test_engine baseline = { "jit, baseline", compile_baseline, jit_free };

static void every_instruction_does_as_the_twin(void **state)
{
	(void)state;
	control_every_instruction(&jit);
	control_every_instruction(&hostile);
	control_every_instruction(&baseline);
}

static void control_flow_works(void **state)
{
	(void)state;
	control_run_all(&jit);
	control_run_all(&hostile);
	control_run_all(&baseline);
}

static void what_is_no_instruction_is_refused(void **state)
{
	(void)state;
	control_refusals(&jit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_instruction_is_refused),
		cmocka_unit_test(control_flow_works),
		cmocka_unit_test(every_instruction_does_as_the_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
