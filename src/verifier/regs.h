/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs: setting registers, and asking whether an instruction may read or write one.
 * Setters keep subreg_def (what defined the low half), as the kernel's do, unless they say so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;
struct func_state;
struct reg_state;
struct verifier_env;

enum reg_use { REG_READ, REG_WRITE, REG_WRITE_NO_MARK };

/* Type stays; offset, ids and what the pointer points to are cleared; the value is known. */
void reg_set_known(struct reg_state *reg, uint64_t value);
/* A number nothing is known of (precise without CAP_BPF). */
void reg_set_unknown(const struct verifier_env *env, struct reg_state *reg);
void reg_set_const_zero(const struct verifier_env *env, struct reg_state *reg);
void reg_set_not_init(const struct verifier_env *env, struct reg_state *reg);
/* A pointer that is good no more: any number, or nothing where that would tell an address. */
void reg_invalidate(const struct verifier_env *env, struct reg_state *reg);
/* Whole registers: known zero offset, of this type. */
void reg_set_ptr(struct reg_state *reg, uint32_t type);
/* All of a new frame's registers: nothing but r10. */
void regs_init(struct verifier_env *env, struct func_state *func);

/* Regno of the instruction at env->insn_idx, in the current frame: 0, -EINVAL or -EACCES. */
int reg_check(struct verifier_env *env, uint32_t regno, enum reg_use use);
/* The same in given registers (of a caller's or callee's frame). */
int reg_check_in(struct verifier_env *env, struct reg_state *regs, uint32_t regno,
		 enum reg_use use);
/* Forget r0 - r5 after a call. */
void regs_clear_caller_saved(struct verifier_env *env, struct reg_state *regs);

/* Does the register hold anything but a number? (the kernel's is_pointer_value) */
bool reg_is_pointer(const struct verifier_env *env, uint32_t regno);
bool reg_is_pointer_value(bool allow_ptr_leaks, const struct reg_state *reg);
bool reg_is_null(const struct reg_state *reg);
bool type_is_pkt(uint32_t type);
bool type_is_sock(uint32_t type);
bool type_may_be_null(uint32_t type);

/* Register the instruction writes, -1: none. */
int insn_def_regno(const struct bpf_insn *insn);
bool insn_has_def32(const struct bpf_insn *insn);
