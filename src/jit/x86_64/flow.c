/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames, jumps, calls of all kinds, and 64-bit immediates, which may be addresses of code. */
#include <errno.h>

#include "base/macros.h"
#include "jit/x86_64/gen.h"
#include "object/prog.h"
#include "object/prog_array.h"
#include "run/run.h"

/* Below rsp, what signal handlers leave alone (System V ABI, "red zone"). */
#define RED_ZONE_BYTES 128

/* Where tail calls enter: behind push rbp; mov rbp, rsp. */
#define TAIL_ENTRY_BYTES 4

/* --- frames --------------------------------------------------------------------------------------- */

static void gen_saved(struct jit_gen *g, bool push)
{
	static const uint8_t regs[] = { BPF_REG_6, BPF_REG_7, BPF_REG_8, BPF_REG_9, ISA_REG_AX };
	const int n = ARRAY_SIZE(regs);

	for (int i = 0; i < n; i++) {
		uint8_t r = regs[push ? i : n - 1 - i];

		if (!(gen_sub_of(g, g->frame)->written >> r & 1))
			continue;
		if (push)
			asm_push(&g->b, (enum x86_reg)gen_reg[r]);
		else
			asm_pop(&g->b, (enum x86_reg)gen_reg[r]);
	}
}

/* Stack and padding, so that rsp is a multiple of 16 at calls. */
static uint32_t frame_size(const struct jit_gen *g)
{
	const struct gen_sub *sub = gen_sub_of(g, g->frame);
	uint32_t bytes = (g->frame->stack_bytes + 7) & ~7u;
	uint32_t saved = 8 * (uint32_t)__builtin_popcount(sub->written & GEN_CALLEE_SAVED);

	if (!sub->calls)
		return !saved && bytes <= RED_ZONE_BYTES ? 0 : bytes;
	return bytes + ((bytes + saved) & 8);
}

void gen_prologue(struct jit_gen *g)
{
	uint32_t start = g->b.n;

	g->frame_bytes = gen_sub_of(g, g->frame)->has_frame ? frame_size(g) : 0;
	if (gen_sub_of(g, g->frame)->has_frame) {
		asm_push(&g->b, RBP);
		asm_rr(&g->b, X_W, OP_STORE, RSP, RBP); /* mov rbp, rsp */
		assert(g->b.n - start == TAIL_ENTRY_BYTES);
	}
	(void)start;
	if (g->frame_bytes)
		asm_grp1(&g->b, X_W, GRP1_SUB, RSP, (int32_t)g->frame_bytes);
	gen_saved(g, true);
}

/* Up to where a tail call's target takes over: rsp is rbp. */
static void gen_unwind(struct jit_gen *g)
{
	gen_saved(g, false);
	if (g->frame_bytes)
		asm_rr(&g->b, X_W, OP_STORE, RBP, RSP); /* mov rsp, rbp */
}

void gen_epilogue(struct jit_gen *g)
{
	gen_saved(g, false);
	if (g->frame_bytes)
		asm_u8(&g->b, 0xc9); /* leave */
	else if (gen_sub_of(g, g->frame)->has_frame)
		asm_pop(&g->b, RBP);
	asm_u8(&g->b, 0xc3); /* ret */
}

/* --- jumps ---------------------------------------------------------------------------------------- */

static int add_reloc(struct jit_gen *g, struct reloc reloc, uint32_t bytes)
{
	reloc.at = g->b.n;
	for (uint32_t i = 0; i < bytes; i++)
		asm_u8(&g->b, 0xcc);
	return vec_push(&g->relocs, reloc);
}

/*
 * A loop that lies across two lines of the instruction cache, with little in one of them, takes a
 * quarter longer on Zen 5. Innermost loops without calls only: others have more to do.
 */
int gen_align_loop(struct jit_gen *g, uint32_t pc)
{
	uint32_t last = pc + g->loops[pc];

	for (uint32_t i = pc; i <= last; i++) {
		if ((i > pc && g->loops[i]) || isa_is_call(&g->prog->insns[i]))
			return 0;
	}
	return add_reloc(g, (struct reloc){ .kind = RELOC_ALIGN, .to = last + g->pc_shift }, 63);
}

