/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placement on hand-assembled functions: what may be moved over, and each thing that forbids it. The
 * text begins at BASE; the first function does too unless said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sym/place.h"

#define BASE 0x1000

static struct place_options options;

static int reset_options(void **state)
{
	options =
		(struct place_options){ .arguments = 6, .used_only = true, .nops_emulated = true };
	return 0;
}

static struct placement place_at(const uint8_t *code, size_t bytes, uint64_t into, uint64_t size,
				 uint64_t other)
{
	const uint64_t entries[] = { BASE + into, other };
	struct place_segment text = { .address = BASE, .code = code, .bytes = bytes };
	struct place *p = place_new(&text, entries, other ? 2 : 1);
	struct placement to;

	place_ready(p);
	to = place_function(p, BASE + into, size, &options);
	place_free(p);
	return to;
}

#define PLACE(...)                                                                                 \
	({                                                                                         \
		static const uint8_t code[] = { __VA_ARGS__ };                                     \
		place_at(code, sizeof(code), 0, sizeof(code), 0);                                  \
	})

#define MOV_RSI_RAX 0x48, 0x89, 0xf0
#define MOV_RDI_RBX 0x48, 0x89, 0xfb
#define PUSH_RBP    0x55
#define RET	    0xc3

static void emulated_entries_stay(void **state)
{
	static const uint8_t entries[][8] = {
		{ PUSH_RBP },			  /* push %rbp */
		{ 0x41, 0x57 },			  /* push %r15 */
		{ 0x90 },			  /* nop */
		{ 0x66, 0x90 },			  /* xchg %ax, %ax */
		{ 0xeb, 0x00 },			  /* jmp */
		{ 0x0f, 0x84, 1, 0, 0, 0 },	  /* je */
		{ 0xe8, 1, 0, 0, 0 },		  /* call */
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 }, /* five-byte nop */
	};

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct placement to = place_at(entries[i], 8, 0, 8, 0);

		assert_int_equal(to.result, PLACE_ENTRY);
		assert_int_equal(to.address, BASE);
	}
}

static void probe_moves_over_a_straight_line(void **state)
{
	struct placement to = PLACE(MOV_RSI_RAX, PUSH_RBP, RET);

	assert_int_equal(to.result, PLACE_MOVED);
	assert_int_equal(to.address, BASE + 3);
	assert_int_equal(to.class, DECODE_PUSH);
	assert_int_equal(to.arguments[0], DECODE_RDI);
}

static void argument_is_found_where_it_was_copied_to(void **state)
{
	/* mov %rdi, %rbx; xor %edi, %edi; jmp */
	struct placement to = PLACE(MOV_RDI_RBX, 0x31, 0xff, 0xeb, 0x00, RET);

	assert_int_equal(to.result, PLACE_MOVED);
	assert_int_equal(to.arguments[0], DECODE_RBX);
	assert_int_equal(to.arguments[1], DECODE_RSI);
}

static void used_argument_that_is_lost_forbids(void **state)
{
	/* mov (%rdi), %rdi; push %rbp */
	assert_int_equal(PLACE(0x48, 0x8b, 0x3f, PUSH_RBP, RET).result, PLACE_SLOW_REGISTER);
	/* mov %edi, %ebx (half of it only); xor %edi, %edi; push %rbp */
	assert_int_equal(PLACE(0x89, 0xfb, 0x31, 0xff, PUSH_RBP, RET).result, PLACE_SLOW_REGISTER);
	/* mov $1, %dil leaves the rest of it */
	assert_int_equal(PLACE(0x40, 0xb7, 0x01, PUSH_RBP, RET).result, PLACE_SLOW_REGISTER);
	/* reallocarray's beginning: mov %rsi, %rax; mul %rdx; jo */
	assert_int_equal(PLACE(MOV_RSI_RAX, 0x48, 0xf7, 0xe2, 0x70, 0x00, RET).result,
			 PLACE_SLOW_REGISTER);
}

static void unused_argument_may_go_unless_asked_for(void **state)
{
	/* xor %edx, %edx; push %rbp */
	assert_int_equal(PLACE(0x31, 0xd2, PUSH_RBP, RET).result, PLACE_MOVED);
	assert_int_equal(PLACE(0x31, 0xd2, PUSH_RBP, RET).arguments[2], PLACE_NOWHERE);
	options.used_only = false;
	assert_int_equal(PLACE(0x31, 0xd2, PUSH_RBP, RET).result, PLACE_SLOW_REGISTER);
	options.arguments = 2;
	assert_int_equal(PLACE(0x31, 0xd2, PUSH_RBP, RET).result, PLACE_MOVED);
}

