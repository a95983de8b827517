/* SPDX-License-Identifier: BSD-2-Clause */
/* See interp.h: instructions to operations. Linear in the length of the program. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "interp/interp.h"
#include "interp/op.h"
#include "interp/watch.h"
#include "isa/insn.h"
#include "object/prog.h"

/* clang-format off */

/* BPF_OP(code) to the 64_X form; _K is +1, 32_X +2, 32_K +3. */
static const uint16_t alu_op[16] = {
	[BPF_ADD >> 4] = INTERP_ADD64_X, [BPF_SUB >> 4] = INTERP_SUB64_X, [BPF_MUL >> 4] = INTERP_MUL64_X,
	[BPF_DIV >> 4] = INTERP_DIV64_X, [BPF_OR >> 4] = INTERP_OR64_X,   [BPF_AND >> 4] = INTERP_AND64_X,
	[BPF_LSH >> 4] = INTERP_LSH64_X, [BPF_RSH >> 4] = INTERP_RSH64_X, [BPF_MOD >> 4] = INTERP_MOD64_X,
	[BPF_XOR >> 4] = INTERP_XOR64_X, [BPF_MOV >> 4] = INTERP_MOV64_X, [BPF_ARSH >> 4] = INTERP_ARSH64_X,
};

static const uint16_t jump_op[16] = {
	[BPF_JEQ >> 4] = INTERP_JEQ64_X,   [BPF_JNE >> 4] = INTERP_JNE64_X,
	[BPF_JGT >> 4] = INTERP_JGT64_X,   [BPF_JGE >> 4] = INTERP_JGE64_X,
	[BPF_JLT >> 4] = INTERP_JLT64_X,   [BPF_JLE >> 4] = INTERP_JLE64_X,
	[BPF_JSGT >> 4] = INTERP_JSGT64_X, [BPF_JSGE >> 4] = INTERP_JSGE64_X,
	[BPF_JSLT >> 4] = INTERP_JSLT64_X, [BPF_JSLE >> 4] = INTERP_JSLE64_X,
	[BPF_JSET >> 4] = INTERP_JSET64_X,
};

/* By BPF_SIZE(code) >> 3. */
#define BY_SIZE(name) { INTERP_##name##_W, INTERP_##name##_H, INTERP_##name##_B, INTERP_##name##_DW }

static const uint16_t ldx_op[4] = BY_SIZE(LDX);
static const uint16_t ldsx_op[4] = BY_SIZE(LDSX);
static const uint16_t probe_op[4] = BY_SIZE(PROBE);
static const uint16_t probesx_op[4] = BY_SIZE(PROBESX);
static const uint16_t stx_op[4] = BY_SIZE(STX);
static const uint16_t st_op[4] = BY_SIZE(ST);
static const uint16_t load_acq_op[4] = BY_SIZE(LOAD_ACQ);
static const uint16_t store_rel_op[4] = BY_SIZE(STORE_REL);

/* imm of an atomic to its 4-byte form; 8 bytes is +1. */
static const struct { int32_t imm; uint16_t op; } atomic_op[] = {
	{ BPF_ADD, INTERP_ADD_W },              { BPF_ADD | BPF_FETCH, INTERP_FADD_W },
	{ BPF_OR, INTERP_OR_W },                { BPF_OR | BPF_FETCH, INTERP_FOR_W },
	{ BPF_AND, INTERP_AND_W },              { BPF_AND | BPF_FETCH, INTERP_FAND_W },
	{ BPF_XOR, INTERP_XOR_W },              { BPF_XOR | BPF_FETCH, INTERP_FXOR_W },
	{ BPF_XCHG, INTERP_XCHG_W },            { BPF_CMPXCHG, INTERP_CMPXCHG_W },
};

/* clang-format on */

/* Mode of BPF_LDX beside BPF_PROBE_MEM: it sign-extends. Rewriting makes both. */
#define PROBE_MEMSX 0x40

struct decoder {
	const struct prog *prog;
	const int32_t *labels;
	struct interp_code *code;
};

static int decode_end(const struct bpf_insn *insn)
{
	bool swaps = BPF_CLASS(insn->code) == BPF_ALU64 || BPF_SRC(insn->code) == BPF_TO_BE;

	switch (insn->imm) {
	case 16:
		return swaps ? INTERP_SWAP16 : INTERP_ZEXT16;
	case 32:
		return swaps ? INTERP_SWAP32 : INTERP_MOV32_X;
	case 64:
		return swaps ? INTERP_SWAP64 : INTERP_NOP;
	default:
		return -ENOTSUP;
	}
}

