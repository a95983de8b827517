/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instruction: how to build it, what its fields mean, what it reads and writes.
 *
 * Constructors carry the field's names (BPF_MOV64_REG …) and yield a struct bpf_insn value,
 * usable in static tables; BPF_LD_IMM64 and its kin yield two. Accessors never check: give them
 * instructions that isa_check() has passed, or use only what the comment allows. No allocation,
 * no state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tbl/uapi.h"

/* clang-format off */

#define BPF_RAW_INSN(CODE, DST, SRC, OFF, IMM)                                                     \
	((struct bpf_insn){ .code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF),      \
			    .imm = (IMM) })

/* Arithmetic. OFF is 1 for signed division and modulo. */
#define BPF_ALU64_REG_OFF(OP, DST, SRC, OFF)                                                       \
	BPF_RAW_INSN(BPF_ALU64 | (OP) | BPF_X, DST, SRC, OFF, 0)
#define BPF_ALU32_REG_OFF(OP, DST, SRC, OFF) BPF_RAW_INSN(BPF_ALU | (OP) | BPF_X, DST, SRC, OFF, 0)
#define BPF_ALU64_IMM_OFF(OP, DST, IMM, OFF)                                                       \
	BPF_RAW_INSN(BPF_ALU64 | (OP) | BPF_K, DST, 0, OFF, IMM)
#define BPF_ALU32_IMM_OFF(OP, DST, IMM, OFF) BPF_RAW_INSN(BPF_ALU | (OP) | BPF_K, DST, 0, OFF, IMM)
#define BPF_ALU64_REG(OP, DST, SRC)   BPF_ALU64_REG_OFF(OP, DST, SRC, 0)
#define BPF_ALU32_REG(OP, DST, SRC)   BPF_ALU32_REG_OFF(OP, DST, SRC, 0)
#define BPF_ALU64_IMM(OP, DST, IMM)   BPF_ALU64_IMM_OFF(OP, DST, IMM, 0)
#define BPF_ALU32_IMM(OP, DST, IMM)   BPF_ALU32_IMM_OFF(OP, DST, IMM, 0)

/* dst = dst converted to (TYPE) BPF_TO_LE or BPF_TO_BE, or swapped; LEN is 16, 32 or 64 bits. */
#define BPF_ENDIAN(TYPE, DST, LEN)    BPF_RAW_INSN(BPF_ALU | BPF_END | (TYPE), DST, 0, 0, LEN)
#define BPF_BSWAP(DST, LEN)           BPF_RAW_INSN(BPF_ALU64 | BPF_END | BPF_TO_LE, DST, 0, 0, LEN)

/* Moves. MOVSX sign-extends from OFF bits: 8, 16, and 32 in MOVSX64. */
#define BPF_MOV64_REG(DST, SRC)       BPF_ALU64_REG(BPF_MOV, DST, SRC)
#define BPF_MOV32_REG(DST, SRC)       BPF_ALU32_REG(BPF_MOV, DST, SRC)
#define BPF_MOV64_IMM(DST, IMM)       BPF_ALU64_IMM(BPF_MOV, DST, IMM)
#define BPF_MOV32_IMM(DST, IMM)       BPF_ALU32_IMM(BPF_MOV, DST, IMM)
#define BPF_MOVSX64_REG(DST, SRC, OFF) BPF_ALU64_REG_OFF(BPF_MOV, DST, SRC, OFF)
#define BPF_MOVSX32_REG(DST, SRC, OFF) BPF_ALU32_REG_OFF(BPF_MOV, DST, SRC, OFF)

/* w(DST) = w(DST), inserted by a rewrite to clear the upper half; imm 1 tells it from a user's. */
#define BPF_ZEXT_REG(DST)             BPF_RAW_INSN(BPF_ALU | BPF_MOV | BPF_X, DST, DST, 0, 1)

/* 64-bit immediates: two instructions, to be used in an array initialiser. */
#define BPF_LD_IMM64_RAW(DST, SRC, IMM)                                                            \
	BPF_RAW_INSN(BPF_LD | BPF_DW | BPF_IMM, DST, SRC, 0, (int32_t)(uint32_t)(IMM)),            \
	BPF_RAW_INSN(0, 0, 0, 0, (int32_t)((uint64_t)(IMM) >> 32))
#define BPF_LD_IMM64(DST, IMM)        BPF_LD_IMM64_RAW(DST, 0, IMM)
#define BPF_LD_MAP_FD(DST, FD)        BPF_LD_IMM64_RAW(DST, BPF_PSEUDO_MAP_FD, (uint32_t)(FD))
#define BPF_LD_MAP_VALUE(DST, FD, VALUE_OFF)                                                       \
	BPF_LD_IMM64_RAW(DST, BPF_PSEUDO_MAP_VALUE,                                                \
			 (uint64_t)(VALUE_OFF) << 32 | (uint32_t)(FD))

