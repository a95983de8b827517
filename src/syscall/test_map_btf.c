/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps whose value type has special fields: what the engine does not model, it refuses to hold. */
#include "syscall/test_twin.h"

#include <stdlib.h>

#include "btf/build.h"

/* struct value { POINTEE *p; }, the pointer tagged as TAG; type 1 is the key's. */
static int load_btf(enum side side, const char *tag, const char *pointee, uint32_t *value)
{
	struct btf_build *b = btf_build_new();
	union bpf_attr attr = { 0 };
	uint32_t type, size;
	void *blob;
	int fd;

	assert_non_null(b);
	assert_int_equal(btf_build_int(b, "int", 4, 0), 1);
	type = btf_build_struct(b, pointee, 0);
	type = btf_build_ptr(b, btf_build_ref(b, BTF_KIND_TYPE_TAG, tag, type));
	*value = btf_build_struct(b, "value", 8);
	btf_build_member(b, "p", type, 0, 0);
	assert_int_equal(btf_build_finish(b, &blob, &size), 0);
	attr.btf = (uintptr_t)blob;
	attr.btf_size = size;
	fd = twin_bpf(side, BPF_BTF_LOAD, &attr, sizeof(attr));
	free(blob);
	btf_build_free(b);
	assert_true(fd >= 0);
	return fd;
}

static int make_map(enum side side, const char *tag, const char *pointee)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
				.max_entries = 1, .btf_key_type_id = 1 };
	uint32_t value;
	int btf = load_btf(side, tag, pointee, &value), fd;

	attr.btf_fd = (uint32_t)btf;
	attr.btf_value_type_id = value;
	fd = twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
	close(btf);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* A pointer to a type of the kernel's is a field that programs must not touch as bytes. */
static void test_kptr_is_refused(void **state)
{
	assert_int_equal(make_map(ENGINE, "kptr_untrusted", "task_struct"), -EOPNOTSUPP);
	assert_int_equal(make_map(ENGINE, "kptr", "task_struct"), -EOPNOTSUPP);
	if (twin_kernel_allowed())
		assert_int_equal(make_map(KERNEL, "kptr", "task_struct"), 0);
}

/* Any other tag means nothing. */
static void test_other_tag_is_plain(void **state)
{
	assert_int_equal(make_map(ENGINE, "user", "task_struct"), 0);
	if (twin_kernel_allowed())
		assert_int_equal(make_map(KERNEL, "user", "task_struct"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(test_kptr_is_refused),
		TWIN_TEST(test_other_tag_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
