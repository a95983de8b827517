/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the assembler's two halves share: asm.c reads lines, labels and opcode prefixes and
 * resolves jumps; asm_insn.c parses one instruction. For these two files only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "isa/asm_lex.h"
#include "isa/insn.h"

struct asm_label {
	struct asm_name name;
	uint32_t pc;
};

struct asm_fixup {
	struct asm_name name;
	uint32_t pc;
	bool in_imm; /* the distance goes into imm, else off */
};

struct assembler {
	struct asm_lex lex;
	VEC(struct bpf_insn) insns;
	VEC(struct asm_label) labels;
	VEC(struct asm_fixup) fixups;
	int err; /* 0, -EINVAL, -E2BIG, -ENOMEM */
};

/* Notes -ENOMEM. Always false. */
bool asm_out_of_memory(struct assembler *as);

/*
 * Parses one instruction at the cursor and appends its one or two slots; a jump to a label adds a
 * fixup. False: the error is noted in the cursor or in as->err.
 */
bool asm_insn_parse(struct assembler *as);
