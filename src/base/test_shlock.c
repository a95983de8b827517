/* SPDX-License-Identifier: BSD-2-Clause */
/* Two processes exclude one another; a lock whose owner was killed is recovered and says so. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/shlock.h"

enum { ROUNDS = 20000 };

struct shared {
	struct shlock lock;
	uint64_t count;
	uint32_t held;
};

static struct shared *shared_new(void)
{
	void *mem = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	return mem;
}

static void count_up(struct shared *s)
{
	for (int i = 0; i < ROUNDS; i++) {
		shlock_lock(&s->lock);
		s->count++;
		shlock_unlock(&s->lock);
	}
}

static void processes_exclude_one_another(void **state)
{
	struct shared *s = shared_new();
	pid_t child = fork();

	if (!child) {
		count_up(s);
		_exit(0);
	}
	count_up(s);
	waitpid(child, NULL, 0);
	assert_int_equal(s->count, 2 * ROUNDS);
	munmap(s, sizeof(*s));
}

static void dead_owner_is_recovered(void **state)
{
	struct shared *s = shared_new();
	pid_t child = fork();

	if (!child) {
		shlock_lock(&s->lock);
		__atomic_store_n(&s->held, 1, __ATOMIC_RELEASE);
		for (;;)
			pause();
	}
	while (!__atomic_load_n(&s->held, __ATOMIC_ACQUIRE))
		usleep(100);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(shlock_lock(&s->lock), SHLOCK_RECOVERED);
	shlock_unlock(&s->lock);
	assert_int_equal(shlock_lock(&s->lock), SHLOCK_TAKEN);
	munmap(s, sizeof(*s));
}

/* Whoever waits for a killed child's lock may be the one who ought to wait for the child. */
static void owner_that_is_a_zombie_is_dead(void **state)
{
	struct shared *s = shared_new();
	pid_t child = fork();
	siginfo_t info;

	if (!child) {
		shlock_lock(&s->lock);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(shlock_lock(&s->lock), SHLOCK_RECOVERED);
	waitpid(child, NULL, 0);
	munmap(s, sizeof(*s));
}

static void wait_for_an_owner_who_never_was_ends(void **state)
{
	struct shlock lock = { (uint32_t)getppid() };

	assert_int_equal(shlock_lock_within(&lock, 20), SHLOCK_TIMEOUT);
	lock.owner = UINT32_MAX;
	assert_int_not_equal(shlock_lock_within(&lock, 20), SHLOCK_TAKEN);
}

static void trying_never_waits(void **state)
{
	struct shared *s = shared_new();
	pid_t child;
	int status;

	assert_true(shlock_try(&s->lock));
	assert_false(shlock_try(&s->lock));
	child = fork();
	if (!child)
		_exit(shlock_try(&s->lock));
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	shlock_unlock(&s->lock);
	child = fork();
	if (!child)
		_exit(!shlock_try(&s->lock)); /* and dies with it */
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_true(shlock_try(&s->lock));
	munmap(s, sizeof(*s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_exclude_one_another),
		cmocka_unit_test(dead_owner_is_recovered),
		cmocka_unit_test(owner_that_is_a_zombie_is_dead),
		cmocka_unit_test(wait_for_an_owner_who_never_was_ends),
		cmocka_unit_test(trying_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
