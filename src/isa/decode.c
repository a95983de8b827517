/* SPDX-License-Identifier: BSD-2-Clause */
/* See decode.h. */
#include "isa/decode.h"
#include "isa/insn.h"

const struct isa_row isa_rows[ISA_INSN_MAX] = {
#define INSN(ROW, CODE, SELECTOR, VAL, OPERATOR, FORM, DST, SRC, OFF, IMM, ISA, GROUP)             \
	{                                                                                          \
		.name = #ROW, .op = OPERATOR, .val = VAL, .code = CODE,                            \
		.sel = ISA_SEL_##SELECTOR, .form = ISA_FORM_##FORM, .dst = ISA_REG_##DST,          \
		.src = ISA_REG_##SRC, .off = ISA_OFF_##OFF, .imm = ISA_IMM_##IMM, .isa = ISA,      \
	},
#include "tbl/insns.h"
};

/* 1 + the selector of each code, 0 where no row has the code. Rows of one code share theirs, so
 * that initialising an entry again changes nothing. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const uint8_t sel_of_code[256] = {
#define INSN(ROW, CODE, SELECTOR, VAL, OPERATOR, FORM, DST, SRC, OFF, IMM, ISA, GROUP)             \
	[CODE] = 1 + ISA_SEL_##SELECTOR,
#include "tbl/insns.h"
};
#pragma GCC diagnostic pop

#define KEY(code, val) ((uint64_t)(code) << 32 | (uint32_t)(val))

bool isa_code_known(uint8_t code)
{
	return sel_of_code[code] != 0;
}

static int32_t selector_value(const struct bpf_insn *insn)
{
	switch (sel_of_code[insn->code] - 1) {
	case ISA_SEL_SRC:
		return insn->src_reg;
	case ISA_SEL_OFF:
		return insn->off;
	case ISA_SEL_IMM:
		return insn->imm;
	default:
		return 0;
	}
}

const struct isa_row *isa_row_of(const struct bpf_insn *insn)
{
	switch (KEY(insn->code, selector_value(insn))) {
#define INSN(ROW, CODE, SELECTOR, VAL, OPERATOR, FORM, DST, SRC, OFF, IMM, ISA, GROUP)             \
	case KEY(CODE, VAL):                                                                       \
		return &isa_rows[ISA_##ROW];
#include "tbl/insns.h"
	default:
		return NULL;
	}
}

static bool reg_fits(uint8_t use, unsigned int reg)
{
	return use == ISA_REG_SEL || (use == ISA_REG_Z ? reg == 0 : reg < MAX_BPF_REG);
}

static bool reserved_are_zero(const struct isa_row *row, const struct bpf_insn *insn)
{
	return (row->dst != ISA_REG_Z || !insn->dst_reg) &&
	       (row->src != ISA_REG_Z || !insn->src_reg) && (row->off != ISA_OFF_Z || !insn->off) &&
	       (row->imm != ISA_IMM_Z || !insn->imm);
}

static const char *jmp_reserved(uint8_t op)
{
	switch (op) {
	case BPF_CALL:
		return "BPF_CALL uses reserved fields";
	case BPF_JA:
		return "BPF_JA uses reserved fields";
	case BPF_EXIT:
		return "BPF_EXIT uses reserved fields";
	case BPF_JCOND:
		return "invalid may_goto imm";
	default:
		return "BPF_JMP/JMP32 uses reserved fields";
	}
}

static const char *alu_reserved(uint8_t op)
{
	switch (op) {
	case BPF_NEG:
		return "BPF_NEG uses reserved fields";
	case BPF_END:
		return "BPF_END uses reserved fields";
	case BPF_MOV:
		return "BPF_MOV uses reserved fields";
	default:
		return "BPF_ALU uses reserved fields";
	}
}

static const char *ld_reserved(const struct bpf_insn *insn)
{
	if (isa_is_ld_skb(insn))
		return "BPF_LD_[ABS|IND] uses reserved fields";
	return "BPF_LD_IMM64 uses reserved fields";
}

/* What the kernel says of an instruction whose fields it does not like. */
static const char *reserved(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return ld_reserved(insn);
	case BPF_LDX:
		return "BPF_LDX uses reserved fields";
	case BPF_ST:
		return "BPF_ST uses reserved fields";
	case BPF_STX:
		return "BPF_STX uses reserved fields";
	case BPF_JMP:
	case BPF_JMP32:
		return jmp_reserved(BPF_OP(insn->code));
	default:
		return alu_reserved(BPF_OP(insn->code));
	}
}

/* What it says where no row has this code, or none of the code's rows this selector. */
static const char *no_row(const struct bpf_insn *insn)
{
	if (BPF_CLASS(insn->code) == BPF_LDX &&
	    (insn->imm || (BPF_MODE(insn->code) != BPF_MEM && BPF_MODE(insn->code) != BPF_MEMSX)))
		return "BPF_LDX uses reserved fields";
	if (!isa_code_known(insn->code))
		return "unknown opcode";
	if (isa_is_ld_imm64(insn))
		return "unrecognized bpf_ld_imm64 insn";
	if (!isa_is_atomic(insn))
		return reserved(insn);
	if (BPF_SIZE(insn->code) != BPF_W && BPF_SIZE(insn->code) != BPF_DW &&
	    isa_row_of(&BPF_RAW_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 0, 0, insn->imm)))
		return "invalid atomic operand size";
	return "BPF_ATOMIC uses invalid atomic opcode";
}

static const char *check_value(const struct isa_row *row, const struct bpf_insn *insn)
{
	int bits = BPF_CLASS(insn->code) == BPF_ALU64 ? 64 : 32;

	if (row->imm == ISA_IMM_NZ && !insn->imm)
		return "div by zero";
	if (row->imm == ISA_IMM_SHIFT && (insn->imm < 0 || insn->imm >= bits))
		return "invalid shift";
	if (row->imm == ISA_IMM_AS && insn->imm != 1 && insn->imm != 1 << 16)
		return "addr_space_cast insn can only convert between address space 1 and 0";
	return NULL;
}

const char *isa_check(const struct bpf_insn *insn)
{
	const struct isa_row *row = isa_row_of(insn);

	if (!row)
		return no_row(insn);
	if (!reserved_are_zero(row, insn))
		return reserved(insn);
	if (!reg_fits(row->dst, insn->dst_reg) || !reg_fits(row->src, insn->src_reg))
		return "register is invalid";
	return check_value(row, insn);
}

static bool is_second_half(const struct bpf_insn *insn)
{
	return !insn->code && !insn->dst_reg && !insn->src_reg && !insn->off;
}

const char *isa_check_all(const struct bpf_insn *insns, size_t n, size_t *bad)
{
	for (size_t i = 0; i < n; i++) {
		const char *why = isa_check(&insns[i]);

		if (!why && isa_is_ld_imm64(&insns[i])) {
			i++;
			if (i == n || !is_second_half(&insns[i]))
				why = "invalid bpf_ld_imm64 insn";
		}
		if (why) {
			*bad = i;
			return why;
		}
	}
	return NULL;
}
