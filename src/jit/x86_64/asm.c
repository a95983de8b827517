/* SPDX-License-Identifier: BSD-2-Clause */
/* See asm.h. Sources: Intel SDM volume 2, chapters 2 and 3. */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "jit/x86_64/asm.h"

#define MOD_DISP0 0x00u
#define MOD_DISP8 0x40u
#define MOD_DISP32 0x80u
#define MOD_REG 0xc0u
#define RM_SIB 4u

int asm_reserve(struct asm_buf *b, uint32_t bytes)
{
	uint32_t cap = MAX(b->cap * 2, b->n + bytes);
	uint8_t *data;

	if (b->cap - b->n >= bytes)
		return 0;
	data = mem_realloc(b->data, cap, 1);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

void asm_deinit(struct asm_buf *b)
{
	free(b->data);
	*b = (struct asm_buf){ 0 };
}

/* Without a REX prefix, 4 to 7 as byte registers are ah to bh. */
static uint32_t byte_mods(uint32_t mods, uint32_t byte_reg)
{
	return byte_reg < RSP ? mods & ~(uint32_t)X_8 : mods;
}

/* Prefixes and opcode; the registers, or X_8, decide on REX. */
static void opcode(struct asm_buf *b, uint32_t mods, uint32_t op, uint32_t reg, uint32_t index,
		   uint32_t base)
{
	uint32_t rex = (mods & X_W ? 8 : 0) | (reg & 8) >> 1 | (index & 8) >> 2 | base >> 3;

	if (mods & X_16)
		asm_u8(b, 0x66);
	if (mods & X_LOCK)
		asm_u8(b, 0xf0);
	if (rex || mods & X_8)
		asm_u8(b, 0x40 | rex);
	if (op > 0xffff)
		asm_u8(b, op >> 16);
	if (op > 0xff)
		asm_u8(b, op >> 8);
	asm_u8(b, op);
}

void asm_rr(struct asm_buf *b, uint32_t mods, uint32_t op, uint32_t reg, enum x86_reg rm)
{
	opcode(b, byte_mods(mods, rm), op, reg, 0, rm);
	asm_u8(b, MOD_REG | (reg & 7u) << 3 | (rm & 7u));
}

/* The modrm byte, a SIB byte when index or base asks for one, the displacement. */
static void address(struct asm_buf *b, uint32_t reg, uint32_t base, int32_t sib, int32_t disp)
{
	uint32_t rm = sib >= 0 ? RM_SIB : base & 7;
	uint32_t mod = MOD_DISP32;

	if (disp == 0 && (base & 7) != RBP)
		mod = MOD_DISP0;
	else if (asm_is_imm8(disp))
		mod = MOD_DISP8;
	asm_u8(b, mod | (reg & 7) << 3 | rm);
	if (sib >= 0)
		asm_u8(b, (uint32_t)sib);
	if (mod == MOD_DISP8)
		asm_u8(b, (uint32_t)disp);
	else if (mod == MOD_DISP32)
		asm_u32(b, (uint32_t)disp);
}

void asm_rm(struct asm_buf *b, uint32_t mods, uint32_t op, uint32_t reg, enum x86_reg base,
	    int32_t disp)
{
	/* RSP and R12 as a base are written with a SIB byte that has no index. */
	int32_t sib = (base & 7) == RSP ? 0x24 : -1;

	opcode(b, byte_mods(mods, reg), op, reg, 0, base);
	address(b, reg, base, sib, disp);
}

void asm_rmi(struct asm_buf *b, uint32_t mods, uint32_t op, enum x86_reg reg, enum x86_reg base,
	     enum x86_reg index, int scale, int32_t disp)
{
	assert(index != RSP);
	opcode(b, byte_mods(mods, reg), op, reg, index, base);
	address(b, reg, base, (int32_t)((uint32_t)scale << 6 | (index & 7u) << 3 | (base & 7u)), disp);
}

void asm_grp1(struct asm_buf *b, uint32_t mods, int digit, enum x86_reg rm, int32_t imm)
{
	bool is_short = asm_is_imm8(imm);

	if (!is_short && rm == RAX) {
		opcode(b, mods, (uint32_t)digit << 3 | 5, 0, 0, 0);
		asm_u32(b, (uint32_t)imm);
		return;
	}
	asm_rr(b, mods, is_short ? OP_GRP1_IMM8 : OP_GRP1_IMM, (uint32_t)digit, rm);
	if (is_short)
		asm_u8(b, (uint32_t)imm);
	else
		asm_u32(b, (uint32_t)imm);
}

void asm_shift(struct asm_buf *b, uint32_t mods, int digit, enum x86_reg rm, int count)
{
	asm_rr(b, mods, count == 1 ? OP_SHIFT_1 : OP_SHIFT_IMM, (uint32_t)digit, rm);
	if (count != 1)
		asm_u8(b, (uint32_t)count);
}

void asm_imul(struct asm_buf *b, uint32_t mods, enum x86_reg reg, enum x86_reg rm, int32_t imm)
{
	bool is_short = asm_is_imm8(imm);

	asm_rr(b, mods, is_short ? OP_IMUL_IMM8 : OP_IMUL_IMM, reg, rm);
	if (is_short)
		asm_u8(b, (uint32_t)imm);
	else
		asm_u32(b, (uint32_t)imm);
}

void asm_test_imm(struct asm_buf *b, uint32_t mods, enum x86_reg rm, int32_t imm)
{
	if (rm == RAX)
		opcode(b, mods, 0xa9, 0, 0, 0);
	else
		asm_rr(b, mods, OP_GRP3, GRP3_TEST, rm);
	asm_u32(b, (uint32_t)imm);
}

void asm_mov_imm(struct asm_buf *b, enum x86_reg reg, uint64_t value)
{
	if (value == 0) {
		asm_rr(b, 0, OP_XOR, reg, reg);
	} else if (value <= UINT32_MAX) {
		opcode(b, 0, 0xb8 | (reg & 7), 0, 0, reg);
		asm_u32(b, (uint32_t)value);
	} else if (value >= (uint64_t)INT32_MIN) {
		asm_rr(b, X_W, OP_STORE_IMM, 0, reg);
		asm_u32(b, (uint32_t)value);
	} else {
		opcode(b, X_W, 0xb8 | (reg & 7), 0, 0, reg);
		asm_u64(b, value);
	}
}

void asm_push(struct asm_buf *b, enum x86_reg reg)
{
	opcode(b, 0, 0x50 | (reg & 7), 0, 0, reg);
}

void asm_pop(struct asm_buf *b, enum x86_reg reg)
{
	opcode(b, 0, 0x58 | (reg & 7), 0, 0, reg);
}

void asm_bswap(struct asm_buf *b, uint32_t mods, enum x86_reg reg)
{
	opcode(b, mods, 0x0fc8 | (reg & 7), 0, 0, reg);
}

/* VEX.LZ prefix of the three bytes form: @map 2 is 0f38, 3 is 0f3a; @pp 1 is 66, 2 f3, 3 f2. */
static void vex(struct asm_buf *b, uint32_t mods, uint32_t reg, uint32_t rm, uint32_t vvvv,
		uint32_t map_pp)
{
	asm_u8(b, 0xc4);
	asm_u8(b, (reg & 8 ? 0 : 0x80) | 0x40 | (rm & 8 ? 0 : 0x20) | map_pp >> 4);
	asm_u8(b, (mods & X_W ? 0x80 : 0) | (~vvvv & 15) << 3 | (map_pp & 3));
}

void asm_shiftx(struct asm_buf *b, uint32_t mods, int digit, enum x86_reg reg, enum x86_reg rm,
		enum x86_reg count)
{
	static const uint8_t pp[8] = { [SHIFT_SHL] = 1, [SHIFT_SHR] = 3, [SHIFT_SAR] = 2 };

	vex(b, mods, reg, rm, count, 0x20u | pp[digit]);
	asm_u8(b, 0xf7);
	asm_u8(b, MOD_REG | (reg & 7u) << 3 | (rm & 7u));
}

void asm_rorx(struct asm_buf *b, uint32_t mods, enum x86_reg reg, enum x86_reg rm, int count)
{
	vex(b, mods, reg, rm, 0, 0x33);
	asm_u8(b, 0xf0);
	asm_u8(b, MOD_REG | (reg & 7u) << 3 | (rm & 7u));
	asm_u8(b, (uint32_t)count);
}

void asm_load_tls(struct asm_buf *b, enum x86_reg reg, int32_t disp)
{
	asm_u8(b, 0x64);
	opcode(b, X_W, OP_LOAD, reg, 0, 0);
	asm_u8(b, (reg & 7u) << 3 | RM_SIB);
	asm_u8(b, 0x25);
	asm_u32(b, (uint32_t)disp);
}
