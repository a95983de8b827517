/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes by type: every kind as text, as JSON and as leaves; and bytes that end too soon. */
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "value.h"

struct types {
	struct btf *btf;
	int u8, u16, u32, s32, s64, character, boolean, real;
	int be16, be32, color, pointer, text8, bytes4, pair, nested, fields, tagged;
};

static int make_struct(struct btf *btf, const char *name, uint32_t bytes)
{
	int id = btf__add_struct(btf, name, bytes);

	assert_true(id > 0);
	return id;
}

static void make_scalars(struct types *t)
{
	int index;

	t->u8 = btf__add_int(t->btf, "unsigned char", 1, 0);
	t->u16 = btf__add_int(t->btf, "unsigned short", 2, 0);
	t->u32 = btf__add_int(t->btf, "unsigned int", 4, 0);
	t->s32 = btf__add_int(t->btf, "int", 4, BTF_INT_SIGNED);
	t->s64 = btf__add_int(t->btf, "long", 8, BTF_INT_SIGNED);
	t->character = btf__add_int(t->btf, "char", 1, BTF_INT_SIGNED);
	t->boolean = btf__add_int(t->btf, "_Bool", 1, BTF_INT_BOOL);
	t->real = btf__add_float(t->btf, "double", 8);
	t->be16 = btf__add_typedef(t->btf, "__be16", t->u16);
	t->be32 = btf__add_typedef(t->btf, "__be32", t->u32);
	t->color = btf__add_enum(t->btf, "color", 4);
	btf__add_enum_value(t->btf, "RED", 0);
	btf__add_enum_value(t->btf, "BLUE", 7);
	t->pointer = btf__add_ptr(t->btf, t->u32);
	index = t->u32;
	t->text8 = btf__add_array(t->btf, index, t->character, 8);
	t->bytes4 = btf__add_array(t->btf, index, t->u8, 4);
}

static int set_up(void **state)
{
	struct types *t = calloc(1, sizeof(*t));

	t->btf = btf__new_empty();
	make_scalars(t);
	t->pair = make_struct(t->btf, "pair", 8);
	btf__add_field(t->btf, "left", t->u32, 0, 0);
	btf__add_field(t->btf, "right", t->s32, 32, 0);
	t->nested = make_struct(t->btf, "nested", 24);
	btf__add_field(t->btf, "pair", t->pair, 0, 0);
	btf__add_field(t->btf, "name", t->text8, 64, 0);
	btf__add_field(t->btf, "bytes", t->bytes4, 128, 0);
	btf__add_field(t->btf, "color", t->color, 160, 0);
	t->fields = make_struct(t->btf, "fields", 4);
	btf__add_field(t->btf, "low", t->u32, 0, 5);
	btf__add_field(t->btf, "high", t->s32, 5, 3);
	t->tagged = btf__add_union(t->btf, "tagged", 4);
	btf__add_field(t->btf, "word", t->u32, 0, 0);
	btf__add_field(t->btf, "port", t->be16, 0, 0);
	*state = t;
	return t->tagged > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct types *t = *state;

	btf__free(t->btf);
	free(t);
	return 0;
}

static void assert_shows(const struct types *t, int type, const void *data, size_t bytes,
			 const char *text, const char *json)
{
	struct buffer out = { 0 };
	struct json j = { .flat = true };

	value_text(t->btf, type, data, bytes, &out);
	assert_string_equal(buffer_string(&out), text);
	value_json(t->btf, type, data, bytes, &j, NULL);
	assert_string_equal(buffer_string(&j.out), json);
	buffer_deinit(&out);
	buffer_deinit(&j.out);
}

static void scalars_read_as_their_type_says(void **state)
{
	const struct types *t = *state;
	const double half = 0.5;

	assert_shows(t, t->u8, "\xff", 1, "255", "255");
	assert_shows(t, t->s32, "\xfe\xff\xff\xff", 4, "-2", "-2");
	assert_shows(t, t->s64, "\0\0\0\0\0\0\0\x80", 8, "-9223372036854775808",
		     "-9223372036854775808");
	assert_shows(t, t->character, "x", 1, "'x'", "120");
	assert_shows(t, t->character, "\x80", 1, "-128", "-128");
	assert_shows(t, t->boolean, "\1", 1, "true", "true");
	assert_shows(t, t->real, &half, 8, "0.5", "0.500000000");
	assert_shows(t, t->color, "\7\0\0\0", 4, "BLUE", "\"BLUE\"");
	assert_shows(t, t->color, "\5\0\0\0", 4, "5", "5");
	assert_shows(t, t->pointer, "\0\0\0\0\0\0\0\0", 8, "NULL", "0");
	assert_shows(t, t->pointer, "\x10\0\0\0\0\0\0\0", 8, "0x10", "16");
}

