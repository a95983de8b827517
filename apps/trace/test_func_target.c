/* SPDX-License-Identifier: BSD-2-Clause */
/* Operands of skep trace func, resolved against this program and its C library; nothing is attached. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/func_target.h"

__attribute__((noinline, used)) static long traced_function(int first, const char *second)
{
	return first + (long)strlen(second);
}

__attribute__((noinline, used)) static int traced_other(void)
{
	__asm__ volatile("");
	return 1;
}

static const struct func_wish plain = { .nops_emulated = true };

static void add(struct func_targets *t, const char *operand, const struct func_wish *wish)
{
	struct error err = { "" };

	if (func_targets_add(t, operand, wish, &err))
		fail_msg("%s: %s", operand, err.text);
}

static void assert_refused(const char *operand, const struct func_wish *wish, int error,
			   const char *sentence)
{
	struct func_targets t = { 0 };
	struct error err = { "" };

	assert_int_equal(func_targets_add(&t, operand, wish, &err), error);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' is not in '%s'", sentence, err.text);
	func_targets_deinit(&t);
}

static void pattern_means_all_it_matches_once(void **state)
{
	struct func_targets t = { 0 };

	add(&t, "/proc/self/exe:traced_*", &plain);
	assert_int_equal(t.n_functions, 2);
	add(&t, "/proc/self/exe:traced_other", &plain);
	assert_int_equal(t.n_functions, 2);
	assert_int_equal(t.n_files, 1);
	assert_int_equal(t.n_places, 2);
	func_targets_deinit(&t);
}

static void prototype_tells_what_is_kept(void **state)
{
	struct func_wish wish = plain;
	struct func_targets t = { 0 };

	wish.arguments = true;
	add(&t, "libc:void *reallocarray(void *p, size_t n, size_t size)+ret", &wish);
	assert_int_equal(t.n_functions, 1);
	assert_true(t.functions[0].has_prototype);
	assert_true(t.functions[0].is_returning);
	assert_int_equal(t.functions[0].prototype.n_arguments, 3);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_not_equal(t.places[0].placement.arguments[i], PLACE_NOWHERE);
	func_targets_deinit(&t);
}

static void dwarf_tells_where_no_prototype_does(void **state)
{
	struct func_wish wish = plain;
	struct func_targets t = { 0 };

	wish.arguments = true;
	add(&t, "/proc/self/exe:traced_function", &wish);
	assert_true(t.functions[0].has_prototype);
	assert_int_equal(t.functions[0].prototype.n_arguments, 2);
	assert_string_equal(t.functions[0].prototype.arguments[1].name, "second");
	assert_int_equal(t.functions[0].prototype.arguments[1].type, SYM_STRING);
	func_targets_deinit(&t);
}

static void process_gives_program_and_libraries(void **state)
{
	struct func_wish wish = plain;
	struct func_targets t = { 0 };

	wish.pid = getpid();
	add(&t, "traced_function", &wish);
	add(&t, "libc:malloc", &wish);
	assert_int_equal(t.n_files, 2);
	assert_non_null(strstr(t.files[1].path, "libc"));
	func_targets_deinit(&t);
}

static void at_entry_means_no_probe_is_moved(void **state)
{
	struct func_wish wish = plain;
	struct func_targets t = { 0 };

	wish.at_entry = true;
	add(&t, "libc:*alloc*", &wish);
	for (uint32_t i = 0; i < t.n_places; i++)
		assert_int_equal(t.places[i].placement.address, t.places[i].entry);
	func_targets_deinit(&t);
}

static void ifunc_has_a_place_for_each_it_may_choose(void **state)
{
	struct func_targets t = { 0 };

	add(&t, "libc:memcpy", &plain);
	assert_int_equal(t.n_functions, 1);
	assert_true(t.n_places > 1);
	func_targets_deinit(&t);
}

static void mistakes_get_a_sentence(void **state)
{
	struct func_targets few = { .n_places_max = 1 };
	struct func_wish gone = plain;
	struct error err;

	assert_refused("malloc", &plain, -EINVAL, "does not say where");
	assert_refused("libc:", &plain, -EINVAL, "names no function");
	assert_refused("libc:maloc", &plain, -ENOENT, "did you mean 'malloc'?");
	assert_refused("libc:zz_*_nothing", &plain, -ENOENT, "has no function");
	assert_refused("/nowhere:f", &plain, -ENOENT, "/nowhere");
	assert_refused("/proc/self/maps:f", &plain, -ENOEXEC, "not a program");
	assert_refused("libc:malloc(x y)", &plain, -EINVAL, "is not known");
	gone.pid = 0x3ffffff;
	assert_refused("malloc", &gone, -ESRCH, "there is no process");
	assert_int_equal(func_targets_add(&few, "libc:mem*", &plain, &err), -E2BIG);
	func_targets_deinit(&few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pattern_means_all_it_matches_once),
		cmocka_unit_test(prototype_tells_what_is_kept),
		cmocka_unit_test(dwarf_tells_where_no_prototype_does),
		cmocka_unit_test(process_gives_program_and_libraries),
		cmocka_unit_test(at_entry_means_no_probe_is_moved),
		cmocka_unit_test(ifunc_has_a_place_for_each_it_may_choose),
		cmocka_unit_test(mistakes_get_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