static int decode_movsx(const struct bpf_insn *insn)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;

	switch (insn->off) {
	case BPF_ADDR_PERCPU:
		return is64 ? INTERP_MOV_PERCPU : -ENOTSUP;
	case 8:
		return is64 ? INTERP_MOVSX64_8 : INTERP_MOVSX32_8;
	case 16:
		return is64 ? INTERP_MOVSX64_16 : INTERP_MOVSX32_16;
	case 32:
		return is64 ? INTERP_MOVSX64_32 : -ENOTSUP;
	default:
		return -ENOTSUP;
	}
}

static int decode_alu(const struct bpf_insn *insn)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;
	bool is_reg = BPF_SRC(insn->code) == BPF_X;
	uint8_t op = BPF_OP(insn->code);
	int base = alu_op[op >> 4];

	if (op == BPF_END)
		return decode_end(insn);
	if (op == BPF_NEG)
		return is64 ? INTERP_NEG64 : INTERP_NEG32;
	if (op == BPF_MOV && is_reg && insn->off)
		return decode_movsx(insn);
	if (op > BPF_END || (insn->off && !isa_is_sdiv_smod(insn)))
		return -ENOTSUP;
	if (insn->off)
		base = op == BPF_DIV ? INTERP_SDIV64_X : INTERP_SMOD64_X;
	return base + (is_reg ? 0 : 1) + (is64 ? 0 : 2);
}

static int decode_atomic(const struct bpf_insn *insn)
{
	int size = BPF_SIZE(insn->code) >> 3;
	bool is_dw = BPF_SIZE(insn->code) == BPF_DW;

	if (insn->imm == BPF_LOAD_ACQ)
		return load_acq_op[size];
	if (insn->imm == BPF_STORE_REL)
		return store_rel_op[size];
	if (!is_dw && BPF_SIZE(insn->code) != BPF_W)
		return -ENOTSUP;
	for (size_t i = 0; i < ARRAY_SIZE(atomic_op); i++) {
		if (atomic_op[i].imm == insn->imm)
			return atomic_op[i].op + is_dw;
	}
	return -ENOTSUP;
}

static int decode_mem(const struct bpf_insn *insn, bool may_fault)
{
	int size = BPF_SIZE(insn->code) >> 3;

	switch (BPF_CLASS(insn->code) | BPF_MODE(insn->code)) {
	case BPF_LDX | BPF_MEM:
		return may_fault ? probe_op[size] : ldx_op[size];
	case BPF_LDX | BPF_MEMSX:
		if (BPF_SIZE(insn->code) == BPF_DW)
			return -ENOTSUP;
		return may_fault ? probesx_op[size] : ldsx_op[size];
	case BPF_LDX | BPF_PROBE_MEM:
		return probe_op[size];
	case BPF_LDX | PROBE_MEMSX:
		return probesx_op[size];
	case BPF_STX | BPF_MEM:
		return stx_op[size];
	case BPF_STX | BPF_ATOMIC:
		return decode_atomic(insn);
	case BPF_ST | BPF_MEM:
		return st_op[size];
	case BPF_ST | BPF_NOSPEC:
		return INTERP_NOP;
	default:
		return -ENOTSUP;
	}
}

static int decode_call(const struct decoder *d, const struct bpf_insn *insn, struct interp_op *out)
{
	const struct prog_call *call;

	out->k = 0;
	if (insn->src_reg == BPF_PSEUDO_CALL) {
		out->jump = insn->imm;
		return INTERP_CALL_REL;
	}
	if (insn->src_reg || (uint32_t)insn->imm >= d->prog->n_calls)
		return -ENOTSUP;
	call = &d->prog->calls[insn->imm];
	if (call->helper_id == BPF_FUNC_tail_call)
		return INTERP_TAIL_CALL;
	out->imm = (int64_t)(uintptr_t)call->fn;
	return INTERP_CALL;
}

static int decode_jmp(const struct decoder *d, const struct bpf_insn *insn, struct interp_op *out)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_JMP;
	bool is_reg = BPF_SRC(insn->code) == BPF_X;
	uint8_t op = BPF_OP(insn->code);

	if (isa_is_call(insn))
		return decode_call(d, insn, out);
	if (isa_is_exit(insn))
		return INTERP_EXIT;
	out->k = insn->imm;
	out->jump = isa_jump_off(insn);
	if (isa_is_ja(insn))
		return INTERP_JA;
	if (!jump_op[op >> 4])
		return -ENOTSUP;
	return jump_op[op >> 4] + (is_reg ? 0 : 1) + (is64 ? 0 : 2);
}

static int decode_imm64(const struct decoder *d, const struct bpf_insn *insn, uint32_t left,
			struct interp_op *out)
{
	if (!isa_is_ld_imm64(insn) || left < 2)
		return -ENOTSUP;
	out->imm = (int64_t)isa_imm64(insn);
	if (insn->src_reg == BPF_PSEUDO_FUNC) {
		if ((uint32_t)insn->imm >= d->prog->n_subprogs)
			return -ENOTSUP;
		out->imm = (int64_t)(uintptr_t)&d->code->funcs[insn->imm];
	}
	return INTERP_IMM64;
}

