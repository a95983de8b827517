/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns around memory accesses: addresses added up just before them, big-endian loads, and
 * numbers in memory changed in place. See peep.h for what a pattern must keep.
 */
#include "jit/x86_64/gen.h"
#include "jit/x86_64/peep.h"
#include "object/prog.h"

bool peep_is_plain_load(const struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *insn = &g->prog->insns[pc];

	return (BPF_CLASS(insn->code) | BPF_MODE(insn->code)) == (BPF_LDX | BPF_MEM) &&
	       !(g->prog->facts && g->prog->facts[pc].may_fault);
}

static bool is_plain_store(const struct bpf_insn *insn)
{
	return (BPF_CLASS(insn->code) | BPF_MODE(insn->code)) == (BPF_STX | BPF_MEM);
}

/* --- base + index -------------------------------------------------------------------------------- */

/*
 * [t = a;] or [t <<= 1 to 3;] t += b: the address it makes, in how many instructions; 0: none.
 */
static uint32_t match_sum(const struct jit_gen *g, uint32_t pc, struct gen_addr *addr, uint8_t *t)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *add = a;

	*t = a->dst_reg;
	*addr = (struct gen_addr){ .base = gen_dst(a) };
	if (peep_is_move(a) && BPF_CLASS(a->code) == BPF_ALU64) {
		addr->base = gen_src(a);
		add++;
	} else if (peep_is_alu(a, BPF_ALU64 | BPF_LSH | BPF_K, *t) && a->imm >= 1 && a->imm <= 3) {
		addr->scale = a->imm;
		add++;
	}
	if (pc + (uint32_t)(add - a) >= g->sub->end ||
	    !peep_is_alu(add, BPF_ALU64 | BPF_ADD | BPF_X, *t) || add->src_reg == *t)
		return 0;
	addr->index = gen_src(add);
	addr->has_index = true;
	/* What is scaled is the index. */
	if (addr->scale) {
		addr->base = gen_src(add);
		addr->index = gen_dst(a);
	}
	return (uint32_t)(add - a) + 1;
}

uint32_t peep_index(struct jit_gen *g, uint32_t pc)
{
	struct gen_addr addr;
	const struct bpf_insn *mem;
	uint8_t t;
	uint32_t n = match_sum(g, pc, &addr, &t);

	if (!n || !peep_is_run(g, pc, n + 1))
		return 0;
	mem = &g->prog->insns[pc + n];
	addr.disp = mem->off;
	if (peep_is_plain_load(g, pc + n) && mem->src_reg == t &&
	    (mem->dst_reg == t || peep_is_dead(g, t, pc + n + 1))) {
		gen_load_at(g, BPF_SIZE(mem->code), false, gen_dst(mem), &addr);
		return n + 1;
	}
	if (is_plain_store(mem) && mem->dst_reg == t && mem->src_reg != t &&
	    peep_is_dead(g, t, pc + n + 1)) {
		gen_store_at(g, BPF_SIZE(mem->code), gen_src(mem), &addr);
		return n + 1;
	}
	return 0;
}

/* --- other bytes --------------------------------------------------------------------------------- */

/* d = *(u16, u32 or u64 *)(s + off); d = be d */
static uint32_t peep_load_be(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *a = &g->prog->insns[pc], *b = a + 1;
	int bits = isa_size_bytes(a->code) * 8;

	if (bits < 16 || !peep_is_run(g, pc, 2))
		return 0;
	if (b->code != (BPF_ALU | BPF_END | BPF_TO_BE) && b->code != (BPF_ALU64 | BPF_END | BPF_TO_LE))
		return 0;
	if (b->dst_reg != a->dst_reg || b->imm != bits || b->off)
		return 0;
	if (bits == 16) {
		/* What is loaded is zero-extended already, and a 16-bit rotation keeps that. */
		asm_rm(&g->b, 0, OP_MOVZX16, gen_dst(a), gen_src(a), a->off);
		asm_rr(&g->b, X_16, OP_SHIFT_IMM, SHIFT_ROL, gen_dst(a));
		asm_u8(&g->b, 8);
		return 2;
	}
	if (!g->movbe)
		return 0;
	asm_rm(&g->b, bits == 64 ? X_W : 0, OP_MOVBE, gen_dst(a), gen_src(a), a->off);
	return 2;
}

/* --- in place ------------------------------------------------------------------------------------ */

static bool is_simple_op(uint8_t op)
{
	return op == BPF_ADD || op == BPF_SUB || op == BPF_OR || op == BPF_AND || op == BPF_XOR;
}

/* t = *p; t op= x; *p = t, of 4 or 8 bytes, t dead */
static uint32_t peep_in_place(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *load = &g->prog->insns[pc], *op = load + 1, *store = load + 2;
	uint8_t t = load->dst_reg, size = BPF_SIZE(load->code), class;

	if (!peep_is_run(g, pc, 3) || t == load->src_reg || (size != BPF_W && size != BPF_DW))
		return 0;
	class = BPF_CLASS(op->code);
	if ((class != BPF_ALU64 && (class != BPF_ALU || size == BPF_DW)) || op->dst_reg != t ||
	    op->off || !is_simple_op(BPF_OP(op->code)) ||
	    (BPF_SRC(op->code) == BPF_X && op->src_reg == t))
		return 0;
	if (!is_plain_store(store) || BPF_SIZE(store->code) != size || store->src_reg != t ||
	    store->dst_reg != load->src_reg || store->off != load->off ||
	    !peep_is_dead(g, t, pc + 3))
		return 0;
	gen_op_memory(g, op, size == BPF_DW ? X_W : 0, gen_src(load), load->off);
	return 3;
}

uint32_t peep_load(struct jit_gen *g, uint32_t pc)
{
	uint32_t n;

	if (!peep_is_plain_load(g, pc))
		return 0;
	n = peep_load_be(g, pc);
	return n ? n : peep_in_place(g, pc);
}
