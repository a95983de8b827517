/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers put together from bytes: BPF's compiler knows no unaligned access, so it loads what may be
 * unaligned (a packed struct, a string compared) byte by byte, and shifts and ors. One load does.
 *
 * A run of such instructions is followed register by register. Each holds bytes of memory at one
 * base, in the order of memory: byte i of the register is byte "off + i" there, or 0. Where the run
 * may end, what is live must be what one load each gives.
 *
 * The stack is left alone: what was just written there in pieces is slow to read as a whole.
 */
#include "base/bits.h"
#include "jit/x86_64/gen.h"
#include "jit/x86_64/peep.h"
#include "object/prog.h"

#define RUN_INSNS_MAX 48

/* What a register holds: the bytes at base + off + i, for the i in mask. */
struct bytes {
	int32_t off;
	uint8_t mask;
};

struct byte_run {
	struct bytes regs[ISA_REG_AX + 1];
	uint16_t set; /* registers the run has written: they are in regs */
	uint8_t base;
	uint32_t loads;
};

static bool run_load(const struct jit_gen *g, uint32_t pc, struct byte_run *run)
{
	const struct bpf_insn *insn = &g->prog->insns[pc];

	if (!peep_is_plain_load(g, pc) || insn->src_reg != run->base || run->set >> run->base & 1 ||
	    (g->prog->facts && g->prog->facts[pc].mem_base == PTR_TO_STACK))
		return false;
	run->regs[insn->dst_reg] = (struct bytes){
		.off = insn->off,
		.mask = (uint8_t)(BIT32(isa_size_bytes(insn->code)) - 1),
	};
	run->set |= (uint16_t)(1u << insn->dst_reg);
	run->loads++;
	return true;
}

/* d <<= whole bytes, or d |= s where both have bytes of memory at the same places */
static bool run_alu(struct byte_run *run, const struct bpf_insn *insn)
{
	struct bytes *d = &run->regs[insn->dst_reg], *s = &run->regs[insn->src_reg];
	int bits = BPF_CLASS(insn->code) == BPF_ALU64 ? 64 : 32;

	if (insn->off || !(run->set >> insn->dst_reg & 1))
		return false;
	if (BPF_OP(insn->code) == BPF_LSH && BPF_SRC(insn->code) == BPF_K && insn->imm > 0 &&
	    insn->imm < bits && insn->imm % 8 == 0) {
		d->mask = (uint8_t)(d->mask << insn->imm / 8);
		d->off -= insn->imm / 8;
	} else if (BPF_OP(insn->code) == BPF_OR && BPF_SRC(insn->code) == BPF_X &&
		   run->set >> insn->src_reg & 1 && s->off == d->off) {
		d->mask |= s->mask;
	} else {
		return false;
	}
	if (bits == 32)
		d->mask &= 0xf;
	return true;
}

/* The size of the load that gives @b; -1: none does. */
static int load_size(const struct bytes *b)
{
	switch (b->mask) {
	case 0x01:
		return BPF_B;
	case 0x03:
		return BPF_H;
	case 0x0f:
		return BPF_W;
	case 0xff:
		return BPF_DW;
	default:
		return -1;
	}
}

/* The registers that the run's end, before @pc, leaves to those behind; 0: it cannot end here. */
static uint16_t run_results(const struct jit_gen *g, const struct byte_run *run, uint32_t pc)
{
	uint16_t live = pc < g->sub->end ? run->set & g->regs[pc].live : 0;

	if ((uint32_t)__builtin_popcount(live) >= run->loads)
		return 0;
	for (uint16_t left = live; left; left &= (uint16_t)(left - 1)) {
		if (load_size(&run->regs[__builtin_ctz(left)]) < 0)
			return 0;
	}
	return live;
}

static void load_result(struct jit_gen *g, const struct byte_run *run, uint8_t reg)
{
	const struct gen_addr addr = { .base = (enum x86_reg)gen_reg[run->base],
				       .disp = run->regs[reg].off };

	gen_load_at(g, (uint8_t)load_size(&run->regs[reg]), false, (enum x86_reg)gen_reg[reg], &addr);
}

static void emit_run(struct jit_gen *g, const struct byte_run *run, uint16_t results)
{
	for (uint8_t reg = 0; reg <= ISA_REG_AX; reg++) {
		if (results >> reg & 1 && reg != run->base)
			load_result(g, run, reg);
	}
	/* The base only now. */
	if (results >> run->base & 1)
		load_result(g, run, run->base);
}

uint32_t peep_bytes(struct jit_gen *g, uint32_t pc)
{
	struct byte_run run = { .base = g->prog->insns[pc].src_reg }, best = run;
	uint16_t results = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < RUN_INSNS_MAX && peep_is_run(g, pc, i + 1); i++) {
		uint16_t at_end;

		if (!run_load(g, pc + i, &run) && !(i && run_alu(&run, &g->prog->insns[pc + i])))
			break;
		at_end = run_results(g, &run, pc + i + 1);
		if (!at_end)
			continue;
		best = run;
		results = at_end;
		n = i + 1;
	}
	if (n)
		emit_run(g, &best, results);
	return n;
}
