/* SPDX-License-Identifier: BSD-2-Clause */
/* See random_prog.h. R6 is the context, R7 to R9 are numbers, R0 to R5 come and go. */
#include "random_prog.h"

#include <string.h>

#include "base/macros.h"
#include "isa/insn.h"

#define ROOM 64 /* instructions a statement and the end of the program may need */

static uint32_t rnd(struct random_prog *p, uint32_t n)
{
	if (p->n_choices) {
		p->n_choices--;
		return *p->choices++ * n / 256;
	}
	p->rng ^= p->rng << 13;
	p->rng ^= p->rng >> 7;
	p->rng ^= p->rng << 17;
	return (uint32_t)((p->rng >> 20) % n);
}

static int32_t imm(struct random_prog *p)
{
	static const int32_t edges[] = { 0, 1, -1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255,
					 0x7fff, 0xffff, INT32_MAX, INT32_MIN, -2, -8, 100 };

	return rnd(p, 3) ? edges[rnd(p, ARRAY_SIZE(edges))] : (int32_t)rnd(p, 300) - 100;
}

static void emit(struct random_prog *p, struct bpf_insn insn)
{
	if (p->n < RANDOM_PROG_INSNS_MAX)
		p->insns[p->n++] = insn;
}

/* A number's register that may be written. */
static uint8_t number(struct random_prog *p)
{
	uint8_t r;

	do
		r = (uint8_t)(BPF_REG_7 + rnd(p, 3));
	while (r == p->busy);
	return r;
}

static uint8_t any_number(struct random_prog *p)
{
	return (uint8_t)(BPF_REG_7 + rnd(p, 3));
}

static void block(struct random_prog *p);

static void arithmetic(struct random_prog *p)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND, BPF_AND, BPF_OR, BPF_XOR,
				       BPF_LSH, BPF_RSH, BPF_ARSH, BPF_DIV, BPF_MOD, BPF_MOV };
	uint8_t op = ops[rnd(p, ARRAY_SIZE(ops))], class = rnd(p, 2) ? BPF_ALU64 : BPF_ALU;
	int32_t k = imm(p);
	int16_t off = (op == BPF_DIV || op == BPF_MOD) && rnd(p, 2); /* signed */

	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		k = (int32_t)rnd(p, class == BPF_ALU ? 32 : 64);
	if ((op == BPF_DIV || op == BPF_MOD) && !k)
		k = 3;
	if (rnd(p, 3) == 0)
		emit(p, BPF_RAW_INSN(class | op | BPF_X, number(p), any_number(p), off, 0));
	else
		emit(p, BPF_RAW_INSN(class | op | BPF_K, number(p), 0, off, k));
}

static void unary(struct random_prog *p)
{
	static const int16_t bits[] = { 8, 16, 32 };
	uint8_t r = number(p);

	switch (rnd(p, 5)) {
	case 0:
		emit(p, BPF_RAW_INSN((rnd(p, 2) ? BPF_ALU64 : BPF_ALU) | BPF_NEG, r, 0, 0, 0));
		break;
	case 1:
		if (rnd(p, 3))
			emit(p, BPF_ENDIAN(rnd(p, 2) ? BPF_TO_BE : BPF_TO_LE, r, 16 << rnd(p, 3)));
		else
			emit(p, BPF_BSWAP(r, 16 << rnd(p, 3)));
		break;
	case 2:
		emit(p, BPF_MOVSX64_REG(r, any_number(p), bits[rnd(p, 3)]));
		break;
	case 3:
		emit(p, BPF_MOVSX32_REG(r, any_number(p), bits[rnd(p, 2)]));
		break;
	default:
		emit(p, BPF_MOV64_REG(r, any_number(p)));
		break;
	}
}

static uint32_t jump(struct random_prog *p)
{
	static const uint8_t ops[] = { BPF_JEQ, BPF_JNE, BPF_JSET, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE,
				       BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE };
	uint8_t op = ops[rnd(p, ARRAY_SIZE(ops))], class = rnd(p, 3) ? BPF_JMP : BPF_JMP32;

	if (rnd(p, 3) == 0)
		emit(p, BPF_RAW_INSN(class | op | BPF_X, any_number(p), any_number(p), 0, 0));
	else
		emit(p, BPF_RAW_INSN(class | op | BPF_K, any_number(p), 0, 0, imm(p)));
	return p->n - 1;
}

