/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads, stores and atomic operations (RFC 9669, section 5). x86's order of memory accesses makes
 * plain loads acquire and plain stores release. */
#include <errno.h>
#include <stdlib.h>

#include "jit/x86_64/gen.h"

/* Mode of BPF_LDX beside BPF_PROBE_MEM: it sign-extends. Rewriting makes both. */
#define PROBE_MEMSX 0x40

static void access(struct jit_gen *g, uint32_t mods, uint32_t op, enum x86_reg reg,
		   const struct gen_addr *addr)
{
	if (addr->has_index)
		asm_rmi(&g->b, mods, op, reg, addr->base, addr->index, addr->scale, addr->disp);
	else
		asm_rm(&g->b, mods, op, reg, addr->base, addr->disp);
}

void gen_load_at(struct jit_gen *g, uint8_t size, bool is_sx, enum x86_reg reg,
		 const struct gen_addr *addr)
{
	uint32_t mods = is_sx ? X_W : 0;

	switch (size) {
	case BPF_B:
		access(g, mods, is_sx ? OP_MOVSX8 : OP_MOVZX8, reg, addr);
		break;
	case BPF_H:
		access(g, mods, is_sx ? OP_MOVSX16 : OP_MOVZX16, reg, addr);
		break;
	case BPF_W:
		access(g, mods, is_sx ? OP_MOVSXD : OP_LOAD, reg, addr);
		break;
	default:
		access(g, X_W, OP_LOAD, reg, addr);
	}
}

void gen_store_at(struct jit_gen *g, uint8_t size, enum x86_reg reg, const struct gen_addr *addr)
{
	uint32_t mods = size == BPF_DW ? X_W : size == BPF_H ? X_16 : size == BPF_B ? X_8 : 0;

	access(g, mods, size == BPF_B ? OP_STORE8 : OP_STORE, reg, addr);
}

static void load(struct jit_gen *g, uint8_t size, bool is_sx, enum x86_reg reg, enum x86_reg base,
		 int16_t off)
{
	const struct gen_addr addr = { .base = base, .disp = off };

	gen_load_at(g, size, is_sx, reg, &addr);
}

static void store(struct jit_gen *g, uint8_t size, enum x86_reg reg, enum x86_reg base, int16_t off)
{
	const struct gen_addr addr = { .base = base, .disp = off };

	gen_store_at(g, size, reg, &addr);
}

static void store_imm(struct jit_gen *g, uint8_t size, int32_t imm, enum x86_reg base, int16_t off)
{
	uint32_t mods = size == BPF_DW ? X_W : size == BPF_H ? X_16 : 0;

	asm_rm(&g->b, mods, size == BPF_B ? OP_STORE8_IMM : OP_STORE_IMM, 0, base, off);
	asm_u8(&g->b, (uint32_t)imm);
	if (size == BPF_B)
		return;
	asm_u8(&g->b, (uint32_t)imm >> 8);
	if (size == BPF_H)
		return;
	asm_u8(&g->b, (uint32_t)imm >> 16);
	asm_u8(&g->b, (uint32_t)imm >> 24);
}

static int gen_load(struct jit_gen *g, const struct bpf_insn *insn, bool is_sx, bool may_fault)
{
	struct gen_fault fault = { .at = gen_here(g), .reg = (uint8_t)gen_dst(insn) };

	if (is_sx && BPF_SIZE(insn->code) == BPF_DW)
		return -ENOTSUP;
	load(g, BPF_SIZE(insn->code), is_sx, gen_dst(insn), gen_src(insn), insn->off);
	if (!may_fault)
		return 0;
	fault.resume = gen_here(g);
	return vec_push(&g->faults, fault);
}

/*
 * Fetching and, or and xor: a loop around cmpxchg. r10 keeps what rax held, and stands in for it as
 * address or operand; r11 is the new value.
 *	mov r10, rax; mov rax, [base]; 1: mov r11, rax; op r11, operand; lock cmpxchg [base], r11; jne 1b
 */
