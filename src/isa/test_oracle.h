/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel, asked about instructions: loads them as a socket filter and keeps the
 * verifier's log. Tests that use it skip, saying so, where bpf(2) is not allowed.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macros.h"
#include "isa/decode.h"
#include "isa/insn.h"

static char oracle_log[1 << 20];

/* 0 when the kernel accepts the program, else -errno; the log is in oracle_log. */
static inline int oracle_load_type(const struct bpf_insn *insns, size_t n, uint32_t type,
				   uint32_t log_level)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uintptr_t) "Dual BSD/GPL";
	attr.log_level = log_level;
	attr.log_buf = (uintptr_t)oracle_log;
	attr.log_size = sizeof(oracle_log);
	oracle_log[0] = '\0';
	fd = (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static inline int oracle_load(const struct bpf_insn *insns, size_t n, uint32_t log_level)
{
	return oracle_load_type(insns, n, BPF_PROG_TYPE_SOCKET_FILTER, log_level);
}

/* False, with a line of output, where the kernel cannot be asked. */
static inline bool oracle_present(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int err = oracle_load(insns, 2, 2);

	if (err)
		printf("SKIP: the kernel's bpf(2) answers %s\n", strerror(-err));
	return !err;
}

/* A small generator with a fixed seed (xorshift). */
static inline uint64_t test_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline int32_t test_random_imm(const struct isa_row *row, uint64_t *state,
				      uint32_t n_targets)
{
	static const int32_t edges[] = { 0, 1, -1, 255, INT32_MAX, INT32_MIN, 4096 };
	uint64_t x = test_random(state);

	switch (row->imm) {
	case ISA_IMM_Z:
		return 0;
	case ISA_IMM_SEL:
		return row->val;
	case ISA_IMM_SHIFT:
		return x % 32;
	case ISA_IMM_JMP:
		return (int32_t)(x % n_targets);
	case ISA_IMM_ID:
		return x % 230;
	case ISA_IMM_AS:
		return x % 2 ? 1 : 1 << 16;
	default:
		return x % 4 ? edges[x / 4 % ARRAY_SIZE(edges)] : (int32_t)(x >> 32);
	}
}

/* An instruction of row, its operands at random: registers below n_regs, jumps to 0 .. n_targets
 * - 1. Legal, but for division by an immediate of 0. */
static inline struct bpf_insn test_random_insn(const struct isa_row *row, uint64_t *state,
					       uint8_t n_regs, uint32_t n_targets)
{
	struct bpf_insn insn = { .code = row->code };

	if (row->dst != ISA_REG_Z)
		insn.dst_reg = test_random(state) % n_regs & 0xf;
	if (row->src != ISA_REG_Z)
		insn.src_reg = test_random(state) % n_regs & 0xf;
	if (row->sel == ISA_SEL_SRC)
		insn.src_reg = row->val & 0xf;
	if (row->off == ISA_OFF_MEM || row->off == ISA_OFF_FDX)
		insn.off = (int16_t)test_random(state);
	if (row->off == ISA_OFF_JMP)
		insn.off = (int16_t)(test_random(state) % n_targets);
	if (row->off == ISA_OFF_SEL)
		insn.off = (int16_t)row->val;
	insn.imm = test_random_imm(row, state, n_targets);
	return insn;
}

/* oracle_surround() puts its instruction at ORACLE_AT; jumps may skip up to ORACLE_TAIL. */
enum { ORACLE_AT = 12, ORACLE_TAIL = 8, ORACLE_INSNS_MAX = ORACLE_AT + ORACLE_TAIL + 3 };

/* Every register readable; a branch over insn, so that what follows is reachable whatever insn is;
 * insn; room for short jumps. */
static inline size_t oracle_surround(struct bpf_insn *prog, struct bpf_insn insn)
{
	size_t n = 0;

	prog[n++] = BPF_MOV64_REG(6, 1);
	for (uint8_t r = 0; r < 10; r++) {
		if (r != 6)
			prog[n++] = BPF_MOV64_IMM(r, 0);
	}
	prog[n++] = BPF_LDX_MEM(BPF_W, 0, 6, 0);
	prog[n++] = BPF_JMP_IMM(BPF_JEQ, 0, 7, isa_insn_slots(&insn));
	prog[n++] = insn;
	if (isa_is_ld_imm64(&insn))
		prog[n++] = BPF_RAW_INSN(0, 0, 0, 0, 0);
	for (int i = 0; i < ORACLE_TAIL; i++)
		prog[n++] = BPF_MOV64_IMM(0, 0);
	prog[n++] = BPF_EXIT_INSN();
	return n;
}
