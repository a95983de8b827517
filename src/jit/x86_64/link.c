/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizing jumps, and writing the final code. All jumps begin short; each round makes long those that
 * do not reach, until none is left: that ends, as jumps only grow, and is the smallest code this
 * way of writing has. After SIZE_ROUNDS_MAX rounds every jump is made long. The padding before
 * loops is chosen anew in each round; the last one changes nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "jit/x86_64/gen.h"
#include "object/prog.h"

#define SIZE_ROUNDS_MAX 32
#define CODE_BYTES_MAX (UINT32_C(1) << 30)

static const uint8_t reloc_bytes[] = {
	[RELOC_JCC] = 6, [RELOC_JMP] = 5, [RELOC_CALL] = 5, [RELOC_LEA] = 7, [RELOC_CALL_ABS] = 5,
	[RELOC_ALIGN] = 63,
};

static bool is_jump(const struct reloc *r)
{
	return r->kind == RELOC_JCC || r->kind == RELOC_JMP;
}

static uint32_t size_of(const struct reloc *r)
{
	if (r->kind == RELOC_ALIGN)
		return r->pad;
	return r->is_short ? 2 : reloc_bytes[r->kind];
}

/* Final offset of a place. */
static uint32_t final_off(const struct jit_gen *g, struct place place)
{
	return place.off - g->saved[place.relocs];
}

static uint32_t reloc_off(const struct jit_gen *g, size_t i)
{
	return g->relocs.data[i].at - g->saved[i];
}

/* Bytes that move the loop behind @r, now at @off, into one cache line; 0: it is, or is too long. */
static uint8_t padding(const struct jit_gen *g, const struct reloc *r, uint32_t off)
{
	struct place begin = { r->at + reloc_bytes[RELOC_ALIGN], (uint32_t)(r - g->relocs.data) + 1 };
	uint32_t bytes = final_off(g, g->pcs[r->to + 1]) - final_off(g, begin);
	uint32_t in_line = off % CACHE_LINE_BYTES;

	if (bytes > CACHE_LINE_BYTES || in_line + bytes <= CACHE_LINE_BYTES)
		return 0;
	return (uint8_t)(CACHE_LINE_BYTES - in_line);
}

static void sum_saved(struct jit_gen *g, bool pad)
{
	uint32_t saved = 0;

	for (size_t i = 0; i < g->relocs.n; i++) {
		struct reloc *r = &g->relocs.data[i];

		if (pad && r->kind == RELOC_ALIGN)
			r->pad = padding(g, r, r->at - saved);
		g->saved[i] = saved;
		saved += reloc_bytes[r->kind] - size_of(r);
	}
	g->saved[g->relocs.n] = saved;
}

/* What a jump adds to the address behind it. */
static int64_t jump_disp(const struct jit_gen *g, size_t i)
{
	const struct reloc *r = &g->relocs.data[i];

	return (int64_t)final_off(g, g->pcs[r->to]) - (reloc_off(g, i) + size_of(r));
}

/* Makes long the jumps that do not reach, or all of them: was there any? */
static bool grow_jumps(struct jit_gen *g, bool all)
{
	bool any = false;

	for (size_t i = 0; i < g->relocs.n; i++) {
		struct reloc *r = &g->relocs.data[i];

		if (r->is_short && (all || !asm_is_imm8(jump_disp(g, i)))) {
			r->is_short = false;
			any = true;
		}
	}
	return any;
}

int gen_size_jumps(struct jit_gen *g)
{
	bool again = true;

	if (g->b.n > CODE_BYTES_MAX)
		return -ENOTSUP;
	g->saved = mem_calloc(g->relocs.n + 1, sizeof(g->saved[0]));
	if (!g->saved)
		return -ENOMEM;
	for (size_t i = 0; i < g->relocs.n; i++)
		g->relocs.data[i].is_short = is_jump(&g->relocs.data[i]) &&
					     !(g->flags & JIT_LONG_FORMS);
	sum_saved(g, false);
	for (int round = 0; again; round++) {
		sum_saved(g, true);
		again = grow_jumps(g, round == SIZE_ROUNDS_MAX);
	}
	g->bytes = g->b.n - g->saved[g->relocs.n];
	return 0;
}

static void put32(uint8_t *p, int64_t v)
{
	int32_t v32 = (int32_t)v;

	memcpy(p, &v32, 4);
}

