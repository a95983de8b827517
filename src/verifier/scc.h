/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scc: loops under exploration. While paths through a strongly connected component (of one chain of
 * calls) are open, its stored states lack marks that later paths will bring. Hits on them are kept
 * as back edges; when the component's entry state is done, precision goes round until it settles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct verifier_env;
struct verifier_state;

int scc_maybe_enter(struct verifier_env *env, struct verifier_state *st);
int scc_maybe_exit(struct verifier_env *env, struct verifier_state *st);
/* The current state at insn_idx equals `equal`. */
int scc_add_backedge(struct verifier_env *env, struct verifier_state *equal, uint32_t insn_idx);
/* Is st in a component with back edges not yet settled? */
bool scc_incomplete(struct verifier_env *env, const struct verifier_state *st);
void scc_free_all(struct verifier_env *env);

/* What is precise in `old` is made precise on the path that led to `cur`. */
int scc_propagate_precision(struct verifier_env *env, const struct verifier_state *old,
			    struct verifier_state *cur, bool *changed);

/* prune.c */
void prune_update_peak(struct verifier_env *env);
