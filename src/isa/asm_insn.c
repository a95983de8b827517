/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instruction of the assembler's language, by recursive descent: each function consumes what
 * its comment shows. Operators and opcodes come from the rows of tbl/insns.h, so that the table
 * alone knows them.
 */
#include <errno.h>
#include <string.h>

#include "isa/asm_insn.h"
#include "isa/decode.h"
#include "isa/disasm.h"

/* An address: *(size *)(reg + off). */
struct mem {
	uint8_t size; /* BPF_B … */
	bool sign;
	uint8_t reg;
	int16_t off;
};

bool asm_out_of_memory(struct assembler *as)
{
	as->err = -ENOMEM;
	return false;
}

static bool emit(struct assembler *as, struct bpf_insn insn)
{
	if (as->insns.n == ISA_ASM_INSNS_MAX) {
		as->err = -E2BIG;
		return lex_fail(&as->lex, "more than %d instructions", ISA_ASM_INSNS_MAX);
	}
	return !vec_push(&as->insns, insn) || asm_out_of_memory(as);
}

/* The row of this form, class and operator; len: of op. */
static const struct isa_row *find_row(enum isa_form form, uint8_t class, const char *op, size_t len)
{
	for (int i = 0; i < ISA_INSN_MAX; i++) {
		const struct isa_row *row = &isa_rows[i];

		if (row->form == form && BPF_CLASS(row->code) == class && strlen(row->op) == len &&
		    !memcmp(row->op, op, len))
			return row;
	}
	return NULL;
}

static struct bpf_insn from_row(const struct isa_row *row, uint8_t dst, uint8_t src)
{
	struct bpf_insn insn = BPF_RAW_INSN(row->code, dst, src, 0, 0);

	if (row->sel == ISA_SEL_SRC)
		insn.src_reg = row->val & 0xf;
	if (row->sel == ISA_SEL_OFF)
		insn.off = (int16_t)row->val;
	if (row->sel == ISA_SEL_IMM)
		insn.imm = row->val;
	return insn;
}

/* Consumes the longest operator that a row of this form has; NULL when there is none. */
static const char *accept_op(struct assembler *as, enum isa_form form)
{
	const char *best = NULL, *before = as->lex.p, *after = before;

	for (int i = 0; i < ISA_INSN_MAX; i++) {
		const char *op = isa_rows[i].op;

		lex_rewind(&as->lex, before);
		if (isa_rows[i].form != form || (best && strlen(op) <= strlen(best)))
			continue;
		if (lex_accept(&as->lex, op)) {
			best = op;
			after = as->lex.p;
		}
	}
	as->lex.p = after;
	return best;
}

static bool expect_reg(struct assembler *as, bool wide, uint8_t *n)
{
	const char *before = as->lex.p;
	struct asm_reg reg;

	*n = BPF_REG_0; /* also where it fails: compilers do not see that lex_fail() is false */
	if (!lex_reg(&as->lex, &reg))
		return lex_fail(&as->lex, "register expected");
	if (reg.wide != wide) {
		lex_rewind(&as->lex, before);
		return lex_fail(&as->lex, "a register of %s bits expected", wide ? "64" : "32");
	}
	*n = reg.n;
	return true;
}

static bool expect_same_reg(struct assembler *as, struct asm_reg reg)
{
	const char *before = as->lex.p;
	uint8_t n;

	if (!expect_reg(as, reg.wide, &n))
		return false;
	if (n == reg.n)
		return true;
	lex_rewind(&as->lex, before);
	return lex_fail(&as->lex, "the register must be %c%d", reg.wide ? 'r' : 'w', reg.n);
}

