/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers are live where: passes backwards over a subprogram, until one changes nothing. Code
 * without loops takes one pass, else as many as loops are nested and one or two more. What is found
 * holds only at the end, so where PASSES_MAX do not suffice everything counts as live.
 */
#include "jit/x86_64/gen.h"
#include "object/prog.h"

#define PASSES_MAX 12
#define ALL_REGS 0xffff

/* What is live behind the instruction at @pc, when @next is at the one that follows. */
static uint16_t live_behind(const struct jit_gen *g, uint32_t pc, uint16_t next)
{
	const struct bpf_insn *insn = &g->prog->insns[pc];
	uint16_t there;

	if (isa_is_exit(insn))
		return 0;
	if (!isa_is_jump(insn))
		return next;
	there = g->regs[isa_jump_target(insn, pc)].live;
	return isa_is_ja(insn) ? there : there | next;
}

/* Did it change anything? */
static bool live_pass(struct jit_gen *g)
{
	uint16_t next = 0; /* nobody comes to the end */
	bool changed = false;

	for (uint32_t pc = g->sub->end; pc-- > g->sub->start;) {
		struct gen_regs *r = &g->regs[pc];

		next = (uint16_t)(r->read | (live_behind(g, pc, next) & ~r->written));
		changed |= next != r->live;
		r->live = next;
	}
	return changed;
}

void gen_live(struct jit_gen *g)
{
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		if (!live_pass(g) || !gen_sub_of(g, g->sub)->has_loops)
			return;
	}
	for (uint32_t pc = g->sub->start; pc < g->sub->end; pc++)
		g->regs[pc].live = ALL_REGS;
}