static void land(struct random_prog *p, uint32_t jump_pc)
{
	struct bpf_insn *insn = &p->insns[jump_pc];

	if (insn->code == (BPF_JMP32 | BPF_JA))
		insn->imm = (int32_t)(p->n - jump_pc - 1);
	else
		insn->off = (int16_t)(p->n - jump_pc - 1);
}

static void branch(struct random_prog *p)
{
	uint32_t out, pc = jump(p);

	block(p);
	if (rnd(p, 2)) {
		out = p->n;
		emit(p, rnd(p, 3) ? BPF_JMP_A(0) : BPF_JMP32_A(0));
		land(p, pc);
		block(p);
		land(p, out);
	} else {
		land(p, pc);
	}
}

static void stack_access(struct random_prog *p)
{
	static const uint8_t sizes[] = { BPF_DW, BPF_DW, BPF_DW, BPF_W, BPF_H, BPF_B };
	uint8_t size = sizes[rnd(p, ARRAY_SIZE(sizes))];
	int16_t off = (int16_t)(-16 - 8 * (int)rnd(p, 4));

	if (size != BPF_DW)
		off = (int16_t)(off + isa_size_bytes(size) * (int)rnd(p, 2));
	switch (rnd(p, 4)) {
	case 0:
		emit(p, BPF_ST_MEM(size, BPF_REG_10, off, imm(p)));
		break;
	case 1:
		emit(p, BPF_STX_MEM(size, BPF_REG_10, any_number(p), off));
		break;
	case 2:
		emit(p, BPF_STX_MEM(BPF_DW, BPF_REG_10,
				    p->pure ? any_number(p) : rnd(p, 4) ? BPF_REG_6 : BPF_REG_10,
				    (int16_t)(-16 - 8 * (int)rnd(p, 4))));
		break;
	default:
		emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, off & ~7, imm(p)));
		emit(p, size == BPF_DW || rnd(p, 3) ? BPF_LDX_MEM(size, number(p), BPF_REG_10, off) :
						      BPF_LDX_MEMSX(size, number(p), BPF_REG_10, off));
		break;
	}
}

/* fp - 64 + (0 .. 7): within what was written, or not. */
static void variable_stack(struct random_prog *p)
{
	emit(p, BPF_MOV64_REG(BPF_REG_1, any_number(p)));
	emit(p, BPF_ALU64_IMM(BPF_AND, BPF_REG_1, rnd(p, 4) ? 7 : 15));
	emit(p, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	emit(p, BPF_ALU64_REG(BPF_ADD, BPF_REG_2, BPF_REG_1));
	emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, -64, 0));
	emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, -56, rnd(p, 2) ? 0 : 5));
	if (rnd(p, 2))
		emit(p, BPF_STX_MEM(BPF_B, BPF_REG_2, any_number(p), -64));
	else
		emit(p, BPF_LDX_MEM(BPF_B, number(p), BPF_REG_2, -64));
}

static void value_access(struct random_prog *p)
{
	static const uint8_t sizes[] = { BPF_DW, BPF_W, BPF_H, BPF_B };
	uint8_t size = sizes[rnd(p, ARRAY_SIZE(sizes))];
	int16_t off = (int16_t)(8 * rnd(p, 5));

	if (rnd(p, 2)) {
		emit(p, BPF_MOV64_REG(BPF_REG_1, any_number(p)));
		emit(p, rnd(p, 2) ? BPF_ALU64_IMM(BPF_AND, BPF_REG_1, 7) :
				    BPF_ALU32_IMM(BPF_AND, BPF_REG_1, 15));
		emit(p, BPF_ALU64_REG(BPF_ADD, BPF_REG_0, BPF_REG_1));
	}
	switch (rnd(p, 5)) {
	case 0:
		emit(p, BPF_STX_MEM(size, BPF_REG_0, any_number(p), off));
		break;
	case 1:
		emit(p, BPF_LDX_MEM(size, number(p), BPF_REG_0, off));
		break;
	case 2:
		emit(p, BPF_LDX_MEMSX(size == BPF_DW ? BPF_W : size, number(p), BPF_REG_0, off));
		break;
	case 3:
		emit(p, BPF_ST_MEM(size, BPF_REG_0, off, imm(p)));
		break;
	default:
		emit(p, BPF_ATOMIC_OP(rnd(p, 2) ? BPF_DW : BPF_W, BPF_ADD | BPF_FETCH, BPF_REG_0,
				      number(p), off));
		break;
	}
}

