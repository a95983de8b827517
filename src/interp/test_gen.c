/* SPDX-License-Identifier: BSD-2-Clause */
/* See test_gen.h. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "interp/test_gen.h"

#define INSNS_MAX 16384
#define ROOM 64           /* instructions the longest action may take, and the ending */
#define PENDING_MAX 8     /* forward jumps whose target is still to come */
#define STACK_USED 64     /* bytes below the frame pointer that are initialised and used */
#define SUBPROGS_AT_MOST 6
#define FIRST_LEAF 4      /* from this subprogram on: no stack, no calls, no saved registers */
#define CTX_REG 6         /* of the main program; in subprograms it is a number like others */
#define COUNT_REG 9       /* inside a loop */

struct gen {
	uint64_t rng;
	struct bpf_insn insns[INSNS_MAX];
	uint32_t n;
	uint16_t init;   /* registers that hold a number */
	uint16_t locked; /* registers that must not be written */
	bool is_main;
	uint32_t subprog; /* number of this one */
	uint32_t starts[SUBPROGS_AT_MOST];
	uint32_t calls[256]; /* bpf-to-bpf calls: instruction << 3 | subprog */
	uint32_t n_calls;
	struct {
		uint32_t pc;
		uint32_t left; /* actions to jump over */
	} pending[PENDING_MAX];
	uint32_t n_pending;
};

static uint64_t rnd(struct gen *g)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return g->rng * 0x2545f4914f6cdd1d >> 8;
}

static uint32_t below(struct gen *g, uint32_t n)
{
	return (uint32_t)(rnd(g) % n);
}

static void emit(struct gen *g, struct bpf_insn insn)
{
	if (g->n == INSNS_MAX)
		abort();
	g->insns[g->n++] = insn;
}

static int32_t some_imm(struct gen *g)
{
	static const int32_t edges[] = { 0, 1, -1, 2, 7, 10, 127, 128, -128, 255, 0xffff, 0x7fffffff,
					 INT32_MIN, 100, 1000, 3, 5, 9, 64 };

	return below(g, 3) ? edges[below(g, ARRAY_SIZE(edges))] : (int32_t)rnd(g);
}

static uint64_t some_value(struct gen *g)
{
	switch (below(g, 4)) {
	case 0:
		return (uint64_t)(int64_t)some_imm(g);
	case 1:
		return rnd(g) << 8 ^ rnd(g);
	case 2:
		return (uint32_t)some_imm(g);
	default:
		return UINT64_C(1) << below(g, 64);
	}
}

/* A register out of @mask, which is not empty. */
static uint8_t pick(struct gen *g, uint16_t mask)
{
	uint8_t r;

	do
		r = (uint8_t)below(g, 10);
	while (!(mask >> r & 1));
	return r;
}

static uint8_t some_src(struct gen *g)
{
	return pick(g, g->init);
}

/* A register to change: it holds a number already. */
static uint8_t some_dst(struct gen *g)
{
	return pick(g, g->init & ~g->locked);
}

/* A register to set. */
static uint8_t fresh(struct gen *g)
{
	uint8_t r = pick(g, 0x3ff & ~g->locked);

	g->init |= (uint16_t)(1u << r);
	return r;
}

static uint8_t some_size(struct gen *g)
{
	static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

	return sizes[below(g, 4)];
}

static void act_binary(struct gen *g)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR,  BPF_AND, BPF_LSH,
				       BPF_RSH, BPF_MOD, BPF_XOR, BPF_MOV, BPF_ARSH };
	uint8_t op = ops[below(g, ARRAY_SIZE(ops))], class = below(g, 2) ? BPF_ALU64 : BPF_ALU;
	bool is_div = op == BPF_DIV || op == BPF_MOD;
	bool is_shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
	int16_t off = is_div && below(g, 2);
	int32_t imm = some_imm(g);
	uint8_t src = some_src(g), dst = op == BPF_MOV ? fresh(g) : some_dst(g);

	if (is_shift)
		imm &= class == BPF_ALU64 ? 63 : 31;
	if (is_div && !imm)
		imm = 10;
	if (below(g, 2))
		emit(g, BPF_RAW_INSN(class | op | BPF_X, dst, src, off, 0));
	else
		emit(g, BPF_RAW_INSN(class | op | BPF_K, dst, 0, off, imm));
}

