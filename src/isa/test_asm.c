/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the assembler reads what the disassembler writes, and says where a text is wrong. Method:
 * programs by hand, errors by hand with their place, round trips of random instructions of every
 * row, and random damage to good text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "isa/asm.h"
#include "isa/disasm.h"
#include "isa/insn.h"
#include "isa/test_oracle.h"

static void expect(const char *text, const struct bpf_insn *want, size_t n_want)
{
	struct isa_asm_error err = { 0 };
	struct bpf_insn *insns = NULL;
	size_t n = 0;

	if (isa_asm(text, strlen(text), &insns, &n, &err))
		fail_msg("%s: %u:%u: %s", text, err.line, err.col, err.text);
	if (n != n_want || (n && memcmp(insns, want, n * sizeof(*want))))
		fail_msg("%s: assembles to something else (%zu slots, first %02x)", text, n,
			 n ? insns[0].code : 0);
	free(insns);
}

static void instructions_assemble(void **state)
{
	static const struct {
		const char *text;
		struct bpf_insn insn;
	} rows[] = {
		{ "r1 = 5", BPF_MOV64_IMM(1, 5) },
		{ "r1=-5", BPF_MOV64_IMM(1, -5) },
		{ "w1 = 0xffffffff", BPF_MOV32_IMM(1, -1) },
		{ "r1 = -r1", BPF_RAW_INSN(BPF_ALU64 | BPF_NEG, 1, 0, 0, 0) },
		{ "w1 = - w1 // comment", BPF_RAW_INSN(BPF_ALU | BPF_NEG, 1, 0, 0, 0) },
		{ "r10 += r9", BPF_ALU64_REG(BPF_ADD, 10, 9) },
		{ "w1 s>>= 31", BPF_ALU32_IMM(BPF_ARSH, 1, 31) },
		{ "w2 s/= w3", BPF_ALU32_REG_OFF(BPF_DIV, 2, 3, 1) },
		{ "r1 = (s32)r2", BPF_MOVSX64_REG(1, 2, 32) },
		{ "r1 = be64 r1", BPF_ENDIAN(BPF_TO_BE, 1, 64) },
		{ "r1 = bswap16 r1", BPF_BSWAP(1, 16) },
		{ "r1 = *(s8 *)(r2 - 1)", BPF_LDX_MEMSX(BPF_B, 1, 2, -1) },
		{ "r1 = *(u64*)(r2)", BPF_LDX_MEM(BPF_DW, 1, 2, 0) },
		{ "*(u16 *)(r10 -8) = r1", BPF_STX_MEM(BPF_H, 10, 1, -8) },
		{ "*(u16 *)(r10 -8) = -1", BPF_ST_MEM(BPF_H, 10, -8, -1) },
		{ "r0 = *(u16 *)skb[12]", BPF_LD_ABS(BPF_H, 12) },
		{ "r0 = *(u8 *)skb[r7 + -3]", BPF_LD_IND(BPF_B, 7, -3) },
		{ "lock *(u64 *)(r1 +8) |= r2", BPF_ATOMIC_OP(BPF_DW, BPF_OR, 1, 2, 8) },
		{ "r2 = atomic_xchg((u32 *)(r1 +0), r2)", BPF_ATOMIC_OP(BPF_W, BPF_XCHG, 1, 2, 0) },
		{ "r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)",
		  BPF_ATOMIC_OP(BPF_DW, BPF_CMPXCHG, 1, 2, 0) },
		{ "r3 = load_acquire((u8 *)(r1 +1))", BPF_ATOMIC_OP(BPF_B, BPF_LOAD_ACQ, 3, 1, 1) },
		{ "store_release((u16 *)(r1 +2), r4)",
		  BPF_ATOMIC_OP(BPF_H, BPF_STORE_REL, 1, 4, 2) },
		{ "if r1 s<= 0xfffffffe goto +2", BPF_JMP_IMM(BPF_JSLE, 1, -2, 2) },
		{ "if w1 & w2 goto pc-3", BPF_JMP32_REG(BPF_JSET, 1, 2, -3) },
		{ "gotol pc-70000", BPF_JMP32_A(-70000) },
		{ "may_goto pc+1", BPF_MAY_GOTO_INSN(1) },
		{ "call bpf_ktime_get_ns", BPF_CALL_HELPER(5) },
		{ "call 5", BPF_CALL_HELPER(5) },
		{ "call unknown#5000", BPF_CALL_HELPER(5000) },
		{ "call kernel-function@1#77", BPF_CALL_KFUNC(1, 77) },
		{ "call pc+7", BPF_CALL_REL(7) },
		{ "  38: (85) call pc-8#bpf_prog_e104ae6a0f6ed22b_cb", BPF_CALL_REL(-8) },
		{ "12: (95) exit ; R0_w=0", BPF_EXIT_INSN() },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(rows[i].text, &rows[i].insn, 1);
}

static void wide_immediates_take_two_slots(void **state)
{
	static const struct {
		const char *text;
		struct bpf_insn insns[2];
	} rows[] = {
		{ "r1 = 0x5", { BPF_LD_IMM64(1, 5) } },
		{ "r1 = -1 ll", { BPF_LD_IMM64(1, UINT64_MAX) } },
		{ "r1 = 0x8000000000000001", { BPF_LD_IMM64(1, 0x8000000000000001) } },
		{ "r1 = map[fd:3]", { BPF_LD_MAP_FD(1, 3) } },
		{ "r1 = map[fd:3][0]+4294967295", { BPF_LD_MAP_VALUE(1, 3, UINT32_MAX) } },
		{ "r1 = map[idx:2]", { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_MAP_IDX, 2) } },
		{ "r1 = btf[id:7]", { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_BTF_ID, 7) } },
		{ "r1 = subprog[+5]", { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_FUNC, 5) } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(rows[i].text, rows[i].insns, 2);
}