static void map_in_r1(struct random_prog *p)
{
	const struct bpf_insn map[] = { BPF_LD_MAP_FD(BPF_REG_1, p->map_fd) };

	emit(p, map[0]);
	emit(p, map[1]);
}

/* A number the verifier knows nothing of. */
static void unknown(struct random_prog *p, uint8_t r)
{
	if (!p->pure) {
		emit(p, BPF_CALL_HELPER(BPF_FUNC_get_prandom_u32));
		emit(p, BPF_MOV64_REG(r, BPF_REG_0));
		return;
	}
	emit(p, BPF_ST_MEM(BPF_W, BPF_REG_10, -4, (int32_t)rnd(p, 4)));
	emit(p, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -4));
	map_in_r1(p);
	emit(p, BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem));
	emit(p, BPF_MOV64_IMM(r, 77));
	emit(p, BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 1));
	emit(p, BPF_LDX_MEM(BPF_DW, r, BPF_REG_0, (int16_t)(8 * rnd(p, 6))));
}

static void lookup(struct random_prog *p)
{
	uint32_t pc;

	if (rnd(p, 2))
		emit(p, BPF_ST_MEM(BPF_W, BPF_REG_10, -4, (int32_t)rnd(p, 6)));
	else
		emit(p, BPF_STX_MEM(BPF_W, BPF_REG_10, any_number(p), -4));
	emit(p, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -4));
	map_in_r1(p);
	emit(p, BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem));
	pc = p->n;
	if (p->wrong && !rnd(p, 8))
		return; /* not compared with NULL */
	emit(p, rnd(p, 2) ? BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 0) :
			    BPF_JMP_IMM(BPF_JNE, BPF_REG_0, 0, 1));
	if (BPF_OP(p->insns[pc].code) == BPF_JNE) {
		pc = p->n;
		emit(p, BPF_JMP_A(0));
	}
	value_access(p);
	land(p, pc);
}

/* A lookup's result goes through the stack before and perhaps after it is compared with NULL. */
static void spilled_lookup(struct random_prog *p)
{
	uint32_t pc;

	emit(p, BPF_ST_MEM(BPF_W, BPF_REG_10, -4, (int32_t)rnd(p, 2)));
	emit(p, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -4));
	map_in_r1(p);
	emit(p, BPF_CALL_HELPER(BPF_FUNC_map_lookup_elem));
	emit(p, BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_0, -48));
	if (rnd(p, 2))
		arithmetic(p);
	emit(p, BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_10, -48));
	pc = p->n;
	emit(p, BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 0));
	if (rnd(p, 2))
		block(p);
	emit(p, BPF_LDX_MEM(BPF_DW, BPF_REG_0, BPF_REG_10, -48));
	value_access(p);
	land(p, pc);
}

