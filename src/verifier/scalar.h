/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalar: what the verifier knows of a number in a register or spilled slot.
 *
 * A tnum and four intervals (signed and unsigned, 64 bits and the low 32), all true at once: the
 * set a scalar stands for is the intersection of the five. Operations are sound (they contain
 * every concrete result) and give the bounds Linux 6.18 gives (kernel/bpf/verifier.c,
 * reg_bounds_sync and below), because logs print them and verdicts hang on them. A scalar may be
 * empty (min > max) on a path that cannot be taken; scalar_invariant says so.
 *
 * Pure arithmetic: no allocation, nothing fails, no state. Identity between scalars (ids),
 * precision and pointers are not here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "verifier/tnum.h"

struct scalar {
	struct tnum var_off;
	int64_t smin, smax;
	uint64_t umin, umax;
	int32_t s32_min, s32_max;
	uint32_t u32_min, u32_max;
};

/* Exactly `value`; anything at all; unknown but min <= x <= max (unsigned). */
struct scalar scalar_const(uint64_t value);
struct scalar scalar_unknown(void);
struct scalar scalar_urange(uint64_t min, uint64_t max);

/* Kernel's __mark_reg_unbounded and its halves: forget intervals, keep var_off. */
void scalar_unbound(struct scalar *s);
void scalar_unbound64(struct scalar *s);
void scalar_unbound32(struct scalar *s);
/* Low half is exactly `value`; the high half and the 64-bit bounds are left as they were
 * (__mark_reg32_known; callers go on to zero-extend or sync). */
void scalar_set_low32(struct scalar *s, uint32_t value);

static inline bool scalar_is_const(const struct scalar *s)
{
	return tnum_is_const(s->var_off);
}

static inline bool scalar_is_const32(const struct scalar *s)
{
	return tnum_subreg_is_const(s->var_off);
}

/* The kernel's is_reg_const / reg_const_value. */
static inline bool scalar_known(const struct scalar *s, bool is32)
{
	return is32 ? scalar_is_const32(s) : scalar_is_const(s);
}

static inline uint64_t scalar_value(const struct scalar *s, bool is32)
{
	return is32 ? (uint32_t)s->var_off.value : s->var_off.value;
}

/* Let each of the five tighten the others (reg_bounds_sync). */
void scalar_sync(struct scalar *s);

/* Its first step: narrow the intervals to what the tnum allows. */
void scalar_bounds_from_tnum(struct scalar *s);

/* NULL, or the kernel's sentence for what is broken (reg_bounds_sanity_check). */
const char *scalar_invariant(const struct scalar *s);

static inline bool scalar_sane(const struct scalar *s)
{
	return !scalar_invariant(s);
}

/* What a move or load of that width leaves. zext32: a 32-bit register write, syncs. coerce: keep the
 * low `bytes` (1, 2 or 4) zero-extended, syncs. sext: sign-extend the low `bits` (8, 16, 32) to 64.
 * sext32: sign-extend the low `bits` (8, 16) to 32; follow with scalar_zext32. */
void scalar_zext32(struct scalar *s);
void scalar_coerce(struct scalar *s, unsigned bytes);
void scalar_sext(struct scalar *s, unsigned bits);
void scalar_sext32(struct scalar *s, unsigned bits);

/* Byte order: dst becomes its low `bits` (16, 32, 64), bytes reversed when `swap`. */
void scalar_end(struct scalar *dst, unsigned bits, bool swap);

/* dst = dst OP src for OP = BPF_OP(code): all but MOV (use scalar_const, a copy, or the functions
 * above) and END. off is insn->off: 1 makes DIV and MOD signed. NEG ignores src. !is64: on the low
 * halves, zero-extended. A BPF_K operand is given as scalar_const((int64_t)insn->imm). What the
 * kernel does not follow leaves dst unknown in all 64 bits: then false is returned. src may be dst.
 * The walk splits the path before AND and OR with a constant src where scalar_forks says so. */
bool scalar_alu(struct scalar *dst, const struct scalar *src, uint8_t op, bool is64, int16_t off);

/* Is dst known to be 0 or -1, in 64 bits (*is32 = false) or the low 32 (*is32 = true)? Then the
 * kernel explores both values (maybe_fork_scalars). */
bool scalar_forks(const struct scalar *dst, bool *is32);

/* 1: the jump `if a OP b` is always taken; 0: never; -1: not known. OP = BPF_OP(code) of a
 * conditional jump. */
int scalar_branch_taken(const struct scalar *a, const struct scalar *b, uint8_t op, bool is32);

/* What is learnt of a and b from `a OP b` being true; both are synced. OP = BPF_OP(code), or what
 * scalar_branch_negate gave for the way not taken. a may be b (one register compared with itself). */
void scalar_refine(struct scalar *a, struct scalar *b, uint8_t op, bool is32);

/* The op that holds when OP does not (BPF_JSET's is BPF_JSET | BPF_X); the op that holds of (b, a)
 * when OP holds of (a, b). */
uint8_t scalar_branch_negate(uint8_t op);
uint8_t scalar_branch_flip(uint8_t op);

/* Are cur's eight bounds inside old's (the kernel's range_within)? And its tnum in old's, too? */
bool scalar_range_within(const struct scalar *old, const struct scalar *cur);
bool scalar_within(const struct scalar *old, const struct scalar *cur);
bool scalar_equal(const struct scalar *a, const struct scalar *b);

/* Is concrete x a member? For tests and asserts. */
bool scalar_contains(const struct scalar *s, uint64_t x);
