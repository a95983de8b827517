/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the arena packs code, never hands out the same room twice, and no mapping of this process is
 * writable and executable. Method: allocations of many sizes against a naive list of ranges; the
 * process's own map; a fork.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "jit/arena.h"

#define CODES 400

static void assert_nothing_is_writable_and_executable(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		assert_null(strstr(line, "rwx"));
	fclose(maps);
}

static uint8_t byte_of(int i)
{
	return (uint8_t)(i * 7 + 1);
}

static void take(struct jit_code *code, int i)
{
	uint8_t bytes[3000];
	uint32_t n = 1 + (uint32_t)(i * 997) % sizeof(bytes);

	memset(bytes, byte_of(i), n);
	assert_int_equal(jit_code_alloc(code, n), 0);
	assert_int_equal(code->bytes, n);
	assert_int_equal(jit_code_write(code, bytes), 0);
}

static void assert_intact(const struct jit_code *code, int i)
{
	for (uint32_t b = 0; b < code->bytes; b++)
		assert_int_equal(code->start[b], byte_of(i));
}

static void code_stays_where_it_is(void **state)
{
	static struct jit_code codes[CODES];

	(void)state;
	for (int i = 0; i < CODES; i++)
		take(&codes[i], i);
	for (int i = 0; i < CODES; i += 3)
		jit_code_free(&codes[i]);
	for (int i = 0; i < CODES; i += 3)
		take(&codes[i], i + 50);
	for (int i = 0; i < CODES; i++)
		assert_intact(&codes[i], i % 3 ? i : i + 50);
	assert_nothing_is_writable_and_executable();
	for (int i = 0; i < CODES; i++)
		jit_code_free(&codes[i]);
}

static void freed_code_traps(void **state)
{
	struct jit_code code, copy;

	(void)state;
	take(&code, 1);
	copy = code;
	jit_code_free(&code);
	for (uint32_t b = 0; b < copy.bytes; b++)
		assert_int_equal(copy.start[b], 0xcc);
}

static void too_much_is_refused(void **state)
{
	struct jit_code code;

	(void)state;
	assert_int_equal(jit_code_alloc(&code, JIT_CODE_BYTES_MAX + 1), -E2BIG);
}

/* Code the child makes must not show up in the parent, whose memory the arena shares. */
static void child_does_not_write_the_parents_arena(void **state)
{
	struct jit_code code, later;
	int status;
	pid_t pid;

	(void)state;
	take(&code, 5);
	pid = fork();
	if (pid == 0) {
		struct jit_code mine;

		take(&mine, 6);
		jit_code_free(&code);
		_exit(mine.chunk == code.chunk);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_intact(&code, 5);
	take(&later, 7);
	assert_intact(&later, 7);
	jit_code_free(&later);
	jit_code_free(&code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(freed_code_traps),
		cmocka_unit_test(code_stays_where_it_is),
		cmocka_unit_test(child_does_not_write_the_parents_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