/* Bytes from the stack to the map, or from the packet to the stack, a number of them. */
static void helper_memory(struct random_prog *p)
{
	if (rnd(p, 2)) {
		for (int off = -64; off < -16; off += 8)
			if (p->pure || rnd(p, 16))
				emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, (int16_t)off, 0));
		emit(p, BPF_ST_MEM(BPF_W, BPF_REG_10, -4, 1));
		emit(p, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
		emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -4));
		emit(p, BPF_MOV64_REG(BPF_REG_3, BPF_REG_10));
		emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_3, -64));
		map_in_r1(p);
		emit(p, BPF_MOV64_IMM(BPF_REG_4, 0));
		emit(p, BPF_CALL_HELPER(BPF_FUNC_map_update_elem));
	} else if (p->type == BPF_PROG_TYPE_SOCKET_FILTER && !p->in_subprog) {
		emit(p, BPF_MOV64_REG(BPF_REG_1, BPF_REG_6));
		emit(p, BPF_MOV64_REG(BPF_REG_2, any_number(p)));
		emit(p, BPF_MOV64_REG(BPF_REG_3, BPF_REG_10));
		emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_3, -64));
		emit(p, BPF_MOV64_REG(BPF_REG_4, any_number(p)));
		if (rnd(p, 8))
			emit(p, BPF_ALU64_IMM(BPF_AND, BPF_REG_4, rnd(p, 4) ? 31 : 63));
		if (rnd(p, 4))
			emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_4, 1));
		emit(p, BPF_CALL_HELPER(BPF_FUNC_skb_load_bytes));
		emit(p, BPF_LDX_MEM(BPF_B, number(p), BPF_REG_10, -64));
	}
	/* R0 may still be a pointer: a number only to a program that is not run */
	if (!p->pure)
		emit(p, BPF_MOV64_REG(number(p), BPF_REG_0));
}

/* XDP: data and data_end, a comparison, an access that it covers, or not quite. */
static void packet(struct random_prog *p)
{
	int32_t len = 1 + (int32_t)rnd(p, 20);
	uint32_t pc;

	if (p->type != BPF_PROG_TYPE_XDP || p->in_subprog) {
		if (p->type == BPF_PROG_TYPE_SOCKET_FILTER && !p->in_subprog) {
			const uint8_t sizes[] = { BPF_W, BPF_H, BPF_B };
			uint8_t size = sizes[rnd(p, 3)];

			emit(p, rnd(p, 2) ? BPF_LD_ABS(size, (int32_t)rnd(p, 30)) :
					    BPF_LD_IND(size, any_number(p), 3));
			emit(p, BPF_MOV64_REG(number(p), BPF_REG_0));
		}
		return;
	}
	emit(p, BPF_LDX_MEM(BPF_W, BPF_REG_2, BPF_REG_6, 0));
	emit(p, BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_6, 4));
	if (rnd(p, 2)) {
		emit(p, BPF_MOV64_REG(BPF_REG_4, any_number(p)));
		if (rnd(p, 8))
			emit(p, BPF_ALU64_IMM(BPF_AND, BPF_REG_4, 63));
		emit(p, BPF_ALU64_REG(BPF_ADD, BPF_REG_2, BPF_REG_4));
	}
	emit(p, BPF_MOV64_REG(BPF_REG_4, BPF_REG_2));
	emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_4, len));
	pc = p->n;
	switch (rnd(p, 4)) {
	case 0:
		emit(p, BPF_JMP_REG(BPF_JGT, BPF_REG_4, BPF_REG_3, 0));
		break;
	case 1:
		emit(p, BPF_JMP_REG(BPF_JLT, BPF_REG_3, BPF_REG_4, 0));
		break;
	case 2:
		emit(p, BPF_JMP_REG(BPF_JGE, BPF_REG_4, BPF_REG_3, 0));
		break;
	default: /* the other way round: the jump leads to the access */
		emit(p, BPF_JMP_REG(BPF_JLE, BPF_REG_4, BPF_REG_3, 1));
		pc = p->n;
		emit(p, BPF_JMP_A(0));
		break;
	}
	if (rnd(p, 3) == 0)
		arithmetic(p);
	if (rnd(p, 4) == 0)
		emit(p, BPF_STX_MEM(BPF_B, BPF_REG_2, any_number(p), (int16_t)(len - 1)));
	else
		emit(p, BPF_LDX_MEM(BPF_B, number(p), BPF_REG_2,
				    (int16_t)(len - (rnd(p, 12) ? 1 : 0))));
	land(p, pc);
}

