/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the text is the kernel's, character for character. Method: by hand what the kernel prints
 * only for code it refuses; then random operands in every row of the table, loaded into the
 * running kernel with a log of every instruction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "isa/decode.h"
#include "isa/disasm.h"
#include "isa/insn.h"
#include "isa/test_oracle.h"

static void expect(const struct bpf_insn *insn, const struct isa_cbs *cbs, const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	isa_disasm(&sb, insn, cbs, true);
	assert_int_equal(strbuf_err(&sb), 0);
	assert_string_equal(strbuf_str(&sb), text);
	strbuf_deinit(&sb);
}

static void known_texts_come_out(void **state)
{
	static const struct {
		struct bpf_insn insn;
		const char *text;
	} rows[] = {
		{ BPF_MOV64_IMM(0, -7), "(b7) r0 = -7" },
		{ BPF_JMP_IMM(BPF_JSGT, 1, -1, -2), "(65) if r1 s> 0xffffffff goto pc-2" },
		{ BPF_RAW_INSN(BPF_ALU | BPF_NEG, 3, 0, 0, 0), "(84) w3 = -w3" },
		{ BPF_MOVSX32_REG(1, 2, 16), "(bc) w1 = (s16)w2" },
		{ BPF_ALU64_REG_OFF(BPF_MOD, 1, 2, 1), "(9f) r1 s%= r2" },
		{ BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, 1, 1 << 16),
		  "(bf) r1 = addr_space_cast(r2, 1, 0)" },
		{ BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, BPF_ADDR_PERCPU, 0),
		  "(bf) r1 = &(void __percpu *)(r2)" },
		{ BPF_ATOMIC_OP(BPF_W, BPF_CMPXCHG, 1, 2, 4),
		  "(c3) r0 = atomic_cmpxchg((u32 *)(r1 +4), r0, r2)" },
		{ BPF_ATOMIC_OP(BPF_DW, BPF_AND | BPF_FETCH, 1, 2, -4),
		  "(db) r2 = atomic64_fetch_and((u64 *)(r1 -4), r2)" },
		{ BPF_CALL_HELPER(1), "(85) call bpf_map_lookup_elem#1" },
		{ BPF_CALL_HELPER(99999), "(85) call unknown#99999" },
		{ BPF_CALL_HELPER(-1), "(85) call unknown#-1" },
		{ BPF_CALL_KFUNC(2, 77), "(85) call kernel-function#77" },
		{ BPF_CALL_REL(-3), "(85) call pc-3" },
		{ BPF_MAY_GOTO_INSN(3), "(e5) may_goto pc+3" },
		{ BPF_RAW_INSN(BPF_ST | BPF_NOSPEC, 0, 0, 0, 0), "(c2) nospec" },
		{ BPF_RAW_INSN(BPF_ST | BPF_ABS, 0, 0, 0, 0), "BUG_st_22" },
		{ BPF_RAW_INSN(BPF_STX | BPF_IND, 0, 0, 0, 0), "BUG_43" },
		{ BPF_ATOMIC_OP(BPF_DW, 0x20, 1, 2, 0), "BUG_db" },
		{ BPF_RAW_INSN(BPF_LDX | BPF_ABS, 0, 0, 0, 0), "BUG_ldx_21" },
		{ BPF_RAW_INSN(BPF_LD | BPF_MEM, 0, 0, 0, 0), "BUG_ld_60" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(&rows[i].insn, NULL, rows[i].text);
}

static void pointers_are_hidden_when_leaks_are_not_allowed(void **state)
{
	struct bpf_insn map[] = { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_MAP_FD, 0xffff888012345678) };
	struct bpf_insn num[] = { BPF_LD_IMM64(1, 0xffff888012345678) };
	struct strbuf sb = STRBUF_INIT;

	isa_disasm(&sb, map, NULL, false);
	assert_string_equal(strbuf_str(&sb), "(18) r1 = 0x0");
	strbuf_reset(&sb);
	isa_disasm(&sb, num, NULL, false);
	assert_string_equal(strbuf_str(&sb), "(18) r1 = 0xffff888012345678");
	strbuf_deinit(&sb);
}

