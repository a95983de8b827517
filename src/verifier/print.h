/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print: what the verifier says. reject() is how every refusal is made: it logs and returns the
 * code. State lines have Linux 6.18's format; only what changed since the last line is shown
 * unless all is asked for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct bpf_insn;
struct reg_state;
struct verifier_env;
struct verifier_state;

void verbose(struct verifier_env *env, const char *fmt, ...) __printf_like(2, 3);
/* Logs and returns `err`. */
int reject(struct verifier_env *env, int err, const char *fmt, ...) __printf_like(3, 4);

/* Is level-2 text wanted? */
bool verbose2(const struct verifier_env *env);

/* The source line of pc, once per change, after `prefix` (a format for pc or without arguments). */
void print_linfo(struct verifier_env *env, uint32_t pc, const char *prefix, ...)
	__printf_like(3, 4);
void print_insn(struct verifier_env *env, const struct bpf_insn *insn);

/* "map_value_or_null"; the string lives in env until the next call. */
const char *reg_type_str(struct verifier_env *env, uint32_t type);

/* One line with registers and stack of a frame. */
void print_verifier_state(struct verifier_env *env, const struct verifier_state *st,
			  uint32_t frameno, bool all);
/* The same behind the instruction just printed. */
void print_insn_state(struct verifier_env *env, const struct verifier_state *st, uint32_t frameno);

/* What the next state line has to show. */
void scratch_reg(struct verifier_env *env, uint32_t regno);
void scratch_slot(struct verifier_env *env, uint32_t spi);
void scratch_all(struct verifier_env *env);
bool is_scratched(const struct verifier_env *env);

/* "r0,r2" and "-8,-16" of masks, into buf. */
void format_reg_mask(char *buf, uint32_t bytes, uint32_t mask);
void format_stack_mask(char *buf, uint32_t bytes, uint64_t mask);
/* "(0x0; 0xff)". */
void format_tnum(char *buf, uint32_t bytes, uint64_t value, uint64_t mask);
