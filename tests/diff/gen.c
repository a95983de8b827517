/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen.h"

#include <assert.h>
#include <string.h>

#include "base/macros.h"
#include "isa/insn.h"

/* --- the table --------------------------------------------------------------------------------------- */

enum form {
	ALU_K, ALU_X, MOVSX, CAST, NEG, END, JMP_K, JMP_X, JA, JA32, MAYGOTO, CALL, EXIT, LD64, LDX,
	LDXS, ST, STX, ATOMIC, FETCH, XCHG, CMPXCHG, LDACQ, STREL, LD_ABS, LD_IND,
};

enum field { Z, R, W, RW, SEL, MEM, JMP, ANY, FDX, IMM, SHIFT, NZ, ID, BTFID, FD, AS };
enum selector { NO, SRC, OFF, SEL_IMM };

struct row {
	const char *name;
	uint8_t code;
	uint8_t sel;
	int32_t val;
	uint8_t form, dst, src, off, imm;
	const char *group;
};

#define IMM_AS_SEL_NO NO
#define INSN(name, code, sel, val, op, form, dst, src, off, imm, v, group)                         \
	{ #name, code, SELECT_##sel, val, form, dst, src, off, imm, #group },
#define SELECT_NO NO
#define SELECT_SRC SRC
#define SELECT_OFF OFF
#define SELECT_IMM SEL_IMM
static const struct row rows[] = {
#include "tbl/insns.h"
};
#undef INSN

_Static_assert(ARRAY_SIZE(rows) <= 256, "gen_stats has room for the table");

uint32_t gen_rows(void)
{
	return ARRAY_SIZE(rows);
}

const char *gen_row_name(uint32_t row)
{
	return rows[row].name;
}

bool gen_row_is_branch(uint32_t row)
{
	return rows[row].form == JMP_K || rows[row].form == JMP_X;
}

/* XDP programs have no LD_ABS; what needs an arena, a kfunc or may_goto is not generated. */
bool gen_row_is_wanted(uint32_t row)
{
	const struct row *r = &rows[row];

	switch (r->form) {
	case CAST:
	case MAYGOTO:
	case LD_ABS:
	case LD_IND:
		return false;
	case CALL:
		return r->val != BPF_PSEUDO_KFUNC_CALL;
	case LD64:
		return r->val == 0 || r->val == BPF_PSEUDO_MAP_FD || r->val == BPF_PSEUDO_MAP_VALUE ||
		       r->val == BPF_PSEUDO_FUNC;
	default:
		return true;
	}
}

/* --- state -------------------------------------------------------------------------------------------- */

enum {
	REG_PKT = BPF_REG_6,   /* packet start, GEN_PACKET_BYTES checked */
	REG_COUNT = BPF_REG_8, /* loop counter while in a loop */
	SLOTS = 6,             /* scalars at fp-8 .. fp-48 */
	OFF_KEY = -56,
	OFF_VALUE = -64,
	OFF_CTX = -72,
	OFF_TRACE = -80,
	OFF_BYTES = -112,      /* 32 bytes addressed with a variable offset */
	OFF_DYNPTR = -128,
	SUBPROGS_MAX = GEN_FUNCS_MAX - 2,
	CALL_SITES_MAX = 16,
};

struct gen {
	struct gen_prog *prog;
	struct gen_stats *stats;
	const int *maps;
	uint64_t rng;
	uint32_t depth;
	bool in_loop, in_subprog;
	uint32_t n_subprogs;
	bool callback_used;
	struct {
		uint32_t pc;
		uint32_t subprog; /* SUBPROGS_MAX: the callback */
	} call_sites[CALL_SITES_MAX];
	uint32_t n_call_sites;
};

static uint64_t next_random(struct gen *g)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return g->rng * UINT64_C(0x2545f4914f6cdd1d);
}

static uint32_t pick(struct gen *g, uint32_t n)
{
	return (uint32_t)((next_random(g) >> 33) % n);
}

