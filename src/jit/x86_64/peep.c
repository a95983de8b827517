/* SPDX-License-Identifier: BSD-2-Clause */
/* See peep.h: rotations, sums, extensions, jumps. */
#include "base/bits.h"
#include "base/macros.h"
#include "jit/x86_64/gen.h"
#include "jit/x86_64/peep.h"
#include "object/prog.h"

bool peep_is_run(const struct jit_gen *g, uint32_t pc, uint32_t n)
{
	if (pc + n > g->sub->end)
		return false;
	for (uint32_t i = 1; i < n; i++) {
		if (bitmap_test(g->targets, pc + i))
			return false;
	}
	return true;
}

/* --- rotation ------------------------------------------------------------------------------------ */

/* t = x; t >>= a; [y = x;] y <<= b; y |= t: the parts. */
struct rotate {
	uint8_t class;
	uint8_t x, t, y;
	uint8_t result, other; /* the two of t and y */
	int32_t left;          /* bits */
	int32_t other_count;   /* how far the other one is shifted */
	uint8_t other_op;
	uint32_t n; /* instructions */
};

static bool is_shift_by(const struct bpf_insn *insn, uint8_t class, uint8_t dst)
{
	uint8_t op = BPF_OP(insn->code);

	return peep_is_alu(insn, class | op | BPF_K, dst) && (op == BPF_LSH || op == BPF_RSH);
}

static bool match_rotate(const struct jit_gen *g, uint32_t pc, struct rotate *r)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1, *d = a + 2, *e;
	int32_t width;
	uint8_t join;

	if (!peep_is_run(g, pc, 4) || !peep_is_move(a))
		return false;
	*r = (struct rotate){ .class = BPF_CLASS(a->code), .x = a->src_reg, .t = a->dst_reg };
	r->y = r->x;
	r->n = 4;
	if (d->code == a->code && d->off == 0 && d->src_reg == r->x && d->dst_reg != r->t) {
		if (!peep_is_run(g, pc, 5))
			return false;
		r->y = d->dst_reg;
		r->n = 5;
		d++;
	}
	e = d + 1;
	width = r->class == BPF_ALU64 ? 64 : 32;
	if (!is_shift_by(b, r->class, r->t) || !is_shift_by(d, r->class, r->y) || b->code == d->code ||
	    b->imm <= 0 || d->imm <= 0 || b->imm + d->imm != width)
		return false;
	join = BPF_OP(e->code);
	if (join != BPF_OR && join != BPF_XOR && join != BPF_ADD)
		return false;
	r->result = e->dst_reg;
	r->other = e->dst_reg == r->y ? r->t : r->y;
	if (!peep_is_alu(e, r->class | join | BPF_X, r->result) || e->src_reg != r->other ||
	    (r->result != r->y && r->result != r->t))
		return false;
	r->left = BPF_OP(b->code) == BPF_LSH ? b->imm : d->imm;
	r->other_op = BPF_OP((r->other == r->t ? b : d)->code);
	r->other_count = (r->other == r->t ? b : d)->imm;
	return true;
}

static void emit_rotation(struct jit_gen *g, const struct rotate *r, uint32_t mods)
{
	enum x86_reg to = (enum x86_reg)gen_reg[r->result], from = (enum x86_reg)gen_reg[r->x];

	if (to != from && g->bmi2) {
		asm_rorx(&g->b, mods, to, from, (mods ? 64 : 32) - r->left);
		return;
	}
	gen_mov(g, mods, to, from);
	asm_shift(&g->b, mods, SHIFT_ROL, to, r->left);
}

static uint32_t peep_rotate(struct jit_gen *g, uint32_t pc)
{
	struct rotate r;
	uint32_t mods;
	enum x86_reg other;
	int digit;
	bool other_last;

	if (!match_rotate(g, pc, &r))
		return 0;
	mods = r.class == BPF_ALU64 ? X_W : 0;
	other = (enum x86_reg)gen_reg[r.other];
	digit = r.other_op == BPF_LSH ? SHIFT_SHL : SHIFT_SHR;
	if (peep_is_dead(g, r.other, pc + r.n)) {
		emit_rotation(g, &r, mods);
		return r.n;
	}
	/* What is rotated has to be there until it has been. */
	other_last = r.other == r.x;
	if (other_last)
		emit_rotation(g, &r, mods);
	gen_mov(g, mods, other, (enum x86_reg)gen_reg[r.x]);
	asm_shift(&g->b, mods, digit, other, r.other_count);
	if (!other_last)
		emit_rotation(g, &r, mods);
	return r.n;
}

/* --- additions with three operands ------------------------------------------------------------ */

/* d = s; d += imm or d += t; or d -= imm */
static uint32_t peep_lea(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;
	uint32_t mods = BPF_CLASS(a->code) == BPF_ALU64 ? X_W : 0;
	uint8_t class = BPF_CLASS(a->code);

	if (!peep_is_run(g, pc, 2) || !peep_is_move(a))
		return 0;
	if (peep_is_alu(b, class | BPF_ADD | BPF_K, a->dst_reg)) {
		asm_rm(&g->b, mods, OP_LEA, gen_dst(a), gen_src(a), b->imm);
	} else if (peep_is_alu(b, class | BPF_SUB | BPF_K, a->dst_reg) && b->imm != INT32_MIN) {
		asm_rm(&g->b, mods, OP_LEA, gen_dst(a), gen_src(a), -b->imm);
	} else if (peep_is_alu(b, class | BPF_ADD | BPF_X, a->dst_reg) && b->src_reg != a->dst_reg) {
		asm_rmi(&g->b, mods, OP_LEA, gen_dst(a), gen_src(a), gen_src(b), 0, 0);
	} else {
		return 0;
	}
	return 2;
}

