/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON text: structure, escapes, and that any bytes come out as a document that parses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json.h"

static void assert_text(struct json *j, const char *text)
{
	assert_string_equal(buffer_string(&j->out), text);
	buffer_deinit(&j->out);
}

static void nested_values_have_commas_and_indents(void **state)
{
	struct json j = { 0 };

	json_object_begin(&j, NULL);
	json_uint(&j, "n", UINT64_MAX);
	json_array_begin(&j, "list");
	json_int(&j, NULL, INT64_MIN);
	json_bool(&j, NULL, true);
	json_null(&j, NULL);
	json_array_end(&j);
	json_object_begin(&j, "empty");
	json_object_end(&j);
	json_object_end(&j);
	assert_text(&j,
		    "{\n  \"n\": 18446744073709551615,\n  \"list\": [\n    -9223372036854775808,\n"
		    "    true,\n    null\n  ],\n  \"empty\": {}\n}");
}

static void flat_documents_are_one_line(void **state)
{
	struct json j = { .flat = true };

	json_array_begin(&j, NULL);
	json_uint(&j, NULL, 1);
	json_hex(&j, NULL, "\x00\xff", 2);
	json_array_end(&j);
	assert_text(&j, "[1, \"00ff\"]");
}

static void strings_are_escaped(void **state)
{
	struct json j = { 0 };

	json_string(&j, NULL, "a\"b\\c\n\t\x01\x7f/");
	assert_text(&j, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f/\"");
	j = (struct json){ 0 };
	json_string_bytes(&j, NULL, "x\0y", 3);
	assert_text(&j, "\"x\\u0000y\"");
}

static void utf8_passes_and_other_bytes_do_not(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\xc3\xa9", "\"\xc3\xa9\"" },			/* U+00E9 */
		{ "\xe2\x82\xac", "\"\xe2\x82\xac\"" },		/* U+20AC */
		{ "\xf0\x9f\x90\x9d", "\"\xf0\x9f\x90\x9d\"" }, /* U+1F41D */
		{ "\xc3", "\"\\u00c3\"" },			/* cut off */
		{ "\xc0\x80", "\"\\u00c0\\u0080\"" },		/* overlong */
		{ "\xe0\x80\x80", "\"\\u00e0\\u0080\\u0080\"" },
		{ "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"" },
		{ "\xff", "\"\\u00ff\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json j = { 0 };

		json_string(&j, NULL, cases[i].in);
		assert_text(&j, cases[i].out);
	}
}

static void numbers_that_json_has_not_are_null(void **state)
{
	struct json j = { .flat = true };

	json_array_begin(&j, NULL);
	json_real(&j, NULL, 0.25, 3);
	json_real(&j, NULL, NAN, 3);
	json_real(&j, NULL, -INFINITY, 3);
	json_array_end(&j);
	assert_text(&j, "[0.250, null, null]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_values_have_commas_and_indents),
		cmocka_unit_test(flat_documents_are_one_line),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(utf8_passes_and_other_bytes_do_not),
		cmocka_unit_test(numbers_that_json_has_not_are_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
