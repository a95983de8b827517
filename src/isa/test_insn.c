/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the accessors say what RFC 9669 says. Method: one instruction of each kind, by hand, with
 * the registers it reads and writes, its slots, its target; then every row of the table against
 * the live registers that the running kernel's verifier logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "isa/insn.h"
#include "isa/test_oracle.h"

struct def_use {
	struct bpf_insn insn;
	uint16_t read;
	uint16_t written;
};

#define R(n) (1u << (n))

static const struct def_use rows[] = {
	{ BPF_MOV64_REG(1, 2), R(2), R(1) },
	{ BPF_MOV32_IMM(3, 7), 0, R(3) },
	{ BPF_MOVSX64_REG(1, 2, 32), R(2), R(1) },
	{ BPF_ALU64_REG(BPF_ADD, 1, 2), R(1) | R(2), R(1) },
	{ BPF_ALU32_IMM(BPF_MUL, 4, 2), R(4), R(4) },
	{ BPF_RAW_INSN(BPF_ALU64 | BPF_NEG, 5, 0, 0, 0), R(5), R(5) },
	{ BPF_ENDIAN(BPF_TO_BE, 6, 16), R(6), R(6) },
	{ BPF_BSWAP(6, 64), R(6), R(6) },
	{ BPF_LDX_MEM(BPF_DW, 1, 10, -8), R(10), R(1) },
	{ BPF_LDX_MEMSX(BPF_B, 2, 3, 0), R(3), R(2) },
	{ BPF_STX_MEM(BPF_W, 10, 1, -8), R(10) | R(1), 0 },
	{ BPF_ST_MEM(BPF_W, 10, -8, 1), R(10), 0 },
	{ BPF_ATOMIC_OP(BPF_DW, BPF_ADD, 1, 2, 0), R(1) | R(2), 0 },
	{ BPF_ATOMIC_OP(BPF_DW, BPF_ADD | BPF_FETCH, 1, 2, 0), R(1) | R(2), R(2) },
	{ BPF_ATOMIC_OP(BPF_W, BPF_XCHG, 1, 2, 0), R(1) | R(2), R(2) },
	{ BPF_ATOMIC_OP(BPF_W, BPF_CMPXCHG, 1, 2, 0), R(0) | R(1) | R(2), R(0) },
	{ BPF_ATOMIC_OP(BPF_H, BPF_LOAD_ACQ, 1, 2, 0), R(2), R(1) },
	{ BPF_ATOMIC_OP(BPF_H, BPF_STORE_REL, 1, 2, 0), R(1) | R(2), 0 },
	{ BPF_LD_ABS(BPF_W, 12), R(6), 0x3f },
	{ BPF_LD_IND(BPF_B, 7, 12), R(6) | R(7), 0x3f },
	{ BPF_RAW_INSN(BPF_LD | BPF_DW | BPF_IMM, 3, 0, 0, 1), 0, R(3) },
	{ BPF_RAW_INSN(0, 0, 0, 0, 1), 0, 0 },
	{ BPF_JMP_A(1), 0, 0 },
	{ BPF_JMP32_A(1), 0, 0 },
	{ BPF_MAY_GOTO_INSN(1), 0, 0 },
	{ BPF_JMP_REG(BPF_JEQ, 1, 2, 1), R(1) | R(2), 0 },
	{ BPF_JMP32_IMM(BPF_JSLT, 9, 2, 1), R(9), 0 },
	{ BPF_CALL_HELPER(1), 0x3e, 0x3f },
	{ BPF_CALL_REL(1), 0x3e, 0x3f },
	{ BPF_EXIT_INSN(), R(0), 0 },
};

static void registers_are_as_the_specification_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (isa_regs_read(&rows[i].insn) != rows[i].read ||
		    isa_regs_written(&rows[i].insn) != rows[i].written)
			fail_msg("row %zu: reads %x writes %x", i, isa_regs_read(&rows[i].insn),
				 isa_regs_written(&rows[i].insn));
	}
}

static void a_64_bit_immediate_keeps_its_halves(void **state)
{
	struct bpf_insn insns[] = { BPF_LD_IMM64(1, 0x89abcdef01234567), BPF_EXIT_INSN() };

	assert_int_equal(ARRAY_SIZE(insns), 3);
	assert_true(isa_is_ld_imm64(insns));
	assert_int_equal(isa_insn_slots(insns), 2);
	assert_int_equal(isa_imm64(insns), 0x89abcdef01234567);
	isa_set_imm64(insns, 0x00000000ffffffff);
	assert_int_equal(insns[0].imm, -1);
	assert_int_equal(insns[1].imm, 0);
	assert_int_equal(isa_insn_slots(&insns[2]), 1);
}

