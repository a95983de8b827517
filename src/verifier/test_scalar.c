/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scalar against its slow twin, a handful of concrete numbers. A random set of edge values is
 * abstracted (exactly, or loosened at random), the operation runs on both, and the abstract result
 * must hold every concrete one. The tests count what they reached and fail below a floor, so that
 * an abstraction that forgets everything does not pass. What exactly Linux gives is in
 * scalar_bounds_are_those_of_linux: numbers read off 6.18's verifier log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "tbl/uapi.h"
#include "verifier/scalar.h"

#define SET_MAX 4
#define ROUNDS 60000

struct set {
	uint64_t x[SET_MAX];
	unsigned n;
};

static uint64_t rng = 88172645463325252u;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static uint64_t edge(void)
{
	static const uint64_t base[] = { 0, 0, INT32_MAX, UINT32_MAX, (uint64_t)INT32_MIN,
					 INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX, 0x80, 0x8000,
					 UINT64_C(1) << 32, UINT64_C(0xffffffff00000000) };
	uint64_t v = base[rnd() % ARRAY_SIZE(base)];

	switch (rnd() % 5) {
	case 0: return rnd();
	case 1: return v ^ (rnd() & 0xff);
	case 2: return rnd() % 70;
	default: return v + rnd() % 9 - 4;
	}
}

/* Values near one another more often than not, or ranges would always be the whole line. */
static struct set set_random(void)
{
	struct set s = { .n = 1 + rnd() % SET_MAX };
	uint64_t near = edge(), step = UINT64_C(1) << rnd() % 40;
	bool close = rnd() % 4;

	for (unsigned i = 0; i < s.n; i++)
		s.x[i] = close ? near + rnd() % 16 * step : edge();
	return s;
}

static struct scalar set_abstract(const struct set *set)
{
	struct scalar s = scalar_const(set->x[0]);

	for (unsigned i = 1; i < set->n; i++) {
		uint64_t x = set->x[i];

		s.var_off = tnum_union(s.var_off, tnum_const(x));
		s.smin = MIN(s.smin, (int64_t)x);
		s.smax = MAX(s.smax, (int64_t)x);
		s.umin = MIN(s.umin, x);
		s.umax = MAX(s.umax, x);
		s.s32_min = MIN(s.s32_min, (int32_t)x);
		s.s32_max = MAX(s.s32_max, (int32_t)x);
		s.u32_min = MIN(s.u32_min, (uint32_t)x);
		s.u32_max = MAX(s.u32_max, (uint32_t)x);
	}
	if (rnd() % 3 == 0)
		s.var_off = TNUM_UNKNOWN;
	if (rnd() % 3 == 0)
		scalar_unbound64(&s);
	if (rnd() % 3 == 0)
		scalar_unbound32(&s);
	scalar_sync(&s);
	return s;
}

static void assert_holds(const struct scalar *s, const struct set *set)
{
	assert_null(scalar_invariant(s));
	for (unsigned i = 0; i < set->n; i++)
		assert_true(scalar_contains(s, set->x[i]));
}

static uint64_t concrete64(uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_DIV: return b ? a / b : 0;
	case BPF_MOD: return b ? a % b : a;
	case BPF_AND: return a & b;
	case BPF_OR: return a | b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return a << (b & 63);
	case BPF_RSH: return a >> (b & 63);
	case BPF_ARSH: return (uint64_t)((int64_t)a >> (b & 63));
	default: return -a;
	}
}

static uint32_t concrete32(uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_LSH: return a << (b & 31);
	case BPF_RSH: return a >> (b & 31);
	case BPF_ARSH: return (uint32_t)((int32_t)a >> (b & 31));
	default: return (uint32_t)concrete64(op, a, b);
	}
}

static const uint8_t alu_ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_AND,
				   BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_NEG };

static void arithmetic_holds_every_result(void **state)
{
	unsigned known[ARRAY_SIZE(alu_ops)] = { 0 };

	for (unsigned n = 0; n < ROUNDS * 4; n++) {
		unsigned k = n % ARRAY_SIZE(alu_ops);
		uint8_t op = alu_ops[k];
		bool is64 = rnd() % 2, shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
		struct set a = set_random(), b = set_random();
		struct scalar x = set_abstract(&a), y, r;

		if (shift && rnd() % 4)
			b = (struct set){ { rnd() % 64 }, 1 };
		y = set_abstract(&b);
		r = x;
		scalar_alu(&r, &y, op, is64, 0);
		assert_null(scalar_invariant(&r));
		for (unsigned i = 0; i < a.n; i++)
			for (unsigned j = 0; j < b.n; j++)
				assert_true(scalar_contains(&r, is64 ?
					concrete64(op, a.x[i], b.x[j]) :
					concrete32(op, (uint32_t)a.x[i], (uint32_t)b.x[j])));
		known[k] += r.umax - r.umin < UINT32_MAX && r.umax <= INT64_MAX;
	}
	for (unsigned k = 0; k < ARRAY_SIZE(alu_ops); k++)
		if (alu_ops[k] != BPF_DIV && alu_ops[k] != BPF_MOD)
			assert_in_range(known[k], ROUNDS / 30, ROUNDS);
}

