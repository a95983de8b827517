/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generating x86-64 code. Inside the room: what its files share.
 *
 * Registers: R0 to R5 are rax rdi rsi rdx rcx r8, so that arguments of helpers, subprograms and
 * callbacks are where the SysV ABI has them; R6 to R9 and R11 are rbx r13 r14 r15 and r12, which
 * callees save; R10 is rbp. r9, r10 and r11 are free within one instruction's code.
 *
 * Frame:	return address | rbp <- rbp | stack, downwards | saved registers <- rsp
 * A subprogram that neither calls nor uses R10 has only the saved registers; the first one always
 * has all, as a tail call enters it after its "push rbp; mov rbp, rsp", TAIL_ENTRY_BYTES long: what
 * rbp was stays in its place, off the path from one program to the next.
 *
 * What depends on addresses or on the sizes of jumps is a reloc: code is generated with its longest
 * form, and link.c writes the final one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "isa/insn.h"
#include "jit/backend.h"
#include "jit/jit.h"
#include "jit/x86_64/asm.h"
#include "object/prog.h"

/* R6 to R9 and R11, which callees save, as a mask. */
#define GEN_CALLEE_SAVED 0xbc0

/* More than the longest code of one instruction. */
#define GEN_INSN_BYTES_MAX 256

#define T0 R10
#define T1 R11
#define T2 R9

extern const uint8_t gen_reg[16];

enum reloc_kind {
	RELOC_JCC,      /* 6 or 2 bytes, to an instruction */
	RELOC_JMP,      /* 5 or 2 bytes, to an instruction */
	RELOC_CALL,     /* 5 bytes, to a subprogram */
	RELOC_LEA,      /* 7 bytes, address of a subprogram */
	RELOC_CALL_ABS, /* 5 bytes, to a fixed address */
	RELOC_ALIGN,    /* 0 to 63 bytes before a loop that ends with instruction "to" */
};

struct reloc {
	uint32_t at;    /* first byte, in the unsized code */
	uint32_t to;    /* instruction or subprogram */
	uint64_t addr;  /* of RELOC_CALL_ABS */
	uint8_t kind;
	uint8_t arg;    /* condition of a jcc, register of a lea */
	uint8_t pad;    /* bytes of RELOC_ALIGN, as things stand */
	bool is_short;
};

/* A place in the unsized code, with how many relocs lie before it. */
struct place {
	uint32_t off;
	uint32_t relocs;
};

/* Registers as masks. */
struct gen_regs {
	uint16_t read, written; /* by an instruction */
	uint16_t live;          /* just before it: read by it or later, before they are overwritten */
};

struct gen_fault {
	struct place at, resume;
	uint8_t reg;
};

/* What scanning finds out about a subprogram. */
struct gen_sub {
	struct place prologue;
	uint16_t written; /* registers */
	bool calls;       /* it calls, so its stack must be aligned */
	bool has_frame;   /* rbp is set up */
	bool has_loops;   /* something jumps back */
};

struct jit_gen {
	const struct prog *prog;
	uint32_t flags;
	bool bmi2, movbe; /* what the machine has */
	struct asm_buf b;
	struct place *pcs;      /* pcs_cap: where instructions begin. n_insns + 1, then inlined ones */
	uint32_t n_pcs, pcs_cap;
	struct gen_sub *subs;   /* n_subprogs */
	struct gen_regs *regs;  /* n_insns */
	uint64_t *targets;      /* bitmap: instructions jumped to */
	uint8_t *loops;         /* by first instruction of a short loop: how many follow in it */
	VEC(uint32_t) misses;   /* in pcs[]: each "r0 = 0" that stands behind its subprogram */
	VEC(struct reloc) relocs;
	VEC(struct gen_fault) faults;
	uint32_t *saved;        /* link.c: bytes saved by short forms before each reloc */
	uint32_t bytes;         /* of the final code */

	/* The subprogram being generated: its code, or code that is inlined into it. */
	const struct subprog *sub, *frame;
	uint32_t frame_bytes; /* what it takes from rsp before saving registers */
	uint32_t pc_shift;    /* instruction pc is pcs[pc + pc_shift]; 0 but in inlined code */

