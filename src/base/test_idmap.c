/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: ids are given out cyclically, found and stepped through. Method: by hand, around the
 * wrap too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/idmap.h"

static int objects[8];

static void an_id_is_not_given_again_at_once(void **state)
{
	struct idmap m = IDMAP_INIT;

	assert_int_equal(idmap_alloc(&m, &objects[0]), 1);
	assert_int_equal(idmap_alloc(&m, &objects[1]), 2);
	assert_ptr_equal(idmap_del(&m, 1), &objects[0]);
	assert_null(idmap_del(&m, 1));
	assert_int_equal(idmap_alloc(&m, &objects[2]), 3);
	assert_null(idmap_get(&m, 1));
	assert_ptr_equal(idmap_get(&m, 2), &objects[1]);
	assert_ptr_equal(idmap_get(&m, 3), &objects[2]);
	assert_null(idmap_get(&m, 0));
	idmap_del(&m, 2);
	idmap_del(&m, 3);
	idmap_deinit(&m);
}

static void the_next_id_is_the_least_above(void **state)
{
	struct idmap m = IDMAP_INIT;

	assert_null(idmap_next(&m, 0));
	for (int i = 0; i < 4; i++)
		idmap_alloc(&m, &objects[i]);
	idmap_del(&m, 2);
	assert_int_equal(idmap_next(&m, 0)->id, 1);
	assert_int_equal(idmap_next(&m, 1)->id, 3);
	assert_ptr_equal(idmap_next(&m, 3)->ptr, &objects[3]);
	assert_null(idmap_next(&m, 4));
	assert_null(idmap_next(&m, UINT32_MAX));
	for (uint32_t id = 1; id <= 4; id++)
		idmap_del(&m, id);
	idmap_deinit(&m);
}

static void the_counter_goes_round_over_what_is_taken(void **state)
{
	struct idmap m = IDMAP_INIT;

	assert_int_equal(idmap_alloc(&m, &objects[0]), 1);
	m.next = IDMAP_ID_MAX;
	assert_int_equal(idmap_alloc(&m, &objects[1]), IDMAP_ID_MAX);
	assert_int_equal(idmap_alloc(&m, &objects[2]), 2);
	assert_int_equal(idmap_alloc(&m, &objects[3]), 3);
	idmap_del(&m, 2);
	m.next = IDMAP_ID_MAX;
	assert_int_equal(idmap_alloc(&m, &objects[4]), 2);
	assert_ptr_equal(idmap_get(&m, 2), &objects[4]);
	assert_ptr_equal(idmap_get(&m, IDMAP_ID_MAX), &objects[1]);
	assert_int_equal(idmap_next(&m, 3)->id, IDMAP_ID_MAX);
	for (uint32_t id = 1; id <= 3; id++)
		assert_non_null(idmap_del(&m, id));
	idmap_del(&m, IDMAP_ID_MAX);
	idmap_deinit(&m);
}

static void without_memory_nothing_changes(void **state)
{
	struct idmap m = IDMAP_INIT;

	mem_fail_at = 1;
	assert_int_equal(idmap_alloc(&m, &objects[0]), -12);
	assert_int_equal(idmap_alloc(&m, &objects[0]), 1);
	idmap_del(&m, 1);
	idmap_deinit(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_not_given_again_at_once),
		cmocka_unit_test(the_next_id_is_the_least_above),
		cmocka_unit_test(the_counter_goes_round_over_what_is_taken),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