static void operand_may_be_the_destination(void **state)
{
	struct scalar s = scalar_urange(3, 5), t = s;

	scalar_alu(&s, &s, BPF_MUL, true, 0);
	assert_int_equal(s.umin, 9);
	assert_int_equal(s.umax, 25);
	scalar_alu(&t, &t, BPF_SUB, true, 0);
	assert_int_equal(t.smin, -2);
	assert_int_equal(t.smax, 2);
}

static bool concrete_jump(uint8_t op, bool is32, uint64_t a, uint64_t b)
{
	int64_t sa = is32 ? (int32_t)a : (int64_t)a, sb = is32 ? (int32_t)b : (int64_t)b;

	a = is32 ? (uint32_t)a : a;
	b = is32 ? (uint32_t)b : b;
	switch (op) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JSET: return a & b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSGT: return sa > sb;
	case BPF_JSGE: return sa >= sb;
	case BPF_JSLT: return sa < sb;
	default: return sa <= sb;
	}
}

static const uint8_t jump_ops[] = { BPF_JEQ, BPF_JNE, BPF_JSET, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE,
				    BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE };

/* Both operands random, as the walk meets them: sets that share values more often than chance. */
static void jump_operands(struct set *a, struct set *b)
{
	*a = set_random();
	*b = set_random();
	if (rnd() % 3 == 0)
		b->n = 1;
	if (rnd() % 2)
		b->x[0] = a->x[rnd() % a->n];
	if (rnd() % 8 == 0)
		b->x[0] = UINT64_C(1) << rnd() % 64;
}

static void a_decided_jump_goes_that_way_for_all(void **state)
{
	unsigned seen[ARRAY_SIZE(jump_ops)][3] = { 0 };

	for (unsigned n = 0; n < ROUNDS * 2; n++) {
		unsigned k = n % ARRAY_SIZE(jump_ops);
		bool is32 = rnd() % 2;
		struct scalar x, y;
		struct set a, b;
		int taken;

		jump_operands(&a, &b);
		x = set_abstract(&a);
		y = set_abstract(&b);
		taken = scalar_branch_taken(&x, &y, jump_ops[k], is32);
		seen[k][taken + 1]++;
		if (taken < 0)
			continue;
		for (unsigned i = 0; i < a.n; i++)
			for (unsigned j = 0; j < b.n; j++)
				assert_int_equal(concrete_jump(jump_ops[k], is32, a.x[i], b.x[j]),
						 taken);
	}
	for (unsigned k = 0; k < ARRAY_SIZE(jump_ops); k++)
		for (unsigned t = 0; t < 3; t++)
			assert_in_range(seen[k][t], 100, ROUNDS);
}

/* The pairs of a x b for which the jump goes that way must survive refinement. */
static unsigned check_refined(const struct set *a, const struct set *b, uint8_t op, bool is32,
			      bool way, const struct scalar *x, const struct scalar *y)
{
	unsigned pairs = 0;

	for (unsigned i = 0; i < a->n; i++) {
		for (unsigned j = 0; j < b->n; j++) {
			if (concrete_jump(op, is32, a->x[i], b->x[j]) != way)
				continue;
			assert_true(scalar_contains(x, a->x[i]));
			assert_true(scalar_contains(y, b->x[j]));
			pairs++;
		}
	}
	if (pairs)
		assert_null(scalar_invariant(x));
	return pairs;
}

static void refinement_keeps_what_may_be(void **state)
{
	unsigned learnt[ARRAY_SIZE(jump_ops)][2] = { 0 };

	for (unsigned n = 0; n < ROUNDS * 4; n++) {
		unsigned k = n % ARRAY_SIZE(jump_ops);
		bool is32 = rnd() % 2, way = rnd() % 2;
		uint8_t op = jump_ops[k];
		struct scalar x, y, rx, ry;
		struct set a, b;

		jump_operands(&a, &b);
		x = rx = set_abstract(&a);
		y = ry = set_abstract(&b);
		if (scalar_branch_taken(&x, &y, op, is32) >= 0)
			continue;
		scalar_refine(&rx, &ry, way ? op : scalar_branch_negate(op), is32);
		if (check_refined(&a, &b, op, is32, way, &rx, &ry))
			learnt[k][way] += !scalar_equal(&x, &rx) || !scalar_equal(&y, &ry);
	}
	for (unsigned k = 0; k < ARRAY_SIZE(jump_ops); k++)
		for (unsigned way = 0; way < 2; way++)
			assert_in_range(learnt[k][way], 40, ROUNDS * 4);
}