/* (u32 *) */
static bool parse_type(struct assembler *as, struct mem *mem)
{
	static const struct {
		const char *name;
		uint8_t size;
		bool sign;
	} types[] = {
		{ "u8", BPF_B, false },	 { "u16", BPF_H, false }, { "u32", BPF_W, false },
		{ "u64", BPF_DW, false }, { "s8", BPF_B, true },   { "s16", BPF_H, true },
		{ "s32", BPF_W, true },
	};

	if (!lex_expect(&as->lex, "("))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (lex_word(&as->lex, types[i].name)) {
			mem->size = types[i].size;
			mem->sign = types[i].sign;
			return lex_expect(&as->lex, "*") && lex_expect(&as->lex, ")");
		}
	}
	return lex_fail(&as->lex, "u8, u16, u32, u64, s8, s16 or s32 expected");
}

/* (r1 +8) */
static bool parse_address(struct assembler *as, struct mem *mem)
{
	mem->off = 0;
	if (!lex_expect(&as->lex, "(") || !expect_reg(as, true, &mem->reg))
		return false;
	if (!lex_accept(&as->lex, ")"))
		return lex_int16(&as->lex, &mem->off) && lex_expect(&as->lex, ")");
	return true;
}

/* (u32 *)(r1 +8), unsigned */
static bool parse_mem(struct assembler *as, struct mem *mem)
{
	if (!parse_type(as, mem) || !parse_address(as, mem))
		return false;
	return !mem->sign || lex_fail(&as->lex, "only loads may be signed");
}

/* The place a jump goes: pc+3, +3, or a label, which becomes a fixup of the next instruction
 * emitted. */
static bool parse_target(struct assembler *as, bool in_imm, int32_t *distance)
{
	struct asm_name name;
	int16_t off;

	*distance = 0;
	if (lex_accept(&as->lex, "pc+") || lex_accept(&as->lex, "pc-")) {
		as->lex.p--;
	} else if (lex_name(&as->lex, &name)) {
		struct asm_fixup fixup = { name, (uint32_t)as->insns.n, in_imm };

		return !vec_push(&as->fixups, fixup) || asm_out_of_memory(as);
	}
	if (in_imm)
		return lex_int32(&as->lex, distance);
	if (!lex_int16(&as->lex, &off))
		return false;
	*distance = off;
	return true;
}

/* r0 = *(u32 *)skb[12], skb[r7 + 12]; "skb" is consumed. */
static bool parse_skb(struct assembler *as, struct asm_reg dst, const struct mem *mem)
{
	struct bpf_insn insn = BPF_LD_ABS(mem->size, 0);
	struct asm_reg reg;
	int32_t imm = 0;

	if (dst.n != 0 || !dst.wide)
		return lex_fail(&as->lex, "packet loads go to r0");
	if (mem->size == BPF_DW || mem->sign)
		return lex_fail(&as->lex, "packet loads are of u8, u16 or u32");
	if (!lex_expect(&as->lex, "["))
		return false;
	if (lex_reg(&as->lex, &reg)) {
		if (!reg.wide)
			return lex_fail(&as->lex, "a register of 64 bits expected");
		insn = BPF_LD_IND(mem->size, reg.n, 0);
		if (!lex_accept(&as->lex, "]") &&
		    !(lex_expect(&as->lex, "+") && lex_int32(&as->lex, &imm) &&
		      lex_expect(&as->lex, "]")))
			return false;
	} else if (!lex_int32(&as->lex, &imm) || !lex_expect(&as->lex, "]")) {
		return false;
	}
	insn.imm = imm;
	return emit(as, insn);
}

/* r1 = *(u32 *)(r2 +8); the first "*" is consumed. */
static bool parse_load(struct assembler *as, struct asm_reg dst)
{
	struct mem mem;

	if (!parse_type(as, &mem))
		return false;
	if (lex_word(&as->lex, "skb"))
		return parse_skb(as, dst, &mem);
	if (!dst.wide)
		return lex_fail(&as->lex, "loads go to a register of 64 bits");
	if (!parse_address(as, &mem))
		return false;
	return emit(as, BPF_RAW_INSN(BPF_LDX | mem.size | (mem.sign ? BPF_MEMSX : BPF_MEM), dst.n,
				     mem.reg, mem.off, 0));
}