static void act_unary(struct gen *g)
{
	static const int16_t bits[] = { 8, 16, 32 };
	uint8_t src = some_src(g), dst = some_dst(g);

	switch (below(g, 6)) {
	case 0:
		emit(g, BPF_RAW_INSN(BPF_ALU64 | BPF_NEG, dst, 0, 0, 0));
		return;
	case 1:
		emit(g, BPF_RAW_INSN(BPF_ALU | BPF_NEG, dst, 0, 0, 0));
		return;
	case 2:
		emit(g, BPF_ENDIAN(below(g, 2) ? BPF_TO_BE : BPF_TO_LE, dst, 16 << below(g, 3)));
		return;
	case 3:
		emit(g, BPF_BSWAP(dst, 16 << below(g, 3)));
		return;
	case 4:
		emit(g, BPF_MOVSX64_REG(dst, src, bits[below(g, 3)]));
		return;
	default:
		emit(g, BPF_MOVSX32_REG(dst, src, bits[below(g, 2)]));
	}
}

/* t = x; t >>= a; y = x; y <<= b; y |= t, or with t and y changed over. */
static void idiom_rotation(struct gen *g, uint8_t x, uint8_t t, uint8_t y)
{
	uint8_t class = below(g, 2) ? BPF_ALU64 : BPF_ALU, first = below(g, 2) ? BPF_LSH : BPF_RSH;
	uint8_t join = below(g, 2) ? BPF_OR : below(g, 2) ? BPF_ADD : BPF_XOR;
	int32_t width = class == BPF_ALU64 ? 64 : 32, n = 1 + (int32_t)below(g, (uint32_t)width - 1);

	emit(g, BPF_RAW_INSN(class | BPF_MOV | BPF_X, t, x, 0, 0));
	emit(g, BPF_RAW_INSN(class | first | BPF_K, t, 0, 0, n));
	if (x != y)
		emit(g, BPF_RAW_INSN(class | BPF_MOV | BPF_X, y, x, 0, 0));
	emit(g, BPF_RAW_INSN(class | (first ^ BPF_LSH ^ BPF_RSH) | BPF_K, y, 0, 0, width - n));
	if (below(g, 2))
		emit(g, BPF_RAW_INSN(class | join | BPF_X, y, t, 0, 0));
	else
		emit(g, BPF_RAW_INSN(class | join | BPF_X, t, y, 0, 0));
	if (below(g, 2))
		emit(g, BPF_MOV64_IMM(below(g, 2) ? t : y, some_imm(g)));
}

/* An extension after what may have made it unnecessary, or only nearly so. */
static void idiom_extension(struct gen *g, uint8_t dst, uint8_t src)
{
	switch (below(g, 6)) {
	case 0:
		emit(g, BPF_ALU64_IMM(BPF_AND, dst, some_imm(g)));
		break;
	case 1:
		emit(g, BPF_ALU64_IMM(BPF_RSH, dst, 30 + (int32_t)below(g, 4)));
		break;
	case 2:
		emit(g, BPF_MOV64_IMM(dst, some_imm(g)));
		break;
	case 3:
		emit(g, BPF_MOV64_REG(dst, src));
		break;
	case 4:
		emit(g, BPF_ALU32_REG(BPF_ADD, dst, src));
		if (below(g, 2))
			emit(g, BPF_ALU64_IMM(BPF_ADD, dst, -1));
		break;
	default:
		emit(g, BPF_LDX_MEM(some_size(g), dst, BPF_REG_10, -8));
	}
	emit(g, BPF_ZEXT_REG(dst));
}

