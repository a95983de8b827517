/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem_free_late() of the hostile build: late readers meet poison, late writers are found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hostile.h"

enum { BYTES = 200 };

/* What is freed next pushes out what was freed TUNE_LATE_BLOCKS ago. */
static void push_out(void)
{
	for (int i = 0; i < TUNE_LATE_BLOCKS; i++)
		mem_free_late(malloc(BYTES));
}

static void late_readers_meet_poison(void **state)
{
	volatile uint8_t *p = malloc(BYTES);

	(void)state;
	assert_non_null(p);
	p[0] = p[BYTES - 1] = 1;
	mem_free_late((void *)p);
	for (int i = 0; i < 100; i++) {
		void *other = malloc(BYTES);

		assert_ptr_not_equal(other, p);
		free(other);
	}
	assert_int_equal(p[0], MEM_POISON);
	assert_int_equal(p[BYTES - 1], MEM_POISON);
	push_out();
	mem_free_late(NULL);
}

static void late_writers_are_found(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		volatile uint8_t *p = malloc(BYTES);

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		signal(SIGABRT, SIG_DFL);
		close(2);
		mem_free_late((void *)p);
		p[100] = 0;
		push_out();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_readers_meet_poison),
		cmocka_unit_test(late_writers_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
