/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state: birth, copying and death of path states; pending branches; references, locks and the
 * instruction history a path carries.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct func_state;
struct ref_state;
struct reg_state;
struct verifier_env;
struct verifier_state;

/* dst: zeroed, or a state made by this; its memory is reused. 0 or -ENOMEM. */
int state_copy(struct verifier_env *env, struct verifier_state *dst,
	       const struct verifier_state *src);
/* Frees what the state holds, not the state. */
void state_deinit(struct verifier_env *env, struct verifier_state *st);

/* An empty frame; NULL: no memory. */
struct func_state *func_new(struct verifier_env *env, int32_t callsite, uint32_t frameno,
			    uint32_t subprogno);
void func_free(struct verifier_env *env, struct func_state *func);
/* At least `bytes` of stack exist afterwards: 0 or -ENOMEM. */
int func_grow_stack(struct verifier_env *env, struct func_state *func, uint32_t bytes);

/* A copy of the current state, to be walked later from insn_idx. NULL: no memory, or too many
 * (then it has said so). */
struct verifier_state *state_push(struct verifier_env *env, uint32_t insn_idx,
				  int32_t prev_insn_idx, bool speculative);
/* A fresh state at the start of a subprogram that something else than the program will call, to be
 * walked like a program of its own. NULL: as above. */
struct verifier_state *state_push_async(struct verifier_env *env, uint32_t subprogno,
					int32_t prev_insn_idx);
/* The current state becomes the last one pushed: 0, -ENOENT (none), -ENOMEM. */
int state_pop(struct verifier_env *env, int32_t *prev_insn_idx, uint32_t *insn_idx, bool pop_log);

/* Record this instruction once, or add flags to its record. 0 or -ENOMEM. */
int hist_push(struct verifier_env *env, struct verifier_state *st, uint32_t flags,
	      uint64_t linked_regs);

/* A new reference held from here: its id, or -ENOMEM. */
int ref_acquire(struct verifier_env *env, uint32_t insn_idx);
/* 0, or -EINVAL: none of this id. */
int ref_forget(struct verifier_env *env, uint32_t id);
/* The same, and every pointer that came with it is good no more. */
int ref_release(struct verifier_env *env, uint32_t id);
int ref_acquire_lock(struct verifier_env *env, uint32_t insn_idx, uint32_t id, const void *ptr);
int ref_release_lock(struct verifier_env *env, uint32_t id, const void *ptr);
const struct ref_state *ref_find(const struct verifier_state *st, uint32_t id);

/* Calls f for every register and spilled register of every frame. */
void state_for_each_reg(struct verifier_env *env, struct verifier_state *st,
			void (*f)(struct verifier_env *env, struct reg_state *reg, void *arg),
			void *arg);
