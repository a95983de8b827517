/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dynptr: pointers to memory whose size is known at run time only. A program keeps one in 16
 * aligned bytes of stack that it cannot look into: two slots of STACK_DYNPTR, in whose register
 * states type and id of the dynptr stand. In a callback a register may hold CONST_PTR_TO_DYNPTR.
 * Source: process_dynptr_func and its neighbours in kernel/bpf/verifier.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call_meta;
struct func_state;
struct reg_state;
struct verifier_env;

#define DYNPTR_SLOTS 2

/* "local", as states and messages show it. */
const char *dynptr_type_name(uint32_t type);

/* A register that points to a new dynptr of this type (enum dynptr_type). */
void dynptr_set_reg(struct verifier_env *env, struct reg_state *reg, uint32_t type);

/* The argument regno of a helper or global function, as arg_type asks for it: made, when MEM_UNINIT. */
int dynptr_check_arg(struct verifier_env *env, uint32_t regno, uint32_t arg_type);

/* An argument that gives its reference back: has it one? */
int dynptr_check_release(struct verifier_env *env, const struct reg_state *reg, uint32_t regno);
/* Gives it back: slices of the dynptr and the dynptr itself are gone. */
int dynptr_release(struct verifier_env *env, uint32_t regno);

/* Id and reference of a dynptr argument, for the slice that a helper makes of it. */
void dynptr_note(struct verifier_env *env, uint32_t regno, struct call_meta *meta);

/* The slot is about to be written: a dynptr there is no more, or may not be written over. */
int dynptr_destroy(struct verifier_env *env, struct func_state *func, uint32_t spi);
