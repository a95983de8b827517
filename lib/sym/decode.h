/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One x86-64 instruction as probe placement needs to see it: how long it is, where it may go next, what
 * it overwrites, and which of the kernel's three ways of executing it under a uprobe applies. The
 * decoder is Zydis; nobody else includes it.
 *
 * How the kernel executes a probed instruction (Linux 6.18, arch/x86/kernel/uprobes.c): pushes of a
 * register, nops, relative jumps, conditional jumps and relative calls are emulated; everything else is
 * single-stepped out of line, which costs twenty times as much; some cannot be probed at all.
 *
 * Invariant: an instruction that is not understood is never described as harmless: decode_insn fails.
 * It costs about 150 ns. It does not know 32-bit code.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECODE_BYTES_MAX 15 /* of one instruction */

/* General registers by their number in the instruction set; bit n of a mask is register n. */
enum decode_register {
	DECODE_RAX,
	DECODE_RCX,
	DECODE_RDX,
	DECODE_RBX,
	DECODE_RSP,
	DECODE_RBP,
	DECODE_RSI,
	DECODE_RDI,
	DECODE_R8,
	DECODE_R9,
	DECODE_REGISTER_MAX = 16,
};

/* How a uprobe on it is executed. */
enum decode_class {
	DECODE_STEPPED, /* single-stepped out of line, or refused */
	DECODE_PUSH,	/* emulated, these four */
	DECODE_NOP,
	DECODE_JUMP,
	DECODE_CALL,
	DECODE_LONG_NOP, /* two bytes and more: emulated from Linux 6.18 on, stepped before */
};

struct decoded {
	uint8_t length;
	enum decode_class class;
	bool refused;	     /* the kernel most likely takes no probe there */
	bool leaves;	     /* the next instruction executed may not be the one behind it */
	bool jumps_indirect; /* to where a register or memory says; not calls, not returns */
	bool has_target;     /* of a relative jump or call */
	uint64_t target;
	bool writes_memory;
	uint16_t reads;	 /* general registers whose value matters to what it does */
	uint16_t writes; /* general registers, except RSP when sp_delta tells all */
	bool copies;	 /* it is `mov %from, %to` of 64 bits and nothing else */
	uint8_t from, to;
	int32_t sp_delta; /* added to RSP by `sub $n, %rsp` and its like; else RSP is in @writes */
	bool has_address; /* of memory relative to the instruction pointer, or its address taken */
	uint64_t address;
};

struct decoder;

struct decoder *decoder_new(void);
struct decoder *decoder_free(struct decoder *d);

/*
 * The instruction that begins at @code and @address, reading at most @bytes. 0, or -EINVAL when there is
 * none. decode_flow fills only @length, @class, @leaves, @jumps_indirect and the target (a third of the
 * cost).
 */
int decode_insn(const struct decoder *d, const uint8_t *code, size_t bytes, uint64_t address,
		struct decoded *insn);
int decode_flow(const struct decoder *d, const uint8_t *code, size_t bytes, uint64_t address,
		struct decoded *insn);
