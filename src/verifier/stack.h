/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack: loads from and stores to the frames of the path, byte by byte and as spilled registers.
 * Offsets: `off` includes the pointer's fixed part, not its variable one. regno -1: no register.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/reg_type.h"

struct call_meta;
struct reg_state;
struct verifier_env;

/* Is [ptr + off, + size) in the frame? Grows what is allocated. 0, -EACCES, -EINVAL, -ENOMEM. */
int stack_check_bounds(struct verifier_env *env, uint32_t regno, int off, int size,
		       enum bpf_access_type type);
int stack_read(struct verifier_env *env, uint32_t ptr_regno, int off, int size, int dst_regno);
int stack_write(struct verifier_env *env, uint32_t ptr_regno, int off, int size, int value_regno,
		uint32_t insn_idx);
/* A helper (or a load at a variable offset) reads or writes the range. meta: raw mode, or NULL. */
int stack_check_range(struct verifier_env *env, uint32_t regno, int off, int size,
		      bool zero_size_ok, enum bpf_access_type type, struct call_meta *meta);

bool reg_is_spillable(uint32_t type);
/* Numbers copied get an id, so that what is learnt of one is known of all. */
void scalar_assign_id(struct verifier_env *env, struct reg_state *src);