/* A big-endian number out of memory; an index scaled and added to something. */
static void idiom_address(struct gen *g, uint8_t dst, uint8_t src)
{
	uint8_t size = below(g, 3) ? below(g, 2) ? BPF_W : BPF_DW : BPF_H;
	int bytes = isa_size_bytes(size);

	if (below(g, 2)) {
		emit(g, BPF_LDX_MEM(size, dst, BPF_REG_10,
				    (int16_t)-(bytes + (int)below(g, (uint32_t)(STACK_USED - bytes)))));
		emit(g, below(g, 2) ? BPF_ENDIAN(BPF_TO_BE, dst, bytes * 8) : BPF_BSWAP(dst, bytes * 8));
	} else {
		emit(g, BPF_ALU64_IMM(BPF_LSH, dst, 1 + (int32_t)below(g, 4)));
		emit(g, BPF_ALU64_REG(BPF_ADD, dst, src));
	}
}

/* The stack addressed by a sum: t is an address only in between, and is overwritten at the end. */
static void idiom_index(struct gen *g, uint8_t t, uint8_t i, uint8_t x)
{
	uint8_t size = some_size(g);
	int32_t scale = (int32_t)below(g, 4);

	/* i = 0 to 3, so that the scaled index stays below 32 */
	emit(g, BPF_ALU64_IMM(BPF_AND, i, 3));
	switch (below(g, 4)) {
	case 0:
		emit(g, BPF_MOV64_REG(t, BPF_REG_10));
		emit(g, BPF_ALU64_REG(BPF_ADD, t, i));
		break;
	case 1:
		emit(g, BPF_MOV64_REG(t, i));
		emit(g, BPF_ALU64_REG(BPF_ADD, t, BPF_REG_10));
		break;
	default:
		emit(g, BPF_MOV64_REG(t, i));
		if (scale)
			emit(g, BPF_ALU64_IMM(BPF_LSH, t, scale));
		emit(g, BPF_ALU64_REG(BPF_ADD, t, BPF_REG_10));
	}
	if (below(g, 2)) {
		emit(g, BPF_LDX_MEM(size, below(g, 2) ? t : x, t, -STACK_USED));
	} else {
		emit(g, BPF_STX_MEM(size, t, i, -STACK_USED + 24));
	}
	emit(g, BPF_LDX_MEM(BPF_DW, t, BPF_REG_10, -STACK_USED));
}

/* A number in memory changed in place, with the register dead afterwards or not. */
static void idiom_in_place(struct gen *g, uint8_t t, uint8_t x)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_OR, BPF_AND, BPF_XOR, BPF_MUL };
	uint8_t size = below(g, 2) ? BPF_W : BPF_DW, op = ops[below(g, ARRAY_SIZE(ops))];
	uint8_t class = below(g, 2) ? BPF_ALU64 : BPF_ALU;
	int16_t off = (int16_t)-(8 + (int)below(g, STACK_USED - 8));

	emit(g, BPF_LDX_MEM(size, t, BPF_REG_10, off));
	if (below(g, 2))
		emit(g, BPF_RAW_INSN(class | op | BPF_X, t, x, 0, 0));
	else
		emit(g, BPF_RAW_INSN(class | op | BPF_K, t, 0, 0, some_imm(g)));
	emit(g, BPF_STX_MEM(size, BPF_REG_10, t, off));
	if (below(g, 2))
		emit(g, BPF_MOV64_IMM(t, 3));
}

