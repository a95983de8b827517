/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: every instruction with edge operands, what it must do, and a program that shows it. The
 * expected values come from isa_twin(), one plain C step written from RFC 9669 and nothing else.
 *
 * A case is one instruction in one choice of registers. Its program (isa_case_prog) takes a pointer
 * to struct isa_io in R1, loads the operands, executes the instruction and stores what came out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "isa/insn.h"

#define ISA_IO_MEM_BYTES 32
#define ISA_PROG_INSNS_MAX 32

struct isa_io {
	uint64_t dst, src, r0; /* operands in; the registers afterwards out */
	uint64_t taken;        /* out: 1 when the jump was taken */
	uint8_t mem[ISA_IO_MEM_BYTES]; /* what memory instructions work on: at MEM_OFF + off */
};

/* Where in mem an instruction with off 0 works. */
#define ISA_IO_MEM_MID 16

typedef void (*isa_case_fn)(const struct bpf_insn *insn, void *arg);

/* Calls @fn for each case: every opcode, immediates at the edges, several register pairs. */
void isa_each_case(isa_case_fn fn, void *arg);

/* Fills @io with operand choice @i for @insn; false: there are no more. */
bool isa_operands(const struct bpf_insn *insn, uint32_t i, struct isa_io *io);

/* What @insn does to @io. */
void isa_twin(const struct bpf_insn *insn, struct isa_io *io);

/* The program of a case into @out: how many instructions. */
uint32_t isa_case_prog(const struct bpf_insn *insn, struct bpf_insn out[ISA_PROG_INSNS_MAX]);

/* A number for each distinct operation (opcode and what refines it), < ISA_KINDS_MAX. */
#define ISA_KINDS_MAX 8192
uint32_t isa_kind(const struct bpf_insn *insn);