static void gen_compare(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint32_t mods = gen_is_64(insn) ? X_W : 0;
	bool is_reg = BPF_SRC(insn->code) == BPF_X;
	enum x86_reg dst = gen_dst(insn);

	if (BPF_OP(insn->code) == BPF_JSET) {
		if (is_reg)
			asm_rr(&g->b, mods, OP_TEST, gen_src(insn), dst);
		else
			asm_test_imm(&g->b, insn->imm >= 0 ? 0 : mods, dst, insn->imm);
	} else if (is_reg) {
		asm_rr(&g->b, mods, OP_CMP, gen_src(insn), dst);
	} else if (insn->imm == 0) {
		asm_rr(&g->b, mods, OP_TEST, dst, dst);
	} else {
		asm_grp1(&g->b, mods, GRP1_CMP, dst, insn->imm);
	}
}

/* The condition of each comparison; -1: not one. */
static int condition(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return CC_E;
	case BPF_JNE:
	case BPF_JSET:
		return CC_NE;
	case BPF_JGT:
		return CC_A;
	case BPF_JGE:
		return CC_AE;
	case BPF_JLT:
		return CC_B;
	case BPF_JLE:
		return CC_BE;
	case BPF_JSGT:
		return CC_G;
	case BPF_JSGE:
		return CC_GE;
	case BPF_JSLT:
		return CC_L;
	case BPF_JSLE:
		return CC_LE;
	default:
		return -1;
	}
}

/* --- calls ---------------------------------------------------------------------------------------- */

static void gen_poison(struct jit_gen *g)
{
	for (int r = BPF_REG_1; r <= BPF_REG_5; r++)
		asm_mov_imm(&g->b, (enum x86_reg)gen_reg[r], JIT_POISON_VALUE);
	for (int t = R9; t <= R11; t++)
		asm_mov_imm(&g->b, (enum x86_reg)t, JIT_POISON_VALUE);
}

static int gen_call_helper(struct jit_gen *g, helper_fn fn)
{
	uint64_t addr = (uint64_t)(uintptr_t)fn;
	int err = 0;

	if (g->flags & JIT_FAR_CALLS) {
		asm_mov_imm(&g->b, RAX, addr);
		asm_rr(&g->b, 0, OP_GRP5, GRP5_CALL, RAX);
	} else {
		err = add_reloc(g, (struct reloc){ .kind = RELOC_CALL_ABS, .addr = addr }, 5);
	}
	if (g->flags & JIT_POISON)
		gen_poison(g);
	return err;
}

/* Where run_current_ctx lies from fs. The compiler would fetch it in ways that linkers do not know. */
static int32_t run_current_tls_off(void)
{
	int64_t off;

	__asm__("movq run_current_ctx@gottpoff(%%rip), %0" : "=r"(off));
	return (int32_t)off;
}

_Static_assert(offsetof(struct prog, obj) == 0, "the object in a slot is the program");

/*
 * bpf_tail_call(rdi = context, rsi = program array, rdx = index): enters the program in the slot in
 * place of this frame, or goes on below. Source of the order of checks: the kernel's
 * emit_bpf_tail_call_indirect; a call counts only when there is a program to call.
 */
static void gen_tail_call(struct jit_gen *g)
{
	uint32_t out[3];

	asm_rr(&g->b, 0, OP_LOAD, RDX, RDX);
	asm_rm(&g->b, 0, OP_CMP_LOAD, RDX, RSI, offsetof(struct held_array, map.max_entries));
	out[0] = asm_jcc_fwd(&g->b, CC_AE);
	asm_load_tls(&g->b, T0, run_current_tls_off());
	asm_rm(&g->b, 0, OP_GRP1_IMM8, GRP1_CMP, T0,
	       offsetof(struct run_ctx, tail_calls));
	asm_u8(&g->b, PROG_TAIL_CALLS_MAX);
	out[1] = asm_jcc_fwd(&g->b, CC_AE);
	asm_rm(&g->b, X_W, OP_LOAD, RAX, RSI, offsetof(struct held_array, slots));
	asm_rmi(&g->b, X_W, OP_LOAD, RAX, RAX, RDX, 3, 0);
	asm_rr(&g->b, X_W, OP_TEST, RAX, RAX);
	out[2] = asm_jcc_fwd(&g->b, CC_E);
	asm_rm(&g->b, 0, OP_GRP1_IMM8, GRP1_ADD, T0,
	       offsetof(struct run_ctx, tail_calls));
	asm_u8(&g->b, 1);
	asm_rm(&g->b, X_W, OP_LOAD, RAX, RAX, offsetof(struct prog, image));
	asm_grp1(&g->b, X_W, GRP1_ADD, RAX, TAIL_ENTRY_BYTES);
	gen_unwind(g);
	asm_rr(&g->b, 0, OP_GRP5, GRP5_JMP, RAX);
	for (size_t i = 0; i < ARRAY_SIZE(out); i++)
		asm_land(&g->b, out[i]);
}

