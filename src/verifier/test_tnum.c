/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tnum against brute force: every pair of tnums of four bits, at the bottom and at the top of the
 * word (where carries leave it), every member of each. The result must hold all concrete results;
 * where the operation is known to be exact, no more than their smallest tnum.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "verifier/tnum.h"

#define BITS 4
#define SIDE (1u << BITS)

struct binary {
	struct tnum (*abstract)(struct tnum a, struct tnum b);
	uint64_t (*concrete)(uint64_t a, uint64_t b);
	bool exact;
};

static uint64_t c_add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t c_sub(uint64_t a, uint64_t b) { return a - b; }
static uint64_t c_and(uint64_t a, uint64_t b) { return a & b; }
static uint64_t c_or(uint64_t a, uint64_t b) { return a | b; }
static uint64_t c_xor(uint64_t a, uint64_t b) { return a ^ b; }
static uint64_t c_mul(uint64_t a, uint64_t b) { return a * b; }

static const struct binary binaries[] = {
	{ tnum_add, c_add, true }, { tnum_sub, c_sub, true }, { tnum_and, c_and, true },
	{ tnum_or, c_or, true },   { tnum_xor, c_xor, true }, { tnum_mul, c_mul, false },
};

static bool member(struct tnum t, uint64_t x)
{
	return (x & ~t.mask) == t.value;
}

static bool next_tnum(struct tnum *t)
{
	do {
		if (++t->value == SIDE) {
			t->value = 0;
			if (++t->mask == SIDE)
				return false;
		}
	} while (t->value & t->mask);
	return true;
}

static bool same(struct tnum a, struct tnum b)
{
	return a.value == b.value && a.mask == b.mask;
}

/* Every member pair of (a, b), shifted; the result must contain all, and be their hull if exact. */
static void check_pair(const struct binary *op, struct tnum a, struct tnum b, unsigned shift)
{
	struct tnum wa = tnum_lshift(a, shift), wb = tnum_lshift(b, shift);
	struct tnum got = op->abstract(wa, wb), hull = { 0 };
	bool first = true;

	for (uint64_t x = 0; x < SIDE; x++) {
		for (uint64_t y = 0; y < SIDE; y++) {
			uint64_t r;

			if (!member(a, x) || !member(b, y))
				continue;
			r = op->concrete(x << shift, y << shift);
			assert_true(member(got, r));
			hull = first ? tnum_const(r) : tnum_union(hull, tnum_const(r));
			first = false;
		}
	}
	assert_int_equal(got.value & got.mask, 0);
	if (op->exact)
		assert_true(same(got, hull));
}

static void binary_operations_hold_every_result(void **state)
{
	static const unsigned shifts[] = { 0, 64 - BITS };

	for (unsigned i = 0; i < ARRAY_SIZE(binaries); i++) {
		for (unsigned s = 0; s < ARRAY_SIZE(shifts); s++) {
			struct tnum a = { 0 };

			do {
				struct tnum b = { 0 };

				do
					check_pair(&binaries[i], a, b, shifts[s]);
				while (next_tnum(&b));
			} while (next_tnum(&a));
		}
	}
}

static void set_relations_agree_with_members(void **state)
{
	struct tnum a = { 0 };

	do {
		struct tnum b = { 0 };

		do {
			bool meet = false, inside = true;

			for (uint64_t x = 0; x < SIDE; x++) {
				bool in_a = member(a, x), in_b = member(b, x);

				meet |= in_a && in_b;
				inside &= in_a || !in_b;
				if (in_a || in_b)
					assert_true(member(tnum_union(a, b), x));
				if (in_a && in_b)
					assert_true(member(tnum_intersect(a, b), x));
			}
			assert_int_equal(tnum_overlap(a, b), meet);
			assert_int_equal(tnum_in(a, b), inside);
		} while (next_tnum(&b));
	} while (next_tnum(&a));
}

static void step_is_the_next_member(void **state)
{
	struct tnum a = { 0 };

	do {
		for (unsigned shift = 0; shift <= 60; shift += 30) {
			struct tnum w = tnum_lshift(a, shift);

			for (uint64_t z = 0; z < SIDE; z++) {
				uint64_t want = (a.value | a.mask) << shift;

				for (uint64_t x = z; x < SIDE; x++)
					if (x > z && member(a, x) && x << shift < want)
						want = x << shift;
				assert_int_equal(tnum_step(w, z << shift), want);
			}
		}
	} while (next_tnum(&a));
	assert_int_equal(tnum_step(TNUM_UNKNOWN, 41), 42);
	assert_int_equal(tnum_step(TNUM_UNKNOWN, UINT64_MAX), UINT64_MAX);
}