static struct bpf_insn *emit(struct gen *g, struct bpf_insn insn)
{
	assert(g->prog->n < GEN_INSNS_MAX);
	g->prog->insns[g->prog->n] = insn;
	return &g->prog->insns[g->prog->n++];
}

static void emit_imm64(struct gen *g, int dst, int src, uint64_t value)
{
	const struct bpf_insn two[] = { BPF_LD_IMM64_RAW((uint8_t)dst, (uint8_t)src, value) };

	emit(g, two[0]);
	emit(g, two[1]);
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++)
		g->stats->emitted[i] += rows[i].form == LD64 && rows[i].val == src;
}

static void count(struct gen *g, const struct row *r, bool edge)
{
	g->stats->emitted[r - rows]++;
	g->stats->edge[r - rows] += edge;
}

static const struct row *row_of_insn(const struct bpf_insn *insn)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		if (r->code != insn->code || (r->sel == SRC && insn->src_reg != r->val) ||
		    (r->sel == OFF && insn->off != r->val) ||
		    (r->sel == SEL_IMM && insn->imm != r->val))
			continue;
		return r;
	}
	return NULL;
}

/* Emits an instruction chosen here (not from a row) and counts it under its row. */
static struct bpf_insn *put(struct gen *g, struct bpf_insn insn)
{
	const struct row *r = row_of_insn(&insn);

	assert(r);
	count(g, r, false);
	return emit(g, insn);
}

static const uint64_t edges[] = {
	0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
	UINT64_MAX, UINT64_MAX - 1, 0xffffffff80000000, 0xffffffff7fffffff, 0xffffffffffff8000,
	0xffffffffffffff80, 0xaaaaaaaaaaaaaaaa, 0x0123456789abcdef,
};

static uint64_t random_value(struct gen *g, bool *edge)
{
	*edge = pick(g, 4) != 0;
	return *edge ? edges[pick(g, ARRAY_SIZE(edges))] : next_random(g);
}

/* Registers that hold numbers and may be changed. */
static int scalar_reg(struct gen *g)
{
	static const int top[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9 };
	int reg;

	do {
		reg = top[pick(g, ARRAY_SIZE(top))];
	} while (g->in_loop && reg == REG_COUNT);
	return reg;
}

static int any_scalar_reg(struct gen *g)
{
	static const int top[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9 };

	return top[pick(g, ARRAY_SIZE(top))];
}

static int16_t slot_off(struct gen *g)
{
	return (int16_t)(-8 - 8 * (int)pick(g, SLOTS));
}

static void load_number(struct gen *g, int reg)
{
	bool edge;
	uint64_t value = random_value(g, &edge);

	switch (pick(g, g->in_subprog ? 2 : 4)) {
	case 0:
		emit_imm64(g, reg, 0, value);
		break;
	case 1:
		put(g, BPF_MOV64_IMM((uint8_t)reg, (int32_t)value));
		break;
	case 2:
		put(g, BPF_LDX_MEM(BPF_DW, (uint8_t)reg, BPF_REG_10, slot_off(g)));
		break;
	default:
		put(g, BPF_LDX_MEM(BPF_W, (uint8_t)reg, REG_PKT, (int16_t)pick(g, GEN_PACKET_BYTES - 4)));
		g->stats->packet_reads++;
	}
}

/* R1 to R5 (and R0 unless it is kept) are gone after a call. */
static void refresh_after_call(struct gen *g)
{
	for (int reg = 1; reg <= 5; reg++)
		load_number(g, reg);
}

/* --- straight-line pieces --------------------------------------------------------------------------------- */

static bool is_alu(const struct row *r)
{
	return r->form == ALU_K || r->form == ALU_X || r->form == MOVSX || r->form == NEG ||
	       r->form == END;
}

static const struct row *random_row(struct gen *g, bool (*wanted)(const struct row *))
{
	const struct row *r;

	do {
		r = &rows[pick(g, ARRAY_SIZE(rows))];
	} while (!wanted(r));
	return r;
}

