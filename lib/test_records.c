/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: a record is shown as a type its program's BTF has for it, and never as one of two that would do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <bpf/btf.h>
#include <cmocka.h>

#include "records.h"

static int add_struct(struct btf *btf, const char *name, uint32_t bytes)
{
	return btf__add_struct(btf, name, bytes);
}

/* `const struct X *const NAME`, as a global. */
static void add_pointer(struct btf *btf, const char *name, int to)
{
	int pointer = btf__add_ptr(btf, btf__add_const(btf, to));

	btf__add_var(btf, name, BTF_VAR_GLOBAL_ALLOCATED, btf__add_const(btf, pointer));
}

static void a_struct_of_the_maps_name_is_the_records(void **state)
{
	struct btf *btf = btf__new_empty();
	int event = add_struct(btf, "event", 20), rb = add_struct(btf, "rb", 8);

	(void)state;
	assert_int_equal(records_type(btf, "event", 20), event);
	assert_int_equal(records_type(btf, "events", 20), event);
	assert_int_equal(records_type(btf, "events", 27), event); /* a perf buffer's padding */
	assert_int_equal(records_type(btf, "events", 28), 0);
	assert_int_equal(records_type(btf, "events", 19), 0);
	assert_int_equal(records_type(btf, "rb", 8), rb);
	assert_int_equal(records_type(btf, "", 20), 0);
	assert_int_equal(records_type(NULL, "event", 20), 0);
	btf__free(btf);
}

static void a_struct_that_a_global_points_to_is_the_records(void **state)
{
	struct btf *btf = btf__new_empty();
	int event = add_struct(btf, "event", 20), other = add_struct(btf, "other", 64);

	(void)state;
	assert_int_equal(records_type(btf, "rb", 20), 0); /* nobody says that it is for records */
	add_pointer(btf, "unused", event);
	add_pointer(btf, "unused2", other);
	add_pointer(btf, "again", event);
	assert_int_equal(records_type(btf, "rb", 20), event);
	assert_int_equal(records_type(btf, "rb", 64), other);
	assert_int_equal(records_type(btf, "rb", 40), 0);
	btf__free(btf);
}

static void of_two_that_would_do_it_is_neither(void **state)
{
	struct btf *btf = btf__new_empty();
	int one = add_struct(btf, "one", 24), other = add_struct(btf, "other", 24);

	(void)state;
	add_pointer(btf, "a", one);
	add_pointer(btf, "b", other);
	assert_int_equal(records_type(btf, "rb", 24), 0);
	assert_int_equal(records_type(btf, "others", 24), other);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_struct_of_the_maps_name_is_the_records),
		cmocka_unit_test(a_struct_that_a_global_points_to_is_the_records),
		cmocka_unit_test(of_two_that_would_do_it_is_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