static void range_is_the_hull_of_its_members(void **state)
{
	for (uint64_t min = 0; min < 64; min++) {
		for (uint64_t max = min; max < 64; max++) {
			struct tnum r = tnum_range(min, max);

			for (uint64_t x = min; x <= max; x++)
				assert_true(member(r, x));
			assert_true((r.value | r.mask) < 64);
			assert_true(same(tnum_range(min << 58, max << 58),
					 tnum_lshift(r, 58)) || min != max);
		}
	}
	assert_true(tnum_is_unknown(tnum_range(0, UINT64_MAX)));
	assert_true(tnum_is_unknown(tnum_range(1, UINT64_C(1) << 63)));
}

/* Unary operations on tnums spread over the word by a multiplier. */
static void unary_operations_hold_every_result(void **state)
{
	static const uint64_t spread[] = { 1, UINT64_C(1) << 28, UINT64_C(1) << 60,
					   UINT64_C(0x0101010101010101) };

	for (unsigned i = 0; i < ARRAY_SIZE(spread); i++) {
		struct tnum a = { 0 };

		do {
			struct tnum w = { a.value * spread[i], a.mask * spread[i] };

			for (uint64_t m = 0; m < SIDE; m++) {
				uint64_t x = (a.value | (m & a.mask)) * spread[i];

				assert_true(member(w, x));
				assert_true(member(tnum_neg(w), -x));
				assert_true(member(tnum_bswap(w, 64), __builtin_bswap64(x)));
				assert_true(member(tnum_bswap(w, 32), __builtin_bswap32((uint32_t)x)));
				assert_true(member(tnum_bswap(w, 16), __builtin_bswap16((uint16_t)x)));
				assert_true(member(tnum_cast(w, 1), (uint8_t)x));
				assert_true(member(tnum_cast(w, 2), (uint16_t)x));
				assert_true(member(tnum_subreg(w), (uint32_t)x));
				assert_true(member(tnum_clear_subreg(w), x >> 32 << 32));
				for (unsigned s = 0; s < 64; s++) {
					assert_true(member(tnum_lshift(w, s), x << s));
					assert_true(member(tnum_rshift(w, s), x >> s));
					assert_true(member(tnum_arshift(w, s, 64),
							   (uint64_t)((int64_t)x >> s)));
					if (s < 32)
						assert_true(member(tnum_arshift(w, s, 32),
								   (uint32_t)((int32_t)x >> s)));
				}
			}
		} while (next_tnum(&a));
	}
}

static void alignment_is_that_of_every_member(void **state)
{
	struct tnum a = { 0 };

	do {
		for (uint64_t size = 1; size <= SIDE; size *= 2) {
			bool all = true;

			for (uint64_t x = 0; x < SIDE; x++)
				all &= !member(a, x) || x % size == 0;
			assert_int_equal(tnum_is_aligned(a, size), all);
		}
	} while (next_tnum(&a));
	assert_true(tnum_is_aligned(TNUM_UNKNOWN, 0));
}

/* Linux 6.18 prints these; the first needs multiplication by union, not by partial products. */
static void multiplication_is_as_precise_as_linux(void **state)
{
	struct tnum r = tnum_mul((struct tnum){ 0, 5 }, (struct tnum){ 0, 6 });

	assert_true(same(r, (struct tnum){ 0, 0x1e }));
	assert_true(same(tnum_mul(tnum_const(3), (struct tnum){ 0, 1 }), (struct tnum){ 0, 3 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_operations_hold_every_result),
		cmocka_unit_test(set_relations_agree_with_members),
		cmocka_unit_test(step_is_the_next_member),
		cmocka_unit_test(range_is_the_hull_of_its_members),
		cmocka_unit_test(unary_operations_hold_every_result),
		cmocka_unit_test(alignment_is_that_of_every_member),
		cmocka_unit_test(multiplication_is_as_precise_as_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
