/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: isa_check() calls legal what the kernel calls legal, and refuses in the kernel's words.
 * Method: the table checked against itself, hand-made offenders, then random instructions around
 * every opcode, loaded into the running kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "isa/decode.h"
#include "isa/insn.h"
#include "isa/test_oracle.h"

static void rows_of_one_code_share_their_selector(void **state)
{
	for (int i = 0; i < ISA_INSN_MAX; i++) {
		for (int j = 0; j < i; j++) {
			if (isa_rows[i].code != isa_rows[j].code)
				continue;
			assert_int_equal(isa_rows[i].sel, isa_rows[j].sel);
			assert_int_not_equal(isa_rows[i].val, isa_rows[j].val);
		}
	}
}

static struct bpf_insn insn_of(const struct isa_row *row)
{
	struct bpf_insn insn = BPF_RAW_INSN(row->code, 0, 0, 0, row->imm == ISA_IMM_Z ? 0 : 1);

	if (row->sel == ISA_SEL_SRC)
		insn.src_reg = row->val & 0xf;
	if (row->sel == ISA_SEL_OFF)
		insn.off = (int16_t)row->val;
	if (row->sel == ISA_SEL_IMM)
		insn.imm = row->val;
	return insn;
}

static void every_row_is_found_and_legal(void **state)
{
	for (int i = 0; i < ISA_INSN_MAX; i++) {
		struct bpf_insn insn = insn_of(&isa_rows[i]);

		assert_ptr_equal(isa_row_of(&insn), &isa_rows[i]);
		assert_null(isa_check(&insn));
	}
}

static void offenders_are_named_in_the_kernels_words(void **state)
{
	static const struct {
		struct bpf_insn insn;
		const char *why;
	} rows[] = {
		{ BPF_RAW_INSN(0xff, 0, 0, 0, 0), "unknown opcode" },
		{ BPF_RAW_INSN(0, 0, 0, 0, 0), "unknown opcode" },
		{ BPF_ALU64_REG_OFF(BPF_ADD, 1, 2, 1), "BPF_ALU uses reserved fields" },
		{ BPF_ALU64_REG_OFF(BPF_DIV, 1, 2, 2), "BPF_ALU uses reserved fields" },
		{ BPF_MOVSX32_REG(1, 2, 32), "BPF_MOV uses reserved fields" },
		{ BPF_ENDIAN(BPF_TO_BE, 1, 8), "BPF_END uses reserved fields" },
		{ BPF_RAW_INSN(BPF_ALU64 | BPF_NEG, 1, 2, 0, 0), "BPF_NEG uses reserved fields" },
		{ BPF_ALU64_IMM(BPF_MOD, 1, 0), "div by zero" },
		{ BPF_ALU32_IMM(BPF_LSH, 1, 32), "invalid shift" },
		{ BPF_RAW_INSN(BPF_STX | BPF_MEM | BPF_W, 1, 2, 0, 1),
		  "BPF_STX uses reserved fields" },
		{ BPF_ATOMIC_OP(BPF_DW, BPF_SUB, 1, 2, 0),
		  "BPF_ATOMIC uses invalid atomic opcode" },
		{ BPF_ATOMIC_OP(BPF_B, BPF_ADD, 1, 2, 0), "invalid atomic operand size" },
		{ BPF_RAW_INSN(BPF_JMP | BPF_EXIT, 1, 0, 0, 0), "BPF_EXIT uses reserved fields" },
		{ BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 3, 0, 0), "BPF_CALL uses reserved fields" },
		{ BPF_RAW_INSN(BPF_LD | BPF_DW, 0, 7, 0, 0), "unrecognized bpf_ld_imm64 insn" },
		{ BPF_MOV64_REG(11, 1), "register is invalid" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *why = isa_check(&rows[i].insn);

		assert_non_null(why);
		assert_string_equal(why, rows[i].why);
	}
}

