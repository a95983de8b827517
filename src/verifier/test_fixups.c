/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups: small programs with the walk's results filled in by hand, a program type whose context is
 * plain memory, and a few instructions' worth of evaluator, so that narrow loads are judged by the
 * bytes they yield.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/fixups.h"
#include "verifier/insn_edit.h"

static const struct bpf_insn exit0[] = { BPF_MOV64_IMM(BPF_REG_0, 0), BPF_EXIT_INSN() };

/* --- the program type --------------------------------------------------------------------- */

/* The context is stored as the program sees it, behind a pointer: two loads for one. */
static uint32_t convert(enum bpf_access_type type, const struct bpf_insn *si, struct bpf_insn *out,
			const struct prog *prog, uint32_t *target_bytes)
{
	if (type == BPF_WRITE) {
		out[0] = *si;
		out[0].off = (int16_t)(si->off + 64);
		return 1;
	}
	out[0] = BPF_LDX_MEM(BPF_DW, si->dst_reg, si->src_reg, 0);
	out[1] = BPF_LDX_MEM(BPF_SIZE(si->code), si->dst_reg, si->dst_reg, si->off);
	*target_bytes = (uint32_t)isa_size_bytes(si->code);
	return 2;
}

static int prologue(struct bpf_insn *out, bool direct_write, const struct prog *prog)
{
	if (!direct_write)
		return 0;
	out[0] = BPF_MOV64_REG(BPF_REG_6, BPF_REG_1);
	out[1] = BPF_MOV64_IMM(BPF_REG_7, 0);
	return 2;
}

static int ld_abs(const struct bpf_insn *orig, struct bpf_insn *out)
{
	out[0] = BPF_MOV64_IMM(BPF_REG_2, orig->imm);
	out[1] = BPF_CALL_HELPER(26);
	return 2;
}

static uint64_t some_code(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return 0;
}

static const struct helper_proto lookup_proto = {
	.func = some_code, .id = BPF_FUNC_map_lookup_elem, .name = "bpf_map_lookup_elem" };
static const struct helper_proto random_proto = {
	.func = some_code, .id = BPF_FUNC_get_prandom_u32, .name = "bpf_get_prandom_u32" };
static const struct helper_proto load_proto = {
	.func = some_code, .id = BPF_FUNC_skb_load_bytes, .name = "bpf_skb_load_bytes" };
static const struct helper_proto tail_proto = {
	.id = BPF_FUNC_tail_call, .name = "bpf_tail_call" };
static const struct helper_proto empty_proto = { .name = "bpf_empty" };

static const struct helper_proto *func_proto(uint32_t id, const struct prog *prog)
{
	switch (id) {
	case BPF_FUNC_map_lookup_elem: return &lookup_proto;
	case BPF_FUNC_get_prandom_u32: return &random_proto;
	case BPF_FUNC_skb_load_bytes: return &load_proto;
	case BPF_FUNC_tail_call: return &tail_proto;
	case BPF_FUNC_trace_printk: return &empty_proto;
	default: return NULL;
	}
}

static const struct prog_type_ops ops = { .get_func_proto = func_proto,
					  .convert_ctx_access = convert,
					  .gen_prologue = prologue,
					  .gen_ld_abs = ld_abs };

static int gen_lookup(struct map *map, struct bpf_insn *out)
{
	out[0] = BPF_LDX_MEM(BPF_W, BPF_REG_0, BPF_REG_2, 0);
	out[1] = BPF_ALU64_IMM(BPF_ADD, BPF_REG_0, 1);
	out[2] = BPF_ALU64_REG(BPF_ADD, BPF_REG_0, BPF_REG_1);
	return 3;
}

static int value_addr(const struct map *map, uint64_t *addr, uint32_t off)
{
	*addr = 0x1234567800000000 + off;
	return 0;
}

/* --- the environment ---------------------------------------------------------------------- */

static struct verifier_env *env_new(const struct bpf_insn *insns, uint32_t n)
{
	struct verifier_env *env = mem_zalloc(sizeof(*env));