/* Where control may go from @pc must be inside the program. */
static bool target_ok(const struct prog *prog, uint32_t pc, int opcode, const struct interp_op *op)
{
	int64_t target = (int64_t)pc + 1 + op->jump;

	if (opcode < INTERP_JEQ64_X || (opcode > INTERP_JSET32_K && opcode != INTERP_JA &&
					opcode != INTERP_CALL_REL))
		return true;
	return target >= 0 && target < prog->n_insns;
}

static int decode_one(struct decoder *d, uint32_t pc, struct interp_op *out)
{
	const struct prog *prog = d->prog;
	const struct bpf_insn *insn = &prog->insns[pc];
	int opcode;

	*out = (struct interp_op){ .dst = insn->dst_reg, .src = insn->src_reg, .off = insn->off,
				   .imm = insn->imm };
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		opcode = decode_alu(insn);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		opcode = decode_jmp(d, insn, out);
		break;
	case BPF_LD:
		opcode = decode_imm64(d, insn, prog->n_insns - pc, out);
		break;
	default:
		opcode = decode_mem(insn, prog->facts && prog->facts[pc].may_fault);
		break;
	}
	if (opcode < 0 || insn->dst_reg > ISA_REG_AX || insn->src_reg > ISA_REG_AX)
		return -ENOTSUP;
	if (!target_ok(prog, pc, opcode, out))
		return -ENOTSUP;
	/* A little-endian 32-bit "swap" is a move of a register to itself. */
	if (BPF_OP(insn->code) == BPF_END && opcode == INTERP_MOV32_X)
		out->src = out->dst;
	out->label = d->labels[opcode];
	return opcode;
}

static int decode_prog(struct decoder *d)
{
	for (uint32_t pc = 0; pc < d->prog->n_insns; pc++) {
		int opcode = decode_one(d, pc, &d->code->ops[pc]);

		if (opcode < 0)
			return opcode;
		if (opcode == INTERP_IMM64) {
			pc++;
			d->code->ops[pc] = (struct interp_op){ .label = d->labels[INTERP_NOP] };
		}
	}
	return 0;
}

static uint64_t interp_run(const void *ctx, const struct prog *prog)
{
	const uint64_t args[5] = { (uint64_t)(uintptr_t)ctx };
	const struct interp_code *code = prog->jit_info;

	return code->loop(code, 0, args, NULL);
}

static uint64_t interp_run_callback(const struct prog *prog, uint64_t callback,
				    const uint64_t args[5])
{
	const struct interp_func *func = (const struct interp_func *)(uintptr_t)callback;

	(void)prog; /* a tail call may have left another one's callback */
	return func->code->loop(func->code, func->start, args, NULL);
}

static struct interp_code *code_new(const struct prog *prog)
{
	struct interp_code *code = mem_zalloc(sizeof(*code) +
					      prog->n_subprogs * sizeof(code->funcs[0]));

	if (!code)
		return NULL;
	code->prog = prog;
	code->ops = mem_calloc(prog->n_insns, sizeof(code->ops[0]));
	if (!code->ops) {
		free(code);
		return NULL;
	}
	for (uint32_t i = 0; i < prog->n_subprogs; i++)
		code->funcs[i] = (struct interp_func){ code, prog->subprogs[i].start };
	return code;
}

static void code_free(struct interp_code *code)
{
	if (code)
		free(code->ops);
	free(code);
}

static int prepare(struct prog *prog, interp_loop_fn loop, struct interp_watch *watch)
{
	struct decoder d = { .prog = prog };
	int err;

	for (uint32_t i = 0; i < prog->n_subprogs; i++) {
		if (prog->subprogs[i].stack_bytes > INTERP_STACK_BYTES)
			return -ENOTSUP;
	}
	d.code = code_new(prog);
	if (!d.code)
		return -ENOMEM;
	d.code->loop = loop;
	d.code->watch = watch;
	loop(NULL, 0, NULL, &d.labels);
	err = decode_prog(&d);
	if (err) {
		code_free(d.code);
		return err;
	}
	prog->jit_info = d.code;
	prog->jited = false;
	prog->run = interp_run;
	prog->run_callback = interp_run_callback;
	return 0;
}

int interp_prepare(struct prog *prog)
{
	return prepare(prog, interp_loop, NULL);
}

int interp_prepare_watched(struct prog *prog, struct interp_watch *watch)
{
	return prepare(prog, interp_loop_watched, watch);
}

void interp_free(struct prog *prog)
{
	if (prog->run != interp_run)
		return;
	code_free(prog->jit_info);
	prog->jit_info = NULL;
	prog->run = NULL;
	prog->run_callback = NULL;
}
