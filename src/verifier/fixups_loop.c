/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups_loop: calls of bpf_loop() become loops, where flags are 0 and the callback is the same on
 * all paths.
 *
 * R6 to R8 hold the loop's limit, counter and context; the caller's are saved on its stack in three
 * more slots below what it uses, even where that is all a frame may use: then it is 536 bytes. The
 * code is that of Linux 6.18, which dumps show.
 */
#include "verifier/fixups.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/insn_edit.h"

enum {
	LOOP_MAX = BPF_REG_6,
	LOOP_CNT = BPF_REG_7,
	LOOP_CTX = BPF_REG_8,
	LOOPS_MAX = 1 << 23, /* BPF_MAX_LOOPS */
	LOOP_CALL_AT = 12,   /* the call of the callback, below */
	SAVED_BYTES = 3 * REG_SLOT_BYTES,
};

/* base: offset from the frame pointer of the lowest saved register. */
static void inline_loop(const struct verifier_env *env, struct insn_edits *e, uint32_t pc,
			int16_t base)
{
	const uint32_t callee = env->aux[pc].loop_inline.callback_subprogno;
	const int16_t r6 = base, r7 = (int16_t)(base + 8), r8 = (int16_t)(base + 16);
	const struct bpf_insn code[] = {
		BPF_JMP_IMM(BPF_JLE, BPF_REG_1, LOOPS_MAX, 2),
		BPF_MOV32_IMM(BPF_REG_0, -E2BIG),
		BPF_JMP_A(16),
		BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_6, r6),
		BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_7, r7),
		BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_8, r8),
		BPF_MOV64_REG(LOOP_MAX, BPF_REG_1),
		BPF_MOV32_IMM(LOOP_CNT, 0),
		BPF_MOV64_REG(LOOP_CTX, BPF_REG_3),
		BPF_JMP_REG(BPF_JGE, LOOP_CNT, LOOP_MAX, 5), /* the loop's head */
		BPF_MOV64_REG(BPF_REG_1, LOOP_CNT),
		BPF_MOV64_REG(BPF_REG_2, LOOP_CTX),
		BPF_CALL_REL(0),
		BPF_ALU64_IMM(BPF_ADD, LOOP_CNT, 1),
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, -6),
		BPF_MOV64_REG(BPF_REG_0, LOOP_CNT),
		BPF_LDX_MEM(BPF_DW, BPF_REG_6, BPF_REG_10, r6),
		BPF_LDX_MEM(BPF_DW, BPF_REG_7, BPF_REG_10, r7),
		BPF_LDX_MEM(BPF_DW, BPF_REG_8, BPF_REG_10, r8),
	};

	insn_edits_replace(e, pc, 1, code, ARRAY_SIZE(code));
	insn_edits_outward(e, LOOP_CALL_AT, env->subprogs[callee].start);
}

/* A callback no path ever ran (no iterations are asked for) is dead code: the call stays. */
static bool is_inlinable(const struct verifier_env *env, uint32_t pc)
{
	const struct insn_aux *aux = &env->aux[pc];

	return aux->seen && aux->loop_inline.fit_for_inline &&
	       env->aux[env->subprogs[aux->loop_inline.callback_subprogno].start].seen;
}

/* The calls of one subprogram; its frame grows once for all of them. */
static void inline_loops_of(struct verifier_env *env, struct vsubprog *sub, struct insn_edits *e)
{
	uint32_t depth = (sub->stack_depth + 7u) & ~7u, grown = depth + SAVED_BYTES;
	bool any = false;

	for (uint32_t pc = sub->start; pc < sub[1].start;
	     pc += (uint32_t)isa_insn_slots(&env->insns[pc])) {
		const struct bpf_insn *insn = &env->insns[pc];

		if (!isa_is_helper_call(insn) || insn->imm != BPF_FUNC_loop ||
		    !is_inlinable(env, pc))
			continue;
		inline_loop(env, e, pc, (int16_t)-(int32_t)grown);
		env->aux[pc].loop_inline.fit_for_inline = false; /* it is done */
		any = true;
	}
	if (any)
		sub->stack_depth = (uint16_t)grown;
}

int fixups_loops(struct verifier_env *env)
{
	struct insn_edits e = { 0 };

	for (uint32_t i = 0; i < env->subprog_cnt; i++)
		inline_loops_of(env, &env->subprogs[i], &e);
	return insn_edits_apply(env, &e);
}
