/* SPDX-License-Identifier: BSD-2-Clause */
/* subprog: functions of a program: finding them, their jumps, their depth on the stack. */
#pragma once

#include <stdint.h>

struct verifier_env;
struct vsubprog;

/* Fills env->subprogs from calls and function addresses: 0, -EINVAL, -E2BIG, -EPERM. */
int subprogs_find(struct verifier_env *env);
/* Jumps stay inside, no function falls into the next: 0 or -EINVAL. */
int subprogs_check(struct verifier_env *env);
/* The chain of calls fits 512 bytes (256 before a tail call) and 8 frames: 0, -EACCES, -E2BIG. */
int subprogs_check_stack(struct verifier_env *env);

/* Index of the function that starts at pc, or -ENOENT. */
int subprog_find(const struct verifier_env *env, uint32_t pc);
/* The function pc lies in. */
struct vsubprog *subprog_containing(struct verifier_env *env, uint32_t pc);
