/* SPDX-License-Identifier: BSD-2-Clause */
/* One after another in the same process: what libbpf keeps of the first is not the second's ruin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/libbpf.h>

#include "tool/kernel_types.h"
#include "vmlinux.h"

static void several_one_after_another(void **state)
{
	(void)state;
	if (access(VMLINUX_BTF_PATH, R_OK))
		skip();
	for (int i = 0; i < 20; i++) {
		struct kernel_types *types = kernel_types_new();

		assert_non_null(types);
		assert_non_null(kernel_types_options(types));
		assert_null(kernel_types_free(types));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(several_one_after_another) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
