/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic, moves and byte swaps (RFC 9669, section 4), but for division: see div.c. */
#include <errno.h>

#include "base/macros.h"
#include "jit/x86_64/gen.h"

struct alu_op {
	uint8_t rr;    /* opcode of op rm, reg; 0: not one of these */
	uint8_t digit; /* GRP1_x */
};

static const struct alu_op alu_ops[16] = {
	[BPF_ADD >> 4] = { OP_ADD, GRP1_ADD }, [BPF_SUB >> 4] = { OP_SUB, GRP1_SUB },
	[BPF_OR >> 4] = { OP_OR, GRP1_OR },    [BPF_AND >> 4] = { OP_AND, GRP1_AND },
	[BPF_XOR >> 4] = { OP_XOR, GRP1_XOR },
};

static void gen_and_imm(struct jit_gen *g, uint32_t mods, enum x86_reg dst, int32_t imm)
{
	/* A result below 2^31 is the same in 32 bits. */
	if (imm >= 0)
		mods = 0;
	if (imm == 0xff)
		asm_rr(&g->b, X_8, OP_MOVZX8, dst, dst);
	else if (imm == 0xffff)
		asm_rr(&g->b, 0, OP_MOVZX16, dst, dst);
	else
		asm_grp1(&g->b, mods, GRP1_AND, dst, imm);
}

static void gen_mul_imm(struct jit_gen *g, uint32_t mods, enum x86_reg dst, int32_t imm)
{
	if (imm > 0 && (imm & (imm - 1)) == 0) {
		int count = __builtin_ctz((unsigned int)imm);

		if (count || !mods)
			asm_shift(&g->b, mods, SHIFT_SHL, dst, count);
		return;
	}
	if (imm == 3 || imm == 5 || imm == 9) {
		asm_rmi(&g->b, mods, OP_LEA, dst, dst, dst, imm == 3 ? 1 : imm == 5 ? 2 : 3, 0);
		return;
	}
	asm_imul(&g->b, mods, dst, dst, imm);
}

static void gen_shift_reg(struct jit_gen *g, uint32_t mods, int digit, enum x86_reg dst,
			  enum x86_reg src)
{
	enum x86_reg work = dst;

	if (g->bmi2) {
		asm_shiftx(&g->b, mods, digit, dst, dst, src);
		return;
	}
	/* The count goes through cl; what rcx held waits in a free register. */
	if (src == RCX && dst != RCX) {
		asm_rr(&g->b, mods, OP_SHIFT_CL, (uint32_t)digit, dst);
		return;
	}
	if (dst == RCX) {
		work = T1;
		asm_rr(&g->b, X_W, OP_LOAD, work, dst);
	}
	asm_rr(&g->b, X_W, OP_LOAD, T0, RCX);
	gen_mov(g, X_W, RCX, src);
	asm_rr(&g->b, mods, OP_SHIFT_CL, (uint32_t)digit, work);
	asm_rr(&g->b, X_W, OP_LOAD, RCX, work == T1 ? T1 : T0);
}

static int gen_shift(struct jit_gen *g, const struct bpf_insn *insn, int digit)
{
	uint32_t mods = gen_is_64(insn) ? X_W : 0;
	int count = insn->imm & (mods ? 63 : 31);

	if (BPF_SRC(insn->code) == BPF_X)
		gen_shift_reg(g, mods, digit, gen_dst(insn), gen_src(insn));
	else if (count)
		asm_shift(&g->b, mods, digit, gen_dst(insn), count);
	else if (!mods)
		asm_rr(&g->b, 0, OP_LOAD, gen_dst(insn), gen_dst(insn));
	return 0;
}

