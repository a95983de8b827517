/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first-tier JIT: rewritten code (see object/prog.h) to native code in one pass over the
 * instructions, with fixed registers, no analysis but of which registers are read again, and jumps
 * sized by relaxation. Small subprograms that call nothing stand in place of their calls.
 *
 * Native code lies in an arena of the process (jit/arena.h); a mapping is never writable and
 * executable. There are no retpolines, no constant blinding and no speculation barriers: what that
 * leaves open is the embedder's to judge (ARCHITECTURE.md, trust).
 *
 * Host: x86-64. On others jit_compile() fails with -ENOTSUP and programs are interpreted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct prog;

/* How to compile, beside the obvious way. Bits. */
enum jit_flag {
	JIT_POISON = 1u << 0,    /* overwrite R1 to R5 after each helper call: for tests */
	JIT_LONG_FORMS = 1u << 1, /* never use the short form of a jump: for tests */
	JIT_BASELINE = 1u << 2,  /* no instruction beyond x86-64-v1: for tests, and old machines */
	JIT_FAR_CALLS = 1u << 3, /* call helpers through a register */
	JIT_PLAIN = 1u << 4,     /* each instruction by itself */
};

/* What JIT_POISON leaves in R1 to R5. */
#define JIT_POISON_VALUE UINT64_C(0xdead4badc0decafe)

/*
 * Compiles @prog and sets run, run_callback, image, image_bytes, jited, jit_info and the image of each
 * subprogram. 0, -ENOMEM, or -ENOTSUP: no JIT for this host, an instruction that is not one, a
 * jump, call or callback out of range. On failure @prog is unchanged.
 */
int jit_compile(struct prog *prog);
int jit_compile_flags(struct prog *prog, uint32_t flags);

/* Frees what jit_compile() made and clears what it set; nothing when it was never called. No thread
 * runs @prog any more. */
void jit_free(struct prog *prog);
