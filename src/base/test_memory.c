/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: allocation wrappers, cleanup attributes and the arena keep their contracts. Method: by
 * hand; the arena under random marks and pops, every piece filled and looked at again. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/cleanup.h"

static void the_nth_allocation_fails_once(void **state)
{
	void *a, *b, *c;

	mem_fail_at = 2;
	a = mem_alloc(1);
	b = mem_zalloc(1);
	c = mem_strdup("x");
	assert_non_null(a);
	assert_null(b);
	assert_string_equal(c, "x");
	free(a);
	free(c);
}

static void sizes_are_checked(void **state)
{
	volatile size_t huge = SIZE_MAX;
	uint8_t *p = mem_calloc(4, 4);
	void *aligned = mem_aligned(4096, 10), *zero = mem_alloc(0);

	for (int i = 0; i < 16; i++)
		assert_int_equal(p[i], 0);
	assert_null(mem_calloc(huge, 2));
	assert_null(mem_realloc(p, huge, 2));
	assert_int_equal((uintptr_t)aligned % 4096, 0);
	assert_non_null(zero);
	free(zero);
	free(aligned);
	free(p);
}

static char *make(bool keep)
{
	_cleanup_free_ char *s = mem_strdup("kept");

	return keep ? take_ptr(s) : NULL;
}

static int open_null(bool keep, int *number)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY);

	*number = fd;
	return keep ? take_fd(fd) : -1;
}

static void what_is_taken_survives_and_the_rest_does_not(void **state)
{
	char *s = make(true);
	int fd, number;

	assert_string_equal(s, "kept");
	free(s);
	assert_null(make(false));
	fd = open_null(true, &number);
	assert_int_equal(fd, number);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	assert_int_equal(open_null(false, &number), -1);
	assert_int_equal(fcntl(number, F_GETFD), -1);
}

enum { PIECES = 4000, MARKS = 16 };

struct piece {
	uint8_t *p;
	size_t n;
};

static void check_pieces(const struct piece *pieces, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < pieces[i].n; k++)
			assert_int_equal(pieces[i].p[k], (uint8_t)i);
	}
}

static void a_pop_frees_exactly_what_came_after_the_mark(void **state)
{
	static struct piece pieces[PIECES];
	struct arena_mark marks[MARKS];
	size_t at[MARKS], n_marks = 0, n = 0;
	uint64_t x = 362436069;
	struct arena a;

	arena_init(&a, 0);
	for (int step = 0; step < PIECES; step++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (x % 50 == 0 && n_marks < MARKS) {
			marks[n_marks] = arena_mark(&a);
			at[n_marks++] = n;
		} else if (x % 57 == 0 && n_marks) {
			arena_pop(&a, marks[--n_marks]);
			n = at[n_marks];
			check_pieces(pieces, n);
		} else {
			size_t size = x % 97 ? x >> 32 & 0xff : ARENA_BLOCK_BYTES + (x >> 50);

			pieces[n] = (struct piece){ arena_alloc(&a, size), size };
			assert_int_equal((uintptr_t)pieces[n].p % ARENA_ALIGN, 0);
			memset(pieces[n].p, (int)n & 0xff, size);
			n++;
		}
	}
	check_pieces(pieces, n);
	arena_deinit(&a);
}

static void a_warm_arena_does_not_allocate(void **state)
{
	struct arena a;
	size_t reserved;

	arena_init(&a, 0);
	for (int i = 0; i < 10000; i++)
		assert_non_null(arena_zalloc(&a, 100));
	reserved = a.reserved;
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	for (int i = 0; i < 10000; i++)
		assert_non_null(arena_alloc(&a, 100));
	assert_int_equal(a.reserved, reserved);
	arena_deinit(&a);
}

static void the_limit_and_failure_answer_null(void **state)
{
	struct arena a;
	char *p;

	arena_init(&a, 1000);
	p = arena_dup(&a, "text", 5);
	assert_string_equal(p, "text");
	assert_null(arena_alloc(&a, 1000));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_non_null(arena_alloc(&a, 900));
	mem_fail_at = 1;
	assert_null(arena_alloc(&a, 1));
	assert_non_null(arena_alloc(&a, 1));
	assert_string_equal(p, "text");
	arena_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_allocation_fails_once),
		cmocka_unit_test(sizes_are_checked),
		cmocka_unit_test(what_is_taken_survives_and_the_rest_does_not),
		cmocka_unit_test(a_pop_frees_exactly_what_came_after_the_mark),
		cmocka_unit_test(a_warm_arena_does_not_allocate),
		cmocka_unit_test(the_limit_and_failure_answer_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