/* r[0] = the @n bytes at base + off, put together from smaller loads; now and then not quite. */
static void put_together(struct gen *g, const uint8_t *r, uint8_t base, int16_t off, int n)
{
	int half = n / 2, upper = below(g, 2) != 0;
	uint8_t class = below(g, half * 8 < 32 ? 2 : 12) ? BPF_ALU64 : BPF_ALU;
	uint8_t join = below(g, 8) ? BPF_OR : below(g, 2) ? BPF_XOR : BPF_ADD;

	if (n == 1 || (n < 8 && below(g, 5) == 0)) {
		emit(g, BPF_LDX_MEM(n == 1 ? BPF_B : n == 2 ? BPF_H : BPF_W, r[0], base, off));
		return;
	}
	put_together(g, r, base, (int16_t)(off + upper * half), half);
	if (upper)
		emit(g, BPF_RAW_INSN(class | BPF_LSH | BPF_K, r[0], 0, 0, half * 8));
	put_together(g, r + 1, base, (int16_t)(off + (below(g, 16) ? !upper * half : 0)), half);
	if (!upper)
		emit(g, BPF_RAW_INSN(class | BPF_LSH | BPF_K, r[1], 0, 0,
				     below(g, 20) ? half * 8 : 1 + (int32_t)below(g, 31)));
	emit(g, BPF_RAW_INSN(class | join | BPF_X, r[0], r[1], 0, 0));
}

/* A number put together from bytes, with what it took dead afterwards or not; or the address is
 * overwritten by the last of them. */
static void idiom_bytes(struct gen *g)
{
	bool is_ctx = g->is_main && below(g, 2);
	int16_t off = (int16_t)below(g, STACK_USED - 7);
	uint8_t r[4], base = is_ctx ? CTX_REG : BPF_REG_10;
	uint16_t free_regs = 0x3ff & ~g->locked;

	if (__builtin_popcount(free_regs) < 4)
		return;
	for (int i = 0; i < 4; i++) {
		r[i] = pick(g, free_regs);
		free_regs &= (uint16_t)~(1u << r[i]);
		if (!(g->init >> r[i] & 1))
			emit(g, BPF_MOV64_IMM(r[i], i));
		g->init |= (uint16_t)(1u << r[i]);
	}
	if (!is_ctx)
		off = (int16_t)(off - STACK_USED);
	if (below(g, 4) == 0) {
		emit(g, BPF_MOV64_REG(r[1], base));
		emit(g, BPF_LDX_MEM(BPF_H, r[0], r[1], off));
		emit(g, BPF_LDX_MEM(BPF_H, r[1], r[1], (int16_t)(off + 2)));
		emit(g, BPF_ALU64_IMM(BPF_LSH, r[below(g, 2)], 16));
		emit(g, BPF_ALU64_REG(BPF_OR, r[1], r[0]));
	} else {
		put_together(g, r, base, off, 2 << below(g, 3));
	}
	for (int i = 1; i < 4; i++) {
		if (below(g, 8))
			emit(g, BPF_MOV64_IMM(r[i], some_imm(g)));
	}
}

/* r0 = something, or 0: the end of an inlined lookup. */
static void idiom_miss(struct gen *g)
{
	bool more = below(g, 2) != 0;

	if (g->locked & 1)
		return;
	emit(g, BPF_JMP_IMM(below(g, 2) ? BPF_JGE : BPF_JSLT, some_src(g), some_imm(g),
			    (int16_t)(2 + more + (below(g, 8) == 0))));
	emit(g, BPF_MOV64_REG(0, some_src(g)));
	if (more)
		emit(g, BPF_ALU64_IMM(BPF_ADD, 0, 77));
	emit(g, BPF_JMP_A(1));
	emit(g, BPF_MOV64_IMM(0, below(g, 8) ? 0 : 1));
	/* A jump past both ends here, and then R0 may be what it was. */
	if (!(g->init & 1))
		emit(g, BPF_MOV64_IMM(0, 9));
	g->init |= 1;
	if (below(g, 2))
		emit(g, BPF_ZEXT_REG(0));
}