/* d <<= 1 to 3; d += t */
static uint32_t peep_scale(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;

	if (!peep_is_run(g, pc, 2) || !peep_is_alu(a, BPF_ALU64 | BPF_LSH | BPF_K, a->dst_reg) || a->imm < 1 ||
	    a->imm > 3)
		return 0;
	if (!peep_is_alu(b, BPF_ALU64 | BPF_ADD | BPF_X, a->dst_reg) || b->src_reg == a->dst_reg)
		return 0;
	asm_rmi(&g->b, X_W, OP_LEA, gen_dst(a), gen_src(b), gen_dst(a), a->imm, 0);
	return 2;
}

/* --- extensions ---------------------------------------------------------------------------------- */

/* d = s & 0xff or 0xffff */
static uint32_t peep_mask(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;

	if (!peep_is_run(g, pc, 2) || !peep_is_move(a) ||
	    !peep_is_alu(b, BPF_CLASS(a->code) | BPF_AND | BPF_K, a->dst_reg))
		return 0;
	if (b->imm == 0xff)
		asm_rr(&g->b, X_8, OP_MOVZX8, gen_dst(a), gen_src(a));
	else if (b->imm == 0xffff)
		asm_rr(&g->b, 0, OP_MOVZX16, gen_dst(a), gen_src(a));
	else
		return 0;
	return 2;
}

/* d <<= n; d >>= n, where n leaves 8, 16 or 32 bits; signed or not */
static uint32_t peep_extend(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;
	enum x86_reg dst = gen_dst(a);
	bool is_sx;

	if (!peep_is_run(g, pc, 2) || !peep_is_alu(a, BPF_ALU64 | BPF_LSH | BPF_K, a->dst_reg))
		return 0;
	is_sx = BPF_OP(b->code) == BPF_ARSH;
	if (!peep_is_alu(b, BPF_ALU64 | (is_sx ? BPF_ARSH : BPF_RSH) | BPF_K, a->dst_reg) ||
	    a->imm != b->imm)
		return 0;
	switch (64 - a->imm) {
	case 8:
		asm_rr(&g->b, X_8 | (is_sx ? X_W : 0), is_sx ? OP_MOVSX8 : OP_MOVZX8, dst, dst);
		return 2;
	case 16:
		asm_rr(&g->b, is_sx ? X_W : 0, is_sx ? OP_MOVSX16 : OP_MOVZX16, dst, dst);
		return 2;
	case 32:
		asm_rr(&g->b, is_sx ? X_W : 0, is_sx ? OP_MOVSXD : OP_LOAD, dst, dst);
		return 2;
	default:
		return 0;
	}
}

/* --- jumps --------------------------------------------------------------------------------------- */

/* if not (condition) goto far, written as: if condition goto +1; goto far */
static uint32_t peep_invert(struct jit_gen *g, uint32_t pc, int *err)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;

	if (!peep_is_run(g, pc, 2) || !isa_is_cond_jump(a) || a->off != 1 || !isa_is_ja(b))
		return 0;
	*err = gen_cond_jump(g, a, (uint32_t)isa_jump_target(b, pc + 1), true);
	return 2;
}

/*
 * goto +1; r0 = 0: an inlined lookup ends so, and jumps to the second of them when there is nothing.
 * That goes behind the subprogram, so that what is found takes no jump. Of one instruction of the
 * program as loaded, as no line of source may begin out there.
 */
static uint32_t peep_miss(struct jit_gen *g, uint32_t pc, int *err)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;
	const struct insn_fact *facts = g->prog->facts;

	if (pc + 2 >= g->sub->end || a->code != (BPF_JMP | BPF_JA) || a->off != 1 ||
	    !peep_is_alu(b, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0) || b->imm || !facts ||
	    facts[pc].orig_pc != facts[pc + 1].orig_pc)
		return 0;
	*err = vec_push(&g->misses, pc + 1 + g->pc_shift);
	return 2;
}

uint32_t gen_peephole(struct jit_gen *g, uint32_t pc, int *err)
{
	const struct bpf_insn *insn = &g->prog->insns[pc];
	uint32_t n = 0;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		n = peep_index(g, pc);
		if (n || (BPF_OP(insn->code) != BPF_MOV && BPF_OP(insn->code) != BPF_LSH))
			return n;
		n = peep_rotate(g, pc);
		if (!n)
			n = peep_lea(g, pc);
		if (!n)
			n = peep_mask(g, pc);
		if (!n)
			n = peep_scale(g, pc);
		return n ? n : peep_extend(g, pc);
	case BPF_LDX:
		n = peep_bytes(g, pc);
		return n ? n : peep_load(g, pc);
	case BPF_JMP:
	case BPF_JMP32:
		n = peep_miss(g, pc, err);
		return n ? n : peep_invert(g, pc, err);
	default:
		return 0;
	}
}
