/* SPDX-License-Identifier: BSD-2-Clause */
/* See hash.h. */
#include <string.h>

#include "base/hash.h"

#define GOLDEN UINT32_C(0xdeadbeef)

struct trio {
	uint32_t a, b, c;
};

static inline uint32_t rotl(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static inline struct trio mix(struct trio t)
{
	t.a -= t.c, t.a ^= rotl(t.c, 4), t.c += t.b;
	t.b -= t.a, t.b ^= rotl(t.a, 6), t.a += t.c;
	t.c -= t.b, t.c ^= rotl(t.b, 8), t.b += t.a;
	t.a -= t.c, t.a ^= rotl(t.c, 16), t.c += t.b;
	t.b -= t.a, t.b ^= rotl(t.a, 19), t.a += t.c;
	t.c -= t.b, t.c ^= rotl(t.b, 4), t.b += t.a;
	return t;
}

static inline uint32_t final(struct trio t)
{
	t.c ^= t.b, t.c -= rotl(t.b, 14);
	t.a ^= t.c, t.a -= rotl(t.c, 11);
	t.b ^= t.a, t.b -= rotl(t.a, 25);
	t.c ^= t.b, t.c -= rotl(t.b, 16);
	t.a ^= t.c, t.a -= rotl(t.c, 4);
	t.b ^= t.a, t.b -= rotl(t.a, 14);
	t.c ^= t.b, t.c -= rotl(t.b, 24);
	return t.c;
}

static inline struct trio absorb(struct trio t, const uint8_t *p)
{
	uint32_t w[3];

	memcpy(w, p, sizeof(w));
	t.a += w[0];
	t.b += w[1];
	t.c += w[2];
	return t;
}

uint32_t hash_bytes(const void *bytes, size_t n, uint32_t seed)
{
	const uint8_t *p = bytes;
	uint32_t init = GOLDEN + (uint32_t)n + seed;
	struct trio t = { init, init, init };
	uint8_t tail[12] = { 0 };

	for (; n > 12; n -= 12, p += 12)
		t = mix(absorb(t, p));
	if (!n)
		return t.c;
	memcpy(tail, p, n);
	return final(absorb(t, tail));
}
