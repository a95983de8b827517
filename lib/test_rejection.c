/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifier logs as Linux 6.18 and 6.1 write them: the last line, instruction and reason; the costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rejection.h"

static const char log_6_18[] =
	"0: R1=ctx() R10=fp0\n"
	"; unsigned char *p = (void *)(long)ctx->data; @ bad.bpf.c:6\n"
	"0: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6_w=pkt(r=0)\n"
	"; return p[3] == 2 ? XDP_DROP : XDP_PASS; @ bad.bpf.c:8\n"
	"1: (71) r1 = *(u8 *)(r6 +3)\n"
	"invalid access to packet, off=3 size=1, R6(id=0,off=3,r=0)\n"
	"R6 offset is outside of the packet\n"
	"verification time 39 usec\n"
	"stack depth 0\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 1 total_states 3 peak_states 4 mark_read 5\n";

static void assert_rejection(const char *log, const char *source, const char *insn,
			     const char *reason)
{
	struct rejection r;

	rejection_parse(log, &r);
	assert_string_equal(r.source, source);
	assert_string_equal(r.insn, insn);
	assert_string_equal(r.reason, reason);
	rejection_deinit(&r);
}

static void the_last_instruction_and_what_follows_it_count(void **state)
{
	assert_rejection(log_6_18, "return p[3] == 2 ? XDP_DROP : XDP_PASS; @ bad.bpf.c:8",
			 "1: (71) r1 = *(u8 *)(r6 +3)",
			 "invalid access to packet, off=3 size=1, R6(id=0,off=3,r=0)\n"
			 "R6 offset is outside of the packet");
}

static void states_behind_an_instruction_are_left_out(void **state)
{
	assert_rejection(
		"3: (b7) r0 = 1                ; R0_w=1\n4: (95) exit\nAt program exit the "
		"register R0 has bad value\n",
		"", "4: (95) exit", "At program exit the register R0 has bad value");
	assert_rejection("3: (b7) r0 = 1   ; R0_w=1\n", "", "3: (b7) r0 = 1", "");
}

static void branches_taken_are_not_reasons(void **state)
{
	assert_rejection(
		"5: (15) if r1 == 0x0 goto pc+1\nfrom 5 to 7: R0=1\n7: R0=1\n7: (95) exit\n"
		"R1 !read_ok\nprocessed 5 insns (limit 1000000) max_states_per_insn 0 "
		"total_states 0 peak_states 0 mark_read 0\n",
		"", "7: (95) exit", "R1 !read_ok");
}

static void logs_without_instructions_have_a_reason(void **state)
{
	assert_rejection(
		"unreachable insn 3\nprocessed 0 insns (limit 1000000) max_states_per_insn 0 "
		"total_states 0 peak_states 0 mark_read 0\n",
		"", "", "unreachable insn 3");
	assert_rejection("", "", "", "");
}

static void costs_are_read(void **state)
{
	struct verifier_stats s;

	verifier_stats_parse(log_6_18, &s);
	assert_int_equal(s.insns_processed, 2);
	assert_int_equal(s.max_states_per_insn, 1);
	assert_int_equal(s.total_states, 3);
	assert_int_equal(s.peak_states, 4);
	assert_int_equal(s.time_us, 39);
	verifier_stats_parse("nothing", &s);
	assert_int_equal(s.insns_processed, 0);
	assert_true(s.time_us == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_instruction_and_what_follows_it_count),
		cmocka_unit_test(states_behind_an_instruction_are_left_out),
		cmocka_unit_test(branches_taken_are_not_reasons),
		cmocka_unit_test(logs_without_instructions_have_a_reason),
		cmocka_unit_test(costs_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
