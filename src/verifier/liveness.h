/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liveness: which registers and stack slots may still be read. Pruning compares only those.
 *
 * Registers: a dataflow over the program as loaded, before the walk (liveness_regs.c).
 *
 * Stack slots: which slot an access touches is known only to the walk, so the walk reports reads and
 * writes as it goes, per chain of calls, and the dataflow runs over what was reported so far
 * (liveness_stack.c). A slot no path has read yet is dead; that is right because a stored state is
 * compared only when every path from it was walked. Slots are masks: bit i is fp - 8(i + 1).
 * The design is Linux 6.18's (kernel/bpf/liveness.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct verifier_env;
struct verifier_state;

/*
 * Fills env->work[].live_regs from env->cfg.postorder; at log level 2 prints them. A helper's
 * arguments are those of its proto. 0 or -ENOMEM.
 */
int liveness_regs(struct verifier_env *env);

/* 0 or -ENOMEM; what is made lives in env->pool. */
int liveness_stack_init(struct verifier_env *env);

/* The frames of env->cur_state changed (call, exit, another path): the next report looks its chain up. */
void liveness_stack_rechain(struct verifier_env *env);

/*
 * Around each instruction of the walk: reset, then reads and writes, then commit. What is reported
 * is of env->cur_state's chain of calls; frameno is the frame whose stack it is. A slot counts as
 * written only if every walk of the instruction wrote all of it. commit does nothing if the frames
 * changed since. 0 or -ENOMEM.
 */
int liveness_stack_reset_writes(struct verifier_env *env, uint32_t pc);
void liveness_stack_write(struct verifier_env *env, uint32_t frameno, uint64_t mask);
int liveness_stack_read(struct verifier_env *env, uint32_t frameno, uint32_t pc, uint64_t mask);
int liveness_stack_commit_writes(struct verifier_env *env);

/*
 * Brings what is known up to date for every frame of env->cur_state, inner ones first: after
 * another path was taken up, and when a subprogram returns. Includes liveness_stack_rechain().
 * 0 or -ENOMEM. Linear in the subprogram times the rounds to a fixpoint, when anything is new.
 */
int liveness_stack_update(struct verifier_env *env);

/* Prepares questions about st, a stored state (its insn_idx and frames). 0 or -ENOMEM. */
int liveness_stack_query(struct verifier_env *env, const struct verifier_state *st);
/* May slot spi of frame frameno be read at or after that state? */
bool liveness_stack_alive(struct verifier_env *env, uint32_t frameno, uint32_t spi);
