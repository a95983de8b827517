/* SPDX-License-Identifier: BSD-2-Clause */
/* See test_isa.h. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "interp/test_isa.h"

/* Register pairs (dst, src): low and high ones, those x86 treats specially (R4 is rcx, R0 rax, R3 rdx,
 * R7 r13, whose encoding as a base is special, and R11 r12, likewise), equal ones. R6 holds the io pointer. */
static const uint8_t pairs[][2] = {
	{ 0, 1 }, { 1, 0 }, { 2, 3 }, { 3, 4 }, { 4, 3 }, { 4, 0 }, { 0, 4 },
	{ 5, 7 }, { 7, 5 }, { 8, 9 }, { 9, 4 }, { 3, 0 }, { 0, 3 }, { 4, 9 },
	{ 0, 0 }, { 3, 3 }, { 4, 4 }, { 7, 7 }, { 11, 4 }, { 0, 11 },
};

static const int32_t imms[] = { 0, 1, 2, 3, 7, 8, 10, 31, 32, 63, 64, 127, 128, 255, 256, 0xffff,
				0x7fffffff, INT32_MIN, -1, -2, -128, -129, 0x12345678 };

static const uint64_t values[] = {
	0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
	0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0x100000000, 0x1ffffffff,
	0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001,
	0xffffffff80000000, 0xffffffff7fffffff, 0xfffffffffffffffe, 0xffffffffffffffff,
};

static const uint8_t alu_ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR,  BPF_AND,
				   BPF_LSH, BPF_RSH, BPF_MOD, BPF_XOR, BPF_MOV, BPF_ARSH };
static const uint8_t jmp_ops[] = { BPF_JEQ,  BPF_JGT,  BPF_JGE, BPF_JSET, BPF_JNE, BPF_JSGT,
				   BPF_JSGE, BPF_JLT,  BPF_JLE, BPF_JSLT, BPF_JSLE };
static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
static const int32_t atomic_ops[] = {
	BPF_ADD,             BPF_OR,             BPF_AND,             BPF_XOR,
	BPF_ADD | BPF_FETCH, BPF_OR | BPF_FETCH, BPF_AND | BPF_FETCH, BPF_XOR | BPF_FETCH,
	BPF_XCHG,            BPF_CMPXCHG,
};

struct each {
	isa_case_fn fn;
	void *arg;
};

static void give(const struct each *e, struct bpf_insn insn)
{
	e->fn(&insn, e->arg);
}

static void each_alu(const struct each *e, uint8_t dst, uint8_t src, uint8_t op, int16_t off)
{
	give(e, BPF_ALU64_REG_OFF(op, dst, src, off));
	give(e, BPF_ALU32_REG_OFF(op, dst, src, off));
	for (size_t i = 0; i < ARRAY_SIZE(imms); i++) {
		int32_t imm = imms[i];

		/* What the verifier refuses: shifts out of range, division by a constant 0. */
		if ((op == BPF_DIV || op == BPF_MOD) && !imm)
			continue;
		if (op != BPF_LSH && op != BPF_RSH && op != BPF_ARSH) {
			give(e, BPF_ALU64_IMM_OFF(op, dst, imm, off));
			give(e, BPF_ALU32_IMM_OFF(op, dst, imm, off));
			continue;
		}
		if (imm >= 0 && imm < 64)
			give(e, BPF_ALU64_IMM(op, dst, imm));
		if (imm >= 0 && imm < 32)
			give(e, BPF_ALU32_IMM(op, dst, imm));
	}
}

static void each_unary(const struct each *e, uint8_t dst, uint8_t src)
{
	give(e, BPF_RAW_INSN(BPF_ALU64 | BPF_NEG, dst, 0, 0, 0));
	give(e, BPF_RAW_INSN(BPF_ALU | BPF_NEG, dst, 0, 0, 0));
	for (int bits = 16; bits <= 64; bits *= 2) {
		give(e, BPF_ENDIAN(BPF_TO_LE, dst, bits));
		give(e, BPF_ENDIAN(BPF_TO_BE, dst, bits));
		give(e, BPF_BSWAP(dst, bits));
	}
	for (int16_t bits = 8; bits <= 32; bits *= 2)
		give(e, BPF_MOVSX64_REG(dst, src, bits));
	give(e, BPF_MOVSX32_REG(dst, src, 8));
	give(e, BPF_MOVSX32_REG(dst, src, 16));
	give(e, BPF_ZEXT_REG(dst));
}