static int gen_movsx(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint32_t mods = gen_is_64(insn) ? X_W : 0;

	switch (insn->off) {
	case BPF_ADDR_PERCPU:
		if (!mods)
			return -ENOTSUP;
		gen_load_slot(g, T0);
		asm_imul(&g->b, X_W, T0, T0, insn->imm);
		asm_rmi(&g->b, X_W, OP_LEA, gen_dst(insn), gen_src(insn), T0, 0, 0);
		return 0;
	case 8:
		asm_rr(&g->b, mods | X_8, OP_MOVSX8, gen_dst(insn), gen_src(insn));
		return 0;
	case 16:
		asm_rr(&g->b, mods, OP_MOVSX16, gen_dst(insn), gen_src(insn));
		return 0;
	case 32:
		if (!mods)
			return -ENOTSUP;
		asm_rr(&g->b, X_W, OP_MOVSXD, gen_dst(insn), gen_src(insn));
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int gen_move(struct jit_gen *g, const struct bpf_insn *insn)
{
	if (BPF_SRC(insn->code) == BPF_K)
		asm_mov_imm(&g->b, gen_dst(insn),
			    gen_is_64(insn) ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
	else if (insn->off)
		return gen_movsx(g, insn);
	else if (gen_is_64(insn))
		gen_mov(g, X_W, gen_dst(insn), gen_src(insn));
	else if (insn->dst_reg != insn->src_reg || !(g->zext >> insn->src_reg & 1))
		asm_rr(&g->b, 0, OP_LOAD, gen_dst(insn), gen_src(insn));
	return 0;
}

static int gen_end(struct jit_gen *g, const struct bpf_insn *insn)
{
	bool swaps = gen_is_64(insn) || BPF_SRC(insn->code) == BPF_TO_BE;
	enum x86_reg dst = gen_dst(insn);

	switch (insn->imm) {
	case 16:
		if (swaps) {
			asm_rr(&g->b, X_16, OP_SHIFT_IMM, SHIFT_ROL, dst);
			asm_u8(&g->b, 8);
		}
		asm_rr(&g->b, 0, OP_MOVZX16, dst, dst);
		return 0;
	case 32:
		if (swaps)
			asm_bswap(&g->b, 0, dst);
		else
			asm_rr(&g->b, 0, OP_LOAD, dst, dst);
		return 0;
	case 64:
		if (swaps)
			asm_bswap(&g->b, X_W, dst);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int gen_mul(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint32_t mods = gen_is_64(insn) ? X_W : 0;

	if (BPF_SRC(insn->code) == BPF_X)
		asm_rr(&g->b, mods, OP_IMUL, gen_dst(insn), gen_src(insn));
	else
		gen_mul_imm(g, mods, gen_dst(insn), insn->imm);
	return 0;
}

static int gen_simple(struct jit_gen *g, const struct bpf_insn *insn)
{
	const struct alu_op *op = &alu_ops[BPF_OP(insn->code) >> 4];
	uint32_t mods = gen_is_64(insn) ? X_W : 0;

	if (BPF_SRC(insn->code) == BPF_X)
		asm_rr(&g->b, mods, op->rr, gen_src(insn), gen_dst(insn));
	else if (BPF_OP(insn->code) == BPF_AND)
		gen_and_imm(g, mods, gen_dst(insn), insn->imm);
	else
		asm_grp1(&g->b, mods, op->digit, gen_dst(insn), insn->imm);
	return 0;
}

void gen_op_memory(struct jit_gen *g, const struct bpf_insn *insn, uint32_t mods, enum x86_reg base,
		   int32_t disp)
{
	const struct alu_op *op = &alu_ops[BPF_OP(insn->code) >> 4];
	bool is_short = asm_is_imm8(insn->imm);

	assert(op->rr);
	if (BPF_SRC(insn->code) == BPF_X) {
		asm_rm(&g->b, mods, op->rr, gen_src(insn), base, disp);
		return;
	}
	asm_rm(&g->b, mods, is_short ? OP_GRP1_IMM8 : OP_GRP1_IMM, op->digit, base, disp);
	if (is_short)
		asm_u8(&g->b, (uint32_t)insn->imm);
	else
		asm_u32(&g->b, (uint32_t)insn->imm);
}

int gen_alu(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if (insn->off && op != BPF_MOV && !isa_is_sdiv_smod(insn))
		return -ENOTSUP;
	if (insn->off && op == BPF_MOV && BPF_SRC(insn->code) == BPF_K)
		return -ENOTSUP;
	switch (op) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_OR:
	case BPF_AND:
	case BPF_XOR:
		return gen_simple(g, insn);
	case BPF_MUL:
		return gen_mul(g, insn);
	case BPF_DIV:
	case BPF_MOD:
		return gen_divmod(g, insn);
	case BPF_LSH:
		return gen_shift(g, insn, SHIFT_SHL);
	case BPF_RSH:
		return gen_shift(g, insn, SHIFT_SHR);
	case BPF_ARSH:
		return gen_shift(g, insn, SHIFT_SAR);
	case BPF_NEG:
		asm_rr(&g->b, gen_is_64(insn) ? X_W : 0, OP_GRP3, GRP3_NEG, gen_dst(insn));
		return 0;
	case BPF_MOV:
		return gen_move(g, insn);
	case BPF_END:
		return gen_end(g, insn);
	default:
		return -ENOTSUP;
	}
}