static void atomics(struct random_prog *p)
{
	static const int32_t ops[] = { BPF_ADD, BPF_AND, BPF_OR | BPF_FETCH, BPF_XOR | BPF_FETCH,
				       BPF_XCHG, BPF_CMPXCHG };
	uint8_t size = rnd(p, 2) ? BPF_DW : BPF_W, r = number(p);

	emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, -32, imm(p)));
	emit(p, BPF_MOV64_IMM(BPF_REG_0, imm(p)));
	if (rnd(p, 4)) {
		emit(p, BPF_ATOMIC_OP(size, ops[rnd(p, ARRAY_SIZE(ops))], BPF_REG_10, r, -32));
	} else if (rnd(p, 2)) {
		emit(p, BPF_ATOMIC_OP(size, BPF_LOAD_ACQ, r, BPF_REG_10, -32));
	} else {
		emit(p, BPF_ATOMIC_OP(size, BPF_STORE_REL, BPF_REG_10, r, -32));
	}
	emit(p, BPF_LDX_MEM(BPF_DW, number(p), BPF_REG_10, -32));
}

static void loop(struct random_prog *p)
{
	uint32_t head;
	int outer = p->busy;
	uint8_t r;

	if (outer >= 0)
		return;
	r = number(p);
	emit(p, BPF_MOV64_IMM(r, 0));
	p->busy = r;
	head = p->n;
	block(p);
	emit(p, BPF_ALU64_IMM(BPF_ADD, r, 1));
	emit(p, BPF_JMP_IMM(rnd(p, 2) ? BPF_JLT : BPF_JNE, r, 2 + (int32_t)rnd(p, 4),
			    (int16_t)(head - p->n - 1)));
	p->busy = outer;
}

static void call(struct random_prog *p)
{
	if (p->n_calls == ARRAY_SIZE(p->calls) || !p->subprogs)
		return;
	emit(p, BPF_MOV64_REG(BPF_REG_1, any_number(p)));
	emit(p, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	emit(p, BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -24));
	p->callee[p->n_calls] = (uint8_t)rnd(p, p->subprogs);
	p->calls[p->n_calls++] = p->n;
	emit(p, BPF_CALL_REL(0));
	emit(p, BPF_MOV64_REG(number(p), BPF_REG_0));
}

static void forbidden(struct random_prog *p)
{
	switch (rnd(p, 7)) {
	case 0:
		emit(p, BPF_MOV64_REG(number(p), BPF_REG_3));
		break;
	case 1:
		emit(p, BPF_STX_MEM(BPF_DW, BPF_REG_10, any_number(p), 0));
		break;
	case 2:
		emit(p, BPF_LDX_MEM(BPF_DW, number(p), BPF_REG_10, -504));
		break;
	case 3:
		emit(p, BPF_ALU64_REG(BPF_MUL, BPF_REG_10, any_number(p)));
		break;
	case 4:
		emit(p, BPF_LDX_MEM(BPF_W, BPF_REG_1, any_number(p), 0));
		break;
	case 5:
		emit(p, BPF_LDX_MEM(BPF_W, BPF_REG_1, BPF_REG_6, 500));
		break;
	default:
		emit(p, BPF_STX_MEM(BPF_DW, BPF_REG_10, any_number(p), -13));
		break;
	}
}

static void statement(struct random_prog *p)
{
	if (p->choices && !p->n_choices) {
		arithmetic(p); /* few choices, a short program */
		return;
	}
	if (p->wrong && !rnd(p, (uint32_t)p->wrong)) {
		forbidden(p);
		return;
	}
	switch (rnd(p, 22)) {
	case 0 ... 4:
		arithmetic(p);
		break;
	case 5:
		unary(p);
		break;
	case 6 ... 8:
		branch(p);
		break;
	case 9 ... 10:
		stack_access(p);
		break;
	case 11:
		variable_stack(p);
		break;
	case 12:
		lookup(p);
		break;
	case 13:
		loop(p);
		break;
	case 14:
		call(p);
		break;
	case 15 ... 16:
		packet(p);
		break;
	case 17:
		helper_memory(p);
		break;
	case 18:
		spilled_lookup(p);
		break;
	case 19:
		atomics(p);
		break;
	default:
		unknown(p, number(p));
		break;
	}
}