/* Loads and stores. SIZE is BPF_B, BPF_H, BPF_W or BPF_DW. */
#define BPF_LD_ABS(SIZE, IMM)         BPF_RAW_INSN(BPF_LD | (SIZE) | BPF_ABS, 0, 0, 0, IMM)
#define BPF_LD_IND(SIZE, SRC, IMM)    BPF_RAW_INSN(BPF_LD | (SIZE) | BPF_IND, 0, SRC, 0, IMM)
#define BPF_LDX_MEM(SIZE, DST, SRC, OFF) BPF_RAW_INSN(BPF_LDX | (SIZE) | BPF_MEM, DST, SRC, OFF, 0)
#define BPF_LDX_MEMSX(SIZE, DST, SRC, OFF)                                                         \
	BPF_RAW_INSN(BPF_LDX | (SIZE) | BPF_MEMSX, DST, SRC, OFF, 0)
#define BPF_STX_MEM(SIZE, DST, SRC, OFF) BPF_RAW_INSN(BPF_STX | (SIZE) | BPF_MEM, DST, SRC, OFF, 0)
#define BPF_ST_MEM(SIZE, DST, OFF, IMM) BPF_RAW_INSN(BPF_ST | (SIZE) | BPF_MEM, DST, 0, OFF, IMM)

/* OP: BPF_ADD … BPF_XOR, each with or without BPF_FETCH, BPF_XCHG, BPF_CMPXCHG, BPF_LOAD_ACQ,
 * BPF_STORE_REL. The address is in DST, except for BPF_LOAD_ACQ, where it is in SRC. */
#define BPF_ATOMIC_OP(SIZE, OP, DST, SRC, OFF)                                                     \
	BPF_RAW_INSN(BPF_STX | (SIZE) | BPF_ATOMIC, DST, SRC, OFF, OP)

/* Jumps and calls. OFF, and IMM of BPF_JMP32_A and BPF_CALL_REL, count from the next
 * instruction. */
#define BPF_JMP_REG(OP, DST, SRC, OFF) BPF_RAW_INSN(BPF_JMP | (OP) | BPF_X, DST, SRC, OFF, 0)
#define BPF_JMP_IMM(OP, DST, IMM, OFF) BPF_RAW_INSN(BPF_JMP | (OP) | BPF_K, DST, 0, OFF, IMM)
#define BPF_JMP32_REG(OP, DST, SRC, OFF) BPF_RAW_INSN(BPF_JMP32 | (OP) | BPF_X, DST, SRC, OFF, 0)
#define BPF_JMP32_IMM(OP, DST, IMM, OFF) BPF_RAW_INSN(BPF_JMP32 | (OP) | BPF_K, DST, 0, OFF, IMM)
#define BPF_JMP_A(OFF)                BPF_RAW_INSN(BPF_JMP | BPF_JA, 0, 0, OFF, 0)
#define BPF_JMP32_A(IMM)              BPF_RAW_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, IMM)
#define BPF_MAY_GOTO_INSN(OFF)        BPF_RAW_INSN(BPF_JMP | BPF_JCOND, 0, BPF_MAY_GOTO, OFF, 0)
#define BPF_CALL_REL(IMM)             BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, IMM)
#define BPF_CALL_KFUNC(OFF, BTF_ID)                                                                \
	BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, OFF, BTF_ID)
#define BPF_CALL_HELPER(ID)           BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, ID)
#define BPF_EXIT_INSN()               BPF_RAW_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* clang-format on */

/* Forms that only rewriting produces; a client never may load them (as in the kernel). */
enum {
	BPF_NOSPEC = 0xc0,    /* mode of BPF_ST: a speculation barrier */
	BPF_PROBE_MEM = 0x20, /* mode of BPF_LDX: a load that may fault and then yields 0 */
	/* off of BPF_ALU64 | BPF_MOV | BPF_X: dst = src + slot of the run * imm: this CPU's copy of what src
	 * addresses, copies being imm bytes apart */
	BPF_ADDR_PERCPU = -1,
};

enum {
	ISA_REG_FP = BPF_REG_10,
	ISA_REG_AX = 11, /* a scratch register that only rewriting uses (BPF_REG_AX) */
	ISA_CALLER_SAVED = 0x3f, /* register mask: R0 to R5 */
	ISA_CALL_ARGS = 0x3e,    /* register mask: R1 to R5 */
};

static inline bool isa_is_ld_imm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Slots of 8 bytes it takes: 2 for a 64-bit immediate, else 1. */
static inline int isa_insn_slots(const struct bpf_insn *insn)
{
	return isa_is_ld_imm64(insn) ? 2 : 1;
}

/* The immediate of a 64-bit load; insn[1] must exist. */
static inline uint64_t isa_imm64(const struct bpf_insn *insn)
{
	return (uint32_t)insn[0].imm | (uint64_t)(uint32_t)insn[1].imm << 32;
}

static inline void isa_set_imm64(struct bpf_insn *insn, uint64_t imm)
{
	insn[0].imm = (int32_t)(uint32_t)imm;
	insn[1].imm = (int32_t)(imm >> 32);
}

static inline bool isa_is_alu(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU || BPF_CLASS(insn->code) == BPF_ALU64;
}

