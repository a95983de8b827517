/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: every command treats the size of its attr, the bytes behind its last field and the bytes
 * behind all we know as Linux 6.18 does. Method: the same attr to the engine and to the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "syscall/test_twin.h"

#define ATTR_ROOM 8192

struct row {
	const char *name;
	int num;
	uint32_t last_end;
	bool done;
};

/* clang-format off */
#define ATTR_END(field) (uint32_t)(offsetof(union bpf_attr, field) + \
				   sizeof(((union bpf_attr *)0)->field))
#define DONE_done true
#define DONE_refused false
#define DONE_later false
#define COMMAND(num, name, handler, status, last) { #name, num, ATTR_END(last), DONE_##status },
static const struct row rows[] = {
#include "tbl/commands.h"
};
/* clang-format on */

#define for_each_row(row) for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++)

/* An attr that no command takes: every fd is -1, every id the greatest. */
static uint8_t *hopeless(void)
{
	static uint8_t bytes[ATTR_ROOM] __attribute__((aligned(8)));

	memset(bytes, 0, sizeof(bytes));
	return bytes;
}

static void byte_behind_last_field_is_einval(void **state)
{
	for_each_row(row) {
		uint8_t *attr = hopeless();

		if (row->last_end >= sizeof(union bpf_attr))
			continue;
		attr[row->last_end] = 1;
		assert_int_equal(skep_bpf(twin_engine, row->num, attr, sizeof(union bpf_attr)),
				 -EINVAL);
	}
}

static void nonzero_tail_is_e2big_and_zero_tail_is_not(void **state)
{
	for_each_row(row) {
		uint8_t *attr = hopeless();
		int plain, tailed;

		attr[3] = 0x80; /* no map type, no program type; as an fd, negative */
		plain = skep_bpf(twin_engine, row->num, attr, sizeof(union bpf_attr));
		tailed = skep_bpf(twin_engine, row->num, attr, sizeof(union bpf_attr) + 64);
		assert_int_equal(plain, tailed);
		assert_true(plain < 0);
		attr[sizeof(union bpf_attr) + 63] = 1;
		tailed = skep_bpf(twin_engine, row->num, attr, sizeof(union bpf_attr) + 64);
		assert_int_equal(tailed, -E2BIG);
	}
}

static void more_than_a_page_is_e2big(void **state)
{
	for_each_row(row) {
		uint8_t *attr = hopeless();

		assert_int_equal(skep_bpf(twin_engine, row->num, attr, 4097), -E2BIG);
		if (row->num == BPF_PROG_LOAD)
			attr[4] = 1; /* no instruction is E2BIG as well */
		assert_int_not_equal(skep_bpf(twin_engine, row->num, attr, 4096), -E2BIG);
	}
}

static void attr_that_cannot_be_read_is_efault(void **state)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *near_end = page + 4096 - 8;

	mprotect(page + 4096, 4096, PROT_NONE);
	for_each_row(row) {
		assert_int_equal(skep_bpf(twin_engine, row->num, NULL, 16), -EFAULT);
		assert_int_equal(skep_bpf(twin_engine, row->num, (void *)8, 16), -EFAULT);
		assert_int_equal(skep_bpf(twin_engine, row->num, (void *)(UINTPTR_MAX / 2), 16),
				 -EFAULT);
		assert_int_equal(skep_bpf(twin_engine, row->num, near_end, 16), -EFAULT);
		/* The tail is looked at first. */
		assert_int_equal(skep_bpf(twin_engine, row->num, near_end,
					  sizeof(union bpf_attr) + 8),
				 -EFAULT);
	}
	munmap(page, 8192);
}

static void unknown_commands_are_einval(void **state)
{
	static const int unknown[] = { -1, 38, 1000, 1 << 16, 1 << 16 | 5, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(skep_bpf(twin_engine, unknown[i], hopeless(), 64), -EINVAL);
	for_each_row(row)
		if (!row->done)
			assert_int_equal(skep_bpf(twin_engine, row->num, hopeless(), 64), -EINVAL);
}

/* One byte of the attr set, any: what the kernel says is what we say. */
static void one_byte_attrs_get_the_kernels_errno(void **state)
{
	int compared = 0;

	if (!twin_kernel_allowed())
		skip();
	for_each_row(row) {
		if (!row->done || row->num == BPF_MAP_CREATE || row->num == BPF_BTF_LOAD ||
		    row->num == BPF_BTF_GET_NEXT_ID || row->num == BPF_BTF_GET_FD_BY_ID)
			continue; /* they succeed, or tell of what else is on the machine */
		for (size_t at = 0; at < sizeof(union bpf_attr); at++) {
			uint8_t *attr = hopeless();
			int engine, kernel;

			attr[0] = 0xff; /* fd or id 255: not there */
			attr[at] = 0xff;
			engine = skep_bpf(twin_engine, row->num, attr, sizeof(union bpf_attr));
			kernel = twin_bpf(KERNEL, row->num, attr, sizeof(union bpf_attr));
			if (engine != kernel && !(engine == -ENOENT && kernel >= 0))
				fail_msg("%s, byte %zu: engine %d, kernel %d", row->name, at,
					 engine, kernel);
			if (kernel >= 0)
				continue;
			compared++;
		}
	}
	assert_true(compared > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(byte_behind_last_field_is_einval),
		TWIN_TEST(nonzero_tail_is_e2big_and_zero_tail_is_not),
		TWIN_TEST(more_than_a_page_is_e2big),
		TWIN_TEST(attr_that_cannot_be_read_is_efault),
		TWIN_TEST(unknown_commands_are_einval),
		TWIN_TEST(one_byte_attrs_get_the_kernels_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
