/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: no address a client gives brings the process down, at any distance from the end of a page;
 * a signal interrupts a long run and is delivered afterwards, once.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "seam/copy.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

#define PAGE 4096

static char *two_pages;

static int setup(void **state)
{
	two_pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return seam_copy_init() || mprotect(two_pages + PAGE, PAGE, PROT_NONE);
}

static int teardown(void **state)
{
	return munmap(two_pages, 2 * PAGE);
}

typedef int (*copy_fn)(void *dst, const void *src, size_t bytes);
typedef long (*copy_str_fn)(char *dst, const char *src, size_t max);

static void check_copy(copy_fn copy)
{
	static char buf[2 * PAGE], src[PAGE];

	for (size_t i = 0; i < PAGE; i++)
		src[i] = (char)(i * 7 + 1);
	for (size_t n = 1; n < 600; n++) {
		char *end = two_pages + PAGE;

		memcpy(end - n, src, n);
		memset(buf, 0, n + 1);
		assert_int_equal(copy(buf, end - n, n), 0);
		assert_memory_equal(buf, src, n);
		assert_int_equal(buf[n], 0);
		assert_int_equal(copy(buf, end - n, n + 1), -EFAULT);
		assert_int_equal(copy(end - n, src, n), 0);
		assert_memory_equal(end - n, src, n);
		assert_int_equal(copy(end - n, src, n + 1), -EFAULT);
	}
	assert_int_equal(copy(buf, NULL, 1), -EFAULT);
	assert_int_equal(copy(buf, (void *)0x800000000000, 8), -EFAULT); /* not canonical */
	assert_int_equal(copy(buf, (void *)UINTPTR_MAX, 8), -EFAULT);
}

static void copies_stop_at_the_end_of_what_is_there(void **state)
{
	assert_int_equal(fault_handlers_restore(), 0);
	check_copy(seam_copy);
	check_copy(seam_kernel_copy);
}

static void check_copy_str(copy_str_fn copy_str)
{
	char buf[64], *end = two_pages + PAGE;

	memset(end - 32, 'a', 32);
	assert_int_equal(copy_str(buf, end - 8, sizeof(buf)), -EFAULT);
	assert_int_equal(copy_str(buf, end - 8, 8), 8);
	end[-1] = '\0';
	assert_int_equal(copy_str(buf, end - 8, sizeof(buf)), 7);
	assert_string_equal(buf, "aaaaaaa");
	assert_int_equal(copy_str(buf, NULL, sizeof(buf)), -EFAULT);
}

static void strings_stop_at_the_end_of_what_is_there(void **state)
{
	assert_int_equal(fault_handlers_restore(), 0);
	check_copy_str(seam_copy_str);
	check_copy_str(seam_kernel_copy_str);
}

static void engine_without_a_handler_copies_as_well(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = SKEP_COPY_BY_KERNEL };
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
				.max_entries = 1 };
	struct skep_engine *engine;
	uint32_t key = 0;
	int fd;

	assert_int_equal(skep_engine_new(&opts, &engine), 0);
	/* cmocka's handler is in front and does not chain: a fault here would end the test. */
	assert_int_equal(skep_bpf(engine, BPF_MAP_CREATE, NULL, 16), -EFAULT);
	fd = skep_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	attr = (union bpf_attr){ .map_fd = (uint32_t)fd, .key = (uintptr_t)&key, .value = 8 };
	assert_int_equal(skep_bpf(engine, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), -EFAULT);
	assert_int_equal(skep_bpf(engine, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)), -EFAULT);
	close(fd);
	skep_engine_free(engine);
}

/* --- signals ---------------------------------------------------------------------------------- */

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	alarms++;
}

static int load(struct skep_engine *engine)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = 2,
				.insns = (uintptr_t)insns, .license = (uintptr_t)"GPL" };

	return skep_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int run(struct skep_engine *engine, int fd, uint32_t repeat)
{
	static uint8_t packet[64];
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = repeat;
	return skep_bpf(engine, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
}

static void set_timer(int ms)
{
	struct itimerval timer = { .it_value.tv_usec = ms * 1000 };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void signal_interrupts_a_long_run(void **state)
{
	struct skep_engine *engine;
	sigset_t before, after;
	int fd;

	assert_int_equal(skep_engine_new(NULL, &engine), 0);
	fd = load(engine);
	assert_true(fd >= 0);
	signal(SIGALRM, on_alarm);
	sigprocmask(SIG_SETMASK, NULL, &before);
	set_timer(20);
	assert_int_equal(run(engine, fd, UINT32_MAX), -EINTR);
	assert_int_equal(alarms, 1);
	sigprocmask(SIG_SETMASK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(unsigned long));

	/* One the process ignores does not. */
	signal(SIGALRM, SIG_IGN);
	set_timer(5);
	assert_int_equal(run(engine, fd, 3000000), 0);
	/* Nor one the caller has blocked itself: it comes when it is unblocked. */
	signal(SIGALRM, on_alarm);
	sigaddset(&before, SIGALRM);
	sigprocmask(SIG_SETMASK, &before, NULL);
	set_timer(5);
	assert_int_equal(run(engine, fd, 3000000), 0);
	assert_int_equal(alarms, 1);
	while (!sigpending(&after) && !sigismember(&after, SIGALRM))
		usleep(100);
	sigdelset(&before, SIGALRM);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(alarms, 2);
	close(fd);
	skep_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(copies_stop_at_the_end_of_what_is_there, setup,
						teardown),
		cmocka_unit_test_setup_teardown(strings_stop_at_the_end_of_what_is_there, setup,
						teardown),
		cmocka_unit_test(engine_without_a_handler_copies_as_well),
		cmocka_unit_test(signal_interrupts_a_long_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