/* What compilers write in several instructions and a JIT may make one of. */
static void act_idiom(struct gen *g)
{
	uint8_t src = some_src(g), dst = some_dst(g), tmp = fresh(g);
	uint8_t class = below(g, 2) ? BPF_ALU64 : BPF_ALU;
	int32_t width = class == BPF_ALU64 ? 64 : 32, n = 1 + (int32_t)below(g, (uint32_t)width - 1);
	uint8_t join = below(g, 3) ? BPF_OR : below(g, 2) ? BPF_ADD : BPF_XOR;

	switch (below(g, 21)) {
	case 19:
	case 20:
		emit(g, BPF_MOV64_IMM(tmp, 6));
		idiom_miss(g);
		return;
	case 16:
	case 17:
	case 18:
		emit(g, BPF_MOV64_IMM(tmp, 5));
		idiom_bytes(g);
		return;
	case 12:
	case 13:
		if (tmp == dst) {
			emit(g, BPF_MOV64_IMM(tmp, 4));
			return;
		}
		idiom_index(g, tmp, dst, dst);
		return;
	case 14:
	case 15:
		idiom_in_place(g, tmp, src);
		return;
	case 10:
	case 11:
		idiom_extension(g, dst, src);
		emit(g, BPF_MOV64_REG(tmp, dst));
		return;
	case 6:
	case 7:
	case 8:
		idiom_rotation(g, src, tmp, below(g, 2) && !(g->locked >> src & 1) ? src : dst);
		return;
	case 9:
		idiom_address(g, dst, src);
		emit(g, BPF_MOV64_IMM(tmp, 1));
		return;
	case 0: /* a rotation */
		emit(g, BPF_RAW_INSN(class | BPF_MOV | BPF_X, tmp, dst, 0, 0));
		emit(g, BPF_RAW_INSN(class | BPF_RSH | BPF_K, tmp, 0, 0, width - n));
		emit(g, BPF_RAW_INSN(class | BPF_LSH | BPF_K, dst, 0, 0, n));
		emit(g, BPF_RAW_INSN(class | join | BPF_X, dst, tmp, 0, 0));
		return;
	case 1: /* the same, to the other side and into the copy */
		emit(g, BPF_RAW_INSN(class | BPF_MOV | BPF_X, tmp, dst, 0, 0));
		emit(g, BPF_RAW_INSN(class | BPF_LSH | BPF_K, tmp, 0, 0, n));
		emit(g, BPF_RAW_INSN(class | BPF_RSH | BPF_K, dst, 0, 0, width - n + (int)below(g, 2)));
		emit(g, BPF_RAW_INSN(class | join | BPF_X, tmp, dst, 0, 0));
		return;
	case 2: /* an addition with three operands */
		emit(g, BPF_MOV64_REG(tmp, src));
		emit(g, BPF_ALU64_IMM(BPF_ADD, tmp, some_imm(g)));
		return;
	case 3:
		emit(g, BPF_RAW_INSN(class | BPF_MOV | BPF_X, tmp, src, 0, 0));
		emit(g, BPF_RAW_INSN(class | BPF_ADD | BPF_X, tmp, dst, 0, 0));
		return;
	case 4: /* zero and sign extension by shifts */
		emit(g, BPF_MOV64_REG(tmp, src));
		emit(g, BPF_ALU64_IMM(BPF_LSH, dst, 32 + 8 * (int)below(g, 4)));
		emit(g, BPF_ALU64_IMM(below(g, 2) ? BPF_RSH : BPF_ARSH, dst, g->insns[g->n - 1].imm));
		return;
	default:
		emit(g, BPF_RAW_INSN(class | BPF_MOV | BPF_X, tmp, src, 0, 0));
		emit(g, BPF_RAW_INSN(class | BPF_RSH | BPF_K, tmp, 0, 0, n));
		emit(g, BPF_ALU64_IMM(BPF_AND, tmp, 0xff));
	}
}

static void act_number(struct gen *g)
{
	uint8_t dst = fresh(g);
	uint64_t value = some_value(g);
	const struct bpf_insn insns[] = { BPF_LD_IMM64(dst, value) };

	emit(g, insns[0]);
	emit(g, insns[1]);
}