static void stack_pointer_may_move_by_a_known_amount(void **state)
{
	/* sub $0x18, %rsp; test %edi, %edi; je */
	struct placement to = PLACE(0x48, 0x83, 0xec, 0x18, 0x85, 0xff, 0x74, 0x00, RET);

	assert_int_equal(to.result, PLACE_MOVED);
	assert_int_equal(to.sp_delta, -0x18);
	options.keep_sp = true;
	to = PLACE(0x48, 0x83, 0xec, 0x18, 0x85, 0xff, 0x74, 0x00, RET);
	assert_int_equal(to.result, PLACE_SLOW_STACK);
	assert_int_equal(to.sp_delta, 0);
	options.keep_sp = false;
	/* and $-16, %rsp; push %rbp */
	assert_int_equal(PLACE(0x48, 0x83, 0xe4, 0xf0, PUSH_RBP, RET).result, PLACE_SLOW_STACK);
}

static void nothing_is_moved_past_a_jump_call_or_return(void **state)
{
	assert_int_equal(PLACE(RET, PUSH_RBP).result, PLACE_SLOW_LEAVES);
	assert_int_equal(PLACE(0x0f, 0x05, PUSH_RBP, RET).result, PLACE_SLOW_LEAVES); /* syscall */
	assert_int_equal(PLACE(0xff, 0xd0, PUSH_RBP, RET).result,
			 PLACE_SLOW_LEAVES); /* call *%rax */
	assert_int_equal(PLACE(0xff, 0xe0, PUSH_RBP, RET).result,
			 PLACE_SLOW_LEAVES); /* jmp *%rax */
	assert_int_equal(PLACE(0xe3, 0x00, PUSH_RBP, RET).result, PLACE_SLOW_LEAVES); /* jrcxz */
	assert_int_equal(PLACE(0x0f, 0x0b, PUSH_RBP, RET).result, PLACE_SLOW_LEAVES); /* ud2 */
}

static void branch_in_between_forbids(void **state)
{
	/* mov; push; jmp back to the push; and to the mov (the entry), which is no harm */
	assert_int_equal(PLACE(MOV_RSI_RAX, PUSH_RBP, 0xeb, 0xfd).result, PLACE_SLOW_TARGET);
	assert_int_equal(PLACE(MOV_RSI_RAX, PUSH_RBP, 0xeb, 0xfa).result, PLACE_MOVED);
	/* a long branch from far behind: jmp -0x43 */
	{
		uint8_t code[0x45] = { MOV_RSI_RAX, PUSH_RBP, RET };

		memset(code + 5, 0x90, 0x3b);
		memcpy(code + 0x40, (const uint8_t[]){ 0xe9, 0xbe, 0xff, 0xff, 0xff }, 5);
		assert_int_equal(place_at(code, sizeof(code), 0, 5, 0).result, PLACE_SLOW_TARGET);
		code[0x41] = 0xbb;
		assert_int_equal(place_at(code, sizeof(code), 0, 5, 0).result, PLACE_MOVED);
	}
}

static void short_branch_from_unknown_code_before_forbids(void **state)
{
	/* jmp +3 to the push; mov %rsi, %rax; push %rbp */
	static const uint8_t code[] = { 0xeb, 0x03, MOV_RSI_RAX, PUSH_RBP, RET };

	assert_int_equal(place_at(code, sizeof(code), 2, 5, 0).result, PLACE_SLOW_TARGET);
}

static void another_function_in_between_forbids(void **state)
{
	static const uint8_t code[] = { MOV_RSI_RAX, PUSH_RBP, RET };

	assert_int_equal(place_at(code, sizeof(code), 0, 5, BASE + 3).result, PLACE_SLOW_SHARED);
	assert_int_equal(place_at(code, sizeof(code), 0, 5, BASE + 4).result, PLACE_MOVED);
}

