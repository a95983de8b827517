/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutate: programs near those somebody thought of. One to three instructions get another immediate,
 * offset, register or opcode, or the place of another instruction; the same seed gives the same.
 */
#pragma once

#include <stdint.h>

struct bpf_insn;

/* The second halves of 64-bit loads are left alone, as are calls of kernel functions. */
void mutate(struct bpf_insn *insns, uint32_t n, uint64_t seed);
