/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running kernel, asked about instructions: loads them as a socket filter and keeps the verifier's
 * log. Tests that use it skip, saying so, where bpf(2) is not allowed.
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
