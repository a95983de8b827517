/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: values as JSON and as text, and that neither reads past its bytes nor runs away. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "btf/btf.h"
#include "btf/build.h"
#include "btf/show.h"
#include "tbl/uapi.h"

static struct btf *parse(struct btf_build *b)
{
	struct btf *btf = NULL;
	uint32_t size;
	void *blob;

	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	assert_int_equal(btf_parse(blob, size, NULL, NULL, &btf), 0);
	free(blob);
	btf_build_free(b);
	return btf;
}

/* struct s { int a; char name[4]; union { u8 lo; u32 all; }; bool on; enum e e:4; s8 n:4; u16 v[2]; } */
static struct btf *sample(uint32_t *id)
{
	struct btf_build *b = btf_build_new();
	uint32_t i, c, u8, u32, u16, s8, on, text, vec, e, u;

	i = btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	c = btf_build_int(b, "char", 1, 0);
	u8 = btf_build_int(b, "u8", 1, 0);
	u16 = btf_build_int(b, "u16", 2, 0);
	u32 = btf_build_int(b, "u32", 4, 0);
	s8 = btf_build_int(b, "s8", 1, BTF_INT_SIGNED);
	on = btf_build_int(b, "bool", 1, BTF_INT_BOOL);
	text = btf_build_array(b, c, i, 4);
	vec = btf_build_array(b, u16, i, 2);
	e = btf_build_enum(b, "e", 4, false);
	btf_build_value(b, "RED", 0);
	btf_build_value(b, "BLUE", 2);
	u = btf_build_union(b, NULL, 4);
	btf_build_member(b, "lo", u8, 0, 0);
	btf_build_member(b, "all", u32, 0, 0);
	*id = btf_build_struct(b, "s", 20);
	btf_build_member(b, "a", i, 0, 0);
	btf_build_member(b, "name", text, 32, 0);
	btf_build_member(b, NULL, u, 64, 0);
	btf_build_member(b, "on", on, 96, 0);
	btf_build_member(b, "e", e, 104, 4);
	btf_build_member(b, "n", s8, 108, 4);
	btf_build_member(b, "v", vec, 112, 0);
	return parse(b);
}

static const uint8_t bytes[20] = {
	0xff, 0xff, 0xff, 0xff, 'h', 'i', 0, 0, 0x34, 0x12, 0, 0, 1, 0xe2, 7, 0, 8, 0, 0, 0,
};

static void json_has_the_names_of_c(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct btf_value v = { .data = bytes, .size = sizeof(bytes) };
	struct btf *btf = sample(&v.type_id);

	v.btf = btf;
	assert_int_equal(btf_show_json(&sb, &v), 0);
	assert_string_equal(strbuf_str(&sb),
			    "{\"a\":-1,\"name\":\"hi\",\"lo\":52,\"all\":4660,\"on\":true,"
			    "\"e\":\"BLUE\",\"n\":-2,\"v\":[7,8]}");
	strbuf_deinit(&sb);
	btf_free(btf);
}

static void text_is_the_kernels(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct btf_value v = { .data = bytes, .size = sizeof(bytes) };
	struct btf *btf = sample(&v.type_id);

	v.btf = btf;
	assert_int_equal(btf_show_text(&sb, &v, BTF_F_COMPACT), 0);
	assert_string_equal(strbuf_str(&sb),
			    "(struct s){.a = (int)-1,.name = (char[])['h','i',],(union){.lo = "
			    "(u8)52,.all = (u32)4660,},.on = (bool)1,.e = (enum e)0x2,.n = "
			    "(s8)0xe,.v = (u16[])[7,8,],}");
	strbuf_deinit(&sb);
	btf_free(btf);
}

static void fewer_bytes_than_the_type_are_a_fault(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct btf_value v = { .data = bytes };
	struct btf *btf = sample(&v.type_id);
	char *tight;

	v.btf = btf;
	for (v.size = 0; v.size < 18; v.size++) {
		tight = malloc(v.size + !v.size); /* for ASan */
		memcpy(tight, bytes, v.size);
		v.data = tight;
		assert_int_equal(btf_show_text(&sb, &v, BTF_F_ZERO), -EFAULT);
		assert_int_equal(btf_show_json(&sb, &v), -EFAULT);
		free(tight);
	}
	strbuf_deinit(&sb);
	btf_free(btf);
}

/* 2^32 - 1 structs of no bytes, and 200 structs in one another. */
static void values_without_end_are_refused(void **state)
{
	struct btf_build *b = btf_build_new();
	struct strbuf sb = STRBUF_INIT;
	struct btf_value v = { .data = bytes, .size = sizeof(bytes) };
	uint32_t i, empty, many, deep;
	struct btf *btf;

	i = btf_build_int(b, "int", 4, 0);
	empty = btf_build_struct(b, "empty", 0);
	many = btf_build_array(b, empty, i, ~0u);
	deep = i;
	for (i = 0; i < 200; i++) {
		uint32_t below = deep;

		deep = btf_build_struct(b, NULL, 4);
		btf_build_member(b, i % 2 ? "m" : NULL, below, 0, 0);
	}
	v.btf = btf = parse(b);
	v.type_id = many;
	assert_int_equal(btf_show_text(&sb, &v, BTF_F_ZERO), -E2BIG);
	assert_int_equal(btf_show_text(&sb, &v, 0), -E2BIG);
	assert_int_equal(btf_show_json(&sb, &v), -E2BIG);
	v.type_id = deep;
	assert_int_equal(btf_show_text(&sb, &v, BTF_F_ZERO), -E2BIG);
	assert_int_equal(btf_show_json(&sb, &v), -E2BIG);
	v.type_id = 0;
	assert_int_equal(btf_show_json(&sb, &v), -EINVAL);
	strbuf_deinit(&sb);
	btf_free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_the_names_of_c),
		cmocka_unit_test(text_is_the_kernels),
		cmocka_unit_test(fewer_bytes_than_the_type_are_a_fault),
		cmocka_unit_test(values_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