static void each_jump(const struct each *e, uint8_t dst, uint8_t src)
{
	for (size_t i = 0; i < ARRAY_SIZE(jmp_ops); i++) {
		give(e, BPF_JMP_REG(jmp_ops[i], dst, src, 1));
		give(e, BPF_JMP32_REG(jmp_ops[i], dst, src, 1));
		for (size_t k = 0; k < ARRAY_SIZE(imms); k++) {
			give(e, BPF_JMP_IMM(jmp_ops[i], dst, imms[k], 1));
			give(e, BPF_JMP32_IMM(jmp_ops[i], dst, imms[k], 1));
		}
	}
	give(e, BPF_JMP_A(1));
	give(e, BPF_JMP32_A(1));
}

/* @off keeps every access inside mem; atomics are aligned to their size. */
static void each_mem(const struct each *e, uint8_t dst, uint8_t src, uint8_t size, int16_t off)
{
	give(e, BPF_LDX_MEM(size, dst, src, off));
	if (size != BPF_DW)
		give(e, BPF_LDX_MEMSX(size, dst, src, off));
	if (dst == src)
		return;
	give(e, BPF_STX_MEM(size, dst, src, off));
	give(e, BPF_ST_MEM(size, dst, off, (int32_t)0x87654321));
	give(e, BPF_ST_MEM(size, dst, off, -1));
	give(e, BPF_ST_MEM(size, dst, off, 1));
	if (off % 8)
		return;
	give(e, BPF_ATOMIC_OP(size, BPF_LOAD_ACQ, dst, src, off));
	give(e, BPF_ATOMIC_OP(size, BPF_STORE_REL, dst, src, off));
	if (size != BPF_W && size != BPF_DW)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(atomic_ops); i++) {
		if (atomic_ops[i] != BPF_CMPXCHG || dst != BPF_REG_0)
			give(e, BPF_ATOMIC_OP(size, atomic_ops[i], dst, src, off));
	}
}

void isa_each_case(isa_case_fn fn, void *arg)
{
	const struct each e = { fn, arg };

	for (size_t p = 0; p < ARRAY_SIZE(pairs); p++) {
		uint8_t dst = pairs[p][0], src = pairs[p][1];

		for (size_t i = 0; i < ARRAY_SIZE(alu_ops); i++)
			each_alu(&e, dst, src, alu_ops[i], 0);
		each_alu(&e, dst, src, BPF_DIV, 1);
		each_alu(&e, dst, src, BPF_MOD, 1);
		each_unary(&e, dst, src);
		each_jump(&e, dst, src);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			each_mem(&e, dst, src, sizes[i], 0);
			each_mem(&e, dst, src, sizes[i], 8);
			each_mem(&e, dst, src, sizes[i], -16);
			each_mem(&e, dst, src, sizes[i], -3);
		}
	}
}

bool isa_operands(const struct bpf_insn *insn, uint32_t i, struct isa_io *io)
{
	const uint32_t n = ARRAY_SIZE(values);
	bool two = BPF_SRC(insn->code) == BPF_X || BPF_CLASS(insn->code) == BPF_STX;

	if (i >= (two ? n * n : n))
		return false;
	memset(io, 0, sizeof(*io));
	io->dst = values[i % n];
	io->src = two ? values[i / n] : 0x5555aaaa33339999;
	io->r0 = values[i * 7 % n];
	for (uint32_t b = 0; b < ISA_IO_MEM_BYTES; b++)
		io->mem[b] = (uint8_t)(0x71 + b * 37 + i * 11);
	if (isa_is_atomic(insn))
		memcpy(io->mem + ISA_IO_MEM_MID + insn->off, &io->dst, 8);
	if (insn->dst_reg == insn->src_reg)
		io->src = io->dst;
	if (insn->dst_reg == BPF_REG_0)
		io->r0 = io->dst;
	else if (insn->src_reg == BPF_REG_0)
		io->r0 = io->src;
	return true;
}

static uint64_t sext(uint64_t v, int bits)
{
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return bits == 64 ? v : ((v & ((sign << 1) - 1)) ^ sign) - sign;
}

static uint64_t zext(uint64_t v, int bits)
{
	return bits == 64 ? v : v & ((UINT64_C(1) << bits) - 1);
}

