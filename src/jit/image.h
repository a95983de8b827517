/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct jit_image: what is known of a compiled program, beside its code: where each instruction
 * went, for dumps and line information, and where loads may fault.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "jit/arena.h"

struct prog;

/* A load that gives 0 when it faults. */
struct jit_fault {
	uint32_t off;    /* of its native instruction, bytes from the start of the image */
	uint32_t resume; /* where to go on */
	uint8_t reg;     /* native number of the register that gets 0 */
};

struct jit_image {
	struct jit_code code;
	const struct prog *prog;
	uint32_t *insn_off; /* n_insns + 1 offsets: where each instruction begins */
	uint32_t *subprog_off; /* n_subprogs + 1 offsets: where each one's prologue begins */
	struct jit_fault *faults; /* ascending by off */
	uint32_t n_faults;
	struct fault_range range; /* registered when there are faults */
};

/* Native bytes of subprogram @i of a jited program: its start, its length to @bytes. */
const void *jit_subprog_code(const struct prog *prog, uint32_t i, uint32_t *bytes);

/* Native offset from the start of the image of rewritten instruction @pc (n_insns: the end). */
uint32_t jit_insn_off(const struct prog *prog, uint32_t pc);