static bool emit_imm64(struct assembler *as, uint8_t dst, uint8_t src, uint64_t imm)
{
	struct bpf_insn insns[] = { BPF_LD_IMM64_RAW(dst, src, imm) };

	return emit(as, insns[0]) && emit(as, insns[1]);
}

/* r1 = map[fd:3], map[idx:0][0]+8; "map" is consumed. */
static bool parse_map(struct assembler *as, uint8_t dst)
{
	bool idx;
	int32_t fd, value_off = 0;
	uint8_t src;

	if (!lex_expect(&as->lex, "["))
		return false;
	idx = lex_word(&as->lex, "idx");
	if (!idx && !lex_word(&as->lex, "fd"))
		return lex_fail(&as->lex, "fd: or idx: expected, as a map has no other name");
	if (!lex_expect(&as->lex, ":") || !lex_int32(&as->lex, &fd) || !lex_expect(&as->lex, "]"))
		return false;
	src = idx ? BPF_PSEUDO_MAP_IDX : BPF_PSEUDO_MAP_FD;
	if (lex_accept(&as->lex, "[0]")) {
		struct asm_number off;

		src = idx ? BPF_PSEUDO_MAP_IDX_VALUE : BPF_PSEUDO_MAP_VALUE;
		if (!lex_expect(&as->lex, "+"))
			return false;
		if (!lex_number(&as->lex, &off) || off.negative || off.magnitude > UINT32_MAX)
			return lex_fail(&as->lex, "an offset of 32 bits expected");
		value_off = (int32_t)(uint32_t)off.magnitude;
	}
	return emit_imm64(as, dst, src, (uint64_t)(uint32_t)value_off << 32 | (uint32_t)fd);
}

/* r1 = btf[id:7 fd:4]; "btf" is consumed. */
static bool parse_btf(struct assembler *as, uint8_t dst)
{
	int32_t id, fd = 0;

	if (!lex_expect(&as->lex, "[") || !lex_expect(&as->lex, "id:") || !lex_int32(&as->lex, &id))
		return false;
	if (lex_accept(&as->lex, "fd:") && !lex_int32(&as->lex, &fd))
		return false;
	if (!lex_expect(&as->lex, "]"))
		return false;
	return emit_imm64(as, dst, BPF_PSEUDO_BTF_ID, (uint64_t)(uint32_t)fd << 32 | (uint32_t)id);
}

/* r1 = subprog[+5], subprog[name]; "subprog" is consumed. */
static bool parse_subprog(struct assembler *as, uint8_t dst)
{
	int32_t distance;

	if (!lex_expect(&as->lex, "[") || !parse_target(as, true, &distance) ||
	    !lex_expect(&as->lex, "]"))
		return false;
	return emit_imm64(as, dst, BPF_PSEUDO_FUNC, (uint32_t)distance);
}

/* r1 = 5, r1 = 0x5, r1 = 5 ll, w1 = 5 */
static bool parse_constant(struct assembler *as, struct asm_reg dst)
{
	const char *before = as->lex.p;
	struct asm_number num;
	int32_t imm;

	if (!lex_number(&as->lex, &num))
		return lex_fail(&as->lex, "operand expected");
	if (dst.wide && (lex_word(&as->lex, "ll") || num.hex))
		return emit_imm64(as, dst.n, 0, num.negative ? -num.magnitude : num.magnitude);
	lex_rewind(&as->lex, before);
	if (!lex_int32(&as->lex, &imm))
		return false;
	return emit(as, dst.wide ? BPF_MOV64_IMM(dst.n, imm) : BPF_MOV32_IMM(dst.n, imm));
}