/* A base register and an offset of @bytes bytes that are ours; aligned when asked for. */
static uint8_t some_address(struct gen *g, int bytes, bool aligned, int16_t *off)
{
	bool is_ctx = g->is_main && below(g, 3) == 0;
	int32_t span = is_ctx ? 128 : STACK_USED;
	int32_t at = (int32_t)below(g, (uint32_t)(span - bytes + 1));

	if (aligned)
		at -= at % bytes;
	*off = (int16_t)(is_ctx ? at : at - STACK_USED);
	return is_ctx ? CTX_REG : BPF_REG_10;
}

static void act_memory(struct gen *g)
{
	uint8_t size = some_size(g);
	int16_t off;
	uint8_t base = some_address(g, isa_size_bytes(size), below(g, 4) != 0, &off);
	uint8_t src = some_src(g);

	switch (below(g, 4)) {
	case 0:
		emit(g, BPF_STX_MEM(size, base, src, off));
		return;
	case 1:
		emit(g, BPF_ST_MEM(size, base, off, some_imm(g)));
		return;
	case 2:
		if (size != BPF_DW) {
			emit(g, BPF_LDX_MEMSX(size, fresh(g), base, off));
			return;
		}
		__attribute__((fallthrough));
	default:
		emit(g, BPF_LDX_MEM(size, fresh(g), base, off));
	}
}

static void act_atomic(struct gen *g)
{
	static const int32_t ops[] = { BPF_ADD, BPF_OR, BPF_AND, BPF_XOR, BPF_ADD | BPF_FETCH,
				       BPF_OR | BPF_FETCH, BPF_AND | BPF_FETCH, BPF_XOR | BPF_FETCH,
				       BPF_XCHG, BPF_CMPXCHG };
	bool plain = below(g, 4) == 0;
	uint8_t size = plain ? some_size(g) : below(g, 2) ? BPF_W : BPF_DW;
	int32_t op = ops[below(g, ARRAY_SIZE(ops))];
	int16_t off;
	uint8_t base = some_address(g, isa_size_bytes(size), true, &off);

	if (plain && below(g, 2)) {
		emit(g, BPF_ATOMIC_OP(size, BPF_LOAD_ACQ, fresh(g), base, off));
		return;
	}
	if (plain) {
		emit(g, BPF_ATOMIC_OP(size, BPF_STORE_REL, base, some_src(g), off));
		return;
	}
	if (op == BPF_CMPXCHG && (!(g->init & 1) || g->locked & 1))
		op = BPF_XCHG;
	emit(g, BPF_ATOMIC_OP(size, op, base, op & BPF_FETCH ? some_dst(g) : some_src(g), off));
}

static void act_branch(struct gen *g)
{
	static const uint8_t ops[] = { BPF_JEQ,  BPF_JGT,  BPF_JGE, BPF_JSET, BPF_JNE, BPF_JSGT,
				       BPF_JSGE, BPF_JLT,  BPF_JLE, BPF_JSLT, BPF_JSLE };
	uint8_t class = below(g, 2) ? BPF_JMP : BPF_JMP32, op = ops[below(g, ARRAY_SIZE(ops))];

	if (g->n_pending == PENDING_MAX)
		return;
	/* A condition the other way round, as clang writes it. */
	if (below(g, 4) == 0)
		emit(g, BPF_RAW_INSN(class | op | BPF_X, some_src(g), some_src(g), 1, 0));
	g->pending[g->n_pending].pc = g->n;
	g->pending[g->n_pending++].left = below(g, 12);
	switch (below(g, 8)) {
	case 0:
		emit(g, BPF_JMP_A(0));
		return;
	case 1:
		emit(g, BPF_JMP32_A(0));
		return;
	case 2:
	case 3:
	case 4:
		emit(g, BPF_RAW_INSN(class | op | BPF_K, some_src(g), 0, 0, some_imm(g)));
		return;
	default:
		emit(g, BPF_RAW_INSN(class | op | BPF_X, some_src(g), some_src(g), 0, 0));
	}
}