static void write_jump(const struct jit_gen *g, size_t i, uint8_t *out)
{
	const struct reloc *r = &g->relocs.data[i];
	int64_t disp = jump_disp(g, i);

	if (r->is_short) {
		out[0] = r->kind == RELOC_JMP ? 0xeb : 0x70 | r->arg;
		out[1] = (uint8_t)disp;
	} else if (r->kind == RELOC_JMP) {
		out[0] = 0xe9;
		put32(out + 1, disp);
	} else {
		out[0] = 0x0f;
		out[1] = 0x80 | r->arg;
		put32(out + 2, disp);
	}
}

/* The long forms that the manuals recommend. */
static void write_nops(uint8_t *out, uint32_t n)
{
	static const uint8_t nops[9][9] = {
		{ 0x90 },
		{ 0x66, 0x90 },
		{ 0x0f, 0x1f, 0x00 },
		{ 0x0f, 0x1f, 0x40, 0x00 },
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	};

	while (n) {
		uint32_t one = MIN(n, 9);

		memcpy(out, nops[one - 1], one);
		out += one;
		n -= one;
	}
}

/* Writes reloc @i to @out, which will be at address @at. */
static int write_reloc(const struct jit_gen *g, size_t i, uint64_t at, uint8_t *out)
{
	const struct reloc *r = &g->relocs.data[i];
	int64_t end = (int64_t)reloc_off(g, i) + reloc_bytes[r->kind];
	int64_t disp;

	switch (r->kind) {
	case RELOC_CALL:
		out[0] = 0xe8;
		put32(out + 1, final_off(g, g->subs[r->to].prologue) - end);
		return 0;
	case RELOC_LEA:
		out[0] = r->arg & 8 ? 0x4c : 0x48;
		out[1] = OP_LEA;
		out[2] = (uint8_t)((r->arg & 7) << 3 | RBP);
		put32(out + 3, final_off(g, g->subs[r->to].prologue) - end);
		return 0;
	case RELOC_CALL_ABS:
		disp = (int64_t)(r->addr - at - 5);
		if (disp != (int32_t)disp)
			return -ERANGE;
		out[0] = 0xe8;
		put32(out + 1, disp);
		return 0;
	case RELOC_ALIGN:
		write_nops(out, r->pad);
		return 0;
	default:
		write_jump(g, i, out);
		return 0;
	}
}

static int write_code(const struct jit_gen *g, uint64_t at, uint8_t *out)
{
	uint32_t from = 0, to = 0;

	for (size_t i = 0; i < g->relocs.n; i++) {
		const struct reloc *r = &g->relocs.data[i];
		int err;

		memcpy(out + to, g->b.data + from, r->at - from);
		to += r->at - from;
		err = write_reloc(g, i, at + to, out + to);
		if (err)
			return err;
		to += size_of(r);
		from = r->at + reloc_bytes[r->kind];
	}
	memcpy(out + to, g->b.data + from, g->b.n - from);
	assert(to + g->b.n - from == g->bytes);
	return 0;
}

static void write_maps(const struct jit_gen *g, struct jit_image *image)
{
	for (uint32_t pc = 0; pc <= g->prog->n_insns; pc++)
		image->insn_off[pc] = final_off(g, g->pcs[pc]);
	for (uint32_t i = 0; i < g->prog->n_subprogs; i++)
		image->subprog_off[i] = final_off(g, g->subs[i].prologue);
	image->subprog_off[g->prog->n_subprogs] = g->bytes;
	for (size_t i = 0; i < g->faults.n; i++)
		image->faults[i] = (struct jit_fault){
			.off = final_off(g, g->faults.data[i].at),
			.resume = final_off(g, g->faults.data[i].resume),
			.reg = g->faults.data[i].reg,
		};
	image->n_faults = (uint32_t)g->faults.n;
}

int jit_gen_link(const struct jit_gen *g, uint64_t at, uint8_t *out, struct jit_image *image)
{
	image->insn_off = mem_calloc((size_t)g->prog->n_insns + 1, sizeof(image->insn_off[0]));
	image->subprog_off = mem_calloc((size_t)g->prog->n_subprogs + 1,
					sizeof(image->subprog_off[0]));
	image->faults = mem_calloc(g->faults.n, sizeof(image->faults[0]));
	if (!image->insn_off || !image->subprog_off || !image->faults)
		return -ENOMEM;
	write_maps(g, image);
	return write_code(g, at, out);
}
