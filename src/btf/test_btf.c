/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: lookups, sizes, tags, fields and program info over graphs made with the builder. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "btf/btf.h"
#include "btf/build.h"
#include "btf/fields.h"
#include "btf/prog_info.h"

static void __printf_like(2, 0) sink(void *cookie, const char *fmt, va_list args)
{
	strbuf_vaddf(cookie, fmt, args);
}

static struct btf *parse(struct btf_build *b)
{
	struct btf *btf = NULL;
	uint32_t size;
	void *blob;

	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	assert_int_equal(btf_parse(blob, size, NULL, NULL, &btf), 0);
	assert_int_equal(btf->data_size, size);
	assert_memory_equal(btf->data, blob, size);
	free(blob);
	btf_build_free(b);
	return btf;
}

/* int=1 u64=2 ptr-to-const-int=4 typedef=5 array=6 inner union=7 outer=8 */
static struct btf *sample(void)
{
	struct btf_build *b = btf_build_new();
	uint32_t id;

	btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	btf_build_int(b, "u64", 8, 0);
	id = btf_build_ref(b, BTF_KIND_CONST, NULL, 1);
	btf_build_ptr(b, id);
	btf_build_ref(b, BTF_KIND_TYPEDEF, "counter_t", 2);
	btf_build_array(b, 5, 1, 3);
	btf_build_union(b, NULL, 8);
	btf_build_member(b, "wide", 5, 0, 0);
	btf_build_member(b, "narrow", 1, 0, 0);
	btf_build_struct(b, "outer", 48);
	btf_build_member(b, "p", 4, 0, 0);
	btf_build_member(b, NULL, 7, 64, 0);
	btf_build_member(b, "counts", 6, 128, 0);
	btf_build_member(b, "flag", 1, 320, 3);
	return parse(b);
}

static void names_find_the_lowest_id_of_a_kind(void **state)
{
	struct btf *btf = sample();

	assert_int_equal(btf_find_by_name_kind(btf, "outer", BTF_KIND_STRUCT), 8);
	assert_int_equal(btf_find_by_name_kind(btf, "outer", BTF_KIND_UNION), -ENOENT);
	assert_int_equal(btf_find_by_name_kind(btf, "out", BTF_KIND_STRUCT), -ENOENT);
	assert_null(btf_type_by_id(btf, 9));
	assert_true(btf_is_void(btf_type_by_id(btf, 0)));
	assert_string_equal(btf_name_or_anon(btf, 1u << 20), "(invalid-name-offset)");
	assert_null(btf_name_by_offset(btf, btf->str_len));
	btf_free(btf);
}

/* Above the threshold an index answers; below, a walk. Both must say the same. */
static void the_name_index_equals_a_walk(void **state)
{
	struct btf_build *b = btf_build_new();
	struct btf *btf;
	char name[16];
	uint32_t i, id;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%u", i % 400);
		if (i % 3)
			btf_build_struct(b, name, i);
		else
			btf_build_union(b, name, i);
	}
	btf = parse(b);
	for (i = 0; i < 400; i++) {
		int32_t want = -ENOENT;

		snprintf(name, sizeof(name), "t%u", i);
		for (id = 999; id > 0; id--)
			if (btf_is_struct_only(btf->types[id]) &&
			    !strcmp(btf_name_by_offset(btf, btf->types[id]->name_off), name))
				want = (int32_t)id;
		assert_int_equal(btf_find_by_name_kind(btf, name, BTF_KIND_STRUCT), want);
	}
	assert_non_null(btf->names);
	btf_free(btf);
}