static void block(struct random_prog *p)
{
	if (p->depth > 3 || p->n > RANDOM_PROG_INSNS_MAX / 3) {
		arithmetic(p);
		return;
	}
	p->depth++;
	for (uint32_t i = 1 + rnd(p, 3); i-- && p->n + ROOM < RANDOM_PROG_INSNS_MAX;)
		statement(p);
	p->depth--;
}

/* What lies on the stack, or a pointer in it, is no one's business. */
static void clear_stack(struct random_prog *p)
{
	for (int off = -72; p->pure && off < 0; off += 8)
		emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, (int16_t)off, 0));
}

static void main_prog(struct random_prog *p)
{
	emit(p, BPF_MOV64_REG(BPF_REG_6, BPF_REG_1));
	clear_stack(p);
	unknown(p, BPF_REG_7);
	emit(p, BPF_LDX_MEM(BPF_W, BPF_REG_8, BPF_REG_6,
			    p->type == BPF_PROG_TYPE_XDP ? 16 : 0)); /* rx_queue_index, len */
	emit(p, BPF_MOV64_IMM(BPF_REG_9, imm(p)));
	emit(p, BPF_ST_MEM(BPF_DW, BPF_REG_10, -24, 1));
	for (uint32_t i = 2 + rnd(p, 8); i--;)
		statement(p);
	emit(p, BPF_MOV64_REG(BPF_REG_0, any_number(p)));
	emit(p, BPF_EXIT_INSN());
}

/* (number, pointer to 8 bytes of the caller's stack) */
static void subprog(struct random_prog *p)
{
	emit(p, BPF_MOV64_REG(BPF_REG_7, BPF_REG_1));
	emit(p, BPF_MOV64_REG(BPF_REG_6, BPF_REG_2));
	clear_stack(p);
	emit(p, BPF_LDX_MEM(BPF_W, BPF_REG_8, BPF_REG_6, 0));
	emit(p, BPF_MOV64_IMM(BPF_REG_9, imm(p)));
	if (rnd(p, 2))
		emit(p, BPF_STX_MEM(BPF_DW, BPF_REG_6, BPF_REG_7, 0));
	for (uint32_t i = 1 + rnd(p, 3); i--;)
		statement(p);
	emit(p, BPF_MOV64_REG(BPF_REG_0, any_number(p)));
	emit(p, BPF_EXIT_INSN());
}

static void make(struct random_prog *p)
{
	uint32_t n, done = 0;

	p->busy = -1;
	p->wrong = p->pure || rnd(p, 3) ? 0 : 12;
	p->subprogs = rnd(p, 3);
	p->type = rnd(p, 3) ? BPF_PROG_TYPE_SOCKET_FILTER : BPF_PROG_TYPE_XDP;
	p->flags = rnd(p, 4) ? 0 : rnd(p, 2) ? BPF_F_TEST_STATE_FREQ : BPF_F_STRICT_ALIGNMENT;
	main_prog(p);
	p->in_subprog = true;
	n = p->subprogs;
	for (uint32_t i = 0; i < n; i++) {
		bool called = false;

		for (uint32_t c = 0; c < p->n_calls; c++)
			called |= p->callee[c] == i;
		if (!called)
			continue; /* an unreachable one would be all the verifier sees */
		p->subprogs = 0; /* calls only from the main program: no recursion */
		for (uint32_t c = 0; c < p->n_calls; c++)
			if (p->callee[c] == i)
				p->insns[p->calls[c]].imm = (int32_t)(p->n - p->calls[c] - 1);
		subprog(p);
		done++;
	}
	p->subprogs = done;
}

void random_prog_make(struct random_prog *p, uint64_t seed, int map_fd, bool pure)
{
	*p = (struct random_prog){ .rng = seed * 0x9e3779b97f4a7c15u + 88172645463325252u,
				   .map_fd = map_fd, .pure = pure };
	make(p);
}

void random_prog_choose(struct random_prog *p, const uint8_t *choices, size_t n, int map_fd)
{
	*p = (struct random_prog){ .rng = 88172645463325252u, .map_fd = map_fd,
				   .choices = choices, .n_choices = n };
	make(p);
}