	env->n_insns = n;
	env->insns = mem_dup(insns, n * sizeof(*insns));
	env->aux = mem_calloc(n, sizeof(*env->aux));
	env->subprogs = mem_calloc(VERIFIER_SUBPROGS_MAX + 2, sizeof(*env->subprogs));
	env->subprog_cnt = 1;
	env->subprogs[1].start = n;
	env->ops = &ops;
	env->prog = mem_zalloc(sizeof(*env->prog));
	env->bpf_capable = true;
	assert_int_equal(vlog_init(&env->log, BPF_LOG_LEVEL1, true, 4096), 0);
	for (uint32_t pc = 0; pc < n; pc++)
		env->aux[pc] = (struct insn_aux){ .seen = 1, .orig_pc = pc };
	return env;
}

static void env_free(struct verifier_env *env)
{
	struct prog *prog = env->prog;

	free(prog->insns);
	free(prog->facts);
	free(prog->subprogs);
	free(prog->calls);
	free(prog->used_maps);
	free(prog);
	free(env->insns);
	free(env->aux);
	free(env->subprogs);
	vlog_deinit(&env->log);
	strbuf_deinit(&env->text);
	free(env);
}

static void assert_code(const struct verifier_env *env, const struct bpf_insn *want, uint32_t n)
{
	assert_int_equal(env->n_insns, n);
	for (uint32_t pc = 0; pc < n; pc++)
		assert_memory_equal(&env->insns[pc], &want[pc], sizeof(*want));
}

static void assert_logged(struct verifier_env *env, const char *want)
{
	const char *text;
	uint32_t bytes, actual;

	assert_int_equal(vlog_finish(&env->log, &text, &bytes, &actual), 0);
	assert_string_equal(text, want);
}

/* --- dead code ---------------------------------------------------------------------------- */

static const struct bpf_insn with_dead_code[] = {
	BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 2), /* always taken */
	BPF_LD_IMM64(BPF_REG_0, 1),	       /* dead, and its other half */
	BPF_JMP_IMM(BPF_JNE, BPF_REG_1, 0, 1), /* never taken */
	BPF_JMP_A(1),
	BPF_MOV64_IMM(BPF_REG_0, 5), /* dead */
	BPF_MOV64_IMM(BPF_REG_0, 0),
	BPF_EXIT_INSN(),
};

static struct verifier_env *env_with_dead_code(void)
{
	struct verifier_env *env = env_new(with_dead_code, ARRAY_SIZE(with_dead_code));

	env->aux[1].seen = env->aux[2].seen = env->aux[5].seen = 0;
	return env;
}

static void dead_code_is_removed_for_the_privileged(void **state)
{
	struct verifier_env *env = env_with_dead_code();

	assert_int_equal(fixups_dead_code(env), 0);
	/* What remains of the branches are gotos to the next instruction: gone, too. */
	assert_code(env, exit0, 2);
	assert_int_equal(env->aux[0].orig_pc, 6);
	env_free(env);
}

static void dead_code_traps_for_the_unprivileged(void **state)
{
	struct verifier_env *env = env_with_dead_code();
	struct bpf_insn want[ARRAY_SIZE(with_dead_code)];

	memcpy(want, with_dead_code, sizeof(want));
	want[1] = want[2] = want[5] = BPF_JMP_A(-1);
	env->bpf_capable = false;
	assert_int_equal(fixups_dead_code(env), 0);
	assert_code(env, want, ARRAY_SIZE(want));
	env_free(env);
}

