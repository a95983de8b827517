/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversations: both ways are one, and ends that strangers chose do not gather in one bucket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "capture/layer.h"
#include "capture/talks.h"

static void both_ways_are_one_conversation(void **state)
{
	static const uint8_t a[] = { 10, 0, 0, 1 }, b[] = { 10, 0, 0, 2 };
	const struct layer_ip there = { .source = a, .target = b };
	const struct layer_ip back = { .source = b, .target = a };
	struct talks *talks = talks_new();
	struct conversation *one, *two;
	bool is_new, is_reverse;

	one = talks_find(talks, &there, 1000, 80, &is_new, &is_reverse);
	assert_true(is_new);
	assert_true(is_reverse);
	two = talks_find(talks, &back, 80, 1000, &is_new, &is_reverse);
	assert_false(is_new);
	assert_false(is_reverse);
	assert_ptr_equal(one, two);
	two = talks_find(talks, &back, 80, 1001, &is_new, &is_reverse);
	assert_true(is_new);
	talks_free(talks);
}

/* FNV-1a without a seed, as an attacker would know it, over addresses and ports in order. */
static uint32_t known_bucket(const uint8_t address[2][16], const uint16_t port[2])
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < 32; i++)
		hash = (hash ^ address[i / 16][i % 16]) * 16777619u;
	for (uint32_t i = 0; i < 4; i++)
		hash = (hash ^ ((const uint8_t *)port)[i]) * 16777619u;
	return hash % 4096;
}

enum {
	COLLIDING = 2048
};

static void ends_made_to_collide_are_spread(void **state)
{
	uint8_t address[2][16] = { { 10, 0, 0, 1 }, { 10, 0, 0, 2 } };
	struct talks *talks = talks_new();
	uint32_t n = 0;

	for (uint32_t i = 0; n < COLLIDING && i < 1u << 28; i++) {
		const struct layer_ip ip = { .source = address[0], .target = address[1] };
		uint16_t port[2] = { 80, (uint16_t)(1024 + i % 60000) };
		uint32_t host = i / 60000;
		bool is_new, is_reverse;

		memcpy(address[1] + 1, &host, 3);
		if (known_bucket((const uint8_t(*)[16])address, port) != 0)
			continue;
		talks_find(talks, &ip, port[0], port[1], &is_new, &is_reverse);
		assert_true(is_new);
		n++;
	}
	assert_int_equal(n, COLLIDING);
	/* Half a one each on average; 16 in one bucket come by chance in fewer than one of 10^14 runs. */
	assert_in_range(talks_longest(talks), 1, 16);
	talks_free(talks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_are_one_conversation),
		cmocka_unit_test(ends_made_to_collide_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