/* Gives the jump at @pc its target: here. */
static void land(struct gen *g, uint32_t pc)
{
	struct bpf_insn *insn = &g->insns[pc];
	int32_t off = (int32_t)(g->n - pc - 1);

	if (insn->code == (BPF_JMP32 | BPF_JA))
		insn->imm = off;
	else
		insn->off = (int16_t)off;
}

/* An action is done: land what counts down to 0, or all. */
static void land_pending(struct gen *g, bool all)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->n_pending; i++) {
		if (!all && g->pending[i].left) {
			g->pending[i].left--;
			g->pending[kept++] = g->pending[i];
			continue;
		}
		land(g, g->pending[i].pc);
	}
	g->n_pending = kept;
}

static void give_arguments(struct gen *g)
{
	for (uint8_t r = 1; r <= 5; r++) {
		if (!(g->init >> r & 1))
			emit(g, BPF_MOV64_IMM(r, some_imm(g)));
	}
}

static void act_call(struct gen *g)
{
	if (g->locked & 0x3f)
		return;
	give_arguments(g);
	if (below(g, 2) && g->subprog + 1 < SUBPROGS_AT_MOST && g->n_calls < ARRAY_SIZE(g->calls)) {
		uint32_t to = g->subprog + 1 + below(g, SUBPROGS_AT_MOST - g->subprog - 1);

		g->calls[g->n_calls++] = g->n << 3 | to;
		emit(g, BPF_CALL_REL(0));
	} else {
		emit(g, BPF_CALL_HELPER((int32_t)below(g, 2)));
	}
	g->init = (uint16_t)((g->init & ~0x3f) | 1);
}

static void act_simple(struct gen *g)
{
	switch (below(g, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		act_binary(g);
		break;
	case 4:
	case 5:
		act_idiom(g);
		break;
	case 6:
		act_unary(g);
		break;
	case 7:
		act_number(g);
		break;
	case 8:
	case 9:
	case 10:
		act_memory(g);
		break;
	default:
		act_atomic(g);
	}
}

/* A few actions, a few times. Nothing else jumps in or out. */
static void act_loop(struct gen *g)
{
	uint32_t start;

	if (g->locked >> COUNT_REG & 1)
		return;
	land_pending(g, true);
	emit(g, BPF_MOV64_IMM(COUNT_REG, 1 + (int32_t)below(g, 5)));
	g->init |= 1u << COUNT_REG;
	g->locked |= 1u << COUNT_REG;
	start = g->n;
	for (uint32_t i = below(g, 5); i; i--)
		act_simple(g);
	emit(g, BPF_ALU64_IMM(BPF_SUB, COUNT_REG, 1));
	emit(g, BPF_JMP_IMM(BPF_JNE, COUNT_REG, 0, (int16_t)((int32_t)start - (int32_t)g->n - 1)));
	g->locked &= (uint16_t)~(1u << COUNT_REG);
}

static bool is_leaf(const struct gen *g)
{
	return g->subprog >= FIRST_LEAF;
}

/* A leaf may be so short that its code is put where it is called. */
static void act_in_leaf(struct gen *g)
{
	switch (below(g, 8)) {
	case 0:
		act_branch(g);
		break;
	case 1:
		act_unary(g);
		break;
	case 2:
		act_number(g);
		break;
	case 3:
		idiom_miss(g);
		break;
	default:
		act_binary(g);
	}
}

static void act_anywhere(struct gen *g)
{
	switch (below(g, 16)) {
	case 0:
	case 1:
		act_branch(g);
		break;
	case 2:
		act_call(g);
		break;
	case 3:
		act_loop(g);
		break;
	default:
		act_simple(g);
	}
}

static void act(struct gen *g)
{
	uint16_t before = g->init;

	if (is_leaf(g))
		act_in_leaf(g);
	else
		act_anywhere(g);
	/* What a jump may have skipped is not initialised for those behind it. */
	if (g->n_pending)
		g->init &= before;
	land_pending(g, false);
}

static void begin(struct gen *g, uint32_t subprog)
{
	g->subprog = subprog;
	g->starts[subprog] = g->n;
	g->is_main = subprog == 0;
	g->locked = g->is_main ? 1u << CTX_REG : is_leaf(g) ? 0x3c0 : 0;
	g->init = g->is_main ? 0 : 0x3e;
	if (g->is_main)
		emit(g, BPF_MOV64_REG(CTX_REG, 1));
	for (uint8_t r = 0; r < 10; r++) {
		if ((g->init | g->locked) >> r & 1)
			continue;
		if (g->is_main)
			emit(g, BPF_LDX_MEM(BPF_DW, r, CTX_REG, (int16_t)(8 * below(g, 16))));
		else
			emit(g, BPF_MOV64_REG(r, 1 + (uint8_t)below(g, 5)));
		g->init |= (uint16_t)(1u << r);
	}
	for (int16_t off = -STACK_USED; off < 0 && !is_leaf(g); off += 8)
		emit(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, some_src(g), off));
}

