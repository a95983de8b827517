/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64 encodings: bytes appended to a buffer. Operand order is Intel's: destination first. The
 * writer of an instruction reserves room beforehand (asm_reserve), so emitting never fails.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum x86_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* Condition codes, as in jcc and setcc. */
enum x86_cc {
	CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A,
	CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G,
};

/* Modifiers of an instruction. Bits. */
enum x86_mod {
	X_W = 1u << 0,    /* 64-bit operands */
	X_16 = 1u << 1,   /* 16-bit operands */
	X_8 = 1u << 2,    /* a byte register: rm of asm_rr, reg of asm_rm */
	X_LOCK = 1u << 3,
};

/* Opcodes; longer ones are written 0x0fXX, 0x0f38XX. */
enum x86_op {
	OP_ADD = 0x01, OP_OR = 0x09, OP_AND = 0x21, OP_SUB = 0x29, OP_XOR = 0x31, OP_CMP = 0x39,
	OP_ADD_LOAD = 0x03, OP_CMP_LOAD = 0x3b,
	OP_TEST = 0x85, OP_XCHG = 0x87,
	OP_STORE8 = 0x88, OP_STORE = 0x89, OP_LOAD = 0x8b, OP_LEA = 0x8d,
	OP_MOVSXD = 0x63,
	OP_IMUL = 0x0faf, OP_MOVZX8 = 0x0fb6, OP_MOVZX16 = 0x0fb7, OP_MOVSX8 = 0x0fbe, OP_MOVSX16 = 0x0fbf,
	OP_MOVBE = 0x0f38f0,
	OP_CMPXCHG = 0x0fb1, OP_XADD = 0x0fc1,
	OP_IMUL_IMM8 = 0x6b, OP_IMUL_IMM = 0x69,
	OP_GRP1_IMM8 = 0x83, OP_GRP1_IMM = 0x81, /* /digit: GRP1_x */
	OP_SHIFT_CL = 0xd3, OP_SHIFT_IMM = 0xc1, OP_SHIFT_1 = 0xd1, /* /digit: SHIFT_x */
	OP_GRP3 = 0xf7,     /* /digit: GRP3_x */
	OP_GRP5 = 0xff,     /* /digit: GRP5_x */
	OP_STORE8_IMM = 0xc6, OP_STORE_IMM = 0xc7,
};

/* The digit in place of a register. */
enum { GRP1_ADD = 0, GRP1_OR = 1, GRP1_AND = 4, GRP1_SUB = 5, GRP1_XOR = 6, GRP1_CMP = 7 };
enum { SHIFT_ROL = 0, SHIFT_ROR = 1, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 };
enum { GRP3_TEST = 0, GRP3_NOT = 2, GRP3_NEG = 3, GRP3_MUL = 4, GRP3_IMUL = 5, GRP3_DIV = 6, GRP3_IDIV = 7 };
enum { GRP5_INC = 0, GRP5_CALL = 2, GRP5_JMP = 4 };

struct asm_buf {
	uint8_t *data;
	uint32_t n;
	uint32_t cap;
};

/* Makes room for @bytes more: 0 or -ENOMEM. */
int asm_reserve(struct asm_buf *b, uint32_t bytes);
void asm_deinit(struct asm_buf *b);

static inline void asm_u8(struct asm_buf *b, uint32_t byte)
{
	assert(b->n < b->cap);
	b->data[b->n++] = (uint8_t)byte;
}

static inline void asm_u32(struct asm_buf *b, uint32_t v)
{
	assert(b->cap - b->n >= 4);
	memcpy(b->data + b->n, &v, 4);
	b->n += 4;
}

static inline void asm_u64(struct asm_buf *b, uint64_t v)
{
	asm_u32(b, (uint32_t)v);
	asm_u32(b, (uint32_t)(v >> 32));
}

static inline bool asm_is_imm8(int64_t v)
{
	return v == (int8_t)v;
}

/* op reg, rm or op rm, reg: the opcode says which of the two is the destination. @reg is a register
 * (enum x86_reg) or the digit of a group. */
void asm_rr(struct asm_buf *b, uint32_t mods, uint32_t op, uint32_t reg, enum x86_reg rm);
/* The same with memory at base + disp. */
void asm_rm(struct asm_buf *b, uint32_t mods, uint32_t op, uint32_t reg, enum x86_reg base,
	    int32_t disp);
/* The same with memory at base + index << scale + disp; index is not RSP. */
void asm_rmi(struct asm_buf *b, uint32_t mods, uint32_t op, enum x86_reg reg, enum x86_reg base,
	     enum x86_reg index, int scale, int32_t disp);
/* add, or, and, sub, xor, cmp with an immediate (GRP1_x), short where it fits. */
void asm_grp1(struct asm_buf *b, uint32_t mods, int digit, enum x86_reg rm, int32_t imm);
/* shl, shr, sar, rol, ror by a constant. */
void asm_shift(struct asm_buf *b, uint32_t mods, int digit, enum x86_reg rm, int count);
/* imul reg, rm, imm */
void asm_imul(struct asm_buf *b, uint32_t mods, enum x86_reg reg, enum x86_reg rm, int32_t imm);
/* test rm, imm32 */
void asm_test_imm(struct asm_buf *b, uint32_t mods, enum x86_reg rm, int32_t imm);
void asm_mov_imm(struct asm_buf *b, enum x86_reg reg, uint64_t value);
void asm_push(struct asm_buf *b, enum x86_reg reg);
void asm_pop(struct asm_buf *b, enum x86_reg reg);
void asm_bswap(struct asm_buf *b, uint32_t mods, enum x86_reg reg);
/* shlx, shrx, sarx (SHIFT_x) reg, rm, count: BMI2. */
void asm_shiftx(struct asm_buf *b, uint32_t mods, int digit, enum x86_reg reg, enum x86_reg rm,
		enum x86_reg count);
/* rorx reg, rm, count: BMI2. */
void asm_rorx(struct asm_buf *b, uint32_t mods, enum x86_reg reg, enum x86_reg rm, int count);
/* mov reg, fs:[disp] */
void asm_load_tls(struct asm_buf *b, enum x86_reg reg, int32_t disp);

/* A short jump forward inside one expansion: where it is to be patched, and the patching. */
static inline uint32_t asm_jcc_fwd(struct asm_buf *b, enum x86_cc cc)
{
	asm_u8(b, 0x70u + (uint32_t)cc);
	asm_u8(b, 0);
	return b->n;
}

static inline uint32_t asm_jmp_fwd(struct asm_buf *b)
{
	asm_u8(b, 0xeb);
	asm_u8(b, 0);
	return b->n;
}

static inline void asm_land(struct asm_buf *b, uint32_t from)
{
	assert(b->n - from < 128);
	b->data[from - 1] = (uint8_t)(b->n - from);
}

/* A short jump back to @to. */
static inline void asm_jcc_back(struct asm_buf *b, enum x86_cc cc, uint32_t to)
{
	asm_u8(b, 0x70u + (uint32_t)cc);
	asm_u8(b, to - (b->n + 1));
	assert(b->n - to <= 128);
}