static void a_subprogram_never_called_is_removed(void **state)
{
	const struct bpf_insn insns[] = { BPF_CALL_REL(3), BPF_EXIT_INSN(),
					  exit0[0], exit0[1], /* dead */
					  exit0[0], exit0[1] };
	const struct bpf_insn want[] = { BPF_CALL_REL(1), BPF_EXIT_INSN(), exit0[0], exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->subprog_cnt = 3;
	env->subprogs[1].start = 2;
	env->subprogs[2].start = 4;
	env->subprogs[2].is_global = true;
	env->subprogs[3].start = 6;
	env->aux[2].seen = env->aux[3].seen = 0;
	assert_int_equal(fixups_dead_code(env), 0);
	assert_code(env, want, ARRAY_SIZE(want));
	assert_int_equal(env->subprog_cnt, 2);
	assert_int_equal(env->subprogs[1].start, 2);
	assert_true(env->subprogs[1].is_global);
	assert_int_equal(env->subprogs[2].start, 4);
	env_free(env);
}

/* Its address was taken, but no path ran it: nobody will. */
static void the_address_of_a_dead_callback_is_zero(void **state)
{
	const struct bpf_insn insns[] = {
		BPF_LD_IMM64_RAW(BPF_REG_2, BPF_PSEUDO_FUNC, 3), /* to 4 */
		exit0[0], exit0[1],
		exit0[0], exit0[1], /* dead */
	};
	const struct bpf_insn want[] = { BPF_LD_IMM64(BPF_REG_2, 0), exit0[0], exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->subprog_cnt = 2;
	env->subprogs[1].start = 4;
	env->subprogs[2].start = 6;
	env->aux[4].seen = env->aux[5].seen = 0;
	assert_int_equal(fixups_run(env), 0);
	assert_code(env, want, ARRAY_SIZE(want));
	assert_int_equal(env->subprog_cnt, 1);
	assert_int_equal(fixups_publish(env), 0);
	env_free(env);
}

/* --- bpf_loop ------------------------------------------------------------------------------ */

static struct verifier_env *env_with_loop(uint16_t stack_depth)
{
	const struct bpf_insn insns[] = { BPF_CALL_HELPER(BPF_FUNC_loop), BPF_EXIT_INSN(),
					  exit0[0], exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->subprog_cnt = 2;
	env->subprogs[0].stack_depth = stack_depth;
	env->subprogs[1].start = 2;
	env->subprogs[2].start = 4;
	env->aux[0].loop_inline.initialized = true;
	env->aux[0].loop_inline.fit_for_inline = true;
	env->aux[0].loop_inline.callback_subprogno = 1;
	return env;
}

static void a_call_of_bpf_loop_becomes_a_loop(void **state)
{
	struct verifier_env *env = env_with_loop(12);
	const struct bpf_insn *insns;

	assert_int_equal(fixups_loops(env), 0);
	insns = env->insns;
	assert_int_equal(env->n_insns, 22);
	assert_int_equal(env->subprogs[0].stack_depth, 16 + 24);
	assert_int_equal(insns[3].off, -40);
	assert_int_equal(insns[18].off, -24);
	assert_int_equal(isa_jump_target(&insns[2], 2), 19); /* too many: behind the loop */
	assert_int_equal(isa_jump_target(&insns[9], 9), 15); /* done: the count */
	assert_int_equal(isa_jump_target(&insns[14], 14), 9);
	assert_int_equal(isa_call_target(&insns[12], 12), 20);
	assert_int_equal(env->subprogs[1].start, 20);
	env_free(env);
}

static void a_call_of_bpf_loop_stays_where_it_must(void **state)
{
	struct verifier_env *env = env_with_loop(8);

	env->aux[0].loop_inline.fit_for_inline = false;
	assert_int_equal(fixups_loops(env), 0);
	assert_int_equal(env->n_insns, 4);
	assert_int_equal(env->subprogs[0].stack_depth, 8);
	env_free(env);

	env = env_with_loop(8); /* no path ran the callback: it goes, and with it what names it */
	env->aux[2].seen = env->aux[3].seen = 0;
	assert_int_equal(fixups_run(env), 0);
	assert_int_equal(env->n_insns, 2);
	assert_int_equal(env->insns[0].imm, BPF_FUNC_loop);
	assert_false(env->aux[0].loop_inline.fit_for_inline);
	assert_int_equal(env->subprog_cnt, 1);
	env_free(env);
}

/* --- context ------------------------------------------------------------------------------ */

/* Runs straight-line loads, shifts, masks and sign extensions on one register. */
static uint64_t evaluate(const struct bpf_insn *insns, uint32_t n, const void *ctx)
{
	uint64_t reg[MAX_BPF_REG] = { [BPF_REG_1] = (uintptr_t)ctx };

	for (uint32_t i = 0; i < n; i++) {
		const struct bpf_insn *insn = &insns[i];
		uint64_t *dst = &reg[insn->dst_reg], v = 0;
		unsigned bits = (unsigned)insn->off;

		if (BPF_CLASS(insn->code) == BPF_LDX) {
			assert_int_equal(BPF_MODE(insn->code), BPF_MEM);
			memcpy(&v, (const char *)(uintptr_t)reg[insn->src_reg] + insn->off,
			       (size_t)isa_size_bytes(insn->code));
			*dst = v;
		} else if (insn->code == (BPF_ALU64 | BPF_RSH | BPF_K)) {
			*dst >>= insn->imm;
		} else if (insn->code == (BPF_ALU | BPF_RSH | BPF_K)) {
			*dst = (uint32_t)*dst >> insn->imm;
		} else if (insn->code == (BPF_ALU | BPF_AND | BPF_K)) {
			*dst = (uint32_t)*dst & (uint32_t)insn->imm;
		} else if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X)) {
			*dst = (uint64_t)((int64_t)(reg[insn->src_reg] << (64 - bits)) >> (64 - bits));
		} else {
			fail_msg("unexpected instruction");
		}
	}
	return reg[BPF_REG_3];
}

static void check_load(int off, unsigned field, unsigned bytes, bool sign)
{
	static const uint8_t bytes_seen[16] = { 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8,
						0x11, 0x22, 0x93, 0x44, 0x55, 0x66, 0x77, 0x88 };
	const void *ctx = bytes_seen;
	struct bpf_insn insns[] = { BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_1, (int16_t)off),
				    exit0[0], exit0[1] };
	struct verifier_env *env;
	uint64_t want = 0;

	insns[0].code = (uint8_t)(BPF_LDX | isa_bytes_to_size((int)bytes) |
				  (sign ? BPF_MEMSX : BPF_MEM));
	env = env_new(insns, ARRAY_SIZE(insns));
	env->aux[0].ptr_type = PTR_TO_CTX;
	env->aux[0].ctx_field_size = field;
	assert_int_equal(fixups_ctx(env), 0);
	memcpy(&want, bytes_seen + off, bytes);
	if (sign)
		want = (uint64_t)((int64_t)(want << (64 - 8 * bytes)) >> (64 - 8 * bytes));
	assert_int_equal(evaluate(env->insns, env->n_insns - 2, &ctx), want);
	env_free(env);
}

