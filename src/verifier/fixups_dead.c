/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups_dead: code no path of the walk reached.
 *
 * With CAP_BPF a branch that only ever went one way becomes a goto, what no path reached is
 * removed, and so are gotos to the next instruction. Without it the length of a program must not
 * tell what the verifier knows: dead code stays, each instruction a goto to itself.
 */
#include "verifier/fixups.h"

#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/insn_edit.h"

/* A conditional jump one of whose ways is dead becomes the other. (Both dead: it is dead itself.) */
static void hard_wire_branches(struct verifier_env *env)
{
	for (uint32_t pc = 0; pc < env->n_insns; pc += (uint32_t)isa_insn_slots(&env->insns[pc])) {
		struct bpf_insn *insn = &env->insns[pc];

		if (!isa_is_cond_jump(insn) || !env->aux[pc].seen)
			continue;
		if (!env->aux[pc + 1].seen)
			*insn = BPF_JMP_A(insn->off);
		else if (!env->aux[isa_jump_target(insn, pc)].seen)
			*insn = BPF_JMP_A(0);
	}
}

/* The address of a subprogram no path ever entered, which is about to go: no one will call it. */
static void forget_dead_callbacks(struct verifier_env *env)
{
	for (uint32_t pc = 0; pc < env->n_insns; pc += (uint32_t)isa_insn_slots(&env->insns[pc])) {
		struct bpf_insn *insn = &env->insns[pc];

		if (!isa_is_pseudo_func(insn) || !env->aux[pc].seen ||
		    env->aux[isa_call_target(insn, pc)].seen)
			continue;
		insn->src_reg = 0;
		isa_set_imm64(insn, 0);
	}
}

static bool is_dead(const struct verifier_env *env, uint32_t pc)
{
	return !env->aux[pc].seen;
}

static bool is_nop(const struct verifier_env *env, uint32_t pc)
{
	const struct bpf_insn *insn = &env->insns[pc];

	return insn->code == (BPF_JMP | BPF_JA) && !insn->off;
}

/* Removes every run of instructions for which `gone` holds. */
static int remove_if(struct verifier_env *env,
		     bool (*gone)(const struct verifier_env *env, uint32_t pc))
{
	struct insn_edits e = { 0 };
	uint32_t pc = 0;

	while (pc < env->n_insns) {
		uint32_t end = pc;

		while (end < env->n_insns && gone(env, end))
			end += (uint32_t)isa_insn_slots(&env->insns[end]);
		if (end > pc)
			insn_edits_replace(&e, pc, end - pc, NULL, 0);
		else
			end += (uint32_t)isa_insn_slots(&env->insns[pc]);
		pc = end;
	}
	return insn_edits_apply(env, &e);
}

static void trap_dead_code(struct verifier_env *env)
{
	for (uint32_t pc = 0; pc < env->n_insns; pc++) {
		if (isa_is_ld_imm64(&env->insns[pc]) && env->aux[pc].seen)
			pc++;
		else if (!env->aux[pc].seen)
			env->insns[pc] = BPF_JMP_A(-1);
	}
}

int fixups_dead_code(struct verifier_env *env)
{
	int err;

	if (!env->bpf_capable) {
		trap_dead_code(env);
		return 0;
	}
	hard_wire_branches(env);
	forget_dead_callbacks(env);
	err = remove_if(env, is_dead);
	if (err)
		return err;
	return remove_if(env, is_nop);
}
