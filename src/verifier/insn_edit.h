/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn_edit: the one way instructions are replaced after the walk.
 *
 * A pass goes over the program once, notes what it wants replaced, and applies all of it in one
 * linear step. Everything that counts in instructions moves along: jumps, bpf-to-bpf calls,
 * callback loads, insn_aux, subprogram starts, func_info and line_info. env->insns and env->aux are
 * replaced by new (malloc'ed) arrays; env->work stays as it was and means nothing any more.
 *
 * A jump to a replaced instruction leads to the first one of the replacement; to a removed one, to
 * what follows. The replacement's aux is clean but for `seen` and `orig_pc`; its last instruction
 * inherits that of the first replaced one. A subprogram left without instructions is gone, with
 * its func_info. Of line records that come to stand at one instruction the last stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "tbl/uapi.h"

struct verifier_env;

struct insn_edit {
	uint32_t pc, n;	       /* what goes: old coordinates */
	uint32_t code, n_code; /* what comes: in insn_edits.code */
};

/* A jump or call out of a replacement. */
struct insn_outward {
	uint32_t edit, k;    /* its k-th instruction */
	uint32_t old_target; /* where it leads, before the edits */
};

struct insn_edits {
	VEC(struct insn_edit) edits;
	VEC(struct bpf_insn) code;
	VEC(struct insn_outward) outward;
	bool no_memory; /* a call below ran out: apply says so */
};

/*
 * Replace the n > 0 instructions at pc by n_new >= 0 others, copied. Calls come in rising order of
 * pc and do not overlap. Jumps within `code` are right as they stand; the instruction after the
 * replacement is n_new. No jump from elsewhere may lead into the middle of what is replaced, unless
 * n == n_new.
 */
void insn_edits_replace(struct insn_edits *e, uint32_t pc, uint32_t n, const struct bpf_insn *code,
			uint32_t n_new);
/* Instruction k of the last replacement jumps to, calls, or loads the address of, what is at
 * old_target before the edits. */
void insn_edits_outward(struct insn_edits *e, uint32_t k, uint32_t old_target);

/*
 * Applies and empties e. 0; -ENOMEM; -ERANGE with a log line: a 16-bit jump does not reach any
 * more. On error env is as before.
 */
int insn_edits_apply(struct verifier_env *env, struct insn_edits *e);
void insn_edits_deinit(struct insn_edits *e);

/* One replacement alone; linear in the program. */
int insn_replace(struct verifier_env *env, uint32_t pc, uint32_t n, const struct bpf_insn *code,
		 uint32_t n_new);