/* r1 = (s8)r2; "(" is consumed. */
static bool parse_movsx(struct assembler *as, struct asm_reg dst)
{
	int16_t bits = lex_word(&as->lex, "s8")	 ? 8 :
		       lex_word(&as->lex, "s16") ? 16 :
		       lex_word(&as->lex, "s32") ? 32 :
						   0;
	uint8_t src;

	if (!bits || (bits == 32 && !dst.wide))
		return lex_fail(&as->lex, "a sign extension from %s expected",
				dst.wide ? "s8, s16 or s32" : "s8 or s16");
	if (!lex_expect(&as->lex, ")") || !expect_reg(as, dst.wide, &src))
		return false;
	return emit(as, dst.wide ? BPF_MOVSX64_REG(dst.n, src, bits) :
				   BPF_MOVSX32_REG(dst.n, src, bits));
}

/* r1 = be16 r1, of a row whose operator and width make up name. NULL: not a swap. */
static const struct isa_row *swap_row(const struct asm_name *name)
{
	for (int i = 0; i < ISA_INSN_MAX; i++) {
		const struct isa_row *row = &isa_rows[i];
		const char *bits = row->val == 16 ? "16" : row->val == 32 ? "32" : "64";
		size_t n = strlen(row->op);

		if (row->form == ISA_FORM_END && name->len == n + 2 &&
		    !memcmp(name->s, row->op, n) && !memcmp(name->s + n, bits, 2))
			return row;
	}
	return NULL;
}

static bool parse_swap(struct assembler *as, struct asm_reg dst, const struct isa_row *row)
{
	if (!dst.wide)
		return lex_fail(&as->lex, "byte swaps are written with a register of 64 bits");
	return expect_same_reg(as, dst) && emit(as, from_row(row, dst.n, 0));
}

/* The row of atomic_OP and atomic64_OP, for fetch_add, xchg, cmpxchg …; NULL: no such name. */
static const struct isa_row *atomic_row(const struct asm_name *name)
{
	bool is64 = name->len > 9 && !memcmp(name->s, "atomic64_", 9);
	size_t skip = is64 ? 9 : 7;

	if (!is64 && (name->len < 8 || memcmp(name->s, "atomic_", 7)))
		return NULL;
	for (int i = 0; i < ISA_INSN_MAX; i++) {
		const struct isa_row *row = &isa_rows[i];

		if ((row->form == ISA_FORM_FETCH || row->form == ISA_FORM_XCHG ||
		     row->form == ISA_FORM_CMPXCHG) &&
		    BPF_SIZE(row->code) == (is64 ? BPF_DW : BPF_W) &&
		    strlen(row->op) == name->len - skip &&
		    !memcmp(row->op, name->s + skip, name->len - skip))
			return row;
	}
	return NULL;
}

/* r2 = atomic_fetch_add((u32 *)(r1 +0), r2), r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2) */
static bool parse_atomic(struct assembler *as, struct asm_reg dst, const struct isa_row *row)
{
	const struct asm_reg r0 = { BPF_REG_0, true };
	struct bpf_insn insn;
	struct mem mem;
	uint8_t src;

	if (!lex_expect(&as->lex, "(") || !parse_mem(as, &mem) || !lex_expect(&as->lex, ","))
		return false;
	if (mem.size != BPF_SIZE(row->code))
		return lex_fail(&as->lex, "the type must be %s",
				BPF_SIZE(row->code) == BPF_DW ? "u64" : "u32");
	if (row->form == ISA_FORM_CMPXCHG &&
	    (!expect_same_reg(as, r0) || !lex_expect(&as->lex, ",")))
		return false;
	if (!expect_reg(as, true, &src) || !lex_expect(&as->lex, ")"))
		return false;
	if (!dst.wide || dst.n != (row->form == ISA_FORM_CMPXCHG ? BPF_REG_0 : src))
		return lex_fail(&as->lex, "the result must go to r%d",
				row->form == ISA_FORM_CMPXCHG ? BPF_REG_0 : src);
	insn = from_row(row, mem.reg, src);
	insn.off = mem.off;
	return emit(as, insn);
}