/* Long division of magnitudes, so that no C overflow rule is involved. */
static uint64_t twin_divmod(uint64_t a, uint64_t b, int bits, bool is_signed, bool mod)
{
	bool neg_a = is_signed && sext(a, bits) >> 63, neg_b = is_signed && sext(b, bits) >> 63;
	uint64_t ma = zext(neg_a ? -a : a, bits), mb = zext(neg_b ? -b : b, bits);
	uint64_t q = 0, r = 0;

	if (!zext(b, bits))
		return mod ? a : 0;
	for (int i = bits - 1; i >= 0; i--) {
		bool carry = r >> 63;

		r = r << 1 | (ma >> i & 1);
		if (carry || r >= mb) {
			r -= mb;
			q |= UINT64_C(1) << i;
		}
	}
	if (mod)
		return neg_a ? -r : r;
	return neg_a != neg_b ? -q : q;
}

static uint64_t twin_shift_right(uint64_t a, unsigned int n, int bits, bool is_signed)
{
	a = is_signed ? sext(a, bits) : zext(a, bits);
	while (n--)
		a = a >> 1 | (is_signed ? a & UINT64_C(1) << 63 : 0);
	return a;
}

static uint64_t twin_binary(const struct bpf_insn *insn, uint64_t a, uint64_t b, int bits)
{
	unsigned int n = (unsigned int)b & (unsigned int)(bits - 1);

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
	case BPF_MOD:
		return twin_divmod(a, b, bits, insn->off == 1, BPF_OP(insn->code) == BPF_MOD);
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_LSH:
		return a << n;
	case BPF_RSH:
		return twin_shift_right(a, n, bits, false);
	case BPF_ARSH:
		return twin_shift_right(a, n, bits, true);
	case BPF_XOR:
		return a ^ b;
	case BPF_MOV:
		return insn->off ? sext(b, insn->off) : b;
	case BPF_NEG:
		return 0 - a;
	default:
		abort();
	}
}

static uint64_t twin_end(const struct bpf_insn *insn, uint64_t a)
{
	bool swaps = BPF_CLASS(insn->code) == BPF_ALU64 || BPF_SRC(insn->code) == BPF_TO_BE;
	uint64_t out = 0;

	for (int i = 0; i < insn->imm / 8; i++) {
		int to = swaps ? insn->imm / 8 - 1 - i : i;

		out |= (a >> i * 8 & 0xff) << to * 8;
	}
	return out;
}

static bool twin_taken(const struct bpf_insn *insn, uint64_t a, uint64_t b, int bits)
{
	const uint64_t flip = UINT64_C(1) << 63;
	uint64_t sa = sext(a, bits) ^ flip, sb = sext(b, bits) ^ flip;

	a = zext(a, bits);
	b = zext(b, bits);
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		abort();
	}
}

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << i * 8;
	return v;
}

static void put(uint8_t *p, int bytes, uint64_t v)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> i * 8);
}

static uint64_t twin_rmw(int32_t op, uint64_t old, uint64_t src)
{
	switch (op & ~BPF_FETCH) {
	case BPF_ADD:
		return old + src;
	case BPF_OR:
		return old | src;
	case BPF_AND:
		return old & src;
	case BPF_XOR:
		return old ^ src;
	default: /* exchange */
		return src;
	}
}

static void twin_atomic(const struct bpf_insn *insn, struct isa_io *io, uint8_t *p, int bytes)
{
	uint64_t old = get(p, bytes);

	if (insn->imm == BPF_LOAD_ACQ) {
		io->dst = old;
	} else if (insn->imm == BPF_STORE_REL) {
		put(p, bytes, io->src);
	} else if (insn->imm == BPF_CMPXCHG) {
		if (old == zext(io->r0, bytes * 8))
			put(p, bytes, io->src);
		io->r0 = old;
		if (insn->src_reg == BPF_REG_0)
			io->src = old;
	} else {
		put(p, bytes, twin_rmw(insn->imm, old, io->src));
		if (insn->imm & BPF_FETCH)
			io->src = old;
	}
}

static void twin_mem(const struct bpf_insn *insn, struct isa_io *io)
{
	int bytes = isa_size_bytes(insn->code);
	uint8_t *p = io->mem + ISA_IO_MEM_MID + insn->off;

	if (isa_is_atomic(insn))
		twin_atomic(insn, io, p, bytes);
	else if (BPF_CLASS(insn->code) == BPF_LDX)
		io->dst = BPF_MODE(insn->code) == BPF_MEMSX ? sext(get(p, bytes), bytes * 8) :
							      get(p, bytes);
	else
		put(p, bytes, BPF_CLASS(insn->code) == BPF_ST ? (uint64_t)(int64_t)insn->imm : io->src);
}

/* The address register is not an operand: its value differs from run to run and is not compared. */
static void twin_forget_base(const struct bpf_insn *insn, struct isa_io *io)
{
	bool base_is_src = BPF_CLASS(insn->code) == BPF_LDX || isa_is_load_acquire(insn);

	if (base_is_src && insn->dst_reg != insn->src_reg)
		io->src = 0;
	else if (!base_is_src)
		io->dst = 0;
}