static void network_order_reads_as_number_and_address(void **state)
{
	const struct types *t = *state;

	assert_shows(t, t->be16, "\x00\x35", 2, "53", "13568");
	assert_shows(t, t->be32, "\x0a\x01\x07\x42", 4, "10.1.7.66", "1107755274");
}

static void groups_nest(void **state)
{
	const struct types *t = *state;
	const char data[24] = "\1\0\0\0\xff\xff\xff\xffname\0\0\0\0\1\2\3\4\7\0\0";

	assert_shows(
		t, t->nested, data, sizeof(data),
		"{ pair: { left: 1, right: -1 }, name: \"name\", bytes: [1, 2, 3, 4], color: BLUE }",
		"{\"pair\": {\"left\": 1, \"right\": -1}, \"name\": \"name\", "
		"\"bytes\": [1, 2, 3, 4], \"color\": \"BLUE\"}");
	assert_shows(t, t->tagged, "\0\x50\0\0", 4, "{ word: 20480, port: 80 }",
		     "{\"word\": 20480, \"port\": 20480}");
}

static void bit_fields_have_sign_and_width(void **state)
{
	const struct types *t = *state;

	assert_shows(t, t->fields, "\xbf\0\0\0", 4, "{ low: 31, high: -3 }",
		     "{\"low\": 31, \"high\": -3}");
}

static void characters_that_cannot_be_printed_are_numbers(void **state)
{
	const struct types *t = *state;

	assert_shows(t, t->text8, "ab\"\n\0\0\0\0", 8, "\"ab\\\"\\n\"", "\"ab\\\"\\n\"");
	assert_shows(t, t->text8, "a\0b\0\0\0\0\0", 8, "['a', 0, 'b', 0, 0, 0, 0, 0]",
		     "[97, 0, 98, 0, 0, 0, 0, 0]");
}

static void what_does_not_fit_is_a_question_mark(void **state)
{
	const struct types *t = *state;

	assert_shows(t, t->u32, "\1\2", 2, "?", "null");
	assert_shows(t, t->nested, "\1\0\0\0", 4, "?", "null");
	assert_shows(t, 12345, "\1\0\0\0", 4, "?", "null");
}

static void bytes_without_type_are_a_number_or_hexadecimal(void **state)
{
	const struct types *t = *state;

	assert_shows(t, 0, "\1\2", 2, "513", "513");
	assert_shows(t, 0, "\1\2\3", 3, "01 02 03", "\"010203\"");
}

static void add_leaf(void *arg, const char *path, const char *text, bool is_number)
{
	buffer_format(arg, "%s=%s%s ", path, text, is_number ? "#" : "");
}

static void leaves_are_scalars_of_nested_structs(void **state)
{
	const struct types *t = *state;
	const char data[24] = "\1\0\0\0\xff\xff\xff\xffname\0\0\0\0\1\2\3\4\7\0\0";
	struct buffer out = { 0 };

	value_leaves(t->btf, t->nested, data, sizeof(data), add_leaf, &out);
	assert_string_equal(out.data,
			    "pair.left=1# pair.right=-1# name=\"name\" bytes=[1, 2, 3, 4] "
			    "color=BLUE ");
	buffer_reset(&out);
	value_leaves(t->btf, t->u32, data, 4, add_leaf, &out);
	assert_string_equal(out.data, "=1# ");
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_read_as_their_type_says),
		cmocka_unit_test(network_order_reads_as_number_and_address),
		cmocka_unit_test(groups_nest),
		cmocka_unit_test(bit_fields_have_sign_and_width),
		cmocka_unit_test(characters_that_cannot_be_printed_are_numbers),
		cmocka_unit_test(what_does_not_fit_is_a_question_mark),
		cmocka_unit_test(bytes_without_type_are_a_number_or_hexadecimal),
		cmocka_unit_test(leaves_are_scalars_of_nested_structs),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