static int32_t random_imm(struct gen *g, const struct row *r, bool *edge)
{
	bool is64 = BPF_CLASS(r->code) == BPF_ALU64;
	int32_t imm;

	if (r->imm == SHIFT)
		return (int32_t)pick(g, is64 ? 64 : 32);
	if (r->imm == Z)
		return 0;
	do {
		imm = (int32_t)random_value(g, edge);
	} while (r->imm == NZ && !imm);
	return imm;
}

static struct bpf_insn insn_of(const struct row *r, int dst, int src, int16_t off, int32_t imm)
{
	struct bpf_insn insn = BPF_RAW_INSN(r->code, (uint8_t)dst, (uint8_t)src, off, imm);

	if (r->sel == SRC)
		insn.src_reg = (uint8_t)r->val;
	if (r->sel == OFF)
		insn.off = (int16_t)r->val;
	if (r->sel == SEL_IMM)
		insn.imm = r->val;
	return insn;
}

static void gen_alu(struct gen *g)
{
	const struct row *r = random_row(g, is_alu);
	int dst = scalar_reg(g);
	bool edge = false;
	int32_t imm = random_imm(g, r, &edge);
	int src = r->src == R ? any_scalar_reg(g) : 0;

	if (r->src == R && pick(g, 2)) {
		bool src_edge;
		uint64_t value = random_value(g, &src_edge);

		src = scalar_reg(g);
		emit_imm64(g, src, 0, value);
		edge = src_edge;
	}
	count(g, r, edge);
	emit(g, insn_of(r, dst, src, 0, imm));
}

static int16_t size_of_code(uint8_t code)
{
	static const int16_t bytes[] = { [BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1,
					 [BPF_DW >> 3] = 8 };

	return bytes[BPF_SIZE(code) >> 3];
}

static bool is_memory(const struct row *r)
{
	return r->form == LDX || r->form == LDXS || r->form == ST || r->form == STX;
}

static bool is_atomic(const struct row *r)
{
	return r->form == ATOMIC || r->form == FETCH || r->form == XCHG || r->form == CMPXCHG ||
	       r->form == LDACQ || r->form == STREL;
}

/* A load or store of any width on the 32 bytes of stack, aligned. */
static void gen_stack(struct gen *g)
{
	const struct row *r = random_row(g, is_memory);
	int16_t bytes = size_of_code(r->code);
	int16_t off = (int16_t)(OFF_BYTES + bytes * (int)pick(g, 32u / (uint32_t)bytes));
	bool load = r->form == LDX || r->form == LDXS;
	bool edge = false;
	int32_t imm = random_imm(g, r, &edge);

	count(g, r, edge);
	emit(g, insn_of(r, load ? scalar_reg(g) : BPF_REG_10, load ? BPF_REG_10 : any_scalar_reg(g), off,
			imm));
	if (r->src == Z)
		g->prog->insns[g->prog->n - 1].src_reg = 0;
}

static void gen_spill(struct gen *g)
{
	g->stats->spills++;
	if (pick(g, 2))
		put(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, (uint8_t)any_scalar_reg(g), slot_off(g)));
	else
		put(g, BPF_LDX_MEM(BPF_DW, (uint8_t)scalar_reg(g), BPF_REG_10, slot_off(g)));
}

static void gen_packet_access(struct gen *g)
{
	const struct row *r = random_row(g, is_memory);
	int16_t bytes = size_of_code(r->code);
	int16_t off = (int16_t)pick(g, (uint32_t)(GEN_PACKET_BYTES - bytes + 1));
	bool load = r->form == LDX || r->form == LDXS;
	bool edge = false;
	int32_t imm = random_imm(g, r, &edge);

	if (r->form == LDXS && !load)
		return;
	count(g, r, edge);
	emit(g, insn_of(r, load ? scalar_reg(g) : REG_PKT, load ? REG_PKT : any_scalar_reg(g), off, imm));
	if (r->src == Z)
		g->prog->insns[g->prog->n - 1].src_reg = 0;
	g->stats->packet_reads += load;
	g->stats->packet_writes += !load;
}