static void narrow_loads_yield_their_bytes(void **state)
{
	for (unsigned field = 2; field <= 8; field *= 2)
		for (unsigned bytes = 1; bytes <= field; bytes *= 2)
			for (unsigned off = 0; off < 16; off += bytes)
				for (unsigned sign = 0; sign < 2; sign++)
					if (!sign || bytes < 8)
						check_load((int)off, field, bytes, sign);
}

static void only_context_accesses_are_converted(void **state)
{
	const struct bpf_insn insns[] = {
		BPF_STX_MEM(BPF_W, BPF_REG_1, BPF_REG_2, 4), /* to the context */
		BPF_STX_MEM(BPF_W, BPF_REG_10, BPF_REG_2, -4),
		BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_10, -4),
		exit0[0], exit0[1],
	};
	struct bpf_insn want[ARRAY_SIZE(insns)];
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	memcpy(want, insns, sizeof(want));
	want[0].off = 68;
	env->aux[0].ptr_type = PTR_TO_CTX;
	env->aux[1].ptr_type = env->aux[2].ptr_type = PTR_TO_STACK;
	assert_int_equal(fixups_ctx(env), 0);
	assert_code(env, want, ARRAY_SIZE(want));
	env_free(env);
}

static void a_table_that_is_wrong_is_efault(void **state)
{
	const struct bpf_insn insns[] = { BPF_STX_MEM(BPF_B, BPF_REG_1, BPF_REG_2, 4),
					  exit0[0], exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->aux[0].ptr_type = PTR_TO_CTX;
	env->aux[0].ctx_field_size = 4;
	assert_int_equal(fixups_ctx(env), -EFAULT);
	assert_logged(env, "bpf verifier narrow ctx access misconfigured\n");
	env_free(env);
}

/* The first instruction is a loop's head and itself a jump. */
static void a_prologue_comes_before_a_loop_head(void **state)
{
	const struct bpf_insn insns[] = { BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 1),
					  BPF_JMP_A(-2), exit0[0], exit0[1] };
	const struct bpf_insn want[] = { BPF_MOV64_REG(BPF_REG_6, BPF_REG_1),
					 BPF_MOV64_IMM(BPF_REG_7, 0),
					 BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 1),
					 BPF_JMP_A(-4), exit0[0], exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->seen_direct_write = true;
	assert_int_equal(fixups_ctx(env), 0);
	assert_code(env, want, ARRAY_SIZE(want));
	env_free(env);
}

/* --- calls and what the program gets ---------------------------------------------------- */