/* r1 = load_acquire((u32 *)(r2 +0)) */
static bool parse_load_acquire(struct assembler *as, struct asm_reg dst)
{
	struct mem mem;

	if (!lex_expect(&as->lex, "(") || !parse_mem(as, &mem) || !lex_expect(&as->lex, ")"))
		return false;
	if (!dst.wide)
		return lex_fail(&as->lex, "loads go to a register of 64 bits");
	return emit(as, BPF_ATOMIC_OP(mem.size, BPF_LOAD_ACQ, dst.n, mem.reg, mem.off));
}

/* r1 = addr_space_cast(r2, 0, 1) */
static bool parse_cast(struct assembler *as, struct asm_reg dst)
{
	int16_t to, from;
	uint8_t src;

	if (!lex_expect(&as->lex, "(") || !expect_reg(as, true, &src) ||
	    !lex_expect(&as->lex, ",") || !lex_int16(&as->lex, &to) ||
	    !lex_expect(&as->lex, ",") || !lex_int16(&as->lex, &from) || !lex_expect(&as->lex, ")"))
		return false;
	if (!dst.wide || (uint16_t)to + (uint16_t)from != 1)
		return lex_fail(&as->lex, "a cast between address spaces 0 and 1 expected");
	return emit(as, BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst.n, src, BPF_ADDR_SPACE_CAST,
				     to << 16 | from));
}

/* What stands after "r1 = " and begins with a letter, registers apart. */
static bool parse_named_value(struct assembler *as, struct asm_reg dst)
{
	const char *before = as->lex.p;
	const struct isa_row *row;
	struct asm_name name;

	if (dst.wide && lex_word(&as->lex, "map"))
		return parse_map(as, dst.n);
	if (dst.wide && lex_word(&as->lex, "btf"))
		return parse_btf(as, dst.n);
	if (dst.wide && lex_word(&as->lex, "subprog"))
		return parse_subprog(as, dst.n);
	if (lex_word(&as->lex, "load_acquire"))
		return parse_load_acquire(as, dst);
	if (lex_word(&as->lex, "addr_space_cast"))
		return parse_cast(as, dst);
	if (!lex_name(&as->lex, &name))
		return parse_constant(as, dst);
	row = swap_row(&name);
	if (row)
		return parse_swap(as, dst, row);
	row = atomic_row(&name);
	if (row)
		return parse_atomic(as, dst, row);
	lex_rewind(&as->lex, before);
	return lex_fail(&as->lex, "'%.*s' is not a value", (int)MIN(name.len, 60u), name.s);
}

/* What stands after "r1 =". */
static bool parse_value(struct assembler *as, struct asm_reg dst)
{
	const char *before;
	struct asm_reg src;

	if (lex_accept(&as->lex, "*"))
		return parse_load(as, dst);
	if (lex_accept(&as->lex, "("))
		return parse_movsx(as, dst);
	before = as->lex.p;
	if (lex_accept(&as->lex, "-")) {
		const char *operand = as->lex.p;

		if (lex_reg(&as->lex, &src)) {
			lex_rewind(&as->lex, operand);
			return expect_same_reg(as, dst) &&
			       emit(as, BPF_RAW_INSN((dst.wide ? BPF_ALU64 : BPF_ALU) | BPF_NEG,
						     dst.n, 0, 0, 0));
		}
		lex_rewind(&as->lex, before);
	}
	if (!lex_reg(&as->lex, &src))
		return parse_named_value(as, dst);
	lex_rewind(&as->lex, before);
	if (!expect_reg(as, dst.wide, &src.n))
		return false;
	return emit(as, dst.wide ? BPF_MOV64_REG(dst.n, src.n) : BPF_MOV32_REG(dst.n, src.n));
}