/* On a scalar slot of the stack, or on the value of a map. */
static void gen_atomic(struct gen *g)
{
	const struct row *r = random_row(g, is_atomic);
	int16_t bytes = size_of_code(r->code);
	bool load = r->form == LDACQ;
	int16_t off = (int16_t)(OFF_BYTES + bytes * (int)pick(g, 32u / (uint32_t)bytes));
	int reg = scalar_reg(g), base = BPF_REG_10;

	if (r->form == CMPXCHG && pick(g, 2))
		put(g, BPF_LDX_MEM(BPF_SIZE(r->code), BPF_REG_0, BPF_REG_10, off));
	if (!load && pick(g, 3) == 0) {
		base = reg == BPF_REG_5 ? BPF_REG_4 : BPF_REG_5;
		emit_imm64(g, base, BPF_PSEUDO_MAP_VALUE,
			   (uint64_t)(8 * (GEN_REG_OUT + 1 + pick(g, 3))) << 32 |
				   (uint32_t)g->maps[GEN_MAP_OUT]);
		off = 0;
	}
	count(g, r, true);
	emit(g, insn_of(r, load ? reg : base, load ? base : reg, off, 0));
	if (base != BPF_REG_10)
		load_number(g, base);
}

/* fp + variable offset, masked. */
static void gen_variable_stack(struct gen *g)
{
	put(g, BPF_MOV64_REG(BPF_REG_1, (uint8_t)any_scalar_reg(g)));
	put(g, BPF_ALU64_IMM(BPF_AND, BPF_REG_1, 31));
	put(g, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	put(g, BPF_ALU64_REG(BPF_ADD, BPF_REG_2, BPF_REG_1));
	if (pick(g, 2))
		put(g, BPF_STX_MEM(BPF_B, BPF_REG_2, BPF_REG_3, OFF_BYTES));
	put(g, BPF_LDX_MEM(BPF_B, BPF_REG_1, BPF_REG_2, OFF_BYTES));
	load_number(g, BPF_REG_2);
}

/* --- maps and calls -------------------------------------------------------------------------------------------- */

static void put_map_args(struct gen *g, enum gen_map map)
{
	put(g, BPF_ST_MEM(BPF_W, BPF_REG_10, OFF_KEY, (int32_t)pick(g, GEN_KEYS)));
	put(g, BPF_MOV64_REG(BPF_REG_2, BPF_REG_10));
	put(g, BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, OFF_KEY));
	emit_imm64(g, BPF_REG_1, BPF_PSEUDO_MAP_FD, (uint32_t)g->maps[map]);
}

static void put_helper(struct gen *g, int32_t id)
{
	put(g, BPF_CALL_HELPER(id));
	g->stats->calls++;
}

static void gen_map_lookup(struct gen *g, enum gen_map map)
{
	uint32_t jump;

	put_map_args(g, map);
	put_helper(g, BPF_FUNC_map_lookup_elem);
	jump = g->prog->n;
	put(g, BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 0));
	put(g, BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_0, 0));
	put(g, BPF_ALU64_IMM(BPF_ADD, BPF_REG_1, (int32_t)pick(g, 100)));
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_0, BPF_REG_1, 0));
	if (pick(g, 2))
		put(g, BPF_ATOMIC_OP(BPF_DW, BPF_ADD, BPF_REG_0, BPF_REG_1, 0));
	put(g, BPF_MOV64_REG(BPF_REG_0, BPF_REG_1));
	g->prog->insns[jump].off = (int16_t)(g->prog->n - jump - 1);
}

static void gen_map(struct gen *g)
{
	enum gen_map map = GEN_MAP_ARRAY + (enum gen_map)pick(g, GEN_MAP_LRU - GEN_MAP_ARRAY + 1);

	g->stats->map_ops[map]++;
	switch (pick(g, 4)) {
	case 0:
		put(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, (uint8_t)any_scalar_reg(g), OFF_VALUE));
		put_map_args(g, map);
		put(g, BPF_MOV64_REG(BPF_REG_3, BPF_REG_10));
		put(g, BPF_ALU64_IMM(BPF_ADD, BPF_REG_3, OFF_VALUE));
		put(g, BPF_MOV64_IMM(BPF_REG_4, (int32_t)pick(g, 3)));
		put_helper(g, BPF_FUNC_map_update_elem);
		break;
	case 1:
		put_map_args(g, map);
		put_helper(g, BPF_FUNC_map_delete_elem);
		break;
	default:
		gen_map_lookup(g, map);
	}
	refresh_after_call(g);
}