static void lookups_in_a_known_map_become_its_code(void **state)
{
	const struct bpf_insn insns[] = { BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem),
					  BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem),
					  BPF_LD_ABS(BPF_B, 23), BPF_EXIT_INSN() };
	struct map_ops map_ops = { .gen_lookup = gen_lookup };
	struct map map = { .ops = &map_ops };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->aux[0].map_state = AUX_SET;
	env->aux[0].map_ptr = &map;
	env->aux[1].map_state = AUX_POISON;
	env->aux[1].map_ptr = &map;
	assert_int_equal(fixups_run(env), 0);
	assert_int_equal(env->n_insns, 7);
	assert_int_equal(env->insns[0].code, BPF_LDX | BPF_W | BPF_MEM);
	assert_true(isa_is_helper_call(&env->insns[3]));
	assert_int_equal(env->insns[4].imm, 23);
	assert_int_equal(env->insns[5].imm, BPF_FUNC_skb_load_bytes);
	env_free(env);
}

static struct verifier_env *env_with_everything(struct map *map)
{
	const struct bpf_insn insns[] = {
		BPF_LD_IMM64_RAW(BPF_REG_1, BPF_PSEUDO_MAP_FD, 5),
		BPF_LD_IMM64_RAW(BPF_REG_2, BPF_PSEUDO_MAP_VALUE, 5),
		BPF_LD_IMM64_RAW(BPF_REG_3, BPF_PSEUDO_FUNC, 8), /* pc 4: to 13 */
		BPF_LD_IMM64(BPF_REG_4, 0x1122334455667788),
		BPF_CALL_HELPER(BPF_FUNC_get_prandom_u32),
		BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem),
		BPF_CALL_HELPER(BPF_FUNC_get_prandom_u32),
		exit0[0], exit0[1],
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 1), /* 13 */
		BPF_LDX_MEM(BPF_W, BPF_REG_0, BPF_REG_1, 0),
		exit0[0], exit0[1],
	};
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	env->subprog_cnt = 2;
	env->subprogs[0].name = "main";
	env->subprogs[0].stack_depth = 12;
	env->subprogs[1].start = 13;
	env->subprogs[1].name = "";
	env->subprogs[2].start = env->n_insns;
	env->used_maps[0] = map;
	env->used_map_cnt = 1;
	env->aux[2].map_off = 8;
	env->aux[14].ptr_type = PTR_TO_BTF_ID | PTR_UNTRUSTED;
	return env;
}

static void immediates_are_addresses_and_facts_say_of_what(void **state)
{
	struct map_ops map_ops = { .direct_value_addr = value_addr };
	struct map map = { .ops = &map_ops };
	struct verifier_env *env = env_with_everything(&map);
	struct prog *prog = env->prog;

	assert_int_equal(fixups_run(env), 0);
	assert_int_equal(fixups_publish(env), 0);
	assert_null(env->insns);
	assert_int_equal(isa_imm64(&prog->insns[0]), (uintptr_t)&map);
	assert_int_equal(prog->insns[0].src_reg, 0);
	assert_int_equal(prog->facts[0].ldimm64, LDIMM64_MAP);
	assert_int_equal(isa_imm64(&prog->insns[2]), 0x1234567800000008);
	assert_int_equal(prog->facts[2].ldimm64, LDIMM64_MAP_VALUE);
	assert_int_equal(prog->facts[2].index, 0);
	assert_int_equal(prog->insns[4].src_reg, BPF_PSEUDO_FUNC);
	assert_int_equal(isa_imm64(&prog->insns[4]), 1);
	assert_int_equal(prog->facts[4].ldimm64, LDIMM64_FUNC);
	assert_int_equal(isa_imm64(&prog->insns[6]), 0x1122334455667788);
	assert_int_equal(prog->facts[6].ldimm64, LDIMM64_NUMBER);
	assert_int_equal(prog->facts[6].index, UINT16_MAX);
	assert_true(prog->facts[15].jump_target);
	assert_false(prog->facts[14].jump_target);
	assert_true(prog->facts[14].may_fault);
	assert_int_equal(prog->facts[14].mem_base, PTR_TO_BTF_ID);
	assert_int_equal(prog->facts[14].orig_pc, 14);
	env_free(env);
}

