/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns: short runs of instructions that x86-64 has one for, the ones clang writes. Each leaves
 * every register and all memory as the instructions one by one would, but for registers that are
 * overwritten, unread, soon after. Only the first instruction of a run may be jumped to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "isa/insn.h"
#include "jit/x86_64/gen.h"

/* The @n instructions from @pc belong together: nothing jumps into them. */
bool peep_is_run(const struct jit_gen *g, uint32_t pc, uint32_t n);

/* No instruction from @pc on reads @reg before it is overwritten. */
static inline bool peep_is_dead(const struct jit_gen *g, uint8_t reg, uint32_t pc)
{
	return pc < g->sub->end && !(g->regs[pc].live >> reg & 1);
}

static inline bool peep_is_alu(const struct bpf_insn *insn, uint8_t code, uint8_t dst)
{
	return insn->code == code && insn->dst_reg == dst && insn->off == 0;
}

/* A plain move of a register to another one. */
static inline bool peep_is_move(const struct bpf_insn *insn)
{
	return isa_is_alu(insn) && BPF_OP(insn->code) == BPF_MOV && BPF_SRC(insn->code) == BPF_X &&
	       insn->off == 0 && insn->dst_reg != insn->src_reg;
}

/* Each: how many instructions it has done, 0: it does not fit (peep_mem.c). */
uint32_t peep_index(struct jit_gen *g, uint32_t pc);
uint32_t peep_load(struct jit_gen *g, uint32_t pc);

/* A load from memory that is ours for sure, and does not fault. */
bool peep_is_plain_load(const struct jit_gen *g, uint32_t pc);

/* A number put together from bytes (peep_bytes.c). */
uint32_t peep_bytes(struct jit_gen *g, uint32_t pc);
