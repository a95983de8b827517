/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backtrack: precision. A number is imprecise until something hangs on its value (an offset, a
 * branch, a size); then the instructions that led here are walked backwards, through the stored
 * states, marking every register and slot the value came from. Imprecise numbers of a stored
 * state match any number, which is what makes pruning work.
 *
 * What cannot be followed makes every scalar of the path precise. Cost: the length of the path.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct hist_entry;
struct verifier_env;
struct verifier_state;

/* Register of the current frame / what is set in env->bt, from the current state back. */
int precise_mark_reg(struct verifier_env *env, uint32_t regno);
int precise_mark_batch(struct verifier_env *env);
/* The same from another state; *changed (may be NULL) is set when a mark was new. */
int precise_mark_from(struct verifier_env *env, struct verifier_state *start, int regno,
		      bool *changed);

void precise_force_all(struct verifier_env *env, struct verifier_state *st);
void precise_forget_all(struct verifier_state *st);

/* Requests for precise_mark_batch. */
void bt_set_reg(struct verifier_env *env, uint32_t frame, uint32_t regno);
void bt_set_slot(struct verifier_env *env, uint32_t frame, uint32_t spi);

/* Registers that share an id, packed as a hist_entry carries them: up to 6 entries. */
#define LINKED_REGS_MAX 6
struct linked_reg {
	uint8_t frameno;
	uint8_t spi_or_reg;
	bool is_reg;
};
struct linked_regs {
	uint32_t cnt;
	struct linked_reg e[LINKED_REGS_MAX];
};
uint64_t linked_regs_pack(const struct linked_regs *l);

static inline uint32_t stack_access_flags(uint32_t frameno, uint32_t spi)
{
	return 1u << 9 /* INSN_F_STACK_ACCESS */ | spi << 3 | frameno;
}
