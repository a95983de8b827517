/* SPDX-License-Identifier: BSD-2-Clause */
/* fixups: the list of passes, and what they share (fixups.h). */
#include "verifier/fixups.h"

#include <assert.h>
#include <string.h>

#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/insn_edit.h"

void fixups_insert(const struct verifier_env *env, struct insn_edits *e, uint32_t pc,
		   const struct bpf_insn *code, uint32_t n)
{
	const struct bpf_insn *insn = &env->insns[pc];
	struct bpf_insn buf[FIXUP_INSNS_MAX + 1];

	assert(n <= FIXUP_INSNS_MAX);
	memcpy(buf, code, n * sizeof(*code));
	buf[n] = *insn;
	insn_edits_replace(e, pc, 1, buf, n + 1);
	if (isa_is_jump(insn))
		insn_edits_outward(e, n, (uint32_t)isa_jump_target(insn, pc));
	else if (isa_is_pseudo_call(insn) || isa_is_pseudo_func(insn))
		insn_edits_outward(e, n, (uint32_t)isa_call_target(insn, pc));
}

int fixups_run(struct verifier_env *env)
{
	int err;

	err = fixups_loops(env);
	if (err)
		return err;
	err = fixups_dead_code(env);
	if (err)
		return err;
	err = fixups_ctx(env);
	if (err)
		return err;
	return fixups_calls(env);
}