static void stores_forbid_where_memory_is_read_and_keep_long_nops_out(void **state)
{
	/* mov %rsi, -8(%rsp); five-byte nop; push %rbp */
	static const uint8_t code[] = { 0x48, 0x89, 0x74, 0x24, 0xf8,	  0x0f,
					0x1f, 0x44, 0x00, 0x00, PUSH_RBP, RET };

	assert_int_equal(place_at(code, sizeof(code), 0, sizeof(code), 0).address, BASE + 10);
	options.keep_memory = true;
	assert_int_equal(place_at(code, sizeof(code), 0, sizeof(code), 0).result,
			 PLACE_SLOW_MEMORY);
}

static void long_nops_are_chosen_only_where_they_are_emulated(void **state)
{
	assert_int_equal(PLACE(MOV_RSI_RAX, 0x0f, 0x1f, 0x00, PUSH_RBP, RET).address, BASE + 3);
	options.nops_emulated = false;
	assert_int_equal(PLACE(MOV_RSI_RAX, 0x0f, 0x1f, 0x00, PUSH_RBP, RET).address, BASE + 6);
}

/* A table of one entry at 0x2000 that leads to @arg. */
static size_t read_table(void *arg, uint64_t address, void *data, size_t bytes)
{
	int32_t distance = (int32_t)(*(const uint64_t *)arg - 0x2000);

	if (address != 0x2000 || bytes < sizeof(distance))
		return 0;
	memcpy(data, &distance, sizeof(distance));
	return sizeof(distance);
}

static void jump_table_that_leads_in_between_forbids(void **state)
{
	/* mov; push; lea 0x2000(%rip), %rdx (7 bytes, ends at 0x100b); jmp *%rdx */
	static const uint8_t code[] = { MOV_RSI_RAX, PUSH_RBP, 0x48, 0x8d, 0x15, 0xf5,
					0x0f,	     0x00,     0x00, 0xff, 0xe2 };
	const uint64_t entries[] = { BASE };
	struct place_segment text = { BASE, code, sizeof(code) };
	struct place *p = place_new(&text, entries, 1);
	uint64_t label = BASE + 3;

	place_ready(p);
	assert_int_equal(place_function(p, BASE, sizeof(code), &options).result, PLACE_SLOW_TABLE);
	place_set_reader(p, read_table, &label);
	assert_int_equal(place_function(p, BASE, sizeof(code), &options).result, PLACE_SLOW_TABLE);
	label = BASE + 4;
	assert_int_equal(place_function(p, BASE, sizeof(code), &options).result, PLACE_MOVED);
	place_free(p);
}

static void function_of_unknown_size_stays(void **state)
{
	static const uint8_t code[] = { MOV_RSI_RAX, PUSH_RBP, RET };

	assert_int_equal(place_at(code, sizeof(code), 0, 0, 0).result, PLACE_SLOW_NO_SIZE);
}

static void code_that_ends_or_is_none_stays(void **state)
{
	assert_int_equal(PLACE(MOV_RSI_RAX).result, PLACE_SLOW_NO_CODE);
	assert_int_equal(PLACE(0x06).result, PLACE_SLOW_NO_CODE);
	assert_int_equal(PLACE(0x48, 0x8b).result, PLACE_SLOW_NO_CODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(emulated_entries_stay, reset_options),
		cmocka_unit_test_setup(probe_moves_over_a_straight_line, reset_options),
		cmocka_unit_test_setup(argument_is_found_where_it_was_copied_to, reset_options),
		cmocka_unit_test_setup(used_argument_that_is_lost_forbids, reset_options),
		cmocka_unit_test_setup(unused_argument_may_go_unless_asked_for, reset_options),
		cmocka_unit_test_setup(stack_pointer_may_move_by_a_known_amount, reset_options),
		cmocka_unit_test_setup(nothing_is_moved_past_a_jump_call_or_return, reset_options),
		cmocka_unit_test_setup(branch_in_between_forbids, reset_options),
		cmocka_unit_test_setup(short_branch_from_unknown_code_before_forbids,
				       reset_options),
		cmocka_unit_test_setup(another_function_in_between_forbids, reset_options),
		cmocka_unit_test_setup(stores_forbid_where_memory_is_read_and_keep_long_nops_out,
				       reset_options),
		cmocka_unit_test_setup(long_nops_are_chosen_only_where_they_are_emulated,
				       reset_options),
		cmocka_unit_test_setup(jump_table_that_leads_in_between_forbids, reset_options),
		cmocka_unit_test_setup(function_of_unknown_size_stays, reset_options),
		cmocka_unit_test_setup(code_that_ends_or_is_none_stays, reset_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
