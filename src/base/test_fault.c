/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: faults in registered code are fixed up; others reach the handler that was there before. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"

static char *page;
static int passed_on, fixed;

static void allow(void)
{
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void older_handler(int sig)
{
	passed_on++;
	allow();
}

static bool fix_it(struct fault_range *range, uintptr_t pc, void *ucontext)
{
	fixed++;
	allow();
	return true;
}

static bool give_up(struct fault_range *range, uintptr_t pc, void *ucontext)
{
	return false;
}

static void poke(void)
{
	mprotect(page, 4096, PROT_NONE);
	*(volatile char *)page = 1;
}

static struct fault_range everything = { .start = 0, .end = UINTPTR_MAX, .fixup = fix_it };
static struct fault_range nothing = { .start = 0, .end = UINTPTR_MAX, .fixup = give_up };

static void fault_in_range_is_fixed_up_and_others_pass(void **state)
{
	int status;
	pid_t pid;

	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	signal(SIGSEGV, older_handler);
	signal(SIGBUS, SIG_DFL);
	assert_int_equal(fault_range_add(&nothing), 0);
	poke();
	assert_int_equal(passed_on, 1);
	assert_int_equal(fault_range_add(&everything), 0);
	poke();
	assert_int_equal(fixed, 1);
	assert_int_equal(passed_on, 1);
	fault_range_del(&everything);
	poke();
	assert_int_equal(fixed, 1);
	assert_int_equal(passed_on, 2);
	fault_range_del(&nothing);

	/* And where nobody was before, the signal kills as ever. */
	pid = fork();
	if (!pid) {
		raise(SIGBUS);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_in_range_is_fixed_up_and_others_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