static void sizes_go_through_modifiers_and_arrays(void **state)
{
	struct btf *btf = sample();
	const struct btf_type *elem;
	uint32_t id = 5, size = 0, n = 0;

	assert_true(btf_is_int(btf_type_id_size(btf, &id, &size)));
	assert_int_equal(id, 2);
	assert_int_equal(size, 8);
	id = 6;
	assert_true(btf_is_array(btf_type_id_size(btf, &id, &size)));
	assert_int_equal(size, 24);
	assert_non_null(btf_resolve_size(btf, btf_type_by_id(btf, 6), &size, &elem, &n));
	assert_int_equal(n, 3);
	assert_int_equal(size, 24);
	assert_true(btf_is_int(elem));
	id = 0;
	size = 77;
	assert_null(btf_type_id_size(btf, &id, &size));
	assert_int_equal(size, 77);
	assert_true(btf_is_int(btf_resolve_ptr(btf, 4, &id)));
	assert_int_equal(id, 1);
	btf_free(btf);
}

/* The same answers from a base BTF, which has no resolved tables. */
static void a_base_btf_answers_alike(void **state)
{
	struct btf *btf = sample(), *base;
	uint32_t id;

	assert_int_equal(btf_parse_base(btf->data, btf->data_size, NULL, &base), 0);
	for (id = 0; id < btf->nr_types + 1; id++) {
		uint32_t a = id, b = id, as = 0, bs = 0;
		const struct btf_type *at = btf_type_id_size(btf, &a, &as);
		const struct btf_type *bt = btf_type_id_size(base, &b, &bs);

		assert_int_equal(!at, !bt);
		assert_int_equal(a, b);
		assert_int_equal(as, bs);
	}
	btf_free(base);
	btf_free(btf);
}

/* A base is not resolved, but its modifiers must end. */
static void a_base_btf_has_no_ring_of_modifiers(void **state)
{
	struct btf_build *b = btf_build_new();
	struct btf *btf = NULL;
	uint32_t size;
	void *blob;

	btf_build_ref(b, BTF_KIND_CONST, NULL, 2);
	btf_build_ref(b, BTF_KIND_VOLATILE, NULL, 1);
	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	assert_int_equal(btf_parse_base(blob, size, NULL, &btf), -ELOOP);
	assert_int_equal(btf_parse(blob, size, NULL, NULL, &btf), -EEXIST);
	free(blob);
	btf_build_free(b);
}

static void members_are_found_in_anonymous_unions(void **state)
{
	struct btf *btf = sample();
	const struct btf_type *s = btf_type_by_id(btf, 8);
	uint32_t off, type;

	assert_null(btf_find_member(btf, s, "narrow"));
	assert_int_equal(btf_find_member_deep(btf, s, "narrow", &off, &type), 0);
	assert_int_equal(off, 64);
	assert_int_equal(type, 1);
	assert_int_equal(btf_find_member_deep(btf, s, "none", &off, &type), -ENOENT);
	assert_int_equal(btf_member_bitfield_size(s, btf_find_member(btf, s, "flag")), 3);
	assert_false(btf_member_is_reg_int(btf, s, btf_find_member(btf, s, "flag"), 40, 4));
	btf_free(btf);
}

/* 40 levels of a union that holds the one below twice: 2^40 paths. */
static void the_search_for_members_is_bounded(void **state)
{
	struct btf_build *b = btf_build_new();
	uint32_t i, off, type, id = btf_build_int(b, "int", 4, 0);
	struct btf *btf;

	for (i = 0; i < 31; i++) {
		uint32_t below = id;

		id = btf_build_union(b, NULL, 4);
		btf_build_member(b, i ? NULL : "x", below, 0, 0);
		btf_build_member(b, i ? NULL : "y", below, 0, 0);
	}
	btf = parse(b);
	assert_int_equal(btf_find_member_deep(btf, btf_type_by_id(btf, id), "z", &off, &type),
			 -ENOENT);
	btf_free(btf);
}

