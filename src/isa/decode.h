/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which instructions exist: tbl/insns.h, searched. Invariant: an instruction is legal exactly
 * when one row has its code and selector and every field obeys that row. O(1): rows of one code
 * stand together behind an index. Not judged here: anything that needs the program around it
 * (jump targets, register contents, whether a helper id exists, fds).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

/* One for each row of the table, ISA_ADD64_K …; ISA_INSN_MAX is their number. */
enum isa_insn_id {
#define INSN(name, code, sel, val, op, form, dst, src, off, imm, isa, group) ISA_##name,
#include "tbl/insns.h"
	ISA_INSN_MAX
};

/* The columns of the table, where its head explains them. */
enum isa_sel { ISA_SEL_NO, ISA_SEL_SRC, ISA_SEL_OFF, ISA_SEL_IMM };

enum isa_form {
	ISA_FORM_ALU_K, ISA_FORM_ALU_X, ISA_FORM_MOVSX, ISA_FORM_CAST, ISA_FORM_NEG, ISA_FORM_END,
	ISA_FORM_JA, ISA_FORM_JA32, ISA_FORM_MAYGOTO, ISA_FORM_JMP_K, ISA_FORM_JMP_X, ISA_FORM_CALL,
	ISA_FORM_EXIT, ISA_FORM_LD64, ISA_FORM_LDX, ISA_FORM_LDXS, ISA_FORM_ST, ISA_FORM_STX,
	ISA_FORM_ATOMIC, ISA_FORM_FETCH, ISA_FORM_XCHG, ISA_FORM_CMPXCHG, ISA_FORM_LDACQ,
	ISA_FORM_STREL, ISA_FORM_LD_ABS, ISA_FORM_LD_IND,
};

enum isa_reg_use { ISA_REG_Z, ISA_REG_R, ISA_REG_W, ISA_REG_RW, ISA_REG_SEL };
enum isa_off_use { ISA_OFF_Z, ISA_OFF_SEL, ISA_OFF_MEM, ISA_OFF_JMP, ISA_OFF_FDX, ISA_OFF_ANY };
enum isa_imm_use {
	ISA_IMM_Z, ISA_IMM_SEL, ISA_IMM_IMM, ISA_IMM_SHIFT, ISA_IMM_NZ, ISA_IMM_JMP, ISA_IMM_ID,
	ISA_IMM_BTFID, ISA_IMM_FD, ISA_IMM_FDX, ISA_IMM_AS,
};

struct isa_row {
	const char *name; /* "ADD64_K" */
	const char *op;   /* "+=" */
	int32_t val;      /* of the selector field */
	uint8_t code;
	uint8_t sel;  /* enum isa_sel */
	uint8_t form; /* enum isa_form */
	uint8_t dst;  /* enum isa_reg_use */
	uint8_t src;
	uint8_t off; /* enum isa_off_use */
	uint8_t imm; /* enum isa_imm_use */
	uint8_t isa; /* clang -mcpu=v<isa> emits it */
};

extern const struct isa_row isa_rows[ISA_INSN_MAX];

/* The row of insn by code and selector, its other fields unread; NULL: no such instruction. */
const struct isa_row *isa_row_of(const struct bpf_insn *insn);

/* Whether any instruction has this code byte (kernel: bpf_opcode_in_insntable). */
bool isa_code_known(uint8_t code);

/*
 * NULL when insn is legal, else the reason in the words of the kernel's verifier, where they are
 * constant ("BPF_ALU uses reserved fields"); where the kernel adds a number, the sentence without
 * it. The kernel answers -EINVAL to all of them.
 */
const char *isa_check(const struct bpf_insn *insn);

/* isa_check() of n instructions in order, and the second halves of 64-bit immediates. On a reason,
 * *bad is its index. */
const char *isa_check_all(const struct bpf_insn *insns, size_t n, size_t *bad);
