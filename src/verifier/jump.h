/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jump: conditional jumps. Decides them where the values do, else walks both ways, each with what
 * the comparison says: about numbers and all that share their id, about packet pointers and the
 * bytes proven behind them, about pointers that may be NULL.
 */
#pragma once

#include <stdint.h>

struct bpf_insn;
struct reg_state;
struct verifier_env;

/* Sets env->insn_idx so that the next instruction is insn_idx + 1. 0 or -errno. */
int jump_check(struct verifier_env *env, const struct bpf_insn *insn);

/* A pointer that may be NULL is not. */
void reg_mark_not_null(struct reg_state *reg);
