/* SPDX-License-Identifier: BSD-2-Clause */
/* See gen.h and jit/backend.h: one pass that learns where jumps lead, one that emits. */
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "jit/x86_64/gen.h"
#include "object/prog.h"

/* A longer subprogram is called. */
#define INLINE_INSNS_MAX 24
/* A program may become this many instructions, and as many as it has, longer. */
#define INLINED_MORE 256

const uint8_t gen_reg[16] = { RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP, R12 };

/* Jumps stay inside their subprogram; both halves of a 64-bit immediate are there. */
static int scan_insn(struct jit_gen *g, const struct subprog *sub, uint32_t pc)
{
	const struct bpf_insn *insn = &g->prog->insns[pc];
	int64_t to;

	if (insn->dst_reg > ISA_REG_AX || insn->src_reg > ISA_REG_AX)
		return -ENOTSUP;
	if (isa_is_ld_imm64(insn) && (pc + 1 >= sub->end || insn[1].code))
		return -ENOTSUP;
	if (!isa_is_jump(insn))
		return 0;
	to = isa_jump_target(insn, pc);
	if (to < sub->start || to >= sub->end)
		return -ENOTSUP;
	bitmap_set(g->targets, (size_t)to);
	gen_sub_of(g, sub)->has_loops |= to <= pc;
	if (to <= pc && pc - to < GEN_LOOP_INSNS_MAX)
		g->loops[to] = (uint8_t)(pc - to);
	return 0;
}

static int scan_subprog(struct jit_gen *g, const struct subprog *sub)
{
	const struct bpf_insn *insns = g->prog->insns;
	struct gen_sub *found = gen_sub_of(g, sub);

	g->sub = sub;
	found->has_frame = sub == g->prog->subprogs;
	for (uint32_t pc = sub->start; pc < sub->end; pc++) {
		int err = scan_insn(g, sub, pc);

		if (err)
			return err;
		g->regs[pc].read = isa_regs_read(&insns[pc]);
		g->regs[pc].written = isa_regs_written(&insns[pc]);
		found->written |= g->regs[pc].written;
		found->calls |= isa_is_call(&insns[pc]);
		found->has_frame |= g->regs[pc].read >> ISA_REG_FP & 1;
		if (isa_is_ld_imm64(&insns[pc]))
			pc++;
	}
	found->has_frame |= found->calls;
	if (!(g->flags & JIT_PLAIN))
		gen_live(g);
	return 0;
}

/* --- upper halves known to be 0 ------------------------------------------------------------------ */

static bool alu_zero_extends(const struct jit_gen *g, const struct bpf_insn *insn)
{
	bool is_imm = BPF_SRC(insn->code) == BPF_K;

	if (BPF_CLASS(insn->code) == BPF_ALU)
		return BPF_OP(insn->code) != BPF_END || insn->imm < 64;
	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		return is_imm ? insn->imm >= 0 : !insn->off && g->zext >> insn->src_reg & 1;
	case BPF_AND:
		return is_imm && insn->imm >= 0;
	case BPF_RSH:
		return is_imm && (insn->imm & 63) >= 32;
	case BPF_END:
		return insn->imm < 64;
	default:
		return false;
	}
}

static bool load_zero_extends(const struct bpf_insn *insn)
{
	return BPF_SIZE(insn->code) != BPF_DW &&
	       (BPF_MODE(insn->code) == BPF_MEM || BPF_MODE(insn->code) == BPF_PROBE_MEM);
}

/* Follows g->zext over @insn, which has been generated. */
static void track_zext(struct jit_gen *g, const struct bpf_insn *insn)
{
	uint16_t written = isa_regs_written(insn);
	bool zero = false;

	if (isa_is_alu(insn))
		zero = alu_zero_extends(g, insn);
	else if (BPF_CLASS(insn->code) == BPF_LDX)
		zero = load_zero_extends(insn);
	else if (isa_is_atomic(insn))
		zero = BPF_SIZE(insn->code) != BPF_DW;
	g->zext = (uint16_t)(zero ? g->zext | written : g->zext & ~written);
}

/* --- emitting ------------------------------------------------------------------------------------ */

static int gen_insn(struct jit_gen *g, uint32_t pc)
{
	const struct bpf_insn *insn = &g->prog->insns[pc];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return gen_alu(g, insn);
	case BPF_JMP:
	case BPF_JMP32:
		return gen_jmp(g, insn, pc);
	case BPF_LD:
		return isa_is_ld_imm64(insn) ? gen_imm64(g, insn) : -ENOTSUP;
	default:
		return gen_mem(g, insn, g->prog->facts && g->prog->facts[pc].may_fault);
	}
}

/* Generates what begins at *@pc, and leaves there the last instruction done. */
static int gen_next(struct jit_gen *g, uint32_t *pc)
{
	uint32_t first = *pc, n = 0;
	int err = 0;

	if (g->loops[first])
		err = gen_align_loop(g, first);
	if (err)
		return err;
	g->pcs[first + g->pc_shift] = gen_here(g);
	if (!(g->flags & JIT_PLAIN))
		n = gen_peephole(g, first, &err);
	if (!n) {
		err = gen_insn(g, first);
		n = (uint32_t)isa_insn_slots(&g->prog->insns[first]);
	}
	track_zext(g, &g->prog->insns[first]);
	for (uint32_t i = 1; i < n; i++) {
		g->pcs[first + i + g->pc_shift] = gen_here(g);
		track_zext(g, &g->prog->insns[first + i]);
	}
	*pc = first + n - 1;
	return err;
}