/* Of class JMP or JMP32: jumps, calls and exit. */
static inline bool isa_is_jmp_class(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

static inline bool isa_is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

static inline bool isa_is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static inline bool isa_is_helper_call(const struct bpf_insn *insn)
{
	return isa_is_call(insn) && insn->src_reg == 0;
}

/* A bpf-to-bpf call. */
static inline bool isa_is_pseudo_call(const struct bpf_insn *insn)
{
	return isa_is_call(insn) && insn->src_reg == BPF_PSEUDO_CALL;
}

static inline bool isa_is_kfunc_call(const struct bpf_insn *insn)
{
	return isa_is_call(insn) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL;
}

/* The address of a static subprogram, loaded as a callback. */
static inline bool isa_is_pseudo_func(const struct bpf_insn *insn)
{
	return isa_is_ld_imm64(insn) && insn->src_reg == BPF_PSEUDO_FUNC;
}

/* goto and gotol. */
static inline bool isa_is_ja(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) || insn->code == (BPF_JMP32 | BPF_JA);
}

static inline bool isa_is_may_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JCOND) && insn->src_reg == BPF_MAY_GOTO;
}

/* Any jump within a subprogram, may_goto included; not calls, not exit. */
static inline bool isa_is_jump(const struct bpf_insn *insn)
{
	return isa_is_jmp_class(insn) && BPF_OP(insn->code) != BPF_CALL &&
	       BPF_OP(insn->code) != BPF_EXIT;
}

static inline bool isa_is_cond_jump(const struct bpf_insn *insn)
{
	return isa_is_jump(insn) && !isa_is_ja(insn);
}

/* What a jump adds to the pc beyond the next instruction: imm of gotol, else off. */
static inline int32_t isa_jump_off(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off;
}

/* Where the jump at pc leads; not checked against the program's length. */
static inline int64_t isa_jump_target(const struct bpf_insn *insn, uint32_t pc)
{
	return (int64_t)pc + 1 + isa_jump_off(insn);
}

/* Where the bpf-to-bpf call or the callback load at pc leads; not checked. */
static inline int64_t isa_call_target(const struct bpf_insn *insn, uint32_t pc)
{
	return (int64_t)pc + 1 + insn->imm;
}

/* Any legacy packet load, whose context is implicit in R6. */
static inline bool isa_is_ld_skb(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD &&
	       (BPF_MODE(insn->code) == BPF_ABS || BPF_MODE(insn->code) == BPF_IND);
}

static inline bool isa_is_atomic(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;
}

/* The atomic that loads: its address is in src_reg and it writes dst_reg. */
static inline bool isa_is_load_acquire(const struct bpf_insn *insn)
{
	return isa_is_atomic(insn) && insn->imm == BPF_LOAD_ACQ;
}

static inline bool isa_is_store_release(const struct bpf_insn *insn)
{
	return isa_is_atomic(insn) && insn->imm == BPF_STORE_REL;
}

/* An atomic that reads, changes and writes memory. */
static inline bool isa_is_atomic_rmw(const struct bpf_insn *insn)
{
	return isa_is_atomic(insn) && insn->imm != BPF_LOAD_ACQ && insn->imm != BPF_STORE_REL;
}

static inline bool isa_is_atomic_fetch(const struct bpf_insn *insn)
{
	return isa_is_atomic_rmw(insn) && insn->imm & BPF_FETCH;
}

/* Signed division or modulo. */
static inline bool isa_is_sdiv_smod(const struct bpf_insn *insn)
{
	return isa_is_alu(insn) &&
	       (BPF_OP(insn->code) == BPF_DIV || BPF_OP(insn->code) == BPF_MOD) && insn->off == 1;
}

/* A sign-extending register move (from insn->off bits). */
static inline bool isa_is_movsx(const struct bpf_insn *insn)
{
	return isa_is_alu(insn) && BPF_OP(insn->code) == BPF_MOV &&
	       BPF_SRC(insn->code) == BPF_X &&
	       (insn->off == 8 || insn->off == 16 || insn->off == 32);
}

static inline bool isa_is_addr_space_cast(const struct bpf_insn *insn)
{
	return insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == BPF_ADDR_SPACE_CAST;
}

/* Bytes moved, by BPF_SIZE(code): 4, 2, 1, 8. */
static inline int isa_size_bytes(uint8_t code)
{
	return (int)(0x8124u >> (BPF_SIZE(code) >> 3) * 4 & 0xf);
}

/* The inverse: BPF_B, H, W, DW, or -1 for a size that no access has. */
static inline int isa_bytes_to_size(int bytes)
{
	switch (bytes) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	case 8:
		return BPF_DW;
	default:
		return -1;
	}
}

/* The operator of a conditional jump that holds when op does not; op is not BPF_JSET. */
uint8_t isa_jmp_negate(uint8_t op);

/*
 * Registers read and written, as masks (bit n is Rn), for an instruction that isa_check() has
 * passed. A call reads R1 to R5, as nothing is known of its arguments here, and writes R0 to R5,
 * as does a legacy packet load (which reads R6). exit reads R0. The second half of a 64-bit load
 * does neither.
 */
uint16_t isa_regs_read(const struct bpf_insn *insn);
uint16_t isa_regs_written(const struct bpf_insn *insn);
