/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liveness_regs: registers that may be read before they are written, per instruction.
 *
 * The textbook backward dataflow: live before = (live after minus written) plus read, iterated over
 * the post order until nothing changes; a handful of rounds. Coarse where Linux 6.18 is: legacy
 * packet loads and calls of unknown helpers read all they could.
 */
#include "verifier/liveness.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "isa/insn.h"
#include "verifier/cfg.h"
#include "verifier/env.h"
#include "verifier/print.h"

#define REGS_ALL ((1u << MAX_BPF_REG) - 1)

/* Registers by mask. */
struct regs {
	uint16_t read, written, live;
};

/* The registers that hold arguments of the helper called, or all that may. */
static uint16_t call_args(const struct verifier_env *env, const struct bpf_insn *insn)
{
	const struct helper_proto *proto = NULL;
	uint16_t args = 0;

	if (isa_is_helper_call(insn) && insn->imm >= 0 && env->ops && env->ops->get_func_proto)
		proto = env->ops->get_func_proto((uint32_t)insn->imm, env->prog);
	if (!proto)
		return ISA_CALL_ARGS;
	for (unsigned i = 0; i < HELPER_ARGS_MAX && proto->arg_type[i] != ARG_DONTCARE; i++)
		args |= (uint16_t)(1u << (BPF_REG_1 + i));
	return args;
}

static struct regs insn_regs(const struct verifier_env *env, const struct bpf_insn *insn)
{
	struct regs r = { .read = isa_regs_read(insn), .written = isa_regs_written(insn) };

	if (isa_is_call(insn)) {
		r.read = call_args(env, insn);
	} else if (isa_is_ld_skb(insn)) {
		r.read = REGS_ALL;
		r.written = 0;
	}
	/* What names a register there is not is refused only when a path comes to it. */
	r.read &= REGS_ALL;
	return r;
}

static bool update_insn(const struct verifier_env *env, struct regs *regs, uint32_t pc)
{
	struct regs *r = &regs[pc];
	uint16_t after = 0, before;
	uint32_t next[2];
	unsigned n = cfg_successors(env->insns, pc, next);

	for (unsigned i = 0; i < n; i++)
		after |= regs[next[i]].live;
	before = (uint16_t)((after & ~r->written) | r->read);
	if (before == r->live)
		return false;
	r->live = before;
	return true;
}

static void print_live(struct verifier_env *env)
{
	verbose(env, "Live regs before insn:\n");
	for (uint32_t pc = 0; pc < env->n_insns; pc++) {
		const struct insn_work *w = &env->work[pc];
		char mask[MAX_BPF_REG] = { 0 };

		for (unsigned r = BPF_REG_0; r < REG_FP; r++)
			mask[r] = w->live_regs & 1u << r ? (char)('0' + r) : '.';
		if (w->scc && w->scc < env->cfg.scc_shown)
			verbose(env, "%3u ", w->scc);
		else
			verbose(env, "    ");
		verbose(env, "%3u: %s ", pc, mask);
		print_insn(env, &env->insns[pc]);
		if (isa_is_ld_imm64(&env->insns[pc]))
			pc++;
	}
}

int liveness_regs(struct verifier_env *env)
{
	struct regs *regs = mem_calloc(env->n_insns, sizeof(*regs));
	bool changed = true;

	if (!regs)
		return -ENOMEM;
	for (uint32_t pc = 0; pc < env->n_insns; pc++)
		regs[pc] = insn_regs(env, &env->insns[pc]);
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < env->cfg.cnt; i++)
			changed |= update_insn(env, regs, env->cfg.postorder[i]);
	}
	for (uint32_t pc = 0; pc < env->n_insns; pc++)
		env->work[pc].live_regs = regs[pc].live;
	free(regs);
	if (verbose2(env))
		print_live(env);
	return 0;
}
