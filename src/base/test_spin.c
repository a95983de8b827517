/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: the lock excludes, between threads and between processes. Method: plain increments under
 * it in memory shared by two processes of two threads each; one lost increment shows. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/spin.h"

enum { ROUNDS = 20000, WORKERS = 4 };

struct shared {
	struct spin lock;
	volatile uint64_t count;
};

static void *worker(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		spin_lock(&s->lock);
		s->count++;
		spin_unlock(&s->lock);
	}
	return NULL;
}

static void two_threads(struct shared *s)
{
	pthread_t other;

	if (pthread_create(&other, NULL, worker, s))
		abort();
	worker(s);
	pthread_join(other, NULL);
}

static void no_increment_is_lost(void **state)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int status;

	assert_ptr_not_equal(s, MAP_FAILED);
	child = fork();
	assert_true(child >= 0);
	two_threads(s);
	if (!child)
		_exit(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(s->count, WORKERS * ROUNDS);
	munmap(s, sizeof(*s));
}

static void a_held_lock_is_not_taken_again(void **state)
{
	struct spin lock = { 0 };

	assert_true(spin_trylock(&lock));
	assert_false(spin_trylock(&lock));
	spin_unlock(&lock);
	assert_true(spin_trylock(&lock));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_lock_is_not_taken_again),
		cmocka_unit_test(no_increment_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