static void calls_index_a_table_of_distinct_helpers(void **state)
{
	struct map_ops map_ops = { .direct_value_addr = value_addr };
	struct map map = { .ops = &map_ops };
	struct verifier_env *env = env_with_everything(&map);
	struct prog *prog = env->prog;

	assert_int_equal(fixups_publish(env), 0);
	assert_int_equal(prog->n_calls, 2);
	assert_int_equal(prog->insns[8].imm, 0);
	assert_int_equal(prog->insns[9].imm, 1);
	assert_int_equal(prog->insns[10].imm, 0);
	assert_int_equal(prog->calls[1].helper_id, BPF_FUNC_map_lookup_elem);
	assert_string_equal(prog->calls[0].name, "bpf_get_prandom_u32");
	assert_ptr_equal(prog->calls[0].fn, some_code);
	assert_int_equal(prog->n_used_maps, 1);
	assert_ptr_equal(prog->used_maps[0], &map);
	assert_int_equal(env->used_map_cnt, 0);
	env_free(env);
}

static void subprograms_are_laid_out(void **state)
{
	struct map_ops map_ops = { .direct_value_addr = value_addr };
	struct map map = { .ops = &map_ops };
	struct verifier_env *env = env_with_everything(&map);
	struct prog *prog = env->prog;

	assert_int_equal(fixups_publish(env), 0);
	assert_int_equal(prog->n_subprogs, 2);
	assert_int_equal(prog->subprogs[0].end, 13);
	assert_int_equal(prog->subprogs[0].stack_bytes, 16);
	assert_string_equal(prog->subprogs[0].name, "main");
	assert_false(prog->subprogs[0].is_callback);
	assert_int_equal(prog->subprogs[1].start, 13);
	assert_int_equal(prog->subprogs[1].end, 17);
	assert_null(prog->subprogs[1].name);
	assert_true(prog->subprogs[1].is_callback);
	env_free(env);
}

static void a_tail_call_needs_no_code(void **state)
{
	const struct bpf_insn insns[] = { BPF_CALL_HELPER(BPF_FUNC_tail_call), exit0[0], exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	assert_int_equal(fixups_publish(env), 0);
	assert_int_equal(env->prog->calls[0].helper_id, BPF_FUNC_tail_call);
	env_free(env);
}

static void a_helper_without_code_is_efault(void **state)
{
	const struct bpf_insn insns[] = { BPF_CALL_HELPER(BPF_FUNC_trace_printk), exit0[0],
					  exit0[1] };
	struct verifier_env *env = env_new(insns, ARRAY_SIZE(insns));

	assert_int_equal(fixups_publish(env), -EFAULT);
	assert_logged(env, "kernel subsystem misconfigured func bpf_empty#6\n");
	assert_null(env->prog->insns);
	env_free(env);
}

static void running_out_of_memory_leaves_the_program_alone(void **state)
{
	struct map_ops map_ops = { .direct_value_addr = value_addr };
	struct map map = { .ops = &map_ops };
	unsigned failures = 0;

	for (uint32_t fail = 1;; fail++) {
		struct verifier_env *env = env_with_everything(&map);
		int err;

		mem_fail_at = fail;
		err = fixups_run(env);
		if (!err)
			err = fixups_publish(env);
		mem_fail_at = 0;
		if (err) {
			assert_null(env->prog->insns);
			assert_null(env->prog->facts);
			failures++;
		}
		env_free(env);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
	}
	assert_in_range(failures, 4, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dead_code_is_removed_for_the_privileged),
		cmocka_unit_test(dead_code_traps_for_the_unprivileged),
		cmocka_unit_test(a_subprogram_never_called_is_removed),
		cmocka_unit_test(the_address_of_a_dead_callback_is_zero),
		cmocka_unit_test(a_call_of_bpf_loop_becomes_a_loop),
		cmocka_unit_test(a_call_of_bpf_loop_stays_where_it_must),
		cmocka_unit_test(narrow_loads_yield_their_bytes),
		cmocka_unit_test(only_context_accesses_are_converted),
		cmocka_unit_test(a_table_that_is_wrong_is_efault),
		cmocka_unit_test(a_prologue_comes_before_a_loop_head),
		cmocka_unit_test(lookups_in_a_known_map_become_its_code),
		cmocka_unit_test(immediates_are_addresses_and_facts_say_of_what),
		cmocka_unit_test(calls_index_a_table_of_distinct_helpers),
		cmocka_unit_test(subprograms_are_laid_out),
		cmocka_unit_test(a_tail_call_needs_no_code),
		cmocka_unit_test(a_helper_without_code_is_efault),
		cmocka_unit_test(running_out_of_memory_leaves_the_program_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
