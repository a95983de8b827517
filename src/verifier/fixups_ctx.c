/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixups_ctx: accesses to the context as programs see it (uapi struct) become accesses to the struct
 * a running program is handed, written by its program type.
 *
 * A load narrower than the field is widened to the field, then shifted and masked down.
 */
#include "verifier/fixups.h"

#include <errno.h>

#include "isa/insn.h"
#include "verifier/env.h"
#include "verifier/insn_edit.h"
#include "verifier/print.h"

/* What a widened load leaves above the bytes asked for; shift: bits below them. */
static uint32_t narrow(struct bpf_insn *out, uint8_t dst, uint32_t field_bytes, uint32_t bytes,
		       uint32_t shift)
{
	uint32_t n = 0;

	if (shift)
		out[n++] = field_bytes <= 4 ? BPF_ALU32_IMM(BPF_RSH, dst, (int32_t)shift) :
					      BPF_ALU64_IMM(BPF_RSH, dst, (int32_t)shift);
	out[n++] = BPF_ALU32_IMM(BPF_AND, dst, (int32_t)((UINT64_C(1) << bytes * 8) - 1));
	return n;
}

/* What the kernel calls the default size of a field: no smaller than 2 bytes. */
static uint32_t default_bytes(uint32_t field_bytes)
{
	return field_bytes == 4 || field_bytes == 8 ? field_bytes : 2;
}

static int convert_access(struct verifier_env *env, uint32_t pc, struct insn_edits *e)
{
	struct bpf_insn insn = env->insns[pc], buf[FIXUP_INSNS_MAX + 3];
	uint32_t field = env->aux[pc].ctx_field_size, bytes = (uint32_t)isa_size_bytes(insn.code);
	uint32_t target_bytes = 0, off = (uint32_t)insn.off, n;
	bool load = BPF_CLASS(insn.code) == BPF_LDX, narrower = bytes < field;
	bool sign = load && BPF_MODE(insn.code) == BPF_MEMSX;

	if (narrower && !load)
		return reject(env, -EFAULT, "bpf verifier narrow ctx access misconfigured\n");
	if (narrower) {
		insn.off = (int16_t)(off & ~(default_bytes(field) - 1));
		insn.code = BPF_LDX | BPF_MEM | (uint8_t)isa_bytes_to_size((int)default_bytes(field));
	}
	n = env->ops->convert_ctx_access(load ? BPF_READ : BPF_WRITE, &insn, buf, env->prog,
					 &target_bytes);
	if (!n || n >= FIXUP_INSNS_MAX || (field && !target_bytes))
		return reject(env, -EFAULT, "error during ctx access conversion (%u)\n", n);
	if (narrower && bytes < target_bytes)
		n += narrow(buf + n, insn.dst_reg, field, bytes,
			    (off & (default_bytes(field) - 1)) * 8);
	if (sign)
		buf[n++] = BPF_MOVSX64_REG(insn.dst_reg, insn.dst_reg, (int16_t)(bytes * 8));
	env->aux[pc].ptr_type = NOT_INIT; /* what its last instruction goes through is not ours to say */
	insn_edits_replace(e, pc, 1, buf, n);
	return 0;
}

static bool is_plain_access(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), mode = BPF_MODE(insn->code);

	if (class == BPF_LDX)
		return mode == BPF_MEM || mode == BPF_MEMSX;
	return (class == BPF_ST || class == BPF_STX) && mode == BPF_MEM;
}

static int convert_one(struct verifier_env *env, uint32_t pc, struct insn_edits *e)
{
	if (!is_plain_access(&env->insns[pc]))
		return 0;
	switch (type_base(env->aux[pc].ptr_type)) {
	case PTR_TO_CTX:
		return env->ops->convert_ctx_access ? convert_access(env, pc, e) : 0;
	case PTR_TO_SOCKET:
	case PTR_TO_SOCK_COMMON:
	case PTR_TO_TCP_SOCK:
	case PTR_TO_XDP_SOCK:
		return reject(env, -EOPNOTSUPP, "access to a kernel socket is not supported\n");
	default:
		return 0;
	}
}

static int add_prologue(struct verifier_env *env)
{
	struct bpf_insn buf[FIXUP_INSNS_MAX];
	struct insn_edits e = { 0 };
	int n;

	if (!env->ops->gen_prologue)
		return 0;
	n = env->ops->gen_prologue(buf, env->seen_direct_write, env->prog);
	if (n < 0 || n >= FIXUP_INSNS_MAX)
		return reject(env, -EFAULT, "prologue is too long\n");
	if (!n)
		return 0;
	fixups_insert(env, &e, 0, buf, (uint32_t)n);
	return insn_edits_apply(env, &e);
}

int fixups_ctx(struct verifier_env *env)
{
	struct insn_edits e = { 0 };
	int err = add_prologue(env);

	for (uint32_t pc = 0; !err && pc < env->n_insns;
	     pc += (uint32_t)isa_insn_slots(&env->insns[pc]))
		err = convert_one(env, pc, &e);
	if (err) {
		insn_edits_deinit(&e);
		return err;
	}
	return insn_edits_apply(env, &e);
}
