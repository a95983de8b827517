/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prune: states remembered at prune points, and whether the current one needs walking on.
 *
 * A stored state all of whose paths were walked proves every state that is no less certain: only
 * live registers and slots are compared, imprecise numbers match anything. Within loops (strongly
 * connected components) stored states are not final, so they are compared more strictly and their
 * precision is settled when the component is left. Source: Linux 6.18 is_state_visited.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct verifier_env;
struct verifier_state;

/* 1: seen, stop here; 0: walk on (and perhaps remembered); -errno. */
int prune_visit(struct verifier_env *env, uint32_t insn_idx);
/* A path ended: count it off all the states it came from. */
int prune_path_done(struct verifier_env *env, struct verifier_state *st);

/* The last state stored at insn_idx that the current path went through; or NULL. */
struct verifier_state *prune_find_prev_entry(struct verifier_env *env,
					     const struct verifier_state *cur, uint32_t insn_idx);
/* What changed since `old` and is not precise may be anything: loops then converge. */
void prune_widen_scalars(struct verifier_env *env, const struct verifier_state *old,
			 struct verifier_state *cur);

/* Frees every stored state (they are of no use to another walk). */
void prune_free_all(struct verifier_env *env);