static void labels_count_slots(void **state)
{
	static const struct bpf_insn want[] = {
		BPF_MOV64_IMM(0, 10),
		BPF_LD_IMM64(2, 0x1122334455),
		BPF_ALU64_IMM(BPF_SUB, 0, 1),
		BPF_JMP_IMM(BPF_JNE, 0, 0, -4),
		BPF_JMP32_A(2),
		BPF_LD_IMM64_RAW(1, BPF_PSEUDO_FUNC, 2),
		BPF_EXIT_INSN(),
		BPF_MOV64_IMM(0, 0),
		BPF_EXIT_INSN(),
	};

	expect("\tr0 = 10\n"
	       "loop:  r2 = 0x1122334455 ; two slots\n"
	       "       r0 -= 1\n"
	       "       if r0 != 0 goto loop\n"
	       "       gotol out\n"
	       "       r1 = subprog[cb]\n"
	       "\n"
	       "out: exit\n"
	       "cb:\n"
	       "       r0 = 0\n"
	       "       exit",
	       want, ARRAY_SIZE(want));
}

static void empty_text_is_an_empty_program(void **state)
{
	expect("", NULL, 0);
	expect("\n ; nothing\n// nothing\nend:\n", NULL, 0);
}

static void errors_have_a_place_and_a_reason(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, col;
		const char *why;
	} rows[] = {
		{ "exit\n  frobnicate", 2, 3, "instruction expected" },
		{ "r1 + 5", 1, 4, "operator expected" },
		{ "r1 = w2", 1, 6, "a register of 64 bits expected" },
		{ "r1 = 99999999999", 1, 6, "number does not fit 32 bits" },
		{ "r1 = 0x10000000000000000", 1, 24, "number does not fit 64 bits" },
		{ "r1 = frob", 1, 6, "'frob' is not a value" },
		{ "r1 = be16 r2", 1, 11, "the register must be r1" },
		{ "r1 = -r2", 1, 7, "the register must be r1" },
		{ "w1 = (s32)w2", 1, 10, "a sign extension from s8 or s16 expected" },
		{ "r1 /= 0", 1, 1, "div by zero" },
		{ "w1 <<= 32", 1, 1, "invalid shift" },
		{ "r1 = *(u7 *)(r2)", 1, 8, "u8, u16, u32, u64, s8, s16 or s32 expected" },
		{ "r1 = *(u8 *)(r2 +40000)", 1, 17, "offset does not fit 16 bits" },
		{ "r1 = *(s64 *)(r2)", 1, 8, "u8, u16, u32, u64, s8, s16 or s32 expected" },
		{ "if r1 = 5 goto +1", 1, 7, "comparison expected" },
		{ "goto nowhere", 1, 6, "label 'nowhere' is not defined" },
		{ "a: exit\na: exit", 2, 1, "label 'a' is defined twice" },
		{ "exit exit", 1, 6, "nothing more expected here" },
		{ "(b7) exit", 1, 1,
		  "opcode (b7) does not agree with the text, which is (95)" },
		{ "call bpf_ktime_get_ns#6", 1, 24, "this helper has id 5" },
		{ "call frob#6", 1, 12, "there is no helper of this name" },
		{ "r2 = atomic_fetch_add((u64 *)(r1 +0), r2)", 1, 39, "the type must be u32" },
		{ "lock *(u8 *)(r1 +0) += r2", 1, 21, "atomic operations are on u32 or u64" },
		{ "r1 = map[id:4]", 1, 10,
		  "fd: or idx: expected, as a map has no other name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct isa_asm_error err = { 0 };
		struct bpf_insn *insns = NULL;
		size_t n = 77;

		assert_int_equal(isa_asm(rows[i].text, strlen(rows[i].text), &insns, &n, &err),
				 -EINVAL);
		if (err.line != rows[i].line || err.col != rows[i].col ||
		    strcmp(err.text, rows[i].why))
			fail_msg("%s: %u:%u: %s", rows[i].text, err.line, err.col, err.text);
		assert_null(insns);
		assert_int_equal(n, 77);
	}
}

