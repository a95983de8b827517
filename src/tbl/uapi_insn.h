/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF instruction: its eight bytes and every field value (RFC 9669, uapi linux/bpf.h). */
#pragma once

#include <stdint.h>

/* clang-format off */

struct bpf_insn {
	uint8_t code;
	uint8_t dst_reg:4;
	uint8_t src_reg:4;
	int16_t off;
	int32_t imm;
};

/* code: instruction class */
#define BPF_CLASS(code) ((code) & 0x07)
#define		BPF_LD		0x00
#define		BPF_LDX		0x01
#define		BPF_ST		0x02
#define		BPF_STX		0x03
#define		BPF_ALU		0x04
#define		BPF_JMP		0x05
#define		BPF_RET		0x06	/* classic BPF only */
#define		BPF_MISC        0x07	/* classic BPF only */
#define BPF_JMP32	0x06
#define BPF_ALU64	0x07

/* code of loads and stores: size and mode */
#define BPF_SIZE(code)  ((code) & 0x18)
#define		BPF_W		0x00
#define		BPF_H		0x08
#define		BPF_B		0x10
#define BPF_DW		0x18
#define BPF_MODE(code)  ((code) & 0xe0)
#define		BPF_IMM		0x00
#define		BPF_ABS		0x20
#define		BPF_IND		0x40
#define		BPF_MEM		0x60
#define		BPF_LEN		0x80	/* classic BPF only */
#define		BPF_MSH		0xa0	/* classic BPF only */
#define BPF_MEMSX	0x80
#define BPF_ATOMIC	0xc0
#define BPF_XADD	0xc0	/* the old name of BPF_ATOMIC | BPF_ADD */

/* code of arithmetic and jumps: operation and operand source */
#define BPF_OP(code)    ((code) & 0xf0)
#define		BPF_ADD		0x00
#define		BPF_SUB		0x10
#define		BPF_MUL		0x20
#define		BPF_DIV		0x30
#define		BPF_OR		0x40
#define		BPF_AND		0x50
#define		BPF_LSH		0x60
#define		BPF_RSH		0x70
#define		BPF_NEG		0x80
#define		BPF_MOD		0x90
#define		BPF_XOR		0xa0
#define BPF_MOV		0xb0
#define BPF_ARSH	0xc0
#define BPF_END		0xd0
#define BPF_TO_LE	0x00
#define BPF_TO_BE	0x08
#define BPF_FROM_LE	BPF_TO_LE
#define BPF_FROM_BE	BPF_TO_BE
#define		BPF_JA		0x00
#define		BPF_JEQ		0x10
#define		BPF_JGT		0x20
#define		BPF_JGE		0x30
#define		BPF_JSET        0x40
#define BPF_JNE		0x50
#define BPF_JSGT	0x60
#define BPF_JSGE	0x70
#define BPF_CALL	0x80
#define BPF_EXIT	0x90
#define BPF_JLT		0xa0
#define BPF_JLE		0xb0
#define BPF_JSLT	0xc0
#define BPF_JSLE	0xd0
#define BPF_JCOND	0xe0
#define BPF_SRC(code)   ((code) & 0x08)
#define		BPF_K		0x00
#define		BPF_X		0x08

/* imm of BPF_ATOMIC, beside BPF_ADD, BPF_OR, BPF_AND and BPF_XOR */
#define BPF_FETCH	0x01
#define BPF_XCHG	(0xe0 | BPF_FETCH)
#define BPF_CMPXCHG	(0xf0 | BPF_FETCH)
#define BPF_LOAD_ACQ	0x100
#define BPF_STORE_REL	0x110

/* src_reg of BPF_LD | BPF_IMM | BPF_DW: what the 64-bit immediate stands for */
#define BPF_PSEUDO_MAP_FD	1
#define BPF_PSEUDO_MAP_VALUE		2
#define BPF_PSEUDO_BTF_ID	3
#define BPF_PSEUDO_FUNC		4
#define BPF_PSEUDO_MAP_IDX	5
#define BPF_PSEUDO_MAP_IDX_VALUE	6

/* src_reg of BPF_JMP | BPF_CALL; 0 calls a helper */
#define BPF_PSEUDO_CALL		1
#define BPF_PSEUDO_KFUNC_CALL	2

/* src_reg of BPF_JMP | BPF_JCOND */
enum bpf_cond_pseudo_jmp {
	BPF_MAY_GOTO = 0,
};

/* off of BPF_ALU64 | BPF_MOV | BPF_X with imm naming address spaces */
enum bpf_addr_space_cast {
	BPF_ADDR_SPACE_CAST = 1,
};

enum {
	BPF_REG_0     = 0,
	BPF_REG_1     = 1,
	BPF_REG_2     = 2,
	BPF_REG_3     = 3,
	BPF_REG_4     = 4,
	BPF_REG_5     = 5,
	BPF_REG_6     = 6,
	BPF_REG_7     = 7,
	BPF_REG_8     = 8,
	BPF_REG_9     = 9,
	BPF_REG_10    = 10,
	__MAX_BPF_REG = 11,
};

#define MAX_BPF_REG	__MAX_BPF_REG

#define BPF_MAXINSNS 4096	/* instructions an unprivileged caller may load */
