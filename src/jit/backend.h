/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a host architecture gives the JIT: code in two steps. Generating lays the code out, all but
 * what depends on where it will lie; linking copies it, with jumps sized and addresses filled in.
 * One of x86_64/ and none.c is built.
 */
#pragma once

#include <stdint.h>

#include "jit/image.h"

struct jit_gen;
struct prog;

/* Generates code for @prog (enum jit_flag): 0, -ENOMEM or -ENOTSUP. */
int jit_generate(const struct prog *prog, uint32_t flags, struct jit_gen **gen);
void jit_gen_free(struct jit_gen *gen);

uint32_t jit_gen_bytes(const struct jit_gen *gen);

/*
 * Writes jit_gen_bytes() of code that will run at @at to @out, and the maps to @image (allocated:
 * insn_off and faults). 0, -ENOMEM, or -ERANGE: a call does not reach; generate with JIT_FAR_CALLS.
 */
int jit_gen_link(const struct jit_gen *gen, uint64_t at, uint8_t *out, struct jit_image *image);
