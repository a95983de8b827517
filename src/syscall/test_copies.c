/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: whichever of a command's copies from or to the client fails, and whichever of its allocations,
 * it says -EFAULT or -ENOMEM, leaves nothing behind (no object, no descriptor, no charge), and succeeds
 * when asked again. Method: every row of test_world.h, its Nth copy or allocation failing, for every N
 * until none is reached, on objects made anew each time.
 */
#include "base/alloc.h"
#include "syscall/test_world.h"

/* --- copies -------------------------------------------------------------------------------------- */

static int copies_armed;

static void copies_arm(int n)
{
	copies_armed = n;
	copy_fail_at = n;
	copies = 0;
}

static bool copies_disarm(int ret)
{
	copy_fail_at = 0;
	return copies >= copies_armed;
}

static bool is_efault(int err)
{
	return err == -EFAULT;
}

static const struct fault bad_copy = { "copy", copies_arm, copies_disarm, is_efault };

static void failing_copies_are_efault_and_leave_nothing(void **state)
{
	assert_int_equal(fault_handlers_restore(), 0);
	world_has_every_command();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int n = 1;

		while (fault_one(&rows[i], &bad_copy, n))
			n++;
		if (n <= rows[i].copies_min)
			fail_msg("%s: only %d copies", rows[i].name, n - 1);
	}
}

/* --- allocations ----------------------------------------------------------------------------------- */

static void allocations_arm(int n)
{
	mem_fail_at = (uint32_t)n;
}

static bool allocations_disarm(int ret)
{
	bool met = mem_fail_at == 0;

	mem_fail_at = 0;
	return met;
}

/* A log that is cut short for want of memory is EFAULT. */
static bool is_enomem(int err)
{
	return err == -ENOMEM || err == -EFAULT;
}

/* The JIT may do without, and so may the watch on a descriptor. */
static const struct fault no_memory = { "allocation", allocations_arm, allocations_disarm,
					is_enomem, .may_do_without = true };

static void failing_allocations_are_enomem_and_leave_nothing(void **state)
{
	int starved = 0;

	assert_int_equal(fault_handlers_restore(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int n = 1; fault_one(&rows[i], &no_memory, n); n++)
			starved++;
	print_message("%d allocations failed\n", starved);
	assert_true(starved > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(failing_copies_are_efault_and_leave_nothing,
						world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(failing_allocations_are_enomem_and_leave_nothing,
						world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
