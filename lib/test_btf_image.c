/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel's BTF read in place: against libbpf's reading of the same, on one made here and on the
 * running kernel's own, also as vmlinux.h keeps it; and damaged in every byte of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/btf.h>

#include "btf_image.h"
#include "vmlinux.h"

#define STRUCTS (1u << BTF_KIND_STRUCT)

/* struct inner { long a; }; struct outer { struct inner *next; const inner_t in[3]; enum e e; }; and noise. */
static struct btf *make(void)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED), inner, type, pointer, array, e;

	btf__add_struct(btf, "unrelated", 8);
	btf__add_field(btf, "x", number, 0, 0);
	inner = btf__add_struct(btf, "inner", 8);
	btf__add_field(btf, "a", number, 0, 0);
	pointer = btf__add_ptr(btf, inner);
	type = btf__add_const(btf, btf__add_typedef(btf, "inner_t", inner));
	array = btf__add_array(btf, number, type, 3);
	e = btf__add_enum(btf, "e", 4);
	btf__add_enum_value(btf, "E_ONE", 1);
	btf__add_struct(btf, "outer", 40);
	btf__add_field(btf, "next", pointer, 0, 0);
	btf__add_field(btf, "in", array, 64, 0);
	btf__add_field(btf, "e", e, 256, 0);
	btf__add_typedef(btf, "btf_trace_x", pointer);
	assert_int_equal(btf__add_func(btf, "inner", BTF_FUNC_STATIC, btf__add_func_proto(btf, 0)),
			 12);
	return btf;
}

static struct btf *extract(const struct btf_image *image, const char *name)
{
	struct btf_wanted wanted = { .name = name, .kinds = STRUCTS };
	struct btf_match *matches;
	uint32_t n = btf_image_find(image, &wanted, 1, &matches);
	struct buffer out = { 0 };
	struct btf *small = NULL;

	if (n && btf_image_extract(image, matches, n, &out) == 0) {
		small = btf__new(out.data, (uint32_t)out.bytes);
		assert_non_null(small);
	}
	buffer_deinit(&out);
	free(matches);
	return small;
}

static const struct btf_type *by_name(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
}

static void assert_same_struct(const struct btf *a, const struct btf *b, const char *name)
{
	const struct btf_type *x = by_name(a, name), *y = by_name(b, name);

	assert_non_null(x);
	assert_non_null(y);
	assert_int_equal(x->size, y->size);
	assert_int_equal(x->info, y->info);
	for (uint32_t i = 0; i < btf_vlen(x); i++) {
		const struct btf_member *m = btf_members(x) + i, *n = btf_members(y) + i;

		assert_string_equal(btf__name_by_offset(a, m->name_off),
				    btf__name_by_offset(b, n->name_off));
		assert_int_equal(m->offset, n->offset);
		assert_int_equal(btf_kind(btf__type_by_id(a, m->type)),
				 btf_kind(btf__type_by_id(b, n->type)));
		assert_int_equal(btf__resolve_size(a, m->type), btf__resolve_size(b, n->type));
	}
}

static void finds_types_by_name_and_kind(void **state)
{
	static const struct btf_wanted wanted[] = {
		{ "btf_trace_x", 1u << BTF_KIND_TYPEDEF },
		{ "inner", STRUCTS | 1u << BTF_KIND_FUNC },
		{ "absent", STRUCTS },
		{ "outer", 1u << BTF_KIND_UNION },
	};
	struct btf *btf = make();
	struct btf_image image;
	struct btf_match *matches;
	const void *raw;
	uint32_t bytes;

	(void)state;
	raw = btf__raw_data(btf, &bytes);
	assert_int_equal(btf_image_open(&image, raw, bytes), 0);
	assert_int_equal(image.n, btf__type_cnt(btf));
	assert_int_equal(btf_image_find(&image, wanted, 4, &matches), 3);
	assert_int_equal(matches[0].which, 1);
	assert_int_equal(matches[0].id, btf__find_by_name_kind(btf, "inner", BTF_KIND_STRUCT));
	assert_int_equal(matches[1].which, 0);
	assert_int_equal(matches[1].id,
			 btf__find_by_name_kind(btf, "btf_trace_x", BTF_KIND_TYPEDEF));
	assert_int_equal(matches[2].id, 12);
	free(matches);
	assert_int_equal(btf_image_id(&image, "inner", 1u << BTF_KIND_FUNC), 12);
	assert_int_equal(btf_image_id(&image, "outer", STRUCTS),
			 btf__find_by_name_kind(btf, "outer", BTF_KIND_STRUCT));
	assert_int_equal(btf_image_id(&image, "outer", 1u << BTF_KIND_UNION), -ENOENT);
	assert_string_equal(btf_image_name(&image, btf_image_type(&image, 12)->name_off), "inner");
	assert_string_equal(btf_image_name(&image, image.strings_bytes), "");
	btf_image_close(&image);
	btf__free(btf);
}

