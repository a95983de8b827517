/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: checked arithmetic, bits, bitmaps and hashes. Method: edges by hand, bit loops as twins,
 * spread of the hash measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/macros.h"

static void overflow_is_seen_at_the_edges(void **state)
{
	uint32_t u;
	uint64_t r = 77;

	assert_false(check_add(UINT32_MAX - 1, 1u, &u));
	assert_int_equal(u, UINT32_MAX);
	assert_true(check_add(UINT32_MAX, 1u, &u));
	assert_true(check_sub(0u, 1u, &u));
	assert_true(check_mul(65536u, 65536u, &u));
	assert_true(check_round_up(UINT64_MAX - 6, 8, &r));
	assert_int_equal(r, 77);
	assert_false(check_round_up(UINT64_MAX - 7, 8, &r));
	assert_int_equal(r, UINT64_MAX - 7);
}

static void rounding_and_powers(void **state)
{
	assert_int_equal(round_up_u64(9, 8), 16);
	assert_int_equal(round_up_u64(16, 8), 16);
	assert_int_equal(round_down_u64(15, 8), 8);
	assert_true(is_aligned(16, 8) && !is_aligned(12, 8));
	assert_true(is_pow2(1) && is_pow2(BIT64(63)) && !is_pow2(0) && !is_pow2(6));
	assert_int_equal(roundup_pow2_u64(0), 1);
	assert_int_equal(roundup_pow2_u64(5), 8);
	assert_int_equal(roundup_pow2_u64(8), 8);
	assert_int_equal(roundup_pow2_u64(BIT64(63)), BIT64(63));
	assert_int_equal(roundup_pow2_u64(BIT64(63) + 1), 0);
	assert_int_equal(div_round_up_u64(9, 4), 3);
	assert_int_equal(div_round_up_u64(UINT64_MAX, 2), BIT64(63));
}

static void ranges_fit_or_not(void **state)
{
	assert_true(range_fits(0, 0, 0));
	assert_true(range_fits(4, 4, 8));
	assert_false(range_fits(4, 5, 8));
	assert_false(range_fits(9, 0, 8));
	assert_false(range_fits(4, UINT64_MAX, 8));
}

static void finding_bits(void **state)
{
	assert_int_equal(fls_u64(0), 0);
	assert_int_equal(ffs_u64(0), 0);
	assert_int_equal(fls_u32(0), 0);
	for (unsigned int i = 0; i < 64; i++) {
		assert_int_equal(fls_u64(BIT64(i) | 1), i + 1);
		assert_int_equal(ffs_u64(BIT64(i) | BIT64(63)), i + 1);
		assert_int_equal(ilog2_u64(BIT64(i)), i);
		assert_int_equal(popcount_u64(BIT64(i) - 1), i);
	}
	assert_int_equal(fls_u32(0x80000000), 32);
}

enum { BITS = 200 };

static void a_bitmap_agrees_with_an_array(void **state)
{
	uint64_t map[BITMAP_WORDS(BITS)] = { 0 }, x = 521288629;
	uint8_t twin[BITS] = { 0 };

	for (int step = 0; step < 3000; step++) {
		size_t i, want = 0, from, n = 0;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		i = x % BITS;
		twin[i] = x >> 40 & 1;
		(twin[i] ? bitmap_set : bitmap_clear)(map, i);
		from = x >> 20 & 0xff;
		for (want = from; want < BITS && !twin[want];)
			want++;
		assert_int_equal(bitmap_next(map, BITS, from), want < BITS ? want : BITS);
		for (want = from; want < BITS && twin[want];)
			want++;
		assert_int_equal(bitmap_next_clear(map, BITS, from), want < BITS ? want : BITS);
		for (i = 0; i < BITS; i++) {
			assert_int_equal(bitmap_test(map, i), twin[i]);
			n += twin[i];
		}
		assert_int_equal(bitmap_count(map, BITS), n);
	}
}

static void the_hash_sees_every_byte_and_its_seed(void **state)
{
	uint8_t bytes[40] = { 0 };

	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint32_t h = hash_bytes(bytes, n, 0);

		assert_int_equal(h, hash_bytes(bytes, n, 0));
		assert_int_not_equal(h, hash_bytes(bytes, n, 1));
		for (size_t i = 0; i < n; i++) {
			bytes[i] = 1;
			assert_int_not_equal(h, hash_bytes(bytes, n, 0));
			bytes[i] = 0;
		}
	}
	memcpy(bytes + 1, "unaligned key 12345", 19);
	memcpy(bytes + 20, "unaligned key 12345", 19);
	assert_int_equal(hash_bytes(bytes + 1, 19, 7), hash_bytes(bytes + 20, 19, 7));
}

/* 64 keys a bucket on average: none far from that. */
static void counters_spread_over_buckets(void **state)
{
	enum { BUCKETS = 256 };
	unsigned int by_bytes[BUCKETS] = { 0 }, by_word[BUCKETS] = { 0 };

	for (uint64_t k = 0; k < 64 * BUCKETS; k++) {
		by_bytes[hash_bytes(&k, sizeof(k), 1) % BUCKETS]++;
		by_word[hash_u64(k << 12) % BUCKETS]++;
	}
	for (int i = 0; i < BUCKETS; i++) {
		assert_in_range(by_bytes[i], 24, 110);
		assert_in_range(by_word[i], 24, 110);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overflow_is_seen_at_the_edges),
		cmocka_unit_test(rounding_and_powers),
		cmocka_unit_test(ranges_fit_or_not),
		cmocka_unit_test(finding_bits),
		cmocka_unit_test(a_bitmap_agrees_with_an_array),
		cmocka_unit_test(the_hash_sees_every_byte_and_its_seed),
		cmocka_unit_test(counters_spread_over_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
