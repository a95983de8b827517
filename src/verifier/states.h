/* SPDX-License-Identifier: BSD-2-Clause */
/* states: does a stored state cover the current one? */
#pragma once

#include <stdbool.h>

struct verifier_env;
struct verifier_state;

enum exact_level {
	NOT_EXACT,    /* imprecise numbers match anything */
	EXACT,	      /* nothing may differ but ids' names */
	RANGE_WITHIN, /* ranges matter, precise or not */
};

bool states_equal(struct verifier_env *env, struct verifier_state *old,
		  struct verifier_state *cur, enum exact_level exact);
bool states_same_callsites(const struct verifier_state *a, const struct verifier_state *b);
/* Cheap test before EXACT. */
bool states_maybe_looping(const struct verifier_state *old, const struct verifier_state *cur);
/* Forget what is not live; for stored states all of whose paths were walked. 0 or -ENOMEM. */
int states_clean(struct verifier_env *env, struct verifier_state *st);
