/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threaded code: the operations, one row each, and the form they are stored in. An instruction and
 * what refines it (sign extension, atomic operation, width of a swap) is one operation. decode.c
 * makes operations, loop.inc does them.
 */
#pragma once

#include <stdint.h>

struct interp_watch;
struct prog;

/* clang-format off */

/* Two operands, register or immediate: X(name). Each has 32 and 64-bit forms. */
#define INTERP_ALU(X) \
	X(ADD) X(SUB) X(MUL) X(DIV) X(SDIV) X(OR) X(AND) X(LSH) X(RSH) X(ARSH) X(MOD) X(SMOD) X(XOR) X(MOV)

#define INTERP_JUMP(X) \
	X(JEQ) X(JNE) X(JGT) X(JGE) X(JLT) X(JLE) X(JSGT) X(JSGE) X(JSLT) X(JSLE) X(JSET)

/* Atomics that exist for 4 and 8 bytes. */
#define INTERP_ATOMIC(X) \
	X(ADD) X(OR) X(AND) X(XOR) X(FADD) X(FOR) X(FAND) X(FXOR) X(XCHG) X(CMPXCHG)

/* Sizes of memory accesses: X(name, bits). */
#define INTERP_SIZE(X) X(B, 8) X(H, 16) X(W, 32) X(DW, 64)

#define INTERP_ALU_OPS_(n)    X(n##64_X) X(n##64_K) X(n##32_X) X(n##32_K)
#define INTERP_ATOMIC_OPS_(n) X(n##_W) X(n##_DW)
#define INTERP_SIZE_OPS_(n, bits) \
	X(LDX_##n) X(LDSX_##n) X(PROBE_##n) X(PROBESX_##n) X(STX_##n) X(ST_##n) X(LOAD_ACQ_##n) X(STORE_REL_##n)

/* Every operation, through X(name) as the including file defines it. */
#define INTERP_OPS \
	INTERP_ALU(INTERP_ALU_OPS_) \
	INTERP_JUMP(INTERP_ALU_OPS_) \
	INTERP_ATOMIC(INTERP_ATOMIC_OPS_) \
	INTERP_SIZE(INTERP_SIZE_OPS_) \
	X(NEG64) X(NEG32) \
	X(MOVSX64_8) X(MOVSX64_16) X(MOVSX64_32) X(MOVSX32_8) X(MOVSX32_16) \
	X(ZEXT16) X(SWAP16) X(SWAP32) X(SWAP64) \
	X(MOV_PERCPU) X(IMM64) X(NOP) X(JA) X(CALL) X(CALL_REL) X(TAIL_CALL) X(EXIT)

enum interp_opcode {
#define X(name) INTERP_##name,
	INTERP_OPS
#undef X
	INTERP_OP_MAX,
};

/* clang-format on */

struct interp_op {
	int32_t label; /* what does it: distance from the loop's first label */
	uint8_t dst;
	uint8_t src;
	int16_t off; /* of a memory access, bytes */
	union {
		int64_t imm; /* sign-extended; or 64-bit immediate, or address of a helper */
		struct {
			int32_t k;    /* what a jump compares with */
			int32_t jump; /* operations to skip beyond the next one */
		};
	};
};

_Static_assert(sizeof(struct interp_op) == 16, "four operations in a cache line");

struct interp_code;

/* An entry point: what a callback value points to. */
struct interp_func {
	const struct interp_code *code;
	uint32_t start; /* operation */
};

/*
 * Runs from operation @start of @code with r1 to r5: R0. With @labels set it runs nothing and puts
 * there the INTERP_OP_MAX label distances, by enum interp_opcode.
 */
typedef uint64_t (*interp_loop_fn)(const struct interp_code *code, uint32_t start,
				   const uint64_t args[5], const int32_t **labels);

struct interp_code {
	const struct prog *prog;
	interp_loop_fn loop;        /* whose labels the operations hold */
	struct interp_watch *watch; /* of interp_loop_watched */
	struct interp_op *ops; /* one for each instruction, so that a pc means the same in both */
	struct interp_func funcs[]; /* prog->n_subprogs */
};

/* The two loops there are (interp_loop_fn). */
uint64_t interp_loop(const struct interp_code *code, uint32_t start, const uint64_t args[5],
		     const int32_t **labels);
uint64_t interp_loop_watched(const struct interp_code *code, uint32_t start, const uint64_t args[5],
			     const int32_t **labels);
