/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/regs.h"

#include <errno.h>
#include <string.h>

#include "verifier/env.h"
#include "verifier/print.h"

/* Everything up to the value, except the type. */
static void clear_pointer_part(struct reg_state *reg)
{
	reg->off = 0;
	reg->raw[0] = reg->raw[1] = 0;
	reg->id = 0;
	reg->ref_obj_id = 0;
}

void reg_set_known(struct reg_state *reg, uint64_t value)
{
	clear_pointer_part(reg);
	reg->s = scalar_const(value);
}

void reg_set_ptr(struct reg_state *reg, uint32_t type)
{
	reg_set_known(reg, 0);
	reg->type = type;
}

void reg_set_unknown(const struct verifier_env *env, struct reg_state *reg)
{
	clear_pointer_part(reg);
	reg->type = SCALAR_VALUE;
	reg->s = scalar_unknown();
	reg->frameno = 0;
	reg->precise = !env->bpf_capable;
}

void reg_set_const_zero(const struct verifier_env *env, struct reg_state *reg)
{
	reg_set_ptr(reg, SCALAR_VALUE);
	reg->precise = !env->bpf_capable;
}

void reg_set_not_init(const struct verifier_env *env, struct reg_state *reg)
{
	reg_set_unknown(env, reg);
	reg->type = NOT_INIT;
}

void reg_invalidate(const struct verifier_env *env, struct reg_state *reg)
{
	if (env->allow_ptr_leaks)
		reg_set_unknown(env, reg);
	else
		reg_set_not_init(env, reg);
}

void regs_init(struct verifier_env *env, struct func_state *func)
{
	int i;

	memset(func->regs, 0, sizeof(func->regs));
	for (i = 0; i < MAX_BPF_REG; i++) {
		reg_set_not_init(env, &func->regs[i]);
		func->regs[i].subreg_def = SUBREG_DEF_NONE;
	}
	reg_set_ptr(&func->regs[REG_FP], PTR_TO_STACK);
	func->regs[REG_FP].frameno = func->frameno;
}

bool type_is_pkt(uint32_t type)
{
	uint32_t base = type_base(type);

	return base == PTR_TO_PACKET || base == PTR_TO_PACKET_META;
}

bool type_is_sock(uint32_t type)
{
	uint32_t base = type_base(type);

	return base == PTR_TO_SOCKET || base == PTR_TO_SOCK_COMMON || base == PTR_TO_TCP_SOCK ||
	       base == PTR_TO_XDP_SOCK;
}

bool type_may_be_null(uint32_t type)
{
	return type & PTR_MAYBE_NULL;
}

bool reg_is_pointer_value(bool allow_ptr_leaks, const struct reg_state *reg)
{
	return !allow_ptr_leaks && reg->type != SCALAR_VALUE;
}

bool reg_is_pointer(const struct verifier_env *env, uint32_t regno)
{
	const struct verifier_state *st = env->cur_state;

	return reg_is_pointer_value(env->allow_ptr_leaks, &st->frame[st->curframe]->regs[regno]);
}

bool reg_is_null(const struct reg_state *reg)
{
	return reg->type == SCALAR_VALUE && tnum_equals_const(reg->s.var_off, 0);
}

int insn_def_regno(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_JMP:
	case BPF_JMP32:
	case BPF_ST:
		return -1;
	case BPF_STX:
		if (BPF_MODE(insn->code) != BPF_ATOMIC)
			return -1;
		if (insn->imm == BPF_CMPXCHG)
			return BPF_REG_0;
		if (insn->imm == BPF_LOAD_ACQ)
			return insn->dst_reg;
		return insn->imm & BPF_FETCH ? insn->src_reg : -1;
	default:
		return insn->dst_reg;
	}
}

/* Does the jump-class instruction use all 64 bits of its registers? */
static bool jump_is_reg64(const struct bpf_insn *insn, enum reg_use use)
{
	if (BPF_OP(insn->code) == BPF_CALL)
		return insn->src_reg != BPF_PSEUDO_CALL && use == REG_READ;
	return true;
}

/* reg may be NULL for writes. */
static bool is_reg64(const struct bpf_insn *insn, const struct reg_state *reg, enum reg_use use)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	switch (class) {
	case BPF_JMP:
		return jump_is_reg64(insn, use);
	case BPF_ALU64:
		return !(op == BPF_END && (insn->imm == 16 || insn->imm == 32));
	case BPF_ALU:
		return op == BPF_END && insn->imm == 64;
	case BPF_JMP32:
		return false;
	case BPF_LDX:
		if (use == REG_READ)
			return true; /* the address */
		return BPF_SIZE(insn->code) == BPF_DW || BPF_MODE(insn->code) == BPF_MEMSX;
	case BPF_STX:
		if (use == REG_READ && reg->type != SCALAR_VALUE)
			return true;
		return BPF_SIZE(insn->code) == BPF_DW;
	case BPF_LD:
		if (BPF_MODE(insn->code) == BPF_IMM)
			return true;
		return use == REG_READ; /* LD_ABS and LD_IND give 32 bits */
	default:
		return true;
	}
}

bool insn_has_def32(const struct bpf_insn *insn)
{
	return insn_def_regno(insn) >= 0 && !is_reg64(insn, NULL, REG_WRITE);
}

/* Someone reads all 64 bits: the write that defined the low half has to clear the upper one. */
static void mark_zext(struct verifier_env *env, struct reg_state *reg)
{
	if (reg->subreg_def == SUBREG_DEF_NONE)
		return;
	env->aux[reg->subreg_def - 1].zext_dst = true;
	reg->subreg_def = SUBREG_DEF_NONE;
}

int reg_check_in(struct verifier_env *env, struct reg_state *regs, uint32_t regno,
		 enum reg_use use)
{
	const struct bpf_insn *insn = &env->insns[env->insn_idx];
	struct reg_state *reg = &regs[regno];
	bool rw64;

	if (regno >= MAX_BPF_REG)
		return reject(env, -EINVAL, "R%u is invalid\n", regno);
	scratch_reg(env, regno);
	rw64 = is_reg64(insn, reg, use);
	if (use == REG_READ) {
		if (reg->type == NOT_INIT)
			return reject(env, -EACCES, "R%u !read_ok\n", regno);
		if (regno != REG_FP && rw64)
			mark_zext(env, reg);
		return 0;
	}
	if (regno == REG_FP)
		return reject(env, -EACCES, "frame pointer is read only\n");
	reg->subreg_def = rw64 ? SUBREG_DEF_NONE : (int32_t)env->insn_idx + 1;
	if (use == REG_WRITE)
		reg_set_unknown(env, reg);
	return 0;
}

int reg_check(struct verifier_env *env, uint32_t regno, enum reg_use use)
{
	return reg_check_in(env, cur_regs(env), regno, use);
}

void regs_clear_caller_saved(struct verifier_env *env, struct reg_state *regs)
{
	uint32_t i;

	for (i = 0; i < CALLER_SAVED_REGS; i++) {
		reg_set_not_init(env, &regs[i]);
		reg_check_in(env, regs, i, REG_WRITE_NO_MARK);
	}
}