static void a_far_label_needs_gotol(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct bpf_insn *insns = NULL;
	struct isa_asm_error err;
	size_t n;

	strbuf_adds(&sb, "goto far\n");
	for (int i = 0; i < 32768; i++)
		strbuf_adds(&sb, "r0 = 0\n");
	strbuf_adds(&sb, "far: exit\n");
	assert_int_equal(isa_asm(sb.data, sb.len, &insns, &n, &err), -EINVAL);
	assert_string_equal(err.text, "label 'far' is too far away; use gotol");
	memcpy(sb.data, "gotol far", 9);
	sb.data[9] = '\n';
	assert_int_equal(isa_asm(sb.data, sb.len, &insns, &n, &err), -EINVAL);
	strbuf_reset(&sb);
	strbuf_adds(&sb, "gotol far\n");
	for (int i = 0; i < 32768; i++)
		strbuf_adds(&sb, "r0 = 0\n");
	strbuf_adds(&sb, "far: exit\n");
	assert_int_equal(isa_asm(sb.data, sb.len, &insns, &n, &err), 0);
	assert_int_equal(insns[0].imm, 32768);
	free(insns);
	strbuf_deinit(&sb);
}

static void the_limit_of_instructions_holds(void **state)
{
	enum { LINE = 5 };
	size_t len = ((size_t)ISA_ASM_INSNS_MAX + 1) * LINE, n;
	struct bpf_insn *insns = NULL;
	struct isa_asm_error err;
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i += LINE)
		memcpy(text + i, "exit\n", LINE);
	assert_int_equal(isa_asm(text, len, &insns, &n, &err), -E2BIG);
	assert_int_equal(err.line, ISA_ASM_INSNS_MAX + 1);
	assert_int_equal(isa_asm(text, len - LINE, &insns, &n, &err), 0);
	assert_int_equal(n, ISA_ASM_INSNS_MAX);
	free(insns);
	free(text);
}

static uint64_t random_imm64(const struct isa_row *row, uint64_t *seed, int32_t low)
{
	bool upper = row->val == BPF_PSEUDO_MAP_VALUE || row->val == BPF_PSEUDO_MAP_IDX_VALUE ||
		     row->val == BPF_PSEUDO_BTF_ID || row->val == 0;

	return (uint32_t)low | (upper ? test_random(seed) << 32 : 0);
}