static void fetch_loop(struct jit_gen *g, uint32_t mods, uint32_t op, const struct bpf_insn *insn)
{
	enum x86_reg base = gen_dst(insn) == RAX ? T0 : gen_dst(insn);
	enum x86_reg operand = gen_src(insn) == RAX ? T0 : gen_src(insn);
	uint32_t again;

	asm_rr(&g->b, X_W, OP_LOAD, T0, RAX);
	asm_rm(&g->b, mods, OP_LOAD, RAX, base, insn->off);
	again = g->b.n;
	asm_rr(&g->b, X_W, OP_LOAD, T1, RAX);
	asm_rr(&g->b, mods, op, operand, T1);
	asm_rm(&g->b, mods | X_LOCK, OP_CMPXCHG, T1, base, insn->off);
	asm_jcc_back(&g->b, CC_NE, again);
	if (gen_src(insn) == RAX)
		return;
	asm_rr(&g->b, mods, OP_LOAD, gen_src(insn), RAX);
	asm_rr(&g->b, X_W, OP_LOAD, RAX, T0);
}

static int gen_rmw(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint32_t mods = BPF_SIZE(insn->code) == BPF_DW ? X_W : 0;
	enum x86_reg base = gen_dst(insn), reg = gen_src(insn);

	switch (insn->imm) {
	case BPF_ADD:
		asm_rm(&g->b, mods | X_LOCK, OP_ADD, reg, base, insn->off);
		return 0;
	case BPF_OR:
		asm_rm(&g->b, mods | X_LOCK, OP_OR, reg, base, insn->off);
		return 0;
	case BPF_AND:
		asm_rm(&g->b, mods | X_LOCK, OP_AND, reg, base, insn->off);
		return 0;
	case BPF_XOR:
		asm_rm(&g->b, mods | X_LOCK, OP_XOR, reg, base, insn->off);
		return 0;
	case BPF_ADD | BPF_FETCH:
		asm_rm(&g->b, mods | X_LOCK, OP_XADD, reg, base, insn->off);
		return 0;
	case BPF_XCHG:
		asm_rm(&g->b, mods, OP_XCHG, reg, base, insn->off);
		return 0;
	case BPF_CMPXCHG:
		asm_rm(&g->b, mods | X_LOCK, OP_CMPXCHG, reg, base, insn->off);
		/* Where it succeeds it leaves eax, and so the upper half of rax, alone. */
		if (!mods)
			asm_rr(&g->b, 0, OP_LOAD, RAX, RAX);
		return 0;
	case BPF_OR | BPF_FETCH:
		fetch_loop(g, mods, OP_OR, insn);
		return 0;
	case BPF_AND | BPF_FETCH:
		fetch_loop(g, mods, OP_AND, insn);
		return 0;
	case BPF_XOR | BPF_FETCH:
		fetch_loop(g, mods, OP_XOR, insn);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int gen_atomic(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint8_t size = BPF_SIZE(insn->code);

	if (insn->imm == BPF_LOAD_ACQ) {
		load(g, size, false, gen_dst(insn), gen_src(insn), insn->off);
		return 0;
	}
	if (insn->imm == BPF_STORE_REL) {
		store(g, size, gen_src(insn), gen_dst(insn), insn->off);
		return 0;
	}
	return size == BPF_W || size == BPF_DW ? gen_rmw(g, insn) : -ENOTSUP;
}

int gen_mem(struct jit_gen *g, const struct bpf_insn *insn, bool may_fault)
{
	switch (BPF_CLASS(insn->code) | BPF_MODE(insn->code)) {
	case BPF_LDX | BPF_MEM:
		return gen_load(g, insn, false, may_fault);
	case BPF_LDX | BPF_MEMSX:
		return gen_load(g, insn, true, may_fault);
	case BPF_LDX | BPF_PROBE_MEM:
		return gen_load(g, insn, false, true);
	case BPF_LDX | PROBE_MEMSX:
		return gen_load(g, insn, true, true);
	case BPF_STX | BPF_MEM:
		store(g, BPF_SIZE(insn->code), gen_src(insn), gen_dst(insn), insn->off);
		return 0;
	case BPF_STX | BPF_ATOMIC:
		return gen_atomic(g, insn);
	case BPF_ST | BPF_MEM:
		store_imm(g, BPF_SIZE(insn->code), insn->imm, gen_dst(insn), insn->off);
		return 0;
	case BPF_ST | BPF_NOSPEC:
		return 0; /* see jit.h: speculation */
	default:
		return -ENOTSUP;
	}
}