/* Registers to the context (main program), and all of them and the stack into R0. */
static void end(struct gen *g)
{
	land_pending(g, true);
	if (!(g->init & 1))
		emit(g, BPF_MOV64_IMM(0, 0));
	for (uint8_t r = 1; r < 10; r++) {
		if (!(g->init >> r & 1))
			continue;
		if (g->is_main)
			emit(g, BPF_STX_MEM(BPF_DW, CTX_REG, r, (int16_t)(128 + 8 * r)));
		emit(g, BPF_ALU64_IMM(BPF_MUL, 0, 31));
		emit(g, BPF_ALU64_REG(BPF_XOR, 0, r));
	}
	for (int16_t off = -STACK_USED; off < 0 && !is_leaf(g); off += 8) {
		emit(g, BPF_LDX_MEM(BPF_DW, 1, BPF_REG_10, off));
		emit(g, BPF_ALU64_IMM(BPF_MUL, 0, 31));
		emit(g, BPF_ALU64_REG(BPF_ADD, 0, 1));
	}
	emit(g, BPF_EXIT_INSN());
}

static uint64_t helper_mix(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return (((a * 7 + b) * 7 + c) * 7 + d) * 7 + e;
}

static uint64_t helper_first(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)b, (void)c, (void)d, (void)e;
	return a;
}

struct test_prog *test_gen_prog(uint64_t seed, uint32_t n_actions)
{
	struct gen *g = calloc(1, sizeof(*g));
	struct test_prog *tp;
	uint32_t n;

	if (!g)
		abort();
	g->rng = seed * 0x9e3779b97f4a7c15 + 1;
	for (uint32_t s = 0; s < SUBPROGS_AT_MOST; s++) {
		begin(g, s);
		n = is_leaf(g) ? below(g, 12) : s ? n_actions / 8 : n_actions;
		for (uint32_t i = 0; i < n; i++) {
			if (g->n + ROOM * 8 < INSNS_MAX)
				act(g);
		}
		end(g);
	}
	for (uint32_t i = 0; i < g->n_calls; i++) {
		uint32_t pc = g->calls[i] >> 3;

		g->insns[pc].imm = (int32_t)(g->starts[g->calls[i] & 7] - pc - 1);
	}
	tp = test_prog_new(g->insns, g->n);
	for (uint32_t s = 1; s < SUBPROGS_AT_MOST; s++)
		test_prog_cut(tp, g->starts[s]);
	for (uint32_t s = 0; s < SUBPROGS_AT_MOST; s++)
		tp->subprogs[s].stack_bytes = STACK_USED;
	test_prog_call(tp, helper_mix, 1);
	test_prog_call(tp, helper_first, 2);
	free(g);
	return tp;
}

void test_gen_ctx(uint64_t seed, struct gen_ctx *ctx)
{
	struct gen *g = calloc(1, sizeof(*g));

	if (!g)
		abort();
	g->rng = seed * 0x9e3779b97f4a7c15 + 99;
	for (int i = 0; i < GEN_CTX_WORDS; i++)
		ctx->words[i] = some_value(g);
	free(g);
}