void gen_load_slot(struct jit_gen *g, enum x86_reg reg)
{
	asm_load_tls(&g->b, reg, run_current_tls_off());
	asm_rm(&g->b, 0, OP_LOAD, reg, reg, offsetof(struct run_ctx, slot));
}

/* bpf_get_smp_processor_id: the run's slot. False: @helper_id is not written out. */
static bool gen_inlined_helper(struct jit_gen *g, uint32_t helper_id)
{
	if (helper_id != BPF_FUNC_get_smp_processor_id || g->flags & JIT_PLAIN)
		return false;
	gen_load_slot(g, RAX);
	return true;
}

/* The subprogram that starts at instruction @pc, or n_subprogs. */
static uint32_t subprog_at(const struct prog *prog, int64_t pc)
{
	uint32_t lo = 0, hi = prog->n_subprogs;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (prog->subprogs[mid].start < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < prog->n_subprogs && prog->subprogs[lo].start == pc ? lo : prog->n_subprogs;
}

static int gen_call(struct jit_gen *g, const struct bpf_insn *insn, uint32_t pc)
{
	const struct prog *prog = g->prog;
	int err;

	if (insn->src_reg == BPF_PSEUDO_CALL) {
		uint32_t to = subprog_at(prog, isa_call_target(insn, pc));

		if (to == prog->n_subprogs)
			return -ENOTSUP;
		err = gen_inline(g, to);
		if (err <= 0)
			return err;
		return add_reloc(g, (struct reloc){ .kind = RELOC_CALL, .to = to }, 5);
	}
	if (insn->src_reg || (uint32_t)insn->imm >= prog->n_calls)
		return -ENOTSUP;
	if (prog->calls[insn->imm].helper_id == BPF_FUNC_tail_call) {
		gen_tail_call(g);
		return 0;
	}
	if (gen_inlined_helper(g, prog->calls[insn->imm].helper_id))
		return 0;
	return gen_call_helper(g, prog->calls[insn->imm].fn);
}

int gen_cond_jump(struct jit_gen *g, const struct bpf_insn *insn, uint32_t to, bool invert)
{
	int cc = condition(BPF_OP(insn->code));

	if (cc < 0)
		return -ENOTSUP;
	gen_compare(g, insn);
	if (invert)
		cc ^= 1;
	return add_reloc(g, (struct reloc){ .kind = RELOC_JCC, .to = to + g->pc_shift,
					    .arg = (uint8_t)cc }, 6);
}

static int gen_goto(struct jit_gen *g, uint32_t pc, uint32_t to)
{
	if (to == pc + 1)
		return 0;
	return add_reloc(g, (struct reloc){ .kind = RELOC_JMP, .to = to + g->pc_shift }, 5);
}

int gen_misses(struct jit_gen *g)
{
	for (size_t i = 0; i < g->misses.n; i++) {
		uint32_t place = g->misses.data[i];
		int err = asm_reserve(&g->b, GEN_INSN_BYTES_MAX);

		if (err)
			return err;
		g->pcs[place] = gen_here(g);
		asm_mov_imm(&g->b, RAX, 0);
		err = add_reloc(g, (struct reloc){ .kind = RELOC_JMP, .to = place + 1 }, 5);
		if (err)
			return err;
	}
	g->misses.n = 0;
	return 0;
}

static int gen_exit(struct jit_gen *g, uint32_t pc)
{
	if (g->sub != g->frame)
		return gen_goto(g, pc, g->sub->end); /* the caller goes on there */
	gen_epilogue(g);
	return 0;
}

int gen_jmp(struct jit_gen *g, const struct bpf_insn *insn, uint32_t pc)
{
	uint32_t to;

	if (isa_is_call(insn))
		return gen_call(g, insn, pc);
	if (isa_is_exit(insn))
		return gen_exit(g, pc);
	/* gen.c has checked where jumps lead. */
	to = (uint32_t)isa_jump_target(insn, pc);
	if (isa_is_ja(insn))
		return gen_goto(g, pc, to);
	return gen_cond_jump(g, insn, to, false);
}

int gen_imm64(struct jit_gen *g, const struct bpf_insn *insn)
{
	if (insn->src_reg == BPF_PSEUDO_FUNC) {
		if ((uint32_t)insn->imm >= g->prog->n_subprogs)
			return -ENOTSUP;
		return add_reloc(g, (struct reloc){ .kind = RELOC_LEA,
						    .to = (uint32_t)insn->imm,
						    .arg = (uint8_t)gen_dst(insn) }, 7);
	}
	asm_mov_imm(&g->b, gen_dst(insn), isa_imm64(insn));
	return 0;
}