static void source_names_pseudo_immediates(void **state)
{
	struct bpf_insn fd[] = { BPF_LD_MAP_FD(1, 3) };
	struct bpf_insn value[] = { BPF_LD_MAP_VALUE(1, 3, 8) };
	struct bpf_insn idx[] = { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_MAP_IDX_VALUE, 5) };
	struct bpf_insn func[] = { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_FUNC, 0xfffffffe) };
	struct bpf_insn btf[] = { BPF_LD_IMM64_RAW(1, BPF_PSEUDO_BTF_ID, 0x400000007) };
	struct bpf_insn kfunc = BPF_CALL_KFUNC(2, 77);

	expect(fd, &isa_source_cbs, "(18) r1 = map[fd:3]");
	expect(value, &isa_source_cbs, "(18) r1 = map[fd:3][0]+8");
	expect(idx, &isa_source_cbs, "(18) r1 = map[idx:5][0]+0");
	expect(func, &isa_source_cbs, "(18) r1 = subprog[-2]");
	expect(btf, &isa_source_cbs, "(18) r1 = btf[id:7 fd:4]");
	expect(&kfunc, &isa_source_cbs, "(85) call kernel-function@2#77");
}

static void every_code_byte_has_a_text(void **state)
{
	for (int code = 0; code < 256; code++) {
		for (int16_t off = -1; off <= 33; off++) {
			struct bpf_insn insn[2] = { BPF_RAW_INSN((uint8_t)code, 15, 15, off, -1) };
			struct strbuf sb = STRBUF_INIT;

			isa_disasm(&sb, insn, NULL, true);
			assert_true(sb.len > 4);
			assert_null(strchr(sb.data, '\n'));
			strbuf_deinit(&sb);
		}
	}
}

static void helper_names_and_ids_agree(void **state)
{
	assert_string_equal(isa_helper_name(BPF_FUNC_ringbuf_output), "bpf_ringbuf_output");
	assert_string_equal(isa_helper_name(-1), "unknown");
	assert_string_equal(isa_helper_name(100000), "unknown");
	for (int32_t id = 1; strcmp(isa_helper_name(id), "unknown"); id++) {
		const char *name = isa_helper_name(id);

		assert_int_equal(isa_helper_id(name, (uint32_t)strlen(name)), id);
	}
	assert_int_equal(isa_helper_id("bpf_map_lookup_elemx", 19), 1);
	assert_int_equal(isa_helper_id("bpf_map_lookup_elemx", 20), -1);
}

static void out_of_memory_sticks_to_the_buffer(void **state)
{
	struct bpf_insn insn = BPF_EXIT_INSN();
	struct strbuf sb = STRBUF_INIT;

	mem_fail_at = 1;
	isa_disasm(&sb, &insn, NULL, true);
	assert_int_not_equal(strbuf_err(&sb), 0);
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_deinit(&sb);
}

/* What the kernel's log says of the instruction at ORACLE_AT, without the state after it; or
 * NULL. */
static char *logged(void)
{
	char *line = strstr(oracle_log, "\n12: (");
	char *end;

	_Static_assert(ORACLE_AT == 12, "the line looked for");
	if (!line)
		return NULL;
	line += strlen("\n12: ");
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	end = strchr(line, ';');
	end = end ? end : line + strlen(line);
	while (end > line && end[-1] == ' ')
		end--;
	*end = '\0';
	return line;
}

static bool kernel_prints_it(const struct isa_row *row)
{
	return row->imm != ISA_IMM_FD && row->imm != ISA_IMM_FDX && row->imm != ISA_IMM_BTFID &&
	       row != &isa_rows[ISA_LD64_FUNC] && row != &isa_rows[ISA_CALL_SUBPROG];
}

/* Rounds over the whole table; whatever the kernel logged must be what we print. */
static void the_kernel_prints_the_same(void **state)
{
	uint64_t seed = 0xd15a55e3;
	int compared = 0, wanted = 0;

	if (!oracle_present())
		skip();
	for (int i = 0; i < 8 * ISA_INSN_MAX; i++) {
		const struct isa_row *row = &isa_rows[i % ISA_INSN_MAX];
		struct bpf_insn prog[ORACLE_INSNS_MAX];
		struct bpf_insn insn = test_random_insn(row, &seed, 10, ORACLE_TAIL);
		size_t n = oracle_surround(prog, insn);
		const char *text;

		if (!kernel_prints_it(row) || isa_check(&insn))
			continue;
		wanted++;
		oracle_load(prog, n, 2);
		text = logged();
		if (!text)
			continue;
		expect(&prog[ORACLE_AT], NULL, text);
		compared++;
	}
	printf("compared %d texts of %d\n", compared, wanted);
	assert_true(compared > wanted * 9 / 10 && wanted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_come_out),
		cmocka_unit_test(pointers_are_hidden_when_leaks_are_not_allowed),
		cmocka_unit_test(source_names_pseudo_immediates),
		cmocka_unit_test(every_code_byte_has_a_text),
		cmocka_unit_test(helper_names_and_ids_agree),
		cmocka_unit_test(out_of_memory_sticks_to_the_buffer),
		cmocka_unit_test(the_kernel_prints_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
