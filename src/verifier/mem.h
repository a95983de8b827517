/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem: may this instruction, or a helper with this argument, touch that memory? Checks every
 * kind of pointer, and sets what a load leaves in its register.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/reg_type.h"

struct bpf_insn;
struct call_meta;
struct reg_state;
struct verifier_env;

/* One load or store through regno. */
struct mem_access {
	uint32_t regno;
	int off; /* of the instruction */
	uint8_t bpf_size; /* BPF_B .. BPF_DW */
	enum bpf_access_type type;
	int value_regno; /* loaded into or stored from; -1: none */
	bool strict_align;
	bool sign_extend;
};
int mem_check(struct verifier_env *env, const struct mem_access *a);

/* Whole instructions. */
int mem_check_load(struct verifier_env *env, const struct bpf_insn *insn);
int mem_check_store_reg(struct verifier_env *env, const struct bpf_insn *insn);
int mem_check_store_imm(struct verifier_env *env, const struct bpf_insn *insn);
int mem_check_atomic(struct verifier_env *env, const struct bpf_insn *insn);

/* A helper's argument must be aligned to @size, whatever the program's strictness. */
int mem_check_aligned(struct verifier_env *env, const struct reg_state *reg, int size);

/* `size` bytes at regno, as a helper touches them. meta: NULL, or of the call. */
int mem_check_helper(struct verifier_env *env, uint32_t regno, int size,
		     enum bpf_access_type type, bool zero_size_ok, struct call_meta *meta);
/* A known region of mem_size bytes holds [regno + off, + size). */
int mem_check_region(struct verifier_env *env, uint32_t regno, int off, int size,
		     uint32_t mem_size, bool zero_size_ok);
int mem_check_map(struct verifier_env *env, uint32_t regno, int off, int size, bool zero_size_ok,
		  bool from_helper);
int mem_check_packet(struct verifier_env *env, uint32_t regno, int off, int size,
		     bool zero_size_ok);
bool mem_pkt_allowed(struct verifier_env *env, const struct call_meta *meta,
		     enum bpf_access_type type);
/* The pointer is in its original, unmodified form (or only has a fixed offset). */
int ptr_check_off(struct verifier_env *env, const struct reg_state *reg, uint32_t regno,
		  bool fixed_off_ok);
/* Bounds are what they should be; else forgets them (or refuses, with TEST_REG_INVARIANTS). */
int reg_check_bounds(struct verifier_env *env, struct reg_state *reg, const char *where);
