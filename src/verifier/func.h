/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * func: frames of functions and callbacks: entering, leaving, and what a program, function or
 * callback may return. Global functions are verified on their own, by their BTF (global.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;
struct call_meta;
struct helper_proto;
struct reg_state;
struct verifier_env;

/* BPF_CALL with BPF_PSEUDO_CALL. */
int func_call(struct verifier_env *env, const struct bpf_insn *insn);
/* BPF_EXIT in a frame that is not the first: env->insn_idx is where the caller goes on. */
int func_exit(struct verifier_env *env);
/* The same for an instruction that may leave the function; the walk goes on one behind insn_idx. */
int func_exit_early(struct verifier_env *env);
/* The helper at env->insn_idx runs the callback once more: a path for that is pushed. */
int callback_push(struct verifier_env *env, const struct call_meta *meta);
/* The helper at env->insn_idx keeps the callback for later: it is walked like a program of its own. */
int callback_push_async(struct verifier_env *env, const struct call_meta *meta);

/* BPF_EXIT of the first frame: is r0 what the program type may return? */
int func_check_return(struct verifier_env *env);
/* References and locks are gone at exit (or whatever else `what` names). */
int func_check_leaks(struct verifier_env *env, bool check_lock, const char *what);

/* Fills subprogs[i].args from BTF: 0, -EINVAL (not usable), -EFAULT, -EOPNOTSUPP. */
int global_prepare_args(struct verifier_env *env, uint32_t subprogno);
/* Do r1 - r5 of a call fit? 0, -EINVAL, -EFAULT. */
int global_check_call(struct verifier_env *env, uint32_t subprogno);
/* Registers at the entry of a function verified on its own. */
int global_set_entry_regs(struct verifier_env *env, uint32_t subprogno);
