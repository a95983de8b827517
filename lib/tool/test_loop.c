/* SPDX-License-Identifier: BSD-2-Clause */
/* When the loop ends and when it goes on; nothing here depends on how fast the machine is. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include <cmocka.h>

#include "tool/loop.h"

#define MS 1000000ull

/* --- libbpf's reader, which goes on until there is nothing more or the callback fails ------------------ */

struct ring_buffer {
	ring_buffer_sample_fn fn;
	void *arg;
	int ready; /* always: an eventfd that was written to */
};

static uint64_t records_left;
static struct ring_buffer only_ring;

struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn fn, void *arg,
				     const struct ring_buffer_opts *opts)
{
	(void)map_fd;
	(void)opts;
	only_ring = (struct ring_buffer){ .fn = fn, .arg = arg, .ready = eventfd(1, EFD_CLOEXEC) };
	return &only_ring;
}

void ring_buffer__free(struct ring_buffer *ring)
{
	close(ring->ready);
}

int ring_buffer__epoll_fd(const struct ring_buffer *ring)
{
	return ring->ready;
}

int ring_buffer__consume(struct ring_buffer *ring)
{
	char record[] = "record";
	int n = 0;

	for (; records_left; n++) {
		int rc = ring->fn(ring->arg, record, 6);

		records_left--;
		if (rc < 0)
			return rc;
	}
	return n;
}

struct taken {
	uint64_t n, fails_at; /* 0: never */
	uint32_t n_idle;
};

static int take(void *arg, void *data, size_t bytes)
{
	struct taken *taken = arg;

	assert_memory_equal(data, "record", bytes);
	return ++taken->n == taken->fails_at ? -1 : 0;
}

static void count_idle(void *arg)
{
	((struct taken *)arg)->n_idle++;
}

static void records_without_end_do_not_keep_it_from_ending(void **state)
{
	struct loop_setup setup = { .interval_ns = MS, .count = 3 };
	struct taken taken = { 0 };
	struct loop loop;
	struct error err;

	(void)state;
	records_left = UINT64_MAX;
	assert_int_equal(loop_init(&loop, &setup, &err), 0);
	assert_int_equal(loop_add_ring(&loop, -1, take, &taken, &err), 0);
	loop.idle = count_idle;
	loop.idle_arg = &taken;
	assert_true(loop_wait(&loop));
	assert_true(loop_wait(&loop));
	assert_false(loop_wait(&loop));
	/* What was gathered is written in between. */
	assert_true(taken.n >= LOOP_BATCH);
	assert_true(taken.n <= (uint64_t)taken.n_idle * LOOP_BATCH);
	loop_deinit(&loop);
}

static void all_that_is_left_is_taken_at_the_end(void **state)
{
	static const uint64_t counts[] = { 0, 1, LOOP_BATCH - 1, LOOP_BATCH, 10 * LOOP_BATCH + 7 };
	struct loop_setup setup = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct taken taken = { 0 };
		struct loop loop;
		struct error err;

		records_left = counts[i];
		assert_int_equal(loop_init(&loop, &setup, &err), 0);
		assert_int_equal(loop_add_ring(&loop, -1, take, &taken, &err), 0);
		loop_drain(&loop);
		assert_int_equal(taken.n, counts[i]);
		assert_false(loop.stopped);
		loop_deinit(&loop);
	}
}

static void a_record_may_end_it(void **state)
{
	struct loop_setup setup = { 0 };
	struct taken taken = { .fails_at = LOOP_BATCH };
	struct loop loop;
	struct error err;

	(void)state;
	records_left = UINT64_MAX;
	assert_int_equal(loop_init(&loop, &setup, &err), 0);
	assert_int_equal(loop_add_ring(&loop, -1, take, &taken, &err), 0);
	assert_false(loop_wait(&loop));
	assert_int_equal(taken.n, LOOP_BATCH);
	loop_deinit(&loop);
}

/* --- the loop --------------------------------------------------------------------------------------- */

static void a_count_of_intervals_ends_it(void **state)
{
	struct loop_setup setup = { .interval_ns = 2 * MS, .count = 3 };
	struct loop loop;
	struct error err;

	(void)state;
	assert_int_equal(loop_init(&loop, &setup, &err), 0);
	assert_true(loop_wait(&loop));
	assert_true(loop_wait(&loop));
	assert_false(loop_wait(&loop));
	assert_true(loop_now_ns() - loop.start_ns >= 6 * MS);
	loop_deinit(&loop);
}

