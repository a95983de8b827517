/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: what an embedder gets from skep/asm.h. Method: each call once as a stranger would make
 * it, and once with what it must refuse.
 */
#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <skep/asm.h>

#include "base/alloc.h"
#include "isa/insn.h"

static const char source[] = "   0: (18) r1 = map[fd:3][0]+8\n"
			     "   2: (b7) r0 = 1\n"
			     "   3: (55) if r0 != 0x1 goto pc-2\n"
			     "   4: (95) exit\n";

static void text_and_instructions_convert_both_ways(void **state)
{
	struct skep_asm_error err;
	struct bpf_insn *insns;
	char *text;
	size_t n;

	assert_int_equal(skep_asm(source, strlen(source), &insns, &n, &err), 0);
	assert_int_equal(n, 5);
	assert_null(skep_insns_check(insns, n, NULL));
	assert_int_equal(
		skep_disasm(insns, n, SKEP_DISASM_NUMBERS | SKEP_DISASM_SOURCE, &text), 0);
	assert_string_equal(text, source);
	free(text);
	assert_int_equal(skep_disasm(insns, 1, 0, &text), 0);
	assert_string_equal(text, "(18) r1 = 0x3\n");
	free(text);
	assert_int_equal(skep_disasm(NULL, 0, 0, &text), 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(skep_disasm(insns, n, 4, &text), -EINVAL);
	free(insns);
}

static void one_instruction_can_be_asked_for(void **state)
{
	struct bpf_insn insns[] = { BPF_LD_MAP_FD(1, 3), BPF_EXIT_INSN() };
	char buf[SKEP_DISASM_BYTES], tiny[10] = "same";

	assert_int_equal(skep_disasm_insn(insns, 3, 0, SKEP_DISASM_SOURCE, buf, sizeof(buf)), 2);
	assert_string_equal(buf, "(18) r1 = map[fd:3]");
	assert_int_equal(skep_disasm_insn(insns, 1, 0, 0, buf, sizeof(buf)), 1);
	assert_string_equal(buf, "(18) r1 = 0x3");
	assert_int_equal(skep_disasm_insn(insns, 3, 2, SKEP_DISASM_NUMBERS, buf, sizeof(buf)), 1);
	assert_string_equal(buf, "   2: (95) exit");
	assert_int_equal(skep_disasm_insn(insns, 3, 2, 0, tiny, 10), 1);
	assert_int_equal(skep_disasm_insn(insns, 3, 2, 0, tiny, 9), -ENOSPC);
	assert_int_equal(skep_disasm_insn(insns, 3, 3, 0, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(skep_disasm_insn(insns, 3, 0, 8, buf, sizeof(buf)), -EINVAL);
	mem_fail_at = 1;
	assert_int_equal(skep_disasm_insn(insns, 3, 0, 0, buf, sizeof(buf)), -ENOMEM);
}

static void errors_are_told(void **state)
{
	struct skep_asm_error err = { 0 };
	struct bpf_insn bad[] = { BPF_EXIT_INSN(), BPF_RAW_INSN(0xff, 0, 0, 0, 0) };
	struct bpf_insn *insns = NULL;
	const struct sock_filter filter[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	const char *why = NULL;
	size_t n, at = 7;

	assert_int_equal(skep_asm("exit\nr0 = ", 10, &insns, &n, &err), -EINVAL);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.col, 6);
	assert_string_equal(err.text, "operand expected");
	assert_string_equal(skep_insns_check(bad, 2, &at), "unknown opcode");
	assert_int_equal(at, 1);
	assert_int_equal(skep_classic_convert(filter, 1, 0, &insns, &n, &why, &at), -EINVAL);
	assert_int_equal(at, 0);
	assert_string_equal(why, "the last instruction does not return");
	assert_null(insns);
}

static void memory_may_run_out(void **state)
{
	struct bpf_insn insn = BPF_EXIT_INSN();
	char *text = NULL;

	mem_fail_at = 1;
	assert_int_equal(skep_disasm(&insn, 1, 0, &text), -ENOMEM);
	assert_null(text);
	assert_int_equal(mem_fail_at, 0);
}

static void a_classic_filter_becomes_readable(void **state)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x800, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 100),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct bpf_insn *insns;
	char *text;
	size_t n;

	assert_int_equal(skep_classic_convert(filter, 4, 0, &insns, &n, NULL, NULL), 0);
	assert_int_equal(skep_disasm(insns, n, 0, &text), 0);
	assert_string_equal(text, "(b4) w0 = 0\n"
				  "(b4) w7 = 0\n"
				  "(bf) r6 = r1\n"
				  "(28) r0 = *(u16 *)skb[12]\n"
				  "(56) if w0 != 0x800 goto pc+2\n"
				  "(b4) w0 = 100\n"
				  "(95) exit\n"
				  "(b4) w0 = 0\n"
				  "(95) exit\n");
	free(text);
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_instructions_convert_both_ways),
		cmocka_unit_test(one_instruction_can_be_asked_for),
		cmocka_unit_test(errors_are_told),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(a_classic_filter_becomes_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
