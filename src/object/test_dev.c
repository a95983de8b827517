/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: devices are found by number and name, and numbers and names are unique. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "object/dev.h"
#include "object/engine.h"

static void devices_are_found_and_removed(void **state)
{
	struct engine engine = { 0 };
	struct netdev *lo, *ten, *next, *none;

	assert_int_equal(engine_init(&engine), 0);
	assert_null(dev_by_index(&engine, 1));
	assert_int_equal(dev_add(&engine, "ten", 10, &ten), 0);
	assert_int_equal(dev_add(&engine, "lo", 0, &lo), 0);
	assert_int_equal(lo->ifindex, 1);
	assert_int_equal(dev_add(&engine, "next", 0, &next), 0);
	assert_int_equal(next->ifindex, 2);
	assert_int_equal(dev_add(&engine, "ten", 11, &none), -EEXIST);
	assert_int_equal(dev_add(&engine, "other", 10, &none), -EEXIST);
	assert_int_equal(dev_add(&engine, "", 0, &none), -EINVAL);
	assert_int_equal(dev_add(&engine, "a-name-too-long-", 0, &none), -EINVAL);
	assert_ptr_equal(dev_by_index(&engine, 10), ten);
	assert_ptr_equal(dev_by_index(&engine, 1), lo);
	assert_null(dev_by_index(&engine, 3));
	assert_ptr_equal(dev_by_name(&engine, "ten"), ten);
	dev_remove(lo);
	assert_null(dev_by_index(&engine, 1));
	assert_ptr_equal(dev_by_index(&engine, 10), ten);
	dev_remove(ten);
	dev_remove(next);
	engine_deinit(&engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_are_found_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
