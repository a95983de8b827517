/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the interpreter does what RFC 9669 says. Method: every instruction at edge operands against
 * the plain twin of test_isa.c; calls, callbacks, tail calls and faults by hand (test_control.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "interp/interp.h"
#include "interp/test_control.h"

static const struct test_engine interp = { "interp", interp_prepare, interp_free };

static void every_instruction_does_as_the_twin(void **state)
{
	(void)state;
	control_every_instruction(&interp);
}

static void control_flow_works(void **state)
{
	(void)state;
	control_run_all(&interp);
}

static void what_is_no_instruction_is_refused(void **state)
{
	(void)state;
	control_refusals(&interp);
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
