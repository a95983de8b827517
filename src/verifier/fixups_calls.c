/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups_calls: legacy packet loads and calls that are better as code.
 *
 * LD_ABS and LD_IND become what their program type makes of them. A lookup whose map is the same on
 * all paths becomes the map type's own instructions, where it has some. A helper that keeps a callback
 * is told whose it is. All other calls stay and are resolved by fixups_publish.
 */
#include "verifier/fixups.h"

#include <errno.h>

#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/insn_edit.h"
#include "verifier/print.h"

static int expand_ld_skb(struct verifier_env *env, uint32_t pc, struct insn_edits *e)
{
	struct bpf_insn buf[FIXUP_INSNS_MAX];
	int n = env->ops->gen_ld_abs ? env->ops->gen_ld_abs(&env->insns[pc], buf) : 0;

	if (n <= 0 || n >= FIXUP_INSNS_MAX)
		return reject(env, -EFAULT, "%d insns generated for ld_abs\n", n);
	env->aux[pc].ptr_type = NOT_INIT;
	insn_edits_replace(e, pc, 1, buf, (uint32_t)n);
	return 0;
}

static int inline_lookup(struct verifier_env *env, uint32_t pc, struct insn_edits *e)
{
	const struct insn_aux *aux = &env->aux[pc];
	struct bpf_insn buf[FIXUP_INSNS_MAX];
	int n;

	if (aux->map_state != AUX_SET || aux->map_ptr->is_meta || !aux->map_ptr->ops->gen_lookup)
		return 0;
	n = aux->map_ptr->ops->gen_lookup(aux->map_ptr, buf);
	if (n < 0 || n >= FIXUP_INSNS_MAX)
		return reject(env, -EFAULT, "%d insns generated for map lookup\n", n);
	if (n)
		insn_edits_replace(e, pc, 1, buf, (uint32_t)n);
	return 0;
}

/* The helper keeps the program that the callback is part of: R3, as no program can say it itself. */
static int pass_prog(struct verifier_env *env, uint32_t pc, struct insn_edits *e)
{
	const struct bpf_insn buf[] = { BPF_LD_IMM64(BPF_REG_3, (uintptr_t)env->prog) };

	fixups_insert(env, e, pc, buf, ARRAY_SIZE(buf));
	return 0;
}

static int fixup_one(struct verifier_env *env, uint32_t pc, struct insn_edits *e)
{
	const struct bpf_insn *insn = &env->insns[pc];

	if (isa_is_ld_skb(insn))
		return expand_ld_skb(env, pc, e);
	if (isa_is_helper_call(insn) && insn->imm == BPF_FUNC_map_lookup_elem)
		return inline_lookup(env, pc, e);
	if (isa_is_helper_call(insn) && insn->imm == BPF_FUNC_timer_set_callback)
		return pass_prog(env, pc, e);
	return 0;
}

int fixups_calls(struct verifier_env *env)
{
	struct insn_edits e = { 0 };
	int err = 0;

	for (uint32_t pc = 0; !err && pc < env->n_insns;
	     pc += (uint32_t)isa_insn_slots(&env->insns[pc]))
		err = fixup_one(env, pc, &e);
	if (err) {
		insn_edits_deinit(&e);
		return err;
	}
	return insn_edits_apply(env, &e);
}
