/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division and modulo (RFC 9669, section 4.1): x / 0 is 0, x % 0 is x, and the most negative number
 * divided by -1 is itself, remainder 0 - which x86 would trap on. Division works on rdx:rax; what
 * they held waits in free registers.
 */
#include "base/bits.h"
#include "jit/x86_64/gen.h"

/* The values wanted in place while dividing. */
struct div {
	uint32_t mods;
	enum x86_reg dst;
	bool is_mod;
	bool is_signed;
	enum x86_reg by;
};

#define SAVED_RAX T0
#define SAVED_RDX T2

/* rax = dst, with rax and rdx saved where they are not the destination. */
static void div_begin(struct jit_gen *g, const struct div *d)
{
	if (d->dst != RDX)
		asm_rr(&g->b, X_W, OP_LOAD, SAVED_RDX, RDX);
	if (d->dst != RAX) {
		asm_rr(&g->b, X_W, OP_LOAD, SAVED_RAX, RAX);
		asm_rr(&g->b, d->mods, OP_LOAD, RAX, d->dst);
	}
}

/* dst = @result (rax or rdx), the other one restored. */
static void div_end(struct jit_gen *g, const struct div *d, enum x86_reg result)
{
	gen_mov(g, d->mods, d->dst, result);
	if (d->dst != RAX)
		asm_rr(&g->b, X_W, OP_LOAD, RAX, SAVED_RAX);
	if (d->dst != RDX)
		asm_rr(&g->b, X_W, OP_LOAD, RDX, SAVED_RDX);
}

static void div_core(struct jit_gen *g, const struct div *d)
{
	div_begin(g, d);
	if (d->is_signed) {
		if (d->mods)
			asm_u8(&g->b, 0x48);
		asm_u8(&g->b, 0x99); /* cdq, cqo */
	} else {
		asm_rr(&g->b, 0, OP_XOR, RDX, RDX);
	}
	asm_rr(&g->b, d->mods, OP_GRP3, d->is_signed ? (uint32_t)GRP3_IDIV : GRP3_DIV, d->by);
	div_end(g, d, d->is_mod ? RDX : RAX);
}

/* dst / -1 or dst % -1 */
static void div_minus_1(struct jit_gen *g, const struct div *d)
{
	if (d->is_mod)
		asm_rr(&g->b, 0, OP_XOR, d->dst, d->dst);
	else
		asm_rr(&g->b, d->mods, OP_GRP3, GRP3_NEG, d->dst);
}

static void div_by_reg(struct jit_gen *g, struct div *d, enum x86_reg src)
{
	uint32_t is_0, to_end_0, to_end_1 = 0;

	d->by = src;
	if (src == RAX || src == RDX) {
		d->by = T1;
		asm_rr(&g->b, X_W, OP_LOAD, T1, src);
	}
	asm_rr(&g->b, d->mods, OP_TEST, d->by, d->by);
	is_0 = asm_jcc_fwd(&g->b, CC_E);
	if (d->is_signed) {
		uint32_t ok;

		asm_grp1(&g->b, d->mods, GRP1_CMP, d->by, -1);
		ok = asm_jcc_fwd(&g->b, CC_NE);
		div_minus_1(g, d);
		to_end_1 = asm_jmp_fwd(&g->b);
		asm_land(&g->b, ok);
	}
	div_core(g, d);
	to_end_0 = asm_jmp_fwd(&g->b);
	asm_land(&g->b, is_0);
	if (!d->is_mod)
		asm_rr(&g->b, 0, OP_XOR, d->dst, d->dst);
	else if (!d->mods)
		asm_rr(&g->b, 0, OP_LOAD, d->dst, d->dst);
	asm_land(&g->b, to_end_0);
	if (to_end_1)
		asm_land(&g->b, to_end_1);
}