static void a_duration_ends_it(void **state)
{
	struct loop_setup setup = { .duration_ns = 5 * MS };
	struct loop loop;
	struct error err;

	(void)state;
	assert_int_equal(loop_init(&loop, &setup, &err), 0);
	assert_false(loop_wait(&loop));
	assert_true(loop_now_ns() - loop.start_ns >= 5 * MS);
	assert_false(loop_interrupted(&loop));
	loop_deinit(&loop);
}

struct piped {
	struct loop loop;
	int fds[2];
	uint32_t n_calls;
};

static void stop_at_the_third(void *arg)
{
	struct piped *piped = arg;
	char c;

	assert_int_equal(read(piped->fds[0], &c, 1), 1);
	if (++piped->n_calls == 3)
		loop_stop(&piped->loop);
}

static void a_callback_ends_it(void **state)
{
	struct loop_setup setup = { 0 };
	struct piped piped = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(pipe(piped.fds), 0);
	assert_int_equal(write(piped.fds[1], "12345", 5), 5);
	assert_int_equal(loop_init(&piped.loop, &setup, &err), 0);
	assert_int_equal(loop_add_fd(&piped.loop, piped.fds[0], stop_at_the_third, &piped, &err),
			 0);
	assert_false(loop_wait(&piped.loop));
	assert_int_equal(piped.n_calls, 3);
	loop_deinit(&piped.loop);
	close(piped.fds[0]);
	close(piped.fds[1]);
}

static uint64_t count_chores(void *arg, uint64_t now)
{
	uint32_t *n = arg;

	return ++*n < 4 ? now + MS : 0;
}

static void chores_are_done_until_they_want_no_more(void **state)
{
	struct loop_setup setup = { .interval_ns = 2 * MS };
	struct loop loop;
	struct error err;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(loop_init(&loop, &setup, &err), 0);
	loop.chore = count_chores;
	loop.chore_arg = &n;
	/* However late it is, they have their turn in one interval of two. */
	for (int i = 0; i < 8; i++)
		assert_true(loop_wait(&loop));
	assert_int_equal(n, 4);
	for (int i = 0; i < 4; i++)
		assert_true(loop_wait(&loop));
	assert_int_equal(n, 4);
	loop_deinit(&loop);
}

static void an_interrupt_ends_it_and_a_second_the_process(void **state)
{
	struct loop_setup setup = { 0 };
	struct loop loop;
	struct error err;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (loop_init(&loop, &setup, &err))
			_exit(1);
		raise(SIGINT);
		if (loop_wait(&loop) || !loop_interrupted(&loop))
			_exit(2);
		for (uint64_t now = loop_now_ns(); loop_now_ns() - now < LOOP_ONE_SIGNAL_NS;)
			usleep(1000);
		raise(SIGTERM);
		_exit(3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 130);
}

/* As timeout(1) does it. Blocked, so that the second is pending when the first is handled. */
static void a_signal_that_comes_twice_is_one(void **state)
{
	struct loop_setup setup = { 0 };
	struct loop loop;
	struct error err;
	sigset_t both;

	(void)state;
	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	assert_int_equal(loop_init(&loop, &setup, &err), 0);
	sigprocmask(SIG_BLOCK, &both, NULL);
	raise(SIGTERM);
	raise(SIGINT);
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	assert_false(loop_wait(&loop));
	assert_true(loop_interrupted(&loop));
	loop_deinit(&loop);
}

static void kernel_time_becomes_real_time(void **state)
{
	uint64_t now = loop_now_ns(), one, other;

	(void)state;
	one = loop_realtime_ns(now - 1000 * MS);
	other = loop_realtime_ns(now);
	/* Two readings of two clocks between. */
	assert_true(other - one >= 1000 * MS - 500 * MS && other - one < 3000 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_without_end_do_not_keep_it_from_ending),
		cmocka_unit_test(all_that_is_left_is_taken_at_the_end),
		cmocka_unit_test(a_record_may_end_it),
		cmocka_unit_test(a_count_of_intervals_ends_it),
		cmocka_unit_test(a_duration_ends_it),
		cmocka_unit_test(a_callback_ends_it),
		cmocka_unit_test(chores_are_done_until_they_want_no_more),
		cmocka_unit_test(an_interrupt_ends_it_and_a_second_the_process),
		cmocka_unit_test(a_signal_that_comes_twice_is_one),
		cmocka_unit_test(kernel_time_becomes_real_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