static void negated_and_flipped_jumps_mean_it(void **state)
{
	for (unsigned n = 0; n < ROUNDS; n++) {
		uint8_t op = jump_ops[n % ARRAY_SIZE(jump_ops)];
		bool is32 = rnd() % 2;
		uint64_t a = edge(), b = rnd() % 3 ? edge() : a;
		bool taken = concrete_jump(op, is32, a, b);

		assert_int_equal(concrete_jump(scalar_branch_flip(op), is32, b, a), taken);
		if (op != BPF_JSET)
			assert_int_equal(concrete_jump(scalar_branch_negate(op), is32, a, b), !taken);
		assert_int_equal(scalar_branch_negate(scalar_branch_negate(op)), op);
	}
}

static void changes_of_width_hold_every_member(void **state)
{
	static const unsigned bits[] = { 8, 16, 32 };

	for (unsigned n = 0; n < ROUNDS; n++) {
		unsigned w = bits[n % 3];
		struct set a = set_random(), r = a;
		struct scalar s = set_abstract(&a), t;

		for (unsigned i = 0; i < a.n; i++)
			r.x[i] = a.x[i] << (64 - w) >> (64 - w);
		t = s;
		scalar_coerce(&t, w / 8);
		assert_holds(&t, &r);
		for (unsigned i = 0; i < a.n; i++)
			r.x[i] = (uint64_t)((int64_t)(a.x[i] << (64 - w)) >> (64 - w));
		t = s;
		scalar_sext(&t, w);
		assert_holds(&t, &r);
		for (unsigned i = 0; i < a.n; i++)
			r.x[i] = (uint32_t)r.x[i];
		t = s;
		if (w < 32)
			scalar_sext32(&t, w);
		scalar_zext32(&t);
		assert_holds(&t, &r);
	}
}

static void byte_order_holds_every_member(void **state)
{
	for (unsigned n = 0; n < ROUNDS; n++) {
		unsigned bits = 16u << n % 3;
		bool swap = rnd() % 2;
		struct set a = set_random();
		struct scalar s = set_abstract(&a);

		for (unsigned i = 0; i < a.n; i++)
			a.x[i] = swap ? __builtin_bswap64(a.x[i]) >> (64 - bits) :
					a.x[i] << (64 - bits) >> (64 - bits);
		scalar_end(&s, bits, swap);
		assert_holds(&s, &a);
	}
}

static void within_is_a_partial_order_over_sets(void **state)
{
	struct scalar wide = scalar_urange(0, 255), narrow = scalar_urange(3, 7), odd = narrow;

	assert_true(scalar_within(&wide, &narrow));
	assert_false(scalar_within(&narrow, &wide));
	assert_true(scalar_within(&narrow, &narrow));
	odd.var_off = tnum_const(5);
	assert_true(scalar_range_within(&odd, &narrow));
	assert_false(scalar_within(&odd, &narrow));
	assert_true(scalar_equal(&narrow, &narrow));
	assert_false(scalar_equal(&narrow, &wide));
}

static void within_asks_each_of_the_eight_bounds(void **state)
{
	struct scalar x = scalar_unknown();

	for (unsigned i = 0; i < 8; i++) {
		struct scalar old = x;

		switch (i) {
		case 0: old.umin++; break;
		case 1: old.umax--; break;
		case 2: old.smin++; break;
		case 3: old.smax--; break;
		case 4: old.u32_min++; break;
		case 5: old.u32_max--; break;
		case 6: old.s32_min++; break;
		default: old.s32_max--;
		}
		assert_false(scalar_range_within(&old, &x));
		assert_true(scalar_range_within(&x, &old));
	}
}

static void broken_scalars_are_told(void **state)
{
	struct scalar s = scalar_const(7);

	assert_true(scalar_sane(&s));
	s.umin = 8;
	assert_string_equal(scalar_invariant(&s), "range bounds violation");
	s = scalar_const(7);
	s.smax = 9;
	assert_string_equal(scalar_invariant(&s), "const tnum out of sync with range bounds");
	s = scalar_unknown();
	s.var_off = (struct tnum){ 0, (uint64_t)UINT32_MAX << 32 };
	assert_string_equal(scalar_invariant(&s), "const subreg tnum out of sync with range bounds");
}