/* One text of many instructions, so that line ends and positions are exercised too. */
static void every_instruction_survives_the_round_trip(void **state)
{
	enum { INSNS = 40 * ISA_INSN_MAX };
	static struct bpf_insn insns[2 * INSNS];
	uint64_t seed = 0xa55e3b1e;
	struct strbuf sb = STRBUF_INIT;
	size_t n = 0;

	for (int i = 0; i < INSNS; i++) {
		const struct isa_row *row = &isa_rows[i % ISA_INSN_MAX];
		struct bpf_insn insn = test_random_insn(row, &seed, 11, 32768);

		if (isa_check(&insn))
			continue;
		insns[n] = insn;
		if (isa_is_ld_imm64(&insn)) {
			insns[n + 1] = BPF_RAW_INSN(0, 0, 0, 0, 0);
			isa_set_imm64(&insns[n], random_imm64(row, &seed, insn.imm));
		}
		isa_disasm(&sb, &insns[n], &isa_source_cbs, true);
		strbuf_adds(&sb, "\n");
		n += (size_t)isa_insn_slots(&insn);
	}
	assert_true(n > INSNS);
	expect(strbuf_str(&sb), insns, n);
	strbuf_deinit(&sb);
}

/* Whatever the text, an answer; and what assembles is legal. */
static void damaged_text_never_yields_illegal_instructions(void **state)
{
	static const char good[] = "l: r1 = *(u32 *)(r2 +8)\nif r1 s> 0x5 goto l\n"
				   "r1 = map[fd:3][0]+8\ncall bpf_redirect#23\n"
				   "r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)\n"
				   "w1 s/= -3\nr3 = (s8)r4\ncall kernel-function@1#7\nexit\n";
	static const char alphabet[] = "\n r1w0x5=+-*/()[]u8s64:#@;&|<>!gotolexifl";
	uint64_t seed = 0xdead1e55;
	int accepted = 0, refused = 0;

	for (int i = 0; i < 20000; i++) {
		char text[sizeof(good)];
		struct isa_asm_error err = { 0 };
		struct bpf_insn *insns = NULL;
		size_t n = 0, bad;

		memcpy(text, good, sizeof(good));
		for (uint64_t k = test_random(&seed) % 4; k-- > 0;)
			text[test_random(&seed) % (sizeof(good) - 1)] =
				alphabet[test_random(&seed) % (sizeof(alphabet) - 1)];
		if (isa_asm(text, sizeof(good) - 1, &insns, &n, &err)) {
			assert_true(err.line > 0 && err.col > 0 && err.text[0]);
			refused++;
		} else {
			assert_null(isa_check_all(insns, n, &bad));
			accepted++;
		}
		free(insns);
	}
	printf("accepted %d, refused %d\n", accepted, refused);
	assert_true(accepted > 1000 && refused > 1000);
}

static void every_allocation_may_fail(void **state)
{
	static const char text[] = "l: r1 = 0x5\ngoto l\nexit\n";
	struct isa_asm_error err;
	struct bpf_insn *insns = NULL;
	uint32_t at = 0;
	int ret;
	size_t n;

	do {
		mem_fail_at = ++at;
		ret = isa_asm(text, sizeof(text) - 1, &insns, &n, &err);
		assert_true(ret == 0 || ret == -ENOMEM);
	} while (ret);
	assert_true(at > 2);
	mem_fail_at = 0;
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_assemble),
		cmocka_unit_test(wide_immediates_take_two_slots),
		cmocka_unit_test(labels_count_slots),
		cmocka_unit_test(empty_text_is_an_empty_program),
		cmocka_unit_test(errors_have_a_place_and_a_reason),
		cmocka_unit_test(a_far_label_needs_gotol),
		cmocka_unit_test(the_limit_of_instructions_holds),
		cmocka_unit_test(every_instruction_survives_the_round_trip),
		cmocka_unit_test(damaged_text_never_yields_illegal_instructions),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