/* The instructions of g->sub. */
static int gen_body(struct jit_gen *g)
{
	for (uint32_t pc = g->sub->start; pc < g->sub->end; pc++) {
		int err = asm_reserve(&g->b, GEN_INSN_BYTES_MAX);

		if (err)
			return err;
		if (bitmap_test(g->targets, pc))
			g->zext = 0;
		err = gen_next(g, &pc);
		if (err)
			return err;
	}
	return 0;
}

static int gen_subprog(struct jit_gen *g, const struct subprog *sub)
{
	int err = asm_reserve(&g->b, GEN_INSN_BYTES_MAX);

	if (err)
		return err;
	g->sub = g->frame = sub;
	gen_sub_of(g, sub)->prologue = gen_here(g);
	gen_prologue(g);
	g->zext = 0;
	err = gen_body(g);
	if (!err)
		err = asm_reserve(&g->b, GEN_INSN_BYTES_MAX);
	if (err)
		return err;
	asm_u8(&g->b, 0x0f); /* ud2: the verifier let nothing come here */
	asm_u8(&g->b, 0x0b);
	return gen_misses(g);
}

/* --- subprograms in place of calls ---------------------------------------------------------------- */

/*
 * Small ones that call nothing and need no frame: neither stack nor saved registers. What they may
 * overwrite is what a call may, so the caller cannot tell. A call and its return take longer than
 * all that a typical callback of bpf_loop() does.
 */
static bool is_inlinable(const struct jit_gen *g, const struct subprog *sub)
{
	const struct gen_sub *found = gen_sub_of(g, sub);

	return !(g->flags & JIT_PLAIN) && sub->end - sub->start <= INLINE_INSNS_MAX && !found->calls &&
	       !found->has_frame && !(found->written & GEN_CALLEE_SAVED);
}

int gen_inline(struct jit_gen *g, uint32_t to)
{
	const struct subprog *caller = g->sub, *sub = &g->prog->subprogs[to];
	uint32_t places = sub->end - sub->start + 1;
	int err;

	if (!is_inlinable(g, sub) || g->pcs_cap - g->n_pcs < places)
		return 1;
	g->sub = sub;
	g->pc_shift = g->n_pcs - sub->start;
	g->n_pcs += places;
	err = gen_body(g);
	g->pcs[g->n_pcs - 1] = gen_here(g);
	g->sub = caller;
	g->pc_shift = 0;
	return err;
}

static int gen_prog(struct jit_gen *g)
{
	const struct prog *prog = g->prog;
	int err = 0;

	for (uint32_t i = 0; i < prog->n_subprogs && !err; i++)
		err = scan_subprog(g, &prog->subprogs[i]);
	for (uint32_t i = 0; i < prog->n_subprogs && !err; i++)
		err = gen_subprog(g, &prog->subprogs[i]);
	if (err)
		return err;
	g->pcs[prog->n_insns] = gen_here(g);
	return gen_size_jumps(g);
}

/* clang 14 knows no "movbe" for __builtin_cpu_supports(). */
static bool has_movbe(void)
{
	unsigned int a, b, c = 0, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE;
}

int jit_generate(const struct prog *prog, uint32_t flags, struct jit_gen **gen)
{
	struct jit_gen *g = mem_zalloc(sizeof(*g));
	int err = -ENOMEM;

	if (!g)
		return -ENOMEM;
	g->prog = prog;
	g->flags = flags;
	g->bmi2 = !(flags & JIT_BASELINE) && __builtin_cpu_supports("bmi2");
	g->movbe = !(flags & JIT_BASELINE) && has_movbe();
	g->n_pcs = prog->n_insns + 1;
	g->pcs_cap = g->n_pcs + (prog->n_subprogs > 1 ? prog->n_insns + INLINED_MORE : 0);
	g->pcs = mem_calloc(g->pcs_cap, sizeof(g->pcs[0]));
	g->subs = mem_calloc(prog->n_subprogs, sizeof(g->subs[0]));
	g->regs = mem_calloc(prog->n_insns, sizeof(g->regs[0]));
	g->targets = mem_calloc(BITMAP_WORDS(prog->n_insns), sizeof(g->targets[0]));
	g->loops = mem_calloc(prog->n_insns, sizeof(g->loops[0]));
	if (g->pcs && g->subs && g->regs && g->targets && g->loops)
		err = gen_prog(g);
	if (err) {
		jit_gen_free(g);
		return err;
	}
	*gen = g;
	return 0;
}

void jit_gen_free(struct jit_gen *g)
{
	if (!g)
		return;
	asm_deinit(&g->b);
	vec_deinit(&g->misses);
	vec_deinit(&g->relocs);
	vec_deinit(&g->faults);
	free(g->pcs);
	free(g->subs);
	free(g->regs);
	free(g->targets);
	free(g->loops);
	free(g->saved);
	free(g);
}

uint32_t jit_gen_bytes(const struct jit_gen *g)
{
	return g->bytes;
}
