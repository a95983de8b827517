/* SPDX-License-Identifier: BSD-2-Clause */
/* ldimm: 64-bit immediates that name maps, values of maps, functions and kernel objects. */
#pragma once

struct bpf_insn;
struct verifier_env;

/* Resolves all of them (env->used_maps, aux.map_index and map_off): 0 or -errno. Also refuses what no
 * pass below wants to see: reserved fields of loads, unknown opcodes. */
int ldimm_resolve(struct verifier_env *env);
/* BPF_LD | BPF_IMM in the walk. */
int ldimm_check(struct verifier_env *env, const struct bpf_insn *insn);
