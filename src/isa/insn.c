/* SPDX-License-Identifier: BSD-2-Clause */
/* See insn.h. */
#include <assert.h>

#include "isa/insn.h"

enum { R0 = 1u << BPF_REG_0, R6 = 1u << BPF_REG_6 };

uint8_t isa_jmp_negate(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return BPF_JNE;
	case BPF_JNE:
		return BPF_JEQ;
	case BPF_JGT:
		return BPF_JLE;
	case BPF_JLE:
		return BPF_JGT;
	case BPF_JGE:
		return BPF_JLT;
	case BPF_JLT:
		return BPF_JGE;
	case BPF_JSGT:
		return BPF_JSLE;
	case BPF_JSLE:
		return BPF_JSGT;
	case BPF_JSGE:
		return BPF_JSLT;
	case BPF_JSLT:
		return BPF_JSGE;
	default:
		assert(0 && "no such operator");
		return op;
	}
}

static uint16_t dst(const struct bpf_insn *insn)
{
	return (uint16_t)(1u << insn->dst_reg);
}

static uint16_t src(const struct bpf_insn *insn)
{
	return (uint16_t)(1u << insn->src_reg);
}

static uint16_t alu_read(const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if (op == BPF_END || op == BPF_NEG)
		return dst(insn);
	return (op == BPF_MOV ? 0 : dst(insn)) | (BPF_SRC(insn->code) == BPF_X ? src(insn) : 0);
}

static uint16_t jmp_read(const struct bpf_insn *insn)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
	case BPF_JCOND:
		return 0;
	case BPF_CALL:
		return ISA_CALL_ARGS;
	case BPF_EXIT:
		return R0;
	default:
		return dst(insn) | (BPF_SRC(insn->code) == BPF_X ? src(insn) : 0);
	}
}

static uint16_t stx_read(const struct bpf_insn *insn)
{
	if (isa_is_load_acquire(insn))
		return src(insn);
	return dst(insn) | src(insn) |
	       (isa_is_atomic(insn) && insn->imm == BPF_CMPXCHG ? R0 : 0);
}

static uint16_t stx_written(const struct bpf_insn *insn)
{
	if (isa_is_load_acquire(insn))
		return dst(insn);
	if (!isa_is_atomic_fetch(insn))
		return 0;
	return insn->imm == BPF_CMPXCHG ? R0 : src(insn);
}

static uint16_t ld_read(const struct bpf_insn *insn)
{
	if (!isa_is_ld_skb(insn))
		return 0;
	return R6 | (BPF_MODE(insn->code) == BPF_IND ? src(insn) : 0);
}

uint16_t isa_regs_read(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return alu_read(insn);
	case BPF_JMP:
	case BPF_JMP32:
		return jmp_read(insn);
	case BPF_LDX:
		return src(insn);
	case BPF_ST:
		return BPF_MODE(insn->code) == BPF_NOSPEC ? 0 : dst(insn);
	case BPF_STX:
		return stx_read(insn);
	default:
		return ld_read(insn);
	}
}

uint16_t isa_regs_written(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
	case BPF_LDX:
		return dst(insn);
	case BPF_JMP:
		return BPF_OP(insn->code) == BPF_CALL ? ISA_CALLER_SAVED : 0;
	case BPF_STX:
		return stx_written(insn);
	case BPF_LD:
		if (isa_is_ld_imm64(insn))
			return dst(insn);
		return isa_is_ld_skb(insn) ? ISA_CALLER_SAVED : 0;
	default:
		return 0;
	}
}