static void tags_are_found_by_target_and_argument(void **state)
{
	struct btf_build *b = btf_build_new();
	uint32_t proto, func;
	struct btf *btf;
	const char *value;

	btf_build_int(b, "int", 4, 1);
	proto = btf_build_proto(b, 1);
	btf_build_param(b, "a", 1);
	btf_build_param(b, "b", 1);
	func = btf_build_func(b, "f", BTF_FUNC_GLOBAL, proto);
	btf_build_decl_tag(b, "arg:ctx", func, 0);
	btf_build_decl_tag(b, "arg:nonnull", func, 1);
	btf_build_decl_tag(b, "arg:trusted", func, 1);
	btf = parse(b);
	assert_int_equal(btf_find_next_decl_tag(btf, func, 0, "arg:", 0), 4);
	assert_int_equal(btf_find_next_decl_tag(btf, func, 0, "arg:", 4), -ENOENT);
	assert_int_equal(btf_find_decl_tag_value(btf, func, 0, "arg:", &value), 0);
	assert_string_equal(value, "ctx");
	assert_int_equal(btf_find_decl_tag_value(btf, func, 1, "arg:", &value), -EEXIST);
	assert_int_equal(btf_find_decl_tag_value(btf, func, -1, "arg:", &value), -ENOENT);
	assert_ptr_equal(btf_func_proto(btf, func), btf_type_by_id(btf, proto));
	assert_null(btf_func_proto(btf, proto));
	btf_free(btf);
}

static void map_types_must_match_sizes(void **state)
{
	struct btf *btf = sample();
	struct btf_map_types m = { .key_id = 1, .key_size = 4, .value_id = 5, .value_size = 8 };
	const struct btf_type *key, *value;

	assert_int_equal(btf_map_resolve(btf, &m, &key, &value), 0);
	assert_int_equal(m.value_id, 2);
	assert_int_equal(btf_array_map_check(true, 9, key, value), 0);
	m.key_size = 8;
	assert_int_equal(btf_map_resolve(btf, &m, &key, &value), -EINVAL);
	m.key_id = 0;
	assert_int_equal(btf_map_resolve(btf, &m, &key, &value), 0);
	assert_true(btf_is_void(key));
	assert_int_equal(btf_array_map_check(true, 1, key, value), -EINVAL);
	btf_free(btf);
}

static void fields_have_offsets(void **state)
{
	struct btf_build *b = btf_build_new();
	uint32_t lock, timer, s;
	struct btf_record *rec = NULL;
	struct btf *btf;

	btf_build_int(b, "int", 4, 1);
	lock = btf_build_struct(b, "bpf_spin_lock", 4);
	timer = btf_build_struct(b, "bpf_timer", 16);
	s = btf_build_struct(b, "val", 32);
	btf_build_member(b, "x", 1, 0, 0);
	btf_build_member(b, "lock", lock, 32, 0);
	btf_build_member(b, "timer", timer, 64, 0);
	btf = parse(b);
	assert_non_null(btf_struct_record(btf, s));
	assert_int_equal(btf_struct_record(btf, s)->field_mask, BPF_SPIN_LOCK);
	assert_int_equal(btf_parse_fields(btf, NULL, s, BTF_MAP_VALUE_FIELDS, 32, &rec), 0);
	assert_int_equal(rec->cnt, 2);
	assert_int_equal(rec->spin_lock_off, 4);
	assert_int_equal(rec->timer_off, 8);
	assert_int_equal(rec->wq_off, -EINVAL);
	btf_record_free(rec);
	assert_int_equal(btf_parse_fields(btf, NULL, s, BPF_WORKQUEUE, 32, &rec), 0);
	assert_null(rec);
	assert_int_equal(btf_parse_fields(btf, NULL, s, BPF_TIMER, 16, &rec), -EFAULT);
	assert_int_equal(btf_parse_fields(btf, NULL, 1, BPF_TIMER, 4, &rec), -EINVAL);
	btf_free(btf);
}

/* ---- program info ---- */

static int read_mem(void *cookie, uint64_t off, void *dst, size_t n)
{
	memcpy(dst, (const char *)cookie + off, n);
	return 0;
}

static struct btf *with_funcs(void)
{
	struct btf_build *b = btf_build_new();
	uint32_t proto;

	btf_build_int(b, "int", 4, 1);
	proto = btf_build_proto(b, 1);
	btf_build_func(b, "main", BTF_FUNC_GLOBAL, proto);
	btf_build_func(b, "sub", BTF_FUNC_STATIC, proto);
	return parse(b);
}