static void put_fp(struct gen *g, int reg, int off)
{
	put(g, BPF_MOV64_REG((uint8_t)reg, BPF_REG_10));
	put(g, BPF_ALU64_IMM(BPF_ADD, (uint8_t)reg, off));
}

/* Offsets, sizes and flags at and behind what the dynptr has. */
static void gen_dynptr_use(struct gen *g)
{
	int32_t off = (int32_t)pick(g, 10), bytes = (int32_t)pick(g, 10), flags = !pick(g, 8);
	uint32_t use = pick(g, 3);

	if (use == 0) {
		put_fp(g, BPF_REG_1, OFF_BYTES);
		put(g, BPF_MOV64_IMM(BPF_REG_2, bytes));
		put_fp(g, BPF_REG_3, OFF_DYNPTR);
		put(g, BPF_MOV64_IMM(BPF_REG_4, off));
		put(g, BPF_MOV64_IMM(BPF_REG_5, flags));
		put_helper(g, BPF_FUNC_dynptr_read);
		return;
	}
	put_fp(g, BPF_REG_1, OFF_DYNPTR);
	put(g, BPF_MOV64_IMM(BPF_REG_2, off));
	if (use == 1) {
		put_fp(g, BPF_REG_3, -8 * SLOTS);
		put(g, BPF_MOV64_IMM(BPF_REG_4, bytes));
		put(g, BPF_MOV64_IMM(BPF_REG_5, flags));
		put_helper(g, BPF_FUNC_dynptr_write);
		return;
	}
	put(g, BPF_MOV64_IMM(BPF_REG_3, 1 + bytes));
	put_helper(g, BPF_FUNC_dynptr_data);
	put(g, BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 3));
	put(g, BPF_LDX_MEM(BPF_B, BPF_REG_1, BPF_REG_0, (int16_t)pick(g, (uint32_t)bytes + 1)));
	put(g, BPF_ST_MEM(BPF_B, BPF_REG_0, 0, (int32_t)pick(g, 256)));
	put(g, BPF_MOV64_REG(BPF_REG_0, BPF_REG_1));
}

/* A dynptr of a map's value, now and then a null one. */
static void gen_dynptr(struct gen *g)
{
	uint32_t jump;

	put_map_args(g, GEN_MAP_ARRAY);
	put_helper(g, BPF_FUNC_map_lookup_elem);
	jump = g->prog->n;
	put(g, BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 0));
	put(g, BPF_MOV64_REG(BPF_REG_1, BPF_REG_0));
	put(g, BPF_MOV64_IMM(BPF_REG_2, (int32_t)pick(g, 9)));
	put(g, BPF_MOV64_IMM(BPF_REG_3, !pick(g, 8)));
	put_fp(g, BPF_REG_4, OFF_DYNPTR);
	put_helper(g, BPF_FUNC_dynptr_from_mem);
	for (uint32_t i = 0, n = 1 + pick(g, 3); i < n; i++)
		gen_dynptr_use(g);
	g->prog->insns[jump].off = (int16_t)(g->prog->n - jump - 1);
	g->stats->dynptrs++;
	refresh_after_call(g);
}

static void add_call_site(struct gen *g, uint32_t subprog)
{
	g->call_sites[g->n_call_sites].pc = g->prog->n;
	g->call_sites[g->n_call_sites++].subprog = subprog;
}

static void gen_call(struct gen *g)
{
	if (g->n_call_sites == CALL_SITES_MAX)
		return;
	add_call_site(g, pick(g, g->n_subprogs));
	put(g, BPF_CALL_REL(0));
	g->stats->calls++;
	refresh_after_call(g);
}