static struct scalar masked(uint64_t mask, int64_t add)
{
	struct scalar s = scalar_unknown(), k = scalar_const(mask), a = scalar_const((uint64_t)add);

	scalar_alu(&s, &k, BPF_AND, true, 0);
	scalar_alu(&s, &a, BPF_ADD, true, 0);
	return s;
}

static void scalar_bounds_are_those_of_linux(void **state)
{
	struct scalar s = masked(6, 0), t = masked(5, 0), k;

	scalar_alu(&t, &s, BPF_MUL, true, 0); /* umax=30, var_off=(0x0; 0x1e) */
	assert_int_equal(t.umax, 30);
	assert_int_equal(t.var_off.mask, 0x1e);

	s = masked(0xff, 0);
	scalar_alu(&s, &s, BPF_NEG, true, 0); /* smin=smin32=-255,smax=smax32=0 */
	assert_int_equal(s.smin, -255);
	assert_int_equal(s.smax, 0);
	assert_int_equal(s.s32_min, -255);

	s = masked(0x7f, 5);
	scalar_alu(&s, &s, BPF_NEG, false, 0); /* umin=0xffffff7c,umax=0xfffffffb,smax32=-5 */
	assert_int_equal(s.umin, 0xffffff7c);
	assert_int_equal(s.umax, 0xfffffffb);
	assert_int_equal(s.s32_max, -5);
	assert_int_equal(s.var_off.value, 0xffffff00);

	s = masked(0x7f, 5);
	scalar_end(&s, 64, true); /* smax=0x7f00000000000000,umax=0xff00000000000000 */
	assert_int_equal(s.smax, 0x7f00000000000000);
	assert_int_equal(s.umax, 0xff00000000000000);

	s = masked(0x7f, -5);
	k = scalar_const(32);
	scalar_alu(&s, &k, BPF_LSH, true, 0); /* smin=0xfffffffb00000000,smax=0x7a00000000 */
	assert_int_equal(s.smin, (int64_t)0xfffffffb00000000);
	assert_int_equal(s.smax, 0x7a00000000);
	scalar_alu(&s, &k, BPF_ARSH, true, 0);
	assert_int_equal(s.smin, -5);
	assert_int_equal(s.smax, 122);

	s = masked(8, 0); /* 0 or 8, and not 0 */
	k = scalar_const(0);
	scalar_refine(&s, &k, BPF_JNE, false);
	assert_true(scalar_is_const(&s));
	assert_int_equal(s.s32_min, 8);

	s = masked(0x7f, 5);
	k = scalar_const(4);
	assert_false(scalar_alu(&s, &k, BPF_DIV, false, 0)); /* R0=scalar() */
	assert_int_equal(s.umax, UINT64_MAX);
}

/* x s>>= 63 is 0 or -1: the walk then follows both. */
static void a_sign_mask_forks(void **state)
{
	struct scalar s = scalar_unknown(), k = scalar_const(63);
	bool is32;

	assert_false(scalar_forks(&s, &is32));
	scalar_alu(&s, &k, BPF_ARSH, true, 0);
	assert_true(scalar_forks(&s, &is32));
	assert_false(is32);
	scalar_zext32(&s);
	assert_true(scalar_forks(&s, &is32));
	assert_true(is32);
}

/* A register compared with itself: what 6.18 learns from `if r0 < r0`. */
static void comparing_with_itself_is_safe(void **state)
{
	struct scalar s = masked(0x7f, 5);

	scalar_refine(&s, &s, BPF_JLT, false);
	assert_int_equal(s.umin, 6);
	assert_int_equal(s.umax, 131);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic_holds_every_result),
		cmocka_unit_test(operand_may_be_the_destination),
		cmocka_unit_test(a_decided_jump_goes_that_way_for_all),
		cmocka_unit_test(refinement_keeps_what_may_be),
		cmocka_unit_test(negated_and_flipped_jumps_mean_it),
		cmocka_unit_test(changes_of_width_hold_every_member),
		cmocka_unit_test(byte_order_holds_every_member),
		cmocka_unit_test(within_is_a_partial_order_over_sets),
		cmocka_unit_test(within_asks_each_of_the_eight_bounds),
		cmocka_unit_test(broken_scalars_are_told),
		cmocka_unit_test(scalar_bounds_are_those_of_linux),
		cmocka_unit_test(a_sign_mask_forks),
		cmocka_unit_test(comparing_with_itself_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