static void lines_name_their_subprograms(void **state)
{
	struct btf *btf = with_funcs();
	struct bpf_func_info f[2] = { { 0, 3 }, { 2, 4 } };
	struct bpf_line_info l[3] = { { 0, 1, 1, 1 }, { 2, 1, 1, 2 }, { 3, 1, 1, 3 } };
	struct btf_subprog subs[2] = { { .start = 0 }, { .start = 2 } };
	const uint64_t insns[4] = { 0xb7, 0x95, 0xb7, 0x95 };
	struct btf_prog_code code = { insns, 4, subs, 2 };
	struct btf_records rf = { 2, 8, read_mem, f }, rl = { 3, 16, read_mem, l };
	struct strbuf sb = STRBUF_INIT;
	struct btf_log log = { 1, sink, &sb };
	struct btf_prog_info info = { 0 };
	uint32_t want;

	assert_int_equal(btf_read_funcs(btf, &rf, &log, &info, &want), 0);
	assert_int_equal(btf_check_funcs(btf, subs, 2, &log, &info), 0);
	assert_int_equal(info.linkage[1], BTF_FUNC_STATIC);
	assert_int_equal(btf_read_lines(btf, &rl, &code, &log, &info, &want), 0);
	assert_int_equal(subs[1].linfo_idx, 1);
	assert_int_equal(info.n_lines, 3);
	assert_string_equal(strbuf_str(&sb), "");

	free(info.lines);
	info.lines = NULL;
	l[1].insn_off = 1;
	assert_int_equal(btf_read_lines(btf, &rl, &code, &log, &info, &want), -EINVAL);
	assert_string_equal(strbuf_str(&sb), "missing bpf_line_info for func#1\n");
	strbuf_deinit(&sb);
	btf_prog_info_deinit(&info);
	btf_free(btf);
}

/* A count of 2^28 records costs no more than those that were good. */
static void announced_records_cost_nothing(void **state)
{
	struct btf *btf = with_funcs();
	struct bpf_func_info f[2] = { { 0, 3 }, { 0, 4 } };
	struct btf_records r = { 1u << 27, 8, read_mem, f };
	struct btf_prog_info info = { 0 };
	uint32_t want;

	assert_int_equal(btf_read_funcs(btf, &r, NULL, &info, &want), -EINVAL);
	r.cnt = 1u << 30;
	assert_int_equal(btf_read_funcs(btf, &r, NULL, &info, &want), -ENOMEM);
	btf_free(btf);
}

/* Every allocation of a parse with fields fails once; nothing leaks (under ASan) or crashes. */
static void every_failed_allocation_is_survived(void **state)
{
	struct btf_build *b = btf_build_new();
	uint32_t i, lock, size;
	struct btf *btf = NULL;
	int err = -ENOMEM;
	void *blob;

	lock = btf_build_struct(b, "bpf_spin_lock", 4);
	btf_build_struct(b, "val", 8);
	btf_build_member(b, "lock", lock, 0, 0);
	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	for (i = 1; err; i++) {
		mem_fail_at = i;
		err = btf_parse(blob, size, NULL, NULL, &btf);
		assert_true(!err || err == -ENOMEM);
	}
	mem_fail_at = 0;
	assert_true(i > 6);
	btf_free(btf);
	free(blob);
	btf_build_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_find_the_lowest_id_of_a_kind),
		cmocka_unit_test(the_name_index_equals_a_walk),
		cmocka_unit_test(sizes_go_through_modifiers_and_arrays),
		cmocka_unit_test(a_base_btf_answers_alike),
		cmocka_unit_test(a_base_btf_has_no_ring_of_modifiers),
		cmocka_unit_test(members_are_found_in_anonymous_unions),
		cmocka_unit_test(the_search_for_members_is_bounded),
		cmocka_unit_test(tags_are_found_by_target_and_argument),
		cmocka_unit_test(map_types_must_match_sizes),
		cmocka_unit_test(fields_have_offsets),
		cmocka_unit_test(lines_name_their_subprograms),
		cmocka_unit_test(announced_records_cost_nothing),
		cmocka_unit_test(every_failed_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