/* bpf_loop(n, callback, fp + slot, 0) */
static void gen_callback(struct gen *g)
{
	if (g->n_call_sites == CALL_SITES_MAX)
		return;
	put(g, BPF_MOV64_IMM(BPF_REG_1, (int32_t)pick(g, 20)));
	add_call_site(g, SUBPROGS_MAX);
	emit_imm64(g, BPF_REG_2, BPF_PSEUDO_FUNC, 0);
	put(g, BPF_MOV64_REG(BPF_REG_3, BPF_REG_10));
	put(g, BPF_ALU64_IMM(BPF_ADD, BPF_REG_3, OFF_VALUE));
	put(g, BPF_ST_MEM(BPF_DW, BPF_REG_10, OFF_VALUE, (int32_t)pick(g, 1000)));
	put(g, BPF_MOV64_IMM(BPF_REG_4, 0));
	put_helper(g, BPF_FUNC_loop);
	g->callback_used = true;
	g->stats->callbacks++;
	refresh_after_call(g);
	put(g, BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_10, OFF_VALUE));
}

static void gen_tail_call(struct gen *g)
{
	put(g, BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_10, OFF_CTX));
	emit_imm64(g, BPF_REG_2, BPF_PSEUDO_MAP_FD, (uint32_t)g->maps[GEN_MAP_PROGS]);
	put(g, BPF_MOV64_IMM(BPF_REG_3, (int32_t)pick(g, 3)));
	put_helper(g, BPF_FUNC_tail_call);
	g->stats->tail_calls++;
	load_number(g, BPF_REG_0);
	refresh_after_call(g);
}

/* --- control flow ------------------------------------------------------------------------------------------------ */

static void gen_block(struct gen *g, uint32_t pieces);

static bool is_branch(const struct row *r)
{
	return r->form == JMP_K || r->form == JMP_X;
}

/* The way that falls through sets the branch's bit. */
static void gen_trace(struct gen *g, uint32_t branch)
{
	int reg = scalar_reg(g);

	put(g, BPF_LDX_MEM(BPF_DW, (uint8_t)reg, BPF_REG_10, OFF_TRACE));
	put(g, BPF_ALU64_IMM(BPF_OR, (uint8_t)reg, (int32_t)(1u << branch)));
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, (uint8_t)reg, OFF_TRACE));
}

static void jump_over(struct gen *g, bool far, uint32_t *jump)
{
	*jump = g->prog->n;
	put(g, far ? BPF_JMP32_A(0) : BPF_JMP_A(0));
}

static void gen_branch(struct gen *g)
{
	const struct row *r = random_row(g, is_branch);
	uint32_t branch = g->prog->branches, at, over;
	bool edge = false, far = pick(g, 4) == 0;
	int32_t imm = random_imm(g, r, &edge);
	int dst = any_scalar_reg(g), src = r->src == R ? any_scalar_reg(g) : 0;

	if (branch == GEN_BRANCHES_MAX || g->in_subprog)
		return;
	g->prog->branches++;
	g->prog->branch_row[branch] = (uint16_t)(r - rows);
	/* Numbers of a small range, else hardly any comparison goes both ways. */
	if (pick(g, 2)) {
		dst = scalar_reg(g);
		put(g, BPF_LDX_MEM(BPF_B, (uint8_t)dst, REG_PKT, (int16_t)pick(g, GEN_PACKET_BYTES)));
		put(g, BPF_ALU64_IMM(BPF_AND, (uint8_t)dst, 7));
		imm = (int32_t)pick(g, 8);
	}
	count(g, r, edge);
	at = g->prog->n;
	emit(g, insn_of(r, dst, src, 0, imm));
	if (r->src == R)
		g->prog->insns[at].imm = 0;
	gen_trace(g, branch);
	gen_block(g, 1 + pick(g, 4));
	jump_over(g, far, &over);
	g->prog->insns[at].off = (int16_t)(g->prog->n - at - 1);
	gen_block(g, 1 + pick(g, 3));
	if (far)
		g->prog->insns[over].imm = (int32_t)(g->prog->n - over - 1);
	else
		g->prog->insns[over].off = (int16_t)(g->prog->n - over - 1);
}