void isa_twin(const struct bpf_insn *insn, struct isa_io *io)
{
	uint8_t class = BPF_CLASS(insn->code);
	int bits = class == BPF_ALU64 || class == BPF_JMP ? 64 : 32;
	uint64_t b = BPF_SRC(insn->code) == BPF_X ? io->src : (uint64_t)(int64_t)insn->imm;

	if (isa_is_jmp_class(insn)) {
		io->taken = twin_taken(insn, io->dst, b, bits);
	} else if (isa_is_alu(insn)) {
		io->dst = BPF_OP(insn->code) == BPF_END ? twin_end(insn, io->dst) :
							  zext(twin_binary(insn, io->dst, b, bits), bits);
	} else {
		twin_mem(insn, io);
		twin_forget_base(insn, io);
	}
	if (insn->dst_reg == insn->src_reg)
		io->src = io->dst;
	if (insn->dst_reg == BPF_REG_0)
		io->r0 = io->dst;
	else if (insn->src_reg == BPF_REG_0)
		io->r0 = io->src;
}

#define IO(field) ((int16_t)offsetof(struct isa_io, field))

static uint32_t case_epilogue(const struct bpf_insn *insn, struct bpf_insn *out)
{
	bool base_is_src = BPF_CLASS(insn->code) == BPF_LDX || isa_is_load_acquire(insn);
	bool is_mem = !isa_is_alu(insn) && !isa_is_jmp_class(insn);
	uint32_t n = 0;

	if (is_mem && !base_is_src)
		out[n++] = BPF_MOV64_IMM(insn->dst_reg, 0);
	else if (is_mem && insn->dst_reg != insn->src_reg)
		out[n++] = BPF_MOV64_IMM(insn->src_reg, 0);
	out[n++] = BPF_STX_MEM(BPF_DW, 6, insn->dst_reg, IO(dst));
	out[n++] = BPF_STX_MEM(BPF_DW, 6, insn->src_reg, IO(src));
	out[n++] = BPF_STX_MEM(BPF_DW, 6, 0, IO(r0));
	out[n++] = BPF_MOV64_IMM(0, 0);
	out[n++] = BPF_EXIT_INSN();
	return n;
}

uint32_t isa_case_prog(const struct bpf_insn *insn, struct bpf_insn out[ISA_PROG_INSNS_MAX])
{
	bool base_is_src = BPF_CLASS(insn->code) == BPF_LDX || isa_is_load_acquire(insn);
	uint8_t base = base_is_src ? insn->src_reg : insn->dst_reg;
	uint32_t n = 0;

	out[n++] = BPF_MOV64_REG(6, 1);
	out[n++] = BPF_LDX_MEM(BPF_DW, 0, 6, IO(r0));
	out[n++] = BPF_LDX_MEM(BPF_DW, insn->src_reg, 6, IO(src));
	out[n++] = BPF_LDX_MEM(BPF_DW, insn->dst_reg, 6, IO(dst));
	if (isa_is_jmp_class(insn)) {
		out[n++] = BPF_ST_MEM(BPF_DW, 6, IO(taken), 1);
		out[n++] = *insn;
		out[n++] = BPF_ST_MEM(BPF_DW, 6, IO(taken), 0);
		return n + case_epilogue(insn, out + n);
	}
	if (!isa_is_alu(insn)) {
		out[n++] = BPF_MOV64_REG(base, 6);
		out[n++] = BPF_ALU64_IMM(BPF_ADD, base, IO(mem) + ISA_IO_MEM_MID);
	}
	out[n++] = *insn;
	return n + case_epilogue(insn, out + n);
}

uint32_t isa_kind(const struct bpf_insn *insn)
{
	uint32_t extra = 0;

	if (isa_is_load_acquire(insn))
		extra = 1;
	else if (isa_is_store_release(insn))
		extra = 2;
	else if (isa_is_atomic(insn))
		extra = (uint32_t)(insn->imm >> 4 & 0xf) | (insn->imm & BPF_FETCH ? 0x10 : 0);
	else if (isa_is_alu(insn) && BPF_OP(insn->code) == BPF_END)
		extra = (uint32_t)insn->imm / 16;
	else if (isa_is_alu(insn))
		extra = insn->off > 1 ? 1 + (uint32_t)insn->off / 8 : (uint32_t)insn->off;
	return (uint32_t)insn->code << 5 | (extra & 0x1f);
}