/* r1 += r2, w1 s/= 5, r1 = … */
static bool parse_alu(struct assembler *as, struct asm_reg dst)
{
	uint8_t class = dst.wide ? BPF_ALU64 : BPF_ALU;
	const char *op = accept_op(as, ISA_FORM_ALU_K), *before;
	struct bpf_insn insn;
	struct asm_reg src;

	if (!op)
		return lex_fail(&as->lex, "operator expected");
	if (!strcmp(op, "="))
		return parse_value(as, dst);
	before = as->lex.p;
	if (lex_reg(&as->lex, &src)) {
		lex_rewind(&as->lex, before);
		if (!expect_reg(as, dst.wide, &src.n))
			return false;
		return emit(as, from_row(find_row(ISA_FORM_ALU_X, class, op, strlen(op)), dst.n,
					 src.n));
	}
	insn = from_row(find_row(ISA_FORM_ALU_K, class, op, strlen(op)), dst.n, 0);
	return lex_int32(&as->lex, &insn.imm) && emit(as, insn);
}

/* *(u32 *)(r1 +0) = r2 or 5; the first "*" is consumed. */
static bool parse_store(struct assembler *as)
{
	struct asm_reg reg;
	struct mem mem;
	int32_t imm;

	if (!parse_mem(as, &mem) || !lex_expect(&as->lex, "="))
		return false;
	if (!lex_reg(&as->lex, &reg))
		return lex_int32(&as->lex, &imm) &&
		       emit(as, BPF_ST_MEM(mem.size, mem.reg, mem.off, imm));
	if (!reg.wide)
		return lex_fail(&as->lex, "a register of 64 bits expected");
	return emit(as, BPF_STX_MEM(mem.size, mem.reg, reg.n, mem.off));
}

/* lock *(u32 *)(r1 +0) += r2; "lock" is consumed. */
static bool parse_lock(struct assembler *as)
{
	const struct isa_row *row;
	struct bpf_insn insn;
	struct mem mem;
	const char *op;
	uint8_t src;

	if (!lex_expect(&as->lex, "*") || !parse_mem(as, &mem))
		return false;
	if (mem.size != BPF_W && mem.size != BPF_DW)
		return lex_fail(&as->lex, "atomic operations are on u32 or u64");
	op = accept_op(as, ISA_FORM_ATOMIC);
	if (!op)
		return lex_fail(&as->lex, "+=, |=, &= or ^= expected");
	if (!expect_reg(as, true, &src))
		return false;
	row = find_row(ISA_FORM_ATOMIC, BPF_STX, op, strlen(op));
	insn = from_row(row, mem.reg, src);
	insn.code = BPF_STX | BPF_ATOMIC | mem.size;
	insn.off = mem.off;
	return emit(as, insn);
}

/* store_release((u32 *)(r1 +0), r2); the name is consumed. */
static bool parse_store_release(struct assembler *as)
{
	struct mem mem;
	uint8_t src;

	if (!lex_expect(&as->lex, "(") || !parse_mem(as, &mem) || !lex_expect(&as->lex, ",") ||
	    !expect_reg(as, true, &src) || !lex_expect(&as->lex, ")"))
		return false;
	return emit(as, BPF_ATOMIC_OP(mem.size, BPF_STORE_REL, mem.reg, src, mem.off));
}

/* if r1 == 0x5 goto …; "if" is consumed. */
static bool parse_if(struct assembler *as)
{
	struct asm_reg dst, src;
	const char *op, *before;
	struct bpf_insn insn;
	bool by_reg;
	int32_t distance;

	if (!lex_reg(&as->lex, &dst))
		return lex_fail(&as->lex, "register expected");
	op = accept_op(as, ISA_FORM_JMP_K);
	if (!op)
		return lex_fail(&as->lex, "comparison expected");
	before = as->lex.p;
	by_reg = lex_reg(&as->lex, &src);
	insn = from_row(find_row(by_reg ? ISA_FORM_JMP_X : ISA_FORM_JMP_K,
				 dst.wide ? BPF_JMP : BPF_JMP32, op, strlen(op)),
			dst.n, 0);
	if (by_reg) {
		lex_rewind(&as->lex, before);
		if (!expect_reg(as, dst.wide, &src.n))
			return false;
		insn.src_reg = src.n;
	} else if (!lex_int32(&as->lex, &insn.imm)) {
		return false;
	}
	if (!lex_word(&as->lex, "goto"))
		return lex_fail(&as->lex, "'goto' expected");
	if (!parse_target(as, false, &distance))
		return false;
	insn.off = (int16_t)distance;
	return emit(as, insn);
}