static void gen_loop(struct gen *g)
{
	uint32_t start;

	put(g, BPF_MOV64_IMM(REG_COUNT, 0));
	g->in_loop = true;
	start = g->prog->n;
	for (uint32_t i = 0; i < 3; i++)
		pick(g, 2) ? gen_alu(g) : gen_stack(g);
	put(g, BPF_ALU64_IMM(BPF_ADD, REG_COUNT, 1));
	put(g, BPF_JMP_IMM(BPF_JLT, REG_COUNT, 2 + (int32_t)pick(g, 10), 0));
	g->prog->insns[g->prog->n - 1].off = (int16_t)((int32_t)start - (int32_t)g->prog->n);
	g->in_loop = false;
	g->stats->loops++;
}

static void gen_piece(struct gen *g)
{
	uint32_t kind = pick(g, 100);

	if (kind < 50)
		gen_alu(g);
	else if (kind < 60)
		gen_stack(g);
	else if (kind < 65)
		gen_spill(g);
	else if (kind < 73)
		gen_packet_access(g);
	else if (kind < 79)
		gen_atomic(g);
	else if (kind < 81)
		gen_variable_stack(g);
	else if (kind < 84)
		gen_map(g);
	else if (kind < 85)
		gen_dynptr(g);
	else if (kind < 87)
		gen_call(g);
	else if (kind < 88)
		gen_callback(g);
	else if (kind < 89 && !g->in_loop && g->depth < 2)
		gen_loop(g);
	else if (g->depth < 4)
		gen_branch(g);
}

static void gen_block(struct gen *g, uint32_t pieces)
{
	g->depth++;
	for (uint32_t i = 0; i < pieces; i++)
		gen_piece(g);
	g->depth--;
}

/* --- whole programs ------------------------------------------------------------------------------------------------ */

/*
 * r2 = ctx->data; r3 = ctx->data_end; too short: return 0. The rest of the frame and all number
 * registers are initialised.
 */
static void gen_prologue(struct gen *g)
{
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_1, OFF_CTX));
	put(g, BPF_LDX_MEM(BPF_W, REG_PKT, BPF_REG_1, offsetof(struct xdp_md, data)));
	put(g, BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_1, offsetof(struct xdp_md, data_end)));
	put(g, BPF_MOV64_REG(BPF_REG_4, REG_PKT));
	put(g, BPF_ALU64_IMM(BPF_ADD, BPF_REG_4, GEN_PACKET_BYTES));
	put(g, BPF_JMP_REG(BPF_JLE, BPF_REG_4, BPF_REG_3, 2));
	put(g, BPF_MOV64_IMM(BPF_REG_0, 0));
	put(g, BPF_EXIT_INSN());
	put(g, BPF_ST_MEM(BPF_DW, BPF_REG_10, OFF_TRACE, 0));
	for (int i = 0; i < SLOTS; i++) {
		emit_imm64(g, BPF_REG_0, 0, next_random(g));
		put(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_0, (int16_t)(-8 - 8 * i)));
	}
	for (int i = 0; i < 4; i++)
		put(g, BPF_ST_MEM(BPF_DW, BPF_REG_10, (int16_t)(OFF_BYTES + 8 * i),
				  (int32_t)next_random(g)));
	for (int reg = 0; reg <= 9; reg++) {
		if (reg != REG_PKT)
			load_number(g, reg);
	}
}