static void a_64_bit_immediate_needs_its_second_half(void **state)
{
	struct bpf_insn insns[] = { BPF_MOV64_IMM(0, 1), BPF_LD_IMM64(1, 7), BPF_EXIT_INSN() };
	size_t bad = 99;

	assert_null(isa_check_all(insns, 4, &bad));
	assert_int_equal(bad, 99);
	assert_string_equal(isa_check_all(insns, 2, &bad), "invalid bpf_ld_imm64 insn");
	assert_int_equal(bad, 2);
	insns[2].off = 1;
	assert_string_equal(isa_check_all(insns, 4, &bad), "invalid bpf_ld_imm64 insn");
	assert_string_equal(isa_check_all(insns + 2, 2, &bad), "unknown opcode");
	assert_int_equal(bad, 0);
}

static bool about_the_insn_itself(const char *log)
{
	static const char *const sentences[] = {
		"uses reserved fields", "unknown opcode", "bpf_ld_imm64 insn", "invalid atomic",
		"div by zero", "invalid shift", "address space 1 and 0", "may_goto imm",
		"invalid BPF_",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		if (strstr(log, sentences[i]))
			return true;
	}
	return false;
}

static struct bpf_insn random_insn(uint64_t *seed)
{
	static const int16_t offs[] = { 0, 0, 0, 0, 0, 1, 2, 8, 16, 32, -1 };
	static const int32_t imms[] = { 0, 0, 0, 1, 16, 31, 32, 63, 64, 0x40, 0xe1, 0xf1, 0x100,
					0x110, 0x51, -1, 1 << 16 };
	const struct isa_row *row = &isa_rows[test_random(seed) % ISA_INSN_MAX];
	struct bpf_insn insn = insn_of(row);

	if (test_random(seed) % 8 == 0)
		insn.code = (uint8_t)test_random(seed);
	if (test_random(seed) % 2)
		insn.off = offs[test_random(seed) % ARRAY_SIZE(offs)];
	if (test_random(seed) % 2)
		insn.imm = imms[test_random(seed) % ARRAY_SIZE(imms)];
	if (test_random(seed) % 2)
		insn.dst_reg = test_random(seed) % 10;
	if (test_random(seed) % 2)
		insn.src_reg = test_random(seed) % 10;
	return insn;
}

/* Not so where the kernel has something else to say first: targets out of range, fds and
 * functions that do not exist. */
static bool comparable(const struct bpf_insn *insn)
{
	if (isa_is_call(insn) && (!isa_check(insn) || insn->src_reg))
		return false;
	if (isa_is_ld_imm64(insn) && insn->src_reg)
		return false;
	return !isa_is_jump(insn) || (isa_jump_off(insn) >= 0 && isa_jump_off(insn) < ORACLE_TAIL);
}

static void the_kernel_refuses_the_same_in_the_same_words(void **state)
{
	uint64_t seed = 0x5eed15a0;
	int compared = 0, legal = 0;

	if (!oracle_present())
		skip();
	for (int i = 0; i < 3000; i++) {
		struct bpf_insn prog[ORACLE_INSNS_MAX], insn = random_insn(&seed);
		const char *why = isa_check(&insn);
		size_t n = oracle_surround(prog, insn);

		if (!comparable(&insn))
			continue;
		oracle_load(prog, n, 1);
		compared++;
		legal += !why;
		if (why ? !strstr(oracle_log, why) : about_the_insn_itself(oracle_log))
			fail_msg("%02x dst %d src %d off %d imm %#x: %s; the kernel: %s", insn.code,
				 insn.dst_reg, insn.src_reg, insn.off, (unsigned int)insn.imm,
				 why ? why : "legal", oracle_log);
	}
	printf("compared %d instructions, %d of them legal\n", compared, legal);
	assert_true(compared > 2000 && legal > 400 && legal < compared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_one_code_share_their_selector),
		cmocka_unit_test(every_row_is_found_and_legal),
		cmocka_unit_test(offenders_are_named_in_the_kernels_words),
		cmocka_unit_test(a_64_bit_immediate_needs_its_second_half),
		cmocka_unit_test(the_kernel_refuses_the_same_in_the_same_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
