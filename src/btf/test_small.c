/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the small base BTF is valid, and where the running kernel has a struct of the same name its
 * size and its members' offsets and sizes are the kernel's. SKIP of that part where it has no BTF.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "btf/btf.h"
#include "btf/small.h"

static void it_is_valid_as_program_btf_too(void **state)
{
	struct btf *btf;
	uint32_t size;
	void *blob;

	assert_int_equal(btf_small_blob(&blob, &size), 0);
	assert_int_equal(btf_parse(blob, size, NULL, NULL, &btf), 0);
	assert_true(btf_find_by_name_kind(btf, "__sk_buff", BTF_KIND_STRUCT) > 0);
	assert_true(btf_find_by_name_kind(btf, "xdp_md", BTF_KIND_STRUCT) > 0);
	assert_true(btf_find_by_name_kind(btf, "bpf_user_pt_regs_t", BTF_KIND_TYPEDEF) > 0);
	assert_true(btf_find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) < 0);
	btf_free(btf);
	free(blob);
}

static void compare_members(const struct btf *a, const struct btf_type *s, const struct btf *k,
			    const struct btf_type *ks)
{
	uint32_t i, a_id, k_id, off, k_off, size, k_size;

	for (i = 0; i < btf_vlen(s); i++) {
		const struct btf_member *m = &btf_members(s)[i];
		const char *name = btf_name_by_offset(a, m->name_off);

		if (!*name)
			continue;
		assert_int_equal(btf_find_member_deep(a, s, name, &off, &a_id), 0);
		if (btf_find_member_deep(k, ks, name, &k_off, &k_id)) {
			fail_msg("the kernel has no %s", name);
			return;
		}
		if (off != k_off)
			fail_msg("%s is at bit %u, not %u", name, k_off, off);
		assert_non_null(btf_type_id_size(a, &a_id, &size));
		assert_non_null(btf_type_id_size(k, &k_id, &k_size));
		if (size != k_size)
			fail_msg("%s has %u bytes, not %u", name, k_size, size);
	}
}

static void it_agrees_with_the_kernel(void **state)
{
	struct btf *small, *kernel;
	unsigned n = 0;
	uint32_t id;

	if (btf_load_base(NULL, &kernel)) {
		print_message("SKIP: this machine has no BTF\n");
		skip();
	}
	assert_int_equal(btf_small_new(&small), 0);
	for (id = 1; id < small->nr_types; id++) {
		const struct btf_type *s = btf_type_by_id(small, id), *ks;
		const char *name = btf_name_by_offset(small, s->name_off);
		int32_t k_id;

		if (!btf_is_struct_only(s) || !*name)
			continue;
		k_id = btf_find_by_name_kind(kernel, name, BTF_KIND_STRUCT);
		if (k_id < 0) {
			print_message("the kernel has no struct %s\n", name);
			continue;
		}
		ks = btf_type_by_id(kernel, (uint32_t)k_id);
		if (s->size != ks->size)
			fail_msg("%s has %u bytes, not %u", name, ks->size, s->size);
		compare_members(small, s, kernel, ks);
		n++;
	}
	print_message("%u structs agree\n", n);
	assert_true(n >= 20);
	btf_free(small);
	btf_free(kernel);
}

static void every_failed_allocation_is_survived(void **state)
{
	struct btf *btf = NULL;
	uint32_t i;
	int err = -1;

	for (i = 1; err; i++) {
		mem_fail_at = i;
		err = btf_small_new(&btf);
	}
	mem_fail_at = 0;
	assert_true(i > 5);
	btf_free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_valid_as_program_btf_too),
		cmocka_unit_test(it_agrees_with_the_kernel),
		cmocka_unit_test(every_failed_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