/* Everything to the out map; R0 is the low half of R0. */
static void gen_epilogue(struct gen *g)
{
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_1, OFF_VALUE));
	emit_imm64(g, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, (uint32_t)g->maps[GEN_MAP_OUT]);
	for (int reg = 0; reg <= 9; reg++) {
		if (reg != REG_PKT && reg != BPF_REG_1)
			put(g, BPF_STX_MEM(BPF_DW, BPF_REG_1, (uint8_t)reg, (int16_t)(8 * reg)));
	}
	put(g, BPF_LDX_MEM(BPF_DW, BPF_REG_2, BPF_REG_10, OFF_VALUE));
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_1, BPF_REG_2, 8));
	put(g, BPF_LDX_MEM(BPF_DW, BPF_REG_2, BPF_REG_10, OFF_TRACE));
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_1, BPF_REG_2, 8 * GEN_REG_OUT));
	put(g, BPF_EXIT_INSN());
}

/* Five numbers in, one out; callee-saved registers used on purpose. */
static void gen_subprog(struct gen *g)
{
	g->in_subprog = true;
	put(g, BPF_MOV64_REG(BPF_REG_0, BPF_REG_1));
	for (int reg = BPF_REG_7; reg <= BPF_REG_9; reg++)
		put(g, BPF_MOV64_REG((uint8_t)reg, (uint8_t)(reg - 5)));
	for (uint32_t i = 0, n = 3 + pick(g, 8); i < n; i++)
		gen_alu(g);
	put(g, BPF_ALU64_REG(BPF_XOR, BPF_REG_0, BPF_REG_9));
	put(g, BPF_EXIT_INSN());
	g->in_subprog = false;
}

/* callback(index, ctx): *ctx = *ctx * 3 + index; 1 (stop) at index 10 */
static void gen_callback_body(struct gen *g)
{
	put(g, BPF_LDX_MEM(BPF_DW, BPF_REG_3, BPF_REG_2, 0));
	put(g, BPF_ALU64_IMM(BPF_MUL, BPF_REG_3, 3));
	put(g, BPF_ALU64_REG(BPF_ADD, BPF_REG_3, BPF_REG_1));
	put(g, BPF_STX_MEM(BPF_DW, BPF_REG_2, BPF_REG_3, 0));
	put(g, BPF_MOV64_IMM(BPF_REG_0, 0));
	put(g, BPF_JMP_IMM(BPF_JNE, BPF_REG_1, 10, 1));
	put(g, BPF_MOV64_IMM(BPF_REG_0, 1));
	put(g, BPF_EXIT_INSN());
}

static void place_subprogs(struct gen *g)
{
	uint32_t start[SUBPROGS_MAX + 1] = { 0 };
	bool used[SUBPROGS_MAX + 1] = { 0 };

	for (uint32_t i = 0; i < g->n_call_sites; i++)
		used[g->call_sites[i].subprog] = true;
	for (uint32_t i = 0; i <= SUBPROGS_MAX; i++) {
		if (!used[i])
			continue;
		start[i] = g->prog->starts[g->prog->n_funcs++] = g->prog->n;
		i == SUBPROGS_MAX ? gen_callback_body(g) : gen_subprog(g);
	}
	for (uint32_t i = 0; i < g->n_call_sites; i++) {
		uint32_t pc = g->call_sites[i].pc;

		g->prog->insns[pc].imm =
			(int32_t)start[g->call_sites[i].subprog] - (int32_t)pc - 1;
	}
}

void gen_program(uint64_t seed, const int maps[GEN_MAPS], struct gen_prog *prog,
		 struct gen_stats *stats)
{
	struct gen g = { .prog = prog, .stats = stats, .maps = maps,
			 .rng = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) };

	prog->n = prog->branches = 0;
	prog->n_funcs = 1;
	prog->starts[0] = 0;
	g.n_subprogs = 1 + pick(&g, SUBPROGS_MAX);
	gen_prologue(&g);
	gen_block(&g, 10 + pick(&g, 50));
	if (pick(&g, 8) == 0)
		gen_tail_call(&g);
	gen_epilogue(&g);
	place_subprogs(&g);
}

void gen_packet(uint64_t seed, uint8_t packet[GEN_PACKET_BYTES])
{
	struct gen g = { .rng = (seed + 7) * UINT64_C(0xd6e8feb86659fd93) };

	for (int i = 0; i < GEN_PACKET_BYTES; i++)
		packet[i] = (uint8_t)next_random(&g);
}