static bool parse_goto(struct assembler *as, struct bpf_insn insn, bool in_imm)
{
	int32_t distance;

	if (!parse_target(as, in_imm, &distance))
		return false;
	if (in_imm)
		insn.imm = distance;
	else
		insn.off = (int16_t)distance;
	return emit(as, insn);
}

/* kernel-function@1#77; the name is consumed. */
static bool parse_kfunc(struct assembler *as)
{
	int16_t off = 0;
	int32_t id;

	if (lex_accept(&as->lex, "@") && !lex_int16(&as->lex, &off))
		return false;
	if (!lex_expect(&as->lex, "#") || !lex_int32(&as->lex, &id))
		return false;
	return emit(as, BPF_CALL_KFUNC(off, id));
}

/* call name, where name is a helper's or "unknown", with or without "#id"; else a label. */
static bool parse_named_call(struct assembler *as, const char *before, const struct asm_name *name)
{
	bool unknown = name->len == 7 && !memcmp(name->s, "unknown", 7);
	int32_t id = isa_helper_id(name->s, name->len), given;

	if (!lex_accept(&as->lex, "#")) {
		if (id >= 0)
			return emit(as, BPF_CALL_HELPER(id));
		lex_rewind(&as->lex, before);
		return parse_goto(as, BPF_CALL_REL(0), true);
	}
	if (!lex_int32(&as->lex, &given))
		return false;
	if (id < 0 && !unknown)
		return lex_fail(&as->lex, "there is no helper of this name");
	if (id >= 0 && id != given)
		return lex_fail(&as->lex, "this helper has id %d", id);
	return emit(as, BPF_CALL_HELPER(given));
}

/* call pc+8, call pc+8#name: bpftool adds the subprogram's name. */
static bool parse_pc_call(struct assembler *as)
{
	struct asm_name name;

	if (!parse_goto(as, BPF_CALL_REL(0), true))
		return false;
	return !lex_accept(&as->lex, "#") || lex_name(&as->lex, &name) ||
	       lex_fail(&as->lex, "a name expected");
}

/* What follows "call". */
static bool parse_call(struct assembler *as)
{
	const char *before = as->lex.p;
	struct asm_name name;
	int32_t id;

	if (lex_accept(&as->lex, "kernel-function"))
		return parse_kfunc(as);
	if (lex_accept(&as->lex, "pc+") || lex_accept(&as->lex, "pc-")) {
		lex_rewind(&as->lex, before);
		return parse_pc_call(as);
	}
	if (lex_name(&as->lex, &name))
		return parse_named_call(as, before, &name);
	return lex_int32(&as->lex, &id) && emit(as, BPF_CALL_HELPER(id));
}

bool asm_insn_parse(struct assembler *as)
{
	struct asm_reg dst;

	if (lex_reg(&as->lex, &dst))
		return parse_alu(as, dst);
	if (lex_accept(&as->lex, "*"))
		return parse_store(as);
	if (lex_word(&as->lex, "if"))
		return parse_if(as);
	if (lex_word(&as->lex, "goto"))
		return parse_goto(as, BPF_JMP_A(0), false);
	if (lex_word(&as->lex, "gotol"))
		return parse_goto(as, BPF_JMP32_A(0), true);
	if (lex_word(&as->lex, "may_goto"))
		return parse_goto(as, BPF_MAY_GOTO_INSN(0), false);
	if (lex_word(&as->lex, "call"))
		return parse_call(as);
	if (lex_word(&as->lex, "exit"))
		return emit(as, BPF_EXIT_INSN());
	if (lex_word(&as->lex, "lock"))
		return parse_lock(as);
	if (lex_word(&as->lex, "store_release"))
		return parse_store_release(as);
	return lex_fail(&as->lex, "instruction expected");
}
