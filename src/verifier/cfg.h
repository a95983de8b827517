/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cfg: the control-flow graph of the program as loaded.
 *
 * check_cfg walks it depth first as the kernel does: refuses jumps out of range, unreachable
 * instructions, and (without CAP_BPF) back edges; marks prune and jump points. Then post order per
 * subprogram and strongly connected components (Tarjan), for liveness and for pruning in loops.
 * Linear in instructions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;
struct verifier_env;

/* 0, -EINVAL with a log line, -ENOMEM. */
int cfg_check(struct verifier_env *env);
/* Fills env->cfg.postorder. 0 or -ENOMEM. */
int cfg_postorder(struct verifier_env *env);
/* Fills env->work[].scc and env->cfg.scc_cnt. 0 or -ENOMEM. */
int cfg_scc(struct verifier_env *env);

/* Where control may go after pc within its subprogram (calls fall through): 0, 1 or 2 pcs. */
unsigned cfg_successors(const struct bpf_insn *insns, uint32_t pc, uint32_t out[2]);

/* Helpers that run a callback of the program before they return. */
bool helper_calls_sync_callback(int32_t id);