	/* The block being generated: registers whose upper half is known to be 0. */
	uint16_t zext;
};

static inline enum x86_reg gen_dst(const struct bpf_insn *insn)
{
	return (enum x86_reg)gen_reg[insn->dst_reg];
}

static inline enum x86_reg gen_src(const struct bpf_insn *insn)
{
	return (enum x86_reg)gen_reg[insn->src_reg];
}

static inline bool gen_is_64(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU64 || BPF_CLASS(insn->code) == BPF_JMP;
}

static inline struct gen_sub *gen_sub_of(const struct jit_gen *g, const struct subprog *sub)
{
	return &g->subs[sub - g->prog->subprogs];
}

static inline struct place gen_here(const struct jit_gen *g)
{
	return (struct place){ g->b.n, (uint32_t)g->relocs.n };
}

/* mov @to, @from unless they are one. */
static inline void gen_mov(struct jit_gen *g, uint32_t mods, enum x86_reg to, enum x86_reg from)
{
	if (to != from)
		asm_rr(&g->b, mods, OP_LOAD, to, from);
}

/* base + disp, or base + index << scale + disp */
struct gen_addr {
	enum x86_reg base, index;
	int32_t scale, disp;
	bool has_index;
};

/* mem.c: a load and a store of @size (BPF_B, …), and op [base + disp], its operand. */
void gen_load_at(struct jit_gen *g, uint8_t size, bool is_sx, enum x86_reg reg,
		 const struct gen_addr *addr);
void gen_store_at(struct jit_gen *g, uint8_t size, enum x86_reg reg, const struct gen_addr *addr);
/* alu.c: add, sub, or, and or xor as in @insn, on memory. */
void gen_op_memory(struct jit_gen *g, const struct bpf_insn *insn, uint32_t mods, enum x86_reg base,
		   int32_t disp);

/* Instructions of a loop that may fit into a cache line. */
#define GEN_LOOP_INSNS_MAX 24

/* @reg = the slot of this run (flow.c). */
void gen_load_slot(struct jit_gen *g, enum x86_reg reg);

/* Where a short loop from @pc on begins, code to align it comes first: 0 or -ENOMEM (flow.c). */
int gen_align_loop(struct jit_gen *g, uint32_t pc);

/* Each generates one instruction of its kind: 0, -ENOMEM or -ENOTSUP. */
int gen_alu(struct jit_gen *g, const struct bpf_insn *insn);   /* alu.c */
int gen_divmod(struct jit_gen *g, const struct bpf_insn *insn); /* div.c */
int gen_mem(struct jit_gen *g, const struct bpf_insn *insn, bool may_fault); /* mem.c */
int gen_jmp(struct jit_gen *g, const struct bpf_insn *insn, uint32_t pc); /* flow.c */
int gen_imm64(struct jit_gen *g, const struct bpf_insn *insn); /* flow.c */
/* A conditional jump to instruction @to, when its condition holds or (@invert) does not. */
int gen_cond_jump(struct jit_gen *g, const struct bpf_insn *insn, uint32_t to, bool invert);
void gen_prologue(struct jit_gen *g); /* flow.c */
void gen_epilogue(struct jit_gen *g); /* flow.c */
/* The instructions that were put off until the end of the subprogram: 0 or -ENOMEM (flow.c). */
int gen_misses(struct jit_gen *g);

/* In place of a call, the code of subprogram @to: 0, 1: it is to be called, or -ENOMEM or -ENOTSUP. */
int gen_inline(struct jit_gen *g, uint32_t to);

/* Finds out which registers are live where in g->sub (live.c). */
void gen_live(struct jit_gen *g);

/* Several instructions from @pc as one: how many, 0: there is no pattern. *@err is set on failure. */
uint32_t gen_peephole(struct jit_gen *g, uint32_t pc, int *err); /* peep.c */

/* Chooses the size of each jump and computes bytes: 0 or -ENOMEM (link.c). */
int gen_size_jumps(struct jit_gen *g);
