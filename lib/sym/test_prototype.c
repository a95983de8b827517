/* SPDX-License-Identifier: BSD-2-Clause */
/* Prototypes as people type them, what is refused, and values as they are shown. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sym/prototype.h"

static struct sym_prototype parse(const char *text, const char *wanted)
{
	struct sym_prototype p;
	struct error err = { "" };
	char *name = NULL;

	if (sym_prototype_parse(text, &name, &p, &err))
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(name, wanted);
	free(name);
	return p;
}

static void assert_refused(const char *text, const char *sentence)
{
	struct sym_prototype p;
	struct error err = { "" };
	char *name = NULL;

	assert_int_equal(sym_prototype_parse(text, &name, &p, &err), -EINVAL);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' is not in '%s'", sentence, err.text);
}

static void assert_argument(const struct sym_argument *a, const char *name, enum sym_type type,
			    uint8_t bytes)
{
	assert_string_equal(a->name, name);
	assert_int_equal(a->type, type);
	assert_int_equal(a->bytes, bytes);
}

static void arguments_are_named_and_typed(void **state)
{
	struct sym_prototype p = parse("void *reallocarray(void *ptr, size_t nmemb, size_t size)",
				       "reallocarray");

	assert_int_equal(p.n_arguments, 3);
	assert_argument(&p.arguments[0], "ptr", SYM_POINTER, 8);
	assert_argument(&p.arguments[1], "nmemb", SYM_UNSIGNED, 8);
	assert_argument(&p.arguments[2], "size", SYM_UNSIGNED, 8);
	assert_argument(&p.result, "", SYM_POINTER, 8);
	p = parse("f(const char *path, unsigned int flags, unsigned long long, int16_t x, bool b, char c)",
		  "f");
	assert_argument(&p.arguments[0], "path", SYM_STRING, 8);
	assert_argument(&p.arguments[1], "flags", SYM_UNSIGNED, 4);
	assert_argument(&p.arguments[2], "", SYM_UNSIGNED, 8);
	assert_argument(&p.arguments[3], "x", SYM_SIGNED, 2);
	assert_argument(&p.arguments[4], "b", SYM_BOOL, 1);
	assert_argument(&p.arguments[5], "c", SYM_CHAR, 1);
	assert_int_equal(p.result.type, SYM_UNKNOWN);
	p = parse("int g(struct stat *st, char **argv, unsigned n, long int l, char buf[16])", "g");
	assert_argument(&p.arguments[0], "st", SYM_POINTER, 8);
	assert_argument(&p.arguments[1], "argv", SYM_POINTER, 8);
	assert_argument(&p.arguments[2], "n", SYM_UNSIGNED, 4);
	assert_argument(&p.arguments[3], "l", SYM_SIGNED, 8);
	assert_argument(&p.arguments[4], "buf", SYM_STRING, 8);
	assert_argument(&p.result, "", SYM_SIGNED, 4);
}

static void floating_arguments_take_no_integer_register(void **state)
{
	struct sym_prototype p = parse("f(double x, int n, float y, long m)", "f");

	assert_int_equal(p.n_arguments, 4);
	assert_int_equal(p.arguments[1].number, 0);
	assert_int_equal(p.arguments[3].number, 1);
	assert_int_equal(sym_prototype_registers(&p), 2);
}

static void what_is_not_in_registers_is_left_out_and_said(void **state)
{
	struct sym_prototype p = parse("f(int a,int b,int c,int d,int e,int f,int g)", "f");

	assert_int_equal(p.n_arguments, 6);
	assert_true(p.more);
	p = parse("int printf(const char *format, ...)", "printf");
	assert_int_equal(p.n_arguments, 1);
	assert_true(p.more);
	p = parse("getpid(void)", "getpid");
	assert_int_equal(p.n_arguments, 0);
	p = parse("getpid()", "getpid");
	assert_int_equal(p.n_arguments, 0);
}

static void name_alone_is_no_prototype(void **state)
{
	struct sym_prototype p;
	struct error err;
	char *name;

	assert_int_equal(sym_prototype_parse("malloc", &name, &p, &err), 1);
	assert_string_equal(name, "malloc");
	free(name);
}

static void nonsense_is_refused(void **state)
{
	assert_refused("f(int a", "')' is missing");
	assert_refused("(int a)", "no name before");
	assert_refused("f(foo_t a)", "'foo_t' is not known");
	assert_refused("f(int a, )", "names no type");
	assert_refused("f(int, void)", "cannot be void");
	assert_refused("f(int (*fn)(void))", "is no declaration");
	assert_refused("f(int a) x", "not the end");
	assert_refused("f(int aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)", "too long");
}

static void assert_prints(enum sym_type type, uint8_t bytes, uint64_t value, const char *text,
			  const char *wanted)
{
	struct sym_argument a = { .type = type, .bytes = bytes };
	struct buffer out = { 0 };

	sym_argument_print(&a, value, text, &out);
	assert_string_equal(buffer_string(&out), wanted);
	buffer_deinit(&out);
}

static void values_are_shown_as_c_would(void **state)
{
	assert_prints(SYM_SIGNED, 4, 0xffffffff, NULL, "-1");
	assert_prints(SYM_SIGNED, 4, 0xdead00000001, NULL, "1");
	assert_prints(SYM_SIGNED, 8, UINT64_MAX, NULL, "-1");
	assert_prints(SYM_UNSIGNED, 2, 0x12345, NULL, "9029");
	assert_prints(SYM_UNSIGNED, 8, UINT64_MAX, NULL, "18446744073709551615");
	assert_prints(SYM_BOOL, 1, 0x100, NULL, "false");
	assert_prints(SYM_CHAR, 1, '\n', NULL, "'\\n'");
	assert_prints(SYM_POINTER, 8, 0xabc, NULL, "0xabc");
	assert_prints(SYM_STRING, 8, 0xabc, "a\"b\x01", "\"a\\\"b\\x01\"");
	assert_prints(SYM_STRING, 8, 0xabc, NULL, "0xabc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_named_and_typed),
		cmocka_unit_test(floating_arguments_take_no_integer_register),
		cmocka_unit_test(what_is_not_in_registers_is_left_out_and_said),
		cmocka_unit_test(name_alone_is_no_prototype),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(values_are_shown_as_c_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
