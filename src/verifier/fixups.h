/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups: from the program as verified to the program as run.
 *
 * A list of passes over env->insns, in the order of Linux 6.18 (end of bpf_check): calls of
 * bpf_loop become loops, dead code goes, context accesses become accesses to the real structs, legacy packet loads and some map lookups
 * become code. Each pass walks once and edits through insn_edit. Then fixups_publish hands code and
 * what is known of it to the program in the form object/prog.h describes.
 *
 * Not done here because the engine does it natively: division by zero and overflow, zero extension
 * (docs/differences.md). Not done: barriers and masks against speculation.
 */
#pragma once

#include <stdint.h>

#include "tbl/uapi.h"

struct insn_edits;
struct prog;
struct verifier_env;

#define FIXUP_INSNS_MAX 32 /* one instruction becomes at most so many (INSN_BUF_SIZE) */

/*
 * All passes. Needs the walk's results: aux[].seen, ptr_type, ctx_field_size, map_index, map_off,
 * map_state, map_ptr, loop_inline. 0; -EFAULT or -EINVAL with a log line where a program type's tables are
 * wrong; -ERANGE; -ENOMEM. env->insns may then be half rewritten: do not run them.
 */
int fixups_run(struct verifier_env *env);

/*
 * Fills the program's "verifier" half from env after fixups_run: insns, facts, subprogs, calls,
 * used_maps, func_info, line_info and flags. Takes over env's references on maps and its arrays of
 * func_info and line_info. The last step of a verification that succeeded. 0; -EFAULT with a log
 * line: a helper without code; -ENOMEM. On error the program has nothing new.
 */
int fixups_publish(struct verifier_env *env);

/* The passes, for fixups.c and tests. */
int fixups_loops(struct verifier_env *env);	/* fixups_loop.c */
int fixups_dead_code(struct verifier_env *env); /* fixups_dead.c */
int fixups_ctx(struct verifier_env *env);	/* fixups_ctx.c */
int fixups_calls(struct verifier_env *env);	/* fixups_calls.c */

/* Puts `code` before the instruction at pc, where jumps to pc lead from now on (fixups.c). */
void fixups_insert(const struct verifier_env *env, struct insn_edits *e, uint32_t pc,
		   const struct bpf_insn *code, uint32_t n);