/* By 2^@shift, unsigned. */
static void div_by_power(struct jit_gen *g, const struct div *d, int shift)
{
	if (!d->is_mod) {
		if (shift)
			asm_shift(&g->b, d->mods, SHIFT_SHR, d->dst, shift);
		else if (!d->mods)
			asm_rr(&g->b, 0, OP_LOAD, d->dst, d->dst);
	} else if (shift < 32) {
		asm_grp1(&g->b, 0, GRP1_AND, d->dst, (int32_t)(BIT32(shift) - 1));
	} else {
		asm_mov_imm(&g->b, T0, BIT64(shift) - 1);
		asm_rr(&g->b, X_W, OP_AND, T0, d->dst);
	}
}

/* r11 = n - q * c */
static void div_remainder(struct jit_gen *g, const struct div *d, enum x86_reg q, enum x86_reg n,
			  uint64_t c)
{
	if (c <= INT32_MAX) {
		asm_imul(&g->b, d->mods, q, q, (int32_t)c);
	} else {
		asm_mov_imm(&g->b, T1, c);
		asm_rr(&g->b, d->mods, OP_IMUL, q, T1);
	}
	asm_rr(&g->b, d->mods, OP_LOAD, T1, n);
	asm_rr(&g->b, d->mods, OP_SUB, q, T1);
}

/*
 * Unsigned, by a constant that is no power of two: the quotient is the upper half of n * m, shifted.
 * With l = ceil(log2 c): m = floor(2^64 * (2^l - c) / c) + 1, t = hi(m * n),
 * q = (t + (n - t) / 2) >> (l - 1). (Granlund and Montgomery 1994, figure 4.1.) For n and c below
 * 2^32, m = floor(2^64 / c) + 1 and q = hi(m * n) is exact.
 */
static void div_by_const(struct jit_gen *g, const struct div *d, uint64_t c)
{
	int l = 64 - __builtin_clzll(c - 1);
	unsigned __int128 num = (unsigned __int128)1 << 64;
	enum x86_reg q = RDX, n = d->dst;

	if (d->mods)
		num *= l == 64 ? -c : BIT64(l) - c;
	asm_mov_imm(&g->b, T1, (uint64_t)(num / c) + 1);
	div_begin(g, d);
	/* n is needed after the multiplication: it stays in dst, unless that is rax or rdx. */
	if (d->dst == RAX || d->dst == RDX) {
		n = d->dst == RAX ? SAVED_RAX : SAVED_RDX;
		asm_rr(&g->b, d->mods, OP_LOAD, n, d->dst);
	}
	if (!d->mods && d->dst == RAX)
		asm_rr(&g->b, 0, OP_LOAD, RAX, RAX);
	asm_rr(&g->b, X_W, OP_GRP3, GRP3_MUL, T1);
	if (d->mods) {
		asm_rr(&g->b, X_W, OP_LOAD, RAX, n);
		asm_rr(&g->b, X_W, OP_SUB, RDX, RAX);
		asm_shift(&g->b, X_W, SHIFT_SHR, RAX, 1);
		asm_rr(&g->b, X_W, OP_ADD, RDX, RAX);
		if (l > 1)
			asm_shift(&g->b, X_W, SHIFT_SHR, RAX, l - 1);
		q = RAX;
	}
	if (d->is_mod) {
		div_remainder(g, d, q, n, c);
		q = T1;
	}
	div_end(g, d, q);
}

int gen_divmod(struct jit_gen *g, const struct bpf_insn *insn)
{
	bool is_64 = gen_is_64(insn);
	struct div d = { .mods = is_64 ? X_W : 0,
			 .dst = gen_dst(insn),
			 .is_mod = BPF_OP(insn->code) == BPF_MOD,
			 .is_signed = insn->off == 1 };
	uint64_t c = is_64 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm;

	if (BPF_SRC(insn->code) == BPF_X) {
		div_by_reg(g, &d, gen_src(insn));
	} else if (d.is_signed && insn->imm == -1) {
		div_minus_1(g, &d);
	} else if (!c || d.is_signed) {
		asm_mov_imm(&g->b, T1, c);
		if (c) {
			d.by = T1;
			div_core(g, &d);
		} else {
			div_by_reg(g, &d, T1);
		}
	} else if ((c & (c - 1)) == 0) {
		div_by_power(g, &d, __builtin_ctzll(c));
	} else {
		div_by_const(g, &d, c);
	}
	return 0;
}