static void extracts_a_struct_and_what_it_is_made_of(void **state)
{
	struct btf *btf = make(), *small;
	struct btf_image image;
	const void *raw;
	uint32_t bytes;

	(void)state;
	raw = btf__raw_data(btf, &bytes);
	assert_int_equal(btf_image_open(&image, raw, bytes), 0);
	small = extract(&image, "outer");
	assert_non_null(small);
	assert_same_struct(btf, small, "outer");
	assert_same_struct(btf, small, "inner");
	assert_null(by_name(small, "unrelated"));
	/* outer, pointer, array, enum, const, typedef, inner, long */
	assert_int_equal(btf__type_cnt(small), 9);
	btf__free(small);
	btf_image_close(&image);
	btf__free(btf);
}

static void damage_is_refused_or_harmless(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct btf *btf = make();
	uint32_t bytes, refused = 0;
	const void *whole = btf__raw_data(btf, &bytes);
	struct btf_match root = { .id = 10 };
	struct btf_image image;

	(void)state;
	for (uint32_t at = 0; at < bytes * sizeof(values); at++) {
		uint8_t *copy = malloc(
			bytes); /* of its very size: an address sanitizer sees what is past it */
		struct buffer out = { 0 };

		memcpy(copy, whole, bytes);
		copy[at / sizeof(values)] = values[at % sizeof(values)];
		if (btf_image_open(&image, copy, bytes) == 0) {
			root.id = at % (image.n + 1);
			refused += btf_image_extract(&image, &root, 1, &out) != 0;
			btf_image_close(&image);
		} else {
			refused++;
		}
		buffer_deinit(&out);
		free(copy);
	}
	assert_true(refused > bytes / 4);
	for (uint32_t n = 0; n < bytes; n++) {
		uint8_t *copy = malloc(n + 1);

		memcpy(copy, whole, n);
		assert_true(btf_image_open(&image, copy, n) < 0);
		free(copy);
	}
	btf__free(btf);
}

/* All that libbpf relocates against, of the kernel this runs on. */
static void reads_the_running_kernel_as_libbpf_does(void **state)
{
	static const char *const names[] = { "task_struct", "sock",    "tcp_sock",
					     "cgroup",	    "request", "pt_regs" };
	struct btf *btf = btf__load_vmlinux_btf(), *small;
	struct btf_image image;
	const void *raw;
	uint32_t bytes;

	(void)state;
	if (!btf) {
		print_message("no " VMLINUX_BTF_PATH ": left out\n");
		skip();
	}
	raw = btf__raw_data(btf, &bytes);
	assert_int_equal(btf_image_open(&image, raw, bytes), 0);
	assert_int_equal(image.n, btf__type_cnt(btf));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		small = extract(&image, names[i]);
		assert_non_null(small);
		assert_same_struct(btf, small, names[i]);
		assert_true(btf__type_cnt(small) < image.n / 10);
		btf__free(small);
	}
	btf_image_close(&image);
	btf__free(btf);
}

static void the_kernels_types_are_read_once_until_forgotten(void **state)
{
	const struct btf_image *first, *again;
	int id, rc;

	(void)state;
	rc = vmlinux_types(&first);
	if (rc) {
		print_message(VMLINUX_BTF_PATH ": %s: left out\n", strerror(-rc));
		skip();
	}
	id = btf_image_id(first, "task_struct", STRUCTS);
	assert_true(id > 0);
	assert_int_equal(vmlinux_types(&again), 0);
	assert_ptr_equal(again->offsets, first->offsets);
	vmlinux_forget();
	vmlinux_forget();
	assert_int_equal(vmlinux_types(&again), 0);
	assert_int_equal(btf_image_id(again, "task_struct", STRUCTS), id);
	vmlinux_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_types_by_name_and_kind),
		cmocka_unit_test(extracts_a_struct_and_what_it_is_made_of),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(reads_the_running_kernel_as_libbpf_does),
		cmocka_unit_test(the_kernels_types_are_read_once_until_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
