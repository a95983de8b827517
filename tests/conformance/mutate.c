/* SPDX-License-Identifier: BSD-2-Clause */
#include "mutate.h"

#include <stdbool.h>

#include "base/macros.h"
#include "tbl/uapi.h"

/* splitmix64 */
static uint64_t next(uint64_t *rng)
{
	uint64_t z = *rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t below(uint64_t *rng, uint32_t n)
{
	return (uint32_t)(next(rng) % n);
}

static int32_t other_imm(int32_t imm, uint64_t *rng)
{
	static const int32_t edges[] = { 0,  1,	  -1,	 2,	4,	 7,	   8,	      -8,  16,
					 31, 32,  63,	 64,	-64,	 255,	   256,	      512, -512,
					 48, 511, 65535, 65536, INT32_MAX, INT32_MIN };

	switch (below(rng, 3)) {
	case 0:
		return edges[below(rng, ARRAY_SIZE(edges))];
	case 1:
		return (int32_t)((uint32_t)imm + below(rng, 17) - 8);
	default:
		return (int32_t)((uint32_t)imm ^ 1u << below(rng, 32));
	}
}

static int16_t other_off(int16_t off, uint64_t *rng)
{
	static const int16_t edges[] = { 0, 1, -1, 2, 4, 8, -8, -16, -512, -520, 48, 511, INT16_MAX,
					 INT16_MIN };

	if (below(rng, 3))
		return (int16_t)(off + (int16_t)below(rng, 17) - 8);
	return edges[below(rng, ARRAY_SIZE(edges))];
}

/* Another operation or size of the class, another source, or the other width. */
static uint8_t other_code(uint8_t code, uint64_t *rng)
{
	switch (below(rng, 4)) {
	case 0:
		return (uint8_t)((code & 0x0f) | below(rng, 16) << 4);
	case 1:
		return code ^ BPF_X;
	case 2:
		return code ^ (BPF_ALU ^ BPF_ALU64); /* JMP32 and ST become others by this, too */
	default:
		return (uint8_t)((code & ~0x18) | below(rng, 4) << 3);
	}
}

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Not to be touched: see mutate.h. */
static bool is_fixed(const struct bpf_insn *insns, uint32_t i)
{
	return (i && is_wide(&insns[i - 1])) ||
	       (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL);
}

static void mutate_one(struct bpf_insn *insns, uint32_t n, uint64_t *rng)
{
	uint32_t i = below(rng, n), from = below(rng, n);
	struct bpf_insn *insn = &insns[i], was = *insn;

	if (is_fixed(insns, i))
		return;
	switch (below(rng, 7)) {
	case 0:
	case 1:
		if (!is_wide(insn) || !insn->src_reg)
			insn->imm = other_imm(insn->imm, rng);
		break;
	case 2:
		insn->off = other_off(insn->off, rng);
		break;
	case 3:
		insn->dst_reg = below(rng, 11) & 0xf;
		break;
	case 4:
		if (!is_wide(insn))
			insn->src_reg = below(rng, 11) & 0xf;
		break;
	case 5:
		if (!is_wide(insn))
			insn->code = other_code(insn->code, rng);
		break;
	case 6: /* change places with another */
		if (is_wide(insn) || is_wide(&insns[from]) || is_fixed(insns, from))
			break;
		*insn = insns[from];
		insns[from] = was;
		break;
	}
}

void mutate(struct bpf_insn *insns, uint32_t n, uint64_t seed)
{
	uint32_t changes;
	uint64_t rng = seed;

	changes = 1 + below(&rng, 3);
	for (uint32_t i = 0; i < changes; i++)
		mutate_one(insns, n, &rng);
}