static void targets_count_from_the_next_instruction(void **state)
{
	struct bpf_insn far = BPF_JMP32_A(-100000), near = BPF_JMP_IMM(BPF_JEQ, 1, 77, -3);
	struct bpf_insn call = BPF_CALL_REL(5);

	assert_int_equal(isa_jump_target(&far, 10), -99989);
	assert_int_equal(isa_jump_target(&near, 10), 8);
	assert_int_equal(isa_call_target(&call, 10), 16);
	assert_true(isa_is_ja(&far) && !isa_is_cond_jump(&far));
	assert_true(isa_is_cond_jump(&near) && !isa_is_ja(&near));
	assert_false(isa_is_jump(&call));
}

static void sizes_convert_both_ways(void **state)
{
	static const int bytes[] = { 1, 2, 4, 8 };

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		assert_int_equal(isa_size_bytes((uint8_t)isa_bytes_to_size(bytes[i])), bytes[i]);
	assert_int_equal(isa_bytes_to_size(3), -1);
	assert_int_equal(isa_size_bytes(BPF_LDX | BPF_MEMSX | BPF_H), 2);
}

static void negation_is_its_own_inverse(void **state)
{
	for (unsigned int op = BPF_JEQ; op <= BPF_JSLE; op += 0x10) {
		if (op == BPF_JSET || op == BPF_CALL || op == BPF_EXIT)
			continue;
		assert_int_not_equal(isa_jmp_negate((uint8_t)op), op);
		assert_int_equal(isa_jmp_negate(isa_jmp_negate((uint8_t)op)), op);
	}
	assert_int_equal(isa_jmp_negate(BPF_JSGT), BPF_JSLE);
}

/* Which of R0 to R9 are live before the instruction at 0, by the kernel's log; -1 where it says
 * nothing. */
static int logged_live(const struct bpf_insn *prog, size_t n)
{
	const char *line;
	int live = 0;

	oracle_load(prog, n, 2);
	line = strstr(oracle_log, "Live regs before insn:\n");
	line = line ? strstr(line, " 0: ") : NULL;
	if (!line)
		return -1;
	line += strlen(" 0: ");
	for (int r = 0; r < 10; r++)
		live |= line[r] != '.' ? 1 << r : 0;
	return live;
}

/* insn, then code to which no register matters, or to which all do. */
static size_t followed(struct bpf_insn *prog, struct bpf_insn insn, bool all_live)
{
	size_t n = 0;

	prog[n++] = insn;
	if (isa_is_ld_imm64(&insn))
		prog[n++] = BPF_RAW_INSN(0, 0, 0, 0, 0);
	if (!all_live)
		prog[n++] = BPF_MOV64_IMM(0, 0);
	for (uint8_t r = 1; r < 10 && all_live; r++)
		prog[n++] = BPF_ALU64_REG(BPF_ADD, 0, r);
	prog[n++] = BPF_EXIT_INSN();
	return n;
}

/* Left out: calls, of which the kernel knows the arguments; packet loads, where it assumes all;
 * exit; and what needs an fd. */
static bool comparable(const struct bpf_insn *insn)
{
	return !isa_check(insn) && !isa_is_call(insn) && !isa_is_exit(insn) &&
	       !isa_is_ld_skb(insn) && !(isa_is_ld_imm64(insn) && insn->src_reg);
}

static void the_kernel_sees_the_same_registers_live(void **state)
{
	enum { ALL = 0x3ff };
	uint64_t seed = 0x11fe;
	int compared = 0;

	if (!oracle_present())
		skip();
	for (int i = 0; i < 3 * ISA_INSN_MAX; i++) {
		struct bpf_insn insn = test_random_insn(&isa_rows[i % ISA_INSN_MAX], &seed, 10, 1);
		uint16_t read = isa_regs_read(&insn), written = isa_regs_written(&insn);
		struct bpf_insn prog[16];

		if (!comparable(&insn))
			continue;
		if (logged_live(prog, followed(prog, insn, false)) != read ||
		    logged_live(prog, followed(prog, insn, true)) != ((ALL & ~written) | read))
			fail_msg("%02x imm %#x: reads %x writes %x; the kernel: %.800s", insn.code,
				 (unsigned int)insn.imm, read, written, oracle_log);
		compared++;
	}
	printf("compared %d instructions\n", compared);
	assert_true(compared > 2 * ISA_INSN_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_as_the_specification_says),
		cmocka_unit_test(a_64_bit_immediate_keeps_its_halves),
		cmocka_unit_test(targets_count_from_the_next_instruction),
		cmocka_unit_test(sizes_convert_both_ways),
		cmocka_unit_test(negation_is_its_own_inverse),
		cmocka_unit_test(the_kernel_sees_the_same_registers_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
