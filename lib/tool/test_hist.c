/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots, drawing and percentiles of log2 histograms, against bpftrace's own output and brute force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/hist.h"

static void every_value_is_within_its_slot(void **state)
{
	uint64_t from, to, value;

	(void)state;
	for (uint32_t bit = 0; bit < 64; bit++) {
		for (int64_t off = -1; off <= 1; off++) {
			value = (1ull << bit) + (uint64_t)off;
			hist_slot_bounds(hist_slot_of(value), &from, &to);
			assert_true(from <= value && value <= to);
		}
	}
	assert_int_equal(hist_slot_of(0), 0);
	assert_int_equal(hist_slot_of(UINT64_MAX), HIST_SLOTS - 1);
	hist_slot_bounds(HIST_SLOTS - 1, &from, &to);
	assert_true(to == UINT64_MAX);
}

static void slots_are_adjacent(void **state)
{
	uint64_t from, to, before;

	(void)state;
	hist_slot_bounds(0, &from, &before);
	for (uint32_t slot = 1; slot < HIST_SLOTS; slot++) {
		hist_slot_bounds(slot, &from, &to);
		assert_true(from == before + 1);
		before = to;
	}
}

static void is_drawn_as_bpftrace_draws_it(void **state)
{
	/* bpftrace -e 'BEGIN { @ = hist(...) }' of version 0.17 on these values. */
	static const char wanted[] =
		"[0]                    1 |@@@@@@@@@@@@@@@@@                                   |\n"
		"[1]                    3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		"[2, 4)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@                  |\n"
		"[4, 8)                 0 |                                                    |\n"
		"[8, 16)                1 |@@@@@@@@@@@@@@@@@                                   |\n";
	static const uint64_t values[] = { 0, 1, 1, 1, 2, 3, 15 };
	struct buffer out = { 0 };
	struct hist h = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		hist_add(&h, values[i]);
	hist_draw(&h, &out);
	assert_string_equal(out.data, wanted);
	buffer_deinit(&out);
}

static void great_bounds_have_units(void **state)
{
	static const char wanted[] =
		"[512, 1K)              1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		"[1K, 2K)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n";
	struct buffer out = { 0 };
	struct hist h = { 0 };

	(void)state;
	hist_add(&h, 1023);
	hist_add(&h, 1024);
	hist_draw(&h, &out);
	assert_string_equal(out.data, wanted);
	buffer_reset(&out);
	memset(&h, 0, sizeof(h));
	hist_add(&h, 1ull << 20);
	hist_draw(&h, &out);
	assert_memory_equal(out.data, "[1M, 2M)  ", 10);
	buffer_reset(&out);
	memset(&h, 0, sizeof(h));
	hist_add(&h, UINT64_MAX);
	hist_draw(&h, &out);
	assert_memory_equal(out.data, "[8E, 16E) ", 10);
	buffer_deinit(&out);
}

static void nothing_is_drawn_of_nothing(void **state)
{
	struct buffer out = { 0 };
	struct hist h = { 0 };

	(void)state;
	hist_draw(&h, &out);
	hist_draw_percentiles(&h, "ns", &out);
	assert_string_equal(buffer_string(&out), "");
	assert_true(hist_percentile(&h, 50) == 0);
	buffer_deinit(&out);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void percentiles_are_right_to_a_factor_of_two(void **state)
{
	static const int percents[] = { 1, 50, 90, 99, 100 };
	enum { N = 5000 };
	uint64_t values[N];
	struct hist h = { 0 };

	(void)state;
	srandom(7);
	for (int i = 0; i < N; i++) {
		values[i] = (uint64_t)random() >> random() % 30;
		hist_add(&h, values[i]);
	}
	qsort(values, N, sizeof(values[0]), by_value);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		double exact = (double)values[(N * percents[i] - 1) / 100], got;

		got = hist_percentile(&h, percents[i]);
		assert_true(got <= 2 * exact + 1 && got >= exact / 2 - 1);
	}
	assert_true(hist_percentile(&h, 100) == (double)values[N - 1]);
}

static void percentile_line_names_the_unit(void **state)
{
	struct buffer out = { 0 };
	struct hist h = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		hist_add(&h, 1);
	hist_draw_percentiles(&h, "ns", &out);
	assert_string_equal(out.data, "p50 1  p90 1  p99 1  max 1 ns\n");
	/* In the same unit as the rows' bounds: 4096 and not 4.10K, which "[2K, 4K)" would not hold. */
	buffer_reset(&out);
	hist_add(&h, 4095);
	h.slots[hist_slot_of(4095)] = 1000;
	hist_draw_percentiles(&h, "ns", &out);
	assert_string_equal(out.data, "p50 2969  p90 3870  p99 4072  max 4095 ns\n");
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_is_within_its_slot),
		cmocka_unit_test(slots_are_adjacent),
		cmocka_unit_test(is_drawn_as_bpftrace_draws_it),
		cmocka_unit_test(great_bounds_have_units),
		cmocka_unit_test(nothing_is_drawn_of_nothing),
		cmocka_unit_test(percentiles_are_right_to_a_factor_of_two),
		cmocka_unit_test(percentile_line_names_the_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
