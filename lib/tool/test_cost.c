/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of a tool's cost, and what is not: a mean of a few runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/cost.h"

static void says(struct cost_measured measured, const char *wanted)
{
	struct buffer text = { 0 };

	cost_text(&measured, &text);
	assert_string_equal(buffer_string(&text), wanted);
	buffer_deinit(&text);
}

static void a_mean_is_said_of_many_runs(void **state)
{
	(void)state;
	says((struct cost_measured){ .runs = 12345,
				     .run_ns = 12345 * 212,
				     .has_programs = true,
				     .own_share = 0.003 },
	     "212 ns a run of its programs (a sample of 12345 runs), 0.30% of a CPU in the tool itself");
	says((struct cost_measured){ .runs = COST_RUNS_MIN,
				     .run_ns = COST_RUNS_MIN,
				     .has_programs = true },
	     "1 ns a run of its programs (a sample of 100 runs), 0.00% of a CPU in the tool itself");
}

static void no_mean_is_said_of_a_few(void **state)
{
	(void)state;
	says((struct cost_measured){ .runs = COST_RUNS_MIN - 1,
				     .run_ns = 800000,
				     .has_programs = true },
	     "its programs ran too seldom to be measured (99 runs in the sample), 0.00% of a CPU in the "
	     "tool itself");
	says((struct cost_measured){ .runs = 1, .run_ns = 8000, .has_programs = true },
	     "its programs ran too seldom to be measured (1 run in the sample), 0.00% of a CPU in the "
	     "tool itself");
	says((struct cost_measured){ .has_programs = true, .own_share = 1 },
	     "its programs ran too seldom to be measured (0 runs in the sample), 100.00% of a CPU in the "
	     "tool itself");
}

static void what_was_not_measured_is_said_so(void **state)
{
	(void)state;
	says((struct cost_measured){ .has_programs = true, .refused = true },
	     "its programs' time was not measured (not permitted), 0.00% of a CPU in the tool itself");
	says((struct cost_measured){ .own_share = 0.5 }, "50.00% of a CPU in the tool itself");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mean_is_said_of_many_runs),
		cmocka_unit_test(no_mean_is_said_of_a_few),
		cmocka_unit_test(what_was_not_measured_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
