/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of cmocka that unit tests of the rooms verifier, btf and isa use, for builds under MSan:
 * the distribution's library is not instrumented, so what passes through it looks uninitialised. Its
 * output has the form tools/run-tests reads. No mocks, no per-test leak checks, one thread.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

#define cmocka_unit_test(f) { #f, f, NULL, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown) { #f, f, setup, teardown }
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
	cmocka_run_tests(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

enum { CMOCKA_PASSED, CMOCKA_FAILED, CMOCKA_SKIPPED };

static jmp_buf cmocka_end;

#define print_message(...) printf(__VA_ARGS__)
#define skip() longjmp(cmocka_end, CMOCKA_SKIPPED)
#define fail_msg(...)                                                                              \
	do {                                                                                       \
		printf("%s:%d: ", __FILE__, __LINE__);                                             \
		printf(__VA_ARGS__);                                                               \
		printf("\n");                                                                      \
		longjmp(cmocka_end, CMOCKA_FAILED);                                                \
	} while (0)
#define fail() fail_msg("failure")

#define assert_true(x)                                                                             \
	do {                                                                                       \
		if (!(x))                                                                          \
			fail_msg("not true: %s", #x);                                              \
	} while (0)
#define assert_false(x) assert_true(!(x))
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_ptr_not_equal(a, b) assert_true((const void *)(a) != (const void *)(b))
#define assert_memory_equal(a, b, n) assert_true(!memcmp(a, b, n))
#define assert_int_equal(a, b)                                                                     \
	do {                                                                                       \
		unsigned long long _x = (unsigned long long)(a), _y = (unsigned long long)(b);     \
		if (_x != _y)                                                                      \
			fail_msg("%s is %#llx, %s is %#llx", #a, _x, #b, _y);                      \
	} while (0)
#define assert_int_not_equal(a, b)                                                                 \
	assert_true((unsigned long long)(a) != (unsigned long long)(b))
#define assert_in_range(x, min, max)                                                               \
	do {                                                                                       \
		unsigned long long _x = (unsigned long long)(x);                                   \
		if (_x < (unsigned long long)(min) || _x > (unsigned long long)(max))              \
			fail_msg("%s is %llu", #x, _x);                                            \
	} while (0)
#define assert_string_equal(a, b)                                                                  \
	do {                                                                                       \
		const char *_x = (a), *_y = (b);                                                   \
		if (strcmp(_x, _y))                                                                \
			fail_msg("\"%s\" is not \"%s\"", _x, _y);                                  \
	} while (0)

static inline int cmocka_run_one(const struct CMUnitTest *t)
{
	void *state = NULL;
	int how = CMOCKA_PASSED;

	printf("[ RUN      ] %s\n", t->name);
	fflush(stdout);
	if (t->setup && t->setup(&state)) {
		how = CMOCKA_FAILED;
	} else {
		how = setjmp(cmocka_end);
		if (how == CMOCKA_PASSED)
			t->test(&state);
	}
	if (t->teardown)
		t->teardown(&state);
	printf("[%s] %s\n",
	       how == CMOCKA_PASSED ? "       OK " :
	       how == CMOCKA_FAILED ? "  FAILED  " : "  SKIPPED ", t->name);
	return how == CMOCKA_FAILED;
}

static inline int cmocka_run_tests(const struct CMUnitTest *tests, size_t n,
				   int (*setup)(void **state), int (*teardown)(void **state))
{
	void *state = NULL;
	int failed = 0;

	if (setup && setup(&state))
		return 1;
	for (size_t i = 0; i < n; i++)
		failed += cmocka_run_one(&tests[i]);
	if (teardown)
		teardown(&state);
	return failed;
}
